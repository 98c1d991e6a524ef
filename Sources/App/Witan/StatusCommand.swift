// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan status`.
enum StatusCommand {
    static let command = Command(
        name: "status",
        summary: "Stores, schema, jobs, partitions, and what is degraded; exit 10 when there is no answer",
        example: "witan status", options: APIClient.options + [Commands.json]
    ) { arguments in
        let answer = try await APIClient(arguments).send("GET", "/api/v1/status")
        if arguments[Commands.json] {
            arguments.show(answer)
        } else {
            arguments.terminal.write(text(answer, terminal: arguments.terminal))
        }
        return .done
    }

    private static let tables = ["partitions", "jobs", "slow_queries", "degraded"]

    /// Facts as lines, then a table for each list that is not empty, then what is degraded.
    static func text(_ answer: JSONValue, terminal: Terminal) -> String {
        let facts = (answer.members ?? []).filter { !tables.contains($0.key) }
        let width = facts.map(\.key.count).max() ?? 0
        var text = ""
        for fact in facts {
            let gap = String(repeating: " ", count: width - fact.key.count + 2)
            text += "\(fact.key.replacing("_", with: " "))\(gap)\(ParsedArguments.cell(fact.value))\n"
        }
        text += table(answer["partitions"], [("PARTITIONS OF", "table"), ("MONTHS AHEAD", "months_ahead")], terminal)
        text += table(
            answer["jobs"],
            [
                ("JOB", "job"), ("STATE", "state"), ("LAST", "last_result"), ("NEXT RUN", "next_run_at"),
                ("MESSAGE", "message"),
            ], terminal)
        text += table(
            answer["slow_queries"], [("SLOW QUERY", "query"), ("COUNT", "count"), ("SOURCE", "source")], terminal)
        let degraded = answer["degraded"]?.elements ?? []
        guard !degraded.isEmpty else { return text + "\ndegraded  –\n" }
        text += "\n" + terminal.styled("degraded", .yellow) + "\n"
        for problem in degraded { text += "  \(ParsedArguments.cell(problem))\n" }
        return text
    }

    private static func table(
        _ items: JSONValue?, _ columns: [(title: String, key: String)], _ terminal: Terminal
    ) -> String {
        guard let items = items?.elements, !items.isEmpty else { return "" }
        var table = Table(columns.map { .init($0.title) })
        for item in items {
            table.append(
                columns.map { column in
                    let cell = ParsedArguments.cell(item[column.key])
                    // Seconds are enough for people.
                    return column.key.hasSuffix("_at") ? String(cell.prefix(19)).replacing("T", with: " ") : cell
                })
        }
        return "\n" + table.text(terminal: terminal)
    }
}
