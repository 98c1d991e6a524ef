// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan keys`.
enum KeyCommands {
    private enum KeyRole: String, CaseIterable, ArgumentValue { case admin, manager, developer, viewer }

    private static let name = Positional<String>.required("name", "what the key is for")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    private static let role = Option<KeyRole>.value("role", "what it may do", default: .developer)
    private static let models = Option<[String]>.repeated("model", "a model it may call; without any it may call all")
    private static let scopes = Option<[String]>.repeated("scope", "a permission it is narrowed to, as models.call")
    private static let addresses = Option<[String]>.repeated(
        "allow-address", "an address or CIDR range it may be used from; without any from everywhere")
    private static let owner = Option<String?>.optional(
        "owner", "id of the member whose it is, with whom it ends, or none for nobody's; the caller's unless set")
    private static let overlap = Option<Int>.value(
        "overlap", "seconds that the old key is still good for", default: 86_400)
    private static let newName = Option<String?>.optional("name", "another name")
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
                options: APIClient.options + [role, scopes, models, addresses, owner, expires, Commands.json],
                positionals: [name]
            ) { arguments in
                var members = [
                    JSONMember("name", .string(arguments[name])), JSONMember("role", .string(arguments[role].rawValue)),
                ]
                members += limits(arguments)
                if let owner = arguments[owner] {
                    members.append(JSONMember("owner", owner == "none" ? .null : .string(owner)))
                }
                arguments.show(try await APIClient(arguments).send("POST", "/api/v1/keys", body: .object(members)))
                return .done
            },
            Command(
                name: "update", summary: "Change a key's name and limits; what is not named stays",
                example: "witan keys update 019f… --allow-address 192.0.2.0/24",
                options: APIClient.options + [newName, scopes, models, addresses, expires, Commands.json],
                positionals: [identifier]
            ) { arguments in
                var members = limits(arguments)
                if let name = arguments[newName] { members.append(JSONMember("name", .string(name))) }
                let path = "/api/v1/keys/\(PercentEncoding.encode(arguments[identifier]))"
                arguments.show(try await APIClient(arguments).send("PATCH", path, body: .object(members)))
                return .done
            },
            Command(
                name: "rotate", summary: "Make a new key with the same rights; the old one ends after the overlap",
                example: "witan keys rotate 019f… --overlap 3600",
                options: APIClient.options + [overlap, Commands.json], positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/keys/\(PercentEncoding.encode(arguments[identifier]))/rotate"
                let body: JSONValue = ["overlap_seconds": .number(JSONNumber(Int64(arguments[overlap])))]
                arguments.show(try await APIClient(arguments).send("POST", path, body: body))
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

    private static func limits(_ arguments: ParsedArguments) -> [JSONMember] {
        var members: [JSONMember] = []
        for (field, values) in [
            ("scopes", arguments[scopes]), ("allowed_models", arguments[models]),
            ("allowed_addresses", arguments[addresses]),
        ] where !values.isEmpty {
            members.append(JSONMember(field, .array(values.map(JSONValue.string))))
        }
        if let time = arguments[expires] { members.append(JSONMember("expires_at", .string(time))) }
        return members
    }
}
