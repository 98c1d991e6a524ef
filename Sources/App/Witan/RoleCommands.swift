// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan roles`.
enum RoleCommands {
    private static let path = "/api/v1/roles"
    private static let name = Positional<String>.required("name", "what to call it")
    private static let newName = Option<String?>.optional("name", "another name")
    private static let description = Option<String?>.optional("description", "what it is for")
    private static let permissions = Option<[String]>.repeated(
        "permission", "a permission, as audit.read; 'witan roles show admin' lists them all")

    static let command = Command(
        name: "roles", summary: "Who may do what: built-in roles, and the organization's own",
        example: "witan roles list",
        subcommands: [
            .list(
                "The roles", example: "witan roles list", path: path,
                columns: [("ID", "id"), ("NAME", "name"), ("DESCRIPTION", "description")]),
            .show("One role and its permissions", example: "witan roles show developer", path: path),
            create, update,
            .end(
                "retire", "Retire a role that nobody has any more", example: "witan roles retire 019f…", path: path,
                said: "Retired."),
        ])

    private static let create = Command(
        name: "create", summary: "Make a role, which may do no more than you",
        example: "witan roles create auditor --permission audit.read --permission usage.read",
        options: APIClient.options + [description, permissions, Commands.json], positionals: [name]
    ) { arguments in
        let body = [JSONMember("name", .string(arguments[name]))] + changes(arguments)
        arguments.show(try await APIClient(arguments).send("POST", path, body: .object(body)))
        return .done
    }

    private static let update = Command(
        name: "update", summary: "Change a role for everybody who has it; --permission names all it is to have",
        example: "witan roles update 019f… --permission audit.read",
        options: APIClient.options + [newName, description, permissions, Commands.json],
        positionals: [PeopleCommands.identifier]
    ) { arguments in
        var body = changes(arguments)
        if let name = arguments[newName] { body.append(JSONMember("name", .string(name))) }
        guard !body.isEmpty else { throw arguments.usageError("nothing to change: name at least one option") }
        let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
        arguments.show(try await APIClient(arguments).send("PATCH", "\(path)/\(id)", body: .object(body)))
        return .done
    }

    private static func changes(_ arguments: ParsedArguments) -> [JSONMember] {
        var members: [JSONMember] = []
        if let text = arguments[description] { members.append(JSONMember("description", .string(text))) }
        if !arguments[permissions].isEmpty {
            members.append(JSONMember("permissions", .array(arguments[permissions].map(JSONValue.string))))
        }
        return members
    }
}
