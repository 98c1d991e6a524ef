// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan teams`.
enum TeamCommands {
    private enum TeamRole: String, CaseIterable, ArgumentValue { case member, lead }

    private static let path = "/api/v1/teams"
    private static let name = Positional<String>.required("name", "what to call it")
    private static let user = Positional<String>.required("user", "id of a member of the organization")
    private static let newName = Option<String?>.optional("name", "another name")
    private static let description = Option<String?>.optional("description", "what the team does")
    private static let role = Option<TeamRole>.value("role", "member or lead", default: .member)

    static let command = Command(
        name: "teams", summary: "Teams of the organization and who is in them", example: "witan teams list",
        subcommands: [
            .list(
                "The teams", example: "witan teams list", path: path,
                columns: [("ID", "id"), ("NAME", "name"), ("MEMBERS", "members"), ("DESCRIPTION", "description")]),
            .show("One team", example: "witan teams show 019f…", path: path),
            create, update,
            .end(
                "retire", "Retire a team and end everybody's place in it", example: "witan teams retire 019f…",
                path: path, said: "Retired."),
            members, add, change, remove,
        ])

    private static let create = Command(
        name: "create", summary: "Make a team", example: "witan teams create search --description 'Finds things'",
        options: APIClient.options + [description, Commands.json], positionals: [name]
    ) { arguments in
        var body = [JSONMember("name", .string(arguments[name]))]
        if let text = arguments[description] { body.append(JSONMember("description", .string(text))) }
        arguments.show(try await APIClient(arguments).send("POST", path, body: .object(body)))
        return .done
    }

    private static let update = Command(
        name: "update", summary: "Change a team's name and purpose",
        example: "witan teams update 019f… --name retrieval",
        options: APIClient.options + [newName, description, Commands.json],
        positionals: [PeopleCommands.identifier]
    ) { arguments in
        let body = [
            arguments[newName].map { JSONMember("name", .string($0)) },
            arguments[description].map { JSONMember("description", .string($0)) },
        ].compactMap(\.self)
        guard !body.isEmpty else { throw arguments.usageError("nothing to change: name at least one option") }
        arguments.show(try await APIClient(arguments).send("PATCH", team(arguments), body: .object(body)))
        return .done
    }

    // MARK: Who is in it

    private static let members = Command(
        name: "members", summary: "Who is in a team", example: "witan teams members 019f…",
        options: APIClient.options + [Commands.json], positionals: [PeopleCommands.identifier]
    ) { arguments in
        let answer = try await APIClient(arguments).all("\(team(arguments))/members")
        arguments.show(
            answer["data"]?.elements ?? [],
            columns: [("ID", "id"), ("EMAIL", "email"), ("ROLE", "role")], all: answer)
        return .done
    }

    private static let add = Command(
        name: "add", summary: "Add a member of the organization to a team; its leads may, too",
        example: "witan teams add 019f… 019e… --role lead", options: APIClient.options + [role, Commands.json],
        positionals: [PeopleCommands.identifier, user]
    ) { arguments in
        let body: JSONValue = ["user": .string(arguments[user]), "role": .string(arguments[role].rawValue)]
        arguments.show(try await APIClient(arguments).send("POST", "\(team(arguments))/members", body: body))
        return .done
    }

    private static let change = Command(
        name: "change", summary: "Make a lead of a member, or a member of a lead",
        example: "witan teams change 019f… 019e… --role lead", options: APIClient.options + [role, Commands.json],
        positionals: [PeopleCommands.identifier, user]
    ) { arguments in
        let body: JSONValue = ["role": .string(arguments[role].rawValue)]
        arguments.show(try await APIClient(arguments).send("PATCH", member(arguments), body: body))
        return .done
    }

    private static let remove = Command(
        name: "remove", summary: "Take somebody out of a team; its leads may, too",
        example: "witan teams remove 019f… 019e…", options: APIClient.options + [Commands.json],
        positionals: [PeopleCommands.identifier, user]
    ) { arguments in
        _ = try await APIClient(arguments).send("DELETE", member(arguments))
        arguments.terminal.write(arguments[Commands.json] ? "{}\n" : "Removed.\n")
        return .done
    }

    private static func team(_ arguments: ParsedArguments) -> String {
        "\(path)/\(PercentEncoding.encode(arguments[PeopleCommands.identifier]))"
    }

    private static func member(_ arguments: ParsedArguments) -> String {
        "\(team(arguments))/members/\(PercentEncoding.encode(arguments[user]))"
    }
}
