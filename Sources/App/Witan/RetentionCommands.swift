// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan retention`.
enum RetentionCommands {
    private static let table = Positional<String>.required("table", "with its schema, such as council.requests")
    private static let identifier = Positional<String>.required("id", "the id, as 'retention policies' shows it")
    private static let duty = Option<String>.required("duty", "the law, contract or rule it follows from")
    private static let keepDays = Option<Int?>.optional("keep-days", "days rows must stay", placeholder: "N")
    private static let contentDays = Option<Int?>.optional(
        "content-days", "days until prompts and answers are blanked", placeholder: "N")
    private static let dryRun = Option<Bool>.flag("dry-run", "only say what would be done; exit 3 when there is some")

    static let command = Command(
        name: "retention", summary: "How long rows are kept, and what was archived", example: "witan retention list",
        subcommands: [
            Command(
                name: "list", summary: "For each table what holds: the longest duty keeps, the shortest blanks",
                example: "witan retention list", options: APIClient.options + [Commands.json]
            ) { arguments in
                let answer = try await APIClient(arguments).send("GET", "/api/v1/retention")
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [
                        ("TABLE", "table"), ("KEEP DAYS", "keep_days"), ("CONTENT DAYS", "content_days"),
                        ("DUTIES", "duties"),
                    ], all: answer)
                return .done
            },
            Command(
                name: "policies", summary: "The organization's own policies, with their ids",
                example: "witan retention policies", options: APIClient.options + [Commands.json]
            ) { arguments in
                let answer = try await APIClient(arguments).send("GET", "/api/v1/retention-policies")
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [
                        ("ID", "id"), ("TABLE", "table"), ("DUTY", "duty"), ("KEEP", "keep_days"),
                        ("CONTENT", "content_days"),
                    ], all: answer)
                return .done
            },
            Command(
                name: "set", summary: "Set what a duty asks of a table",
                example: "witan retention set council.requests --duty privacy --content-days 30",
                options: APIClient.options + [duty, keepDays, contentDays, Commands.json], positionals: [table],
                run: set),
            Command(
                name: "remove", summary: "End a policy", example: "witan retention remove 019f…",
                options: APIClient.options, positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/retention-policies/\(PercentEncoding.encode(arguments[identifier]))"
                _ = try await APIClient(arguments).send("DELETE", path)
                return .done
            },
            Command(
                name: "run", summary: "Have the retention job run now; --dry-run only says what it would archive",
                example: "witan retention run --dry-run", options: APIClient.options + [dryRun, Commands.json],
                run: run),
        ])

    @Sendable private static func set(_ arguments: ParsedArguments) async throws -> ExitCode {
        guard arguments[keepDays] != nil || arguments[contentDays] != nil else {
            throw arguments.usageError("name --keep-days, --content-days or both")
        }
        var members = [
            JSONMember("table", .string(arguments[table])), JSONMember("duty", .string(arguments[duty])),
        ]
        if let days = arguments[keepDays] { members.append(JSONMember("keep_days", .number(JSONNumber(Int64(days))))) }
        if let days = arguments[contentDays] {
            members.append(JSONMember("content_days", .number(JSONNumber(Int64(days)))))
        }
        arguments.show(
            try await APIClient(arguments).send("POST", "/api/v1/retention-policies", body: .object(members)))
        return .done
    }

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let isDry = arguments[dryRun]
        let answer = try await APIClient(arguments).send(
            "POST", "/api/v1/retention-runs", body: ["dry_run": .bool(isDry)])
        let items = answer["partitions"]?.elements ?? []
        if items.isEmpty, !arguments[Commands.json] {
            arguments.terminal.write("No partition is over yet: nothing to archive.\n")
        } else {
            arguments.show(items, columns: [("PARTITION", "partition"), ("DECISION", "decision")], all: answer)
        }
        if !isDry { arguments.terminal.writeError("The job runs now; 'witan status' shows how it ended.\n") }
        return isDry && items.contains { $0["decision"]?.string == "to be archived" } ? .pending : .done
    }
}
