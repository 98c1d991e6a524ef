// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// What commands about people share.
enum PeopleCommands {
    enum BuiltInRole: String, CaseIterable, ArgumentValue { case admin, manager, developer, viewer }

    static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    static let role = Option<BuiltInRole?>.optional("role", "admin, manager, developer or viewer")
    static let customRole = Option<String?>.optional(
        "custom-role", "id of one of the organization's own roles, which counts instead")

    /// The members of a body that name a role, where one is given.
    static func role(_ arguments: ParsedArguments) -> [JSONMember] {
        [
            arguments[role].map { JSONMember("role", .string($0.rawValue)) },
            arguments[customRole].map { JSONMember("custom_role", .string($0)) },
        ].compactMap(\.self)
    }

    /// As a list shows it: a role of the organization's own hides the built-in one.
    static func withRole(_ item: JSONValue) -> JSONValue {
        guard item["custom_role"]?.string != nil else { return item }
        return .object(
            (item.members ?? []).map { $0.key == "role" ? JSONMember("role", "custom") : $0 })
    }
}

extension Command {
    /// `list`, with every page of it.
    static func list(
        _ summary: String, example: String, path: String, columns: [(title: String, key: String)]
    ) -> Command {
        Command(name: "list", summary: summary, example: example, options: APIClient.options + [Commands.json]) {
            arguments in
            let answer = try await APIClient(arguments).all(path)
            arguments.show(
                (answer["data"]?.elements ?? []).map(PeopleCommands.withRole), columns: columns, all: answer)
            return .done
        }
    }

    /// `show ID`.
    static func show(_ summary: String, example: String, path: String) -> Command {
        Command(
            name: "show", summary: summary, example: example, options: APIClient.options + [Commands.json],
            positionals: [PeopleCommands.identifier]
        ) { arguments in
            let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
            arguments.show(try await APIClient(arguments).send("GET", "\(path)/\(id)"))
            return .done
        }
    }

    /// A verb that ends the thing of an id.
    static func end(_ name: String, _ summary: String, example: String, path: String, said: String) -> Command {
        Command(
            name: name, summary: summary, example: example, options: APIClient.options + [Commands.json],
            positionals: [PeopleCommands.identifier]
        ) { arguments in
            let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
            _ = try await APIClient(arguments).send("DELETE", "\(path)/\(id)")
            arguments.terminal.write(arguments[Commands.json] ? "{}\n" : said + "\n")
            return .done
        }
    }
}

/// `witan users`.
enum UserCommands {
    private static let path = "/api/v1/users"

    static let command = Command(
        name: "users", summary: "The members of the organization; they come by invitation",
        example: "witan users list",
        subcommands: [
            .list(
                "The members, newest accounts first", example: "witan users list", path: path,
                columns: [("ID", "id"), ("EMAIL", "email"), ("ROLE", "role")]),
            .show("One member and what they may do", example: "witan users show 019f…", path: path),
            Command(
                name: "update", summary: "Give a member another role, everywhere within a second",
                example: "witan users update 019f… --role manager",
                options: APIClient.options + [PeopleCommands.role, PeopleCommands.customRole, Commands.json],
                positionals: [PeopleCommands.identifier]
            ) { arguments in
                let members = PeopleCommands.role(arguments)
                guard !members.isEmpty else { throw arguments.usageError("name --role or --custom-role") }
                let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
                arguments.show(try await APIClient(arguments).send("PATCH", "\(path)/\(id)", body: .object(members)))
                return .done
            },
            .end(
                "remove", "End a membership with its sessions and keys, everywhere within a second",
                example: "witan users remove 019f…", path: path, said: "Removed."),
            PrivacyCommands.exportUser,
            Command(
                name: "reset-second-factor", summary: "Take a member's lost second factor away, and end their sessions",
                example: "witan users reset-second-factor 019f…", options: APIClient.options + [Commands.json],
                positionals: [PeopleCommands.identifier]
            ) { arguments in
                let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
                _ = try await APIClient(arguments).send("DELETE", "\(path)/\(id)/second-factor")
                arguments.terminal.write(arguments[Commands.json] ? "{}\n" : "The second factor is off.\n")
                return .done
            },
        ])
}
