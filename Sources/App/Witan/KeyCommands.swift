// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON

/// `witan keys`.
enum KeyCommands {
    private enum KeyRole: String, CaseIterable, ArgumentValue { case admin, manager, developer, viewer }

    private static let name = Positional<String>.required("name", "what the key is for")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    private static let role = Option<KeyRole>.value("role", "what it may do", default: .developer)
    private static let models = Option<[String]>.repeated("model", "a model it may call; without any it may call all")
    private static let expires = Option<String?>.optional("expires-at", "RFC 3339; never unless set")

    static let command = Command(
        name: "keys", summary: "API keys", example: "witan keys list",
        subcommands: [
            Command(
                name: "list", summary: "The keys", example: "witan keys list",
                options: APIClient.options + [Commands.json]
            ) { arguments in
                let answer = try await APIClient(arguments).send("GET", "/api/v1/keys")
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [
                        ("ID", "id"), ("NAME", "name"), ("ROLE", "role"), ("ENDS IN", "last_four"),
                        ("REVOKED", "revoked_at"),
                    ], all: answer)
                return .done
            },
            Command(
                name: "show", summary: "One key", example: "witan keys show 019f…",
                options: APIClient.options + [Commands.json], positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/keys/\(PercentEncoding.encode(arguments[identifier]))"
                arguments.show(try await APIClient(arguments).send("GET", path))
                return .done
            },
            Command(
                name: "create", summary: "Make a key; it is shown once",
                example: "witan keys create ci --role developer",
                options: APIClient.options + [role, models, expires, Commands.json], positionals: [name]
            ) { arguments in
                var members = [
                    JSONMember("name", .string(arguments[name])), JSONMember("role", .string(arguments[role].rawValue)),
                ]
                if !arguments[models].isEmpty {
                    members.append(JSONMember("allowed_models", .array(arguments[models].map(JSONValue.string))))
                }
                if let time = arguments[expires] { members.append(JSONMember("expires_at", .string(time))) }
                arguments.show(try await APIClient(arguments).send("POST", "/api/v1/keys", body: .object(members)))
                return .done
            },
            Command(
                name: "revoke", summary: "Refuse a key from now on, everywhere within a second",
                example: "witan keys revoke 019f…", options: APIClient.options, positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/keys/\(PercentEncoding.encode(arguments[identifier]))"
                _ = try await APIClient(arguments).send("DELETE", path)
                arguments.terminal.write("Revoked.\n")
                return .done
            },
        ])
}
