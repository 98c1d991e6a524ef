// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan invitations`.
enum InvitationCommands {
    private static let path = "/api/v1/invitations"
    private static let account = Positional<String>.required("email", "your address; of your account, if you have one")
    private static let email = Option<String?>.optional(
        "email", "the only address that may accept; the code is mailed there")
    private static let showCode = Option<Bool>.flag(
        "show-code", "show the code and mail nothing; the address is then not proven")
    private static let team = Option<String?>.optional("team", "id of a team to join")
    private static let uses = Option<Int?>.optional("max-uses", "how many may accept, 1 to 10000; 1 unless set")
    private static let expires = Option<String?>.optional(
        "expires-at", "RFC 3339, at most 90 days ahead; in 7 days unless set")
    private static let name = Option<String?>.optional("name", "what to call you, if you are new")

    static let command = Command(
        name: "invitations", summary: "Invitations into the organization", example: "witan invitations list",
        subcommands: [
            .list(
                "The invitations, newest first", example: "witan invitations list", path: path,
                columns: [("ID", "id"), ("EMAIL", "email"), ("ROLE", "role"), ("USES", "uses"), ("STATE", "state")]),
            .show("One invitation", example: "witan invitations show 019f…", path: path),
            create,
            .end(
                "revoke", "Take an invitation back", example: "witan invitations revoke 019f…", path: path,
                said: "Revoked."),
            accept,
        ])

    private static let create = Command(
        name: "create", summary: "Invite somebody; the code is mailed, or shown once",
        example: "witan invitations create --role developer --email ada@example.org",
        options: APIClient.options + [
            PeopleCommands.role, PeopleCommands.customRole, email, showCode, team, uses, expires, Commands.json,
        ]
    ) { arguments in
        var body = PeopleCommands.role(arguments)
        if let address = arguments[email] { body.append(JSONMember("email", .string(address))) }
        if arguments[showCode] { body.append(JSONMember("show_code", true)) }
        if let id = arguments[team] { body.append(JSONMember("team", .string(id))) }
        if let count = arguments[uses] { body.append(JSONMember("max_uses", .number(JSONNumber(Int64(count))))) }
        if let time = arguments[expires] { body.append(JSONMember("expires_at", .string(time))) }
        arguments.show(try await APIClient(arguments).send("POST", path, body: .object(body)))
        return .done
    }

    private static let accept = Command(
        name: "accept", summary: "Join with a code; code and password are asked for, or read from standard input",
        example: "witan invitations accept ada@example.org", options: [APIClient.url, name, Commands.json],
        positionals: [account]
    ) { arguments in
        guard let code = arguments.terminal.askSecret("Code of the invitation:"),
            let password = arguments.terminal.askSecret("Password, of your account or a new one:")
        else { throw arguments.usageError("there is no code or password on standard input") }
        var body = [
            JSONMember("code", .string(code)), JSONMember("email", .string(arguments[account])),
            JSONMember("password", .string(password)),
        ]
        if let name = arguments[name] { body.append(JSONMember("name", .string(name))) }
        let client = APIClient(arguments)
        let answer = try await client.send(
            "POST", "\(path)/accept", body: .object(body), unless: "second_factor_required")
        if let answer {
            arguments.show(answer)
        } else {
            body.append(try AccountCommands.askCode(arguments, field: "second_factor_code"))
            arguments.show(try await client.send("POST", "\(path)/accept", body: .object(body)))
        }
        return .done
    }
}
