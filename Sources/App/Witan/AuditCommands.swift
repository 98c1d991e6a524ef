// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan audit`.
enum AuditCommands {
    private static let limit = Option<Int>.value("limit", "how many, newest first", default: 20)
    private static let category = Option<String?>.optional("category", "only this area, such as gateway or auth")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")

    static let command = Command(
        name: "audit", summary: "The log and its proof", example: "witan audit verify",
        subcommands: [
            Command(
                name: "list", summary: "The newest entries", example: "witan audit list --limit 50",
                options: APIClient.options + [limit, category, Commands.json]
            ) { arguments in
                var path = "/api/v1/audit-entries?limit=\(arguments[limit])"
                if let category = arguments[category] { path += "&category=\(PercentEncoding.encode(category))" }
                let answer = try await APIClient(arguments).send("GET", path)
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [("TIME", "time"), ("ACTION", "action"), ("OUTCOME", "outcome"), ("ENTITY", "entity")],
                    all: answer)
                return .done
            },
            Command(
                name: "show", summary: "One entry", example: "witan audit show 019f…",
                options: APIClient.options + [Commands.json], positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/audit-entries/\(PercentEncoding.encode(arguments[identifier]))"
                arguments.show(try await APIClient(arguments).send("GET", path))
                return .done
            },
            Command(
                name: "verify", summary: "Recompute the chain over the whole log; exit 1 when something does not fit",
                example: "witan audit verify", options: APIClient.options + [Commands.json]
            ) { arguments in
                let answer = try await APIClient(arguments).send("GET", "/api/v1/audit-verification")
                arguments.show(answer)
                return answer["intact"]?.bool == true ? .done : .failed
            },
        ])
}
