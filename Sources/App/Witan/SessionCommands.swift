// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan sessions`.
enum SessionCommands {
    private static let email = Positional<String>.required("email", "the account's address")
    private static let identifier = Positional<String?>.optional("id", "the id, as the list shows it, or `current`")
    private static let organization = Option<String?>.optional(
        "organization", "slug of the organization, for members of several")
    private static let device = Option<String?>.optional("device", "what to call this device in the list")
    private static let user = Option<String?>.optional("user", "id of another member, with the right to it")
    private static let all = Option<Bool>.flag("all", "all sessions but the one this is done with")

    static let command = Command(
        name: "sessions", summary: "Signing in, and devices that are signed in", example: "witan sessions list",
        subcommands: [create, refresh, list, revoke])

    private static let create = Command(
        name: "create", summary: "Sign in; the password is asked for, or read from standard input",
        example: "witan sessions create ada@example.org",
        options: [APIClient.url, organization, device, Commands.json], positionals: [email]
    ) { arguments in
        guard let password = arguments.terminal.askSecret("Password:") else {
            throw arguments.usageError("there is no password on standard input")
        }
        var members = [
            JSONMember("email", .string(arguments[email])), JSONMember("password", .string(password)),
        ]
        if let slug = arguments[organization] { members.append(JSONMember("organization", .string(slug))) }
        if let name = arguments[device] { members.append(JSONMember("device", .string(name))) }
        let client = APIClient(arguments)
        let answer = try await client.send(
            "POST", "/api/v1/sessions", body: .object(members), unless: "second_factor_required")
        if let answer {
            arguments.show(answer)
        } else {
            members.append(try AccountCommands.askCode(arguments))
            arguments.show(try await client.send("POST", "/api/v1/sessions", body: .object(members)))
        }
        return .done
    }

    private static let refresh = Command(
        name: "refresh", summary: "Exchange a refresh token, read from standard input, for the next pair",
        example: "witan sessions refresh < token", options: [APIClient.url, Commands.json]
    ) { arguments in
        guard let token = arguments.terminal.askSecret("Refresh token:") else {
            throw arguments.usageError("there is no refresh token on standard input")
        }
        let body: JSONValue = ["refresh_token": .string(token)]
        arguments.show(try await APIClient(arguments).send("POST", "/api/v1/sessions/refresh", body: body))
        return .done
    }

    private static let list = Command(
        name: "list", summary: "Devices that are signed in: yours, or another member's",
        example: "witan sessions list --user 019f…", options: APIClient.options + [user, Commands.json]
    ) { arguments in
        let answer = try await APIClient(arguments).send("GET", path(arguments[user]))
        arguments.show(
            answer["data"]?.elements ?? [],
            columns: [
                ("ID", "id"), ("ADDRESS", "address"), ("SIGNED IN", "created_at"), ("THIS ONE", "is_current"),
            ], all: answer)
        return .done
    }

    private static let revoke = Command(
        name: "revoke", summary: "Sign a device out, everywhere within a second",
        example: "witan sessions revoke 019f…",
        options: APIClient.options + [user, all], positionals: [identifier]
    ) { arguments in
        let client = APIClient(arguments)
        let base = path(arguments[user])
        guard (arguments[identifier] == nil) == arguments[all] else {
            throw arguments.usageError("name a session or say --all")
        }
        if let id = arguments[identifier] {
            _ = try await client.send("DELETE", "\(base)/\(PercentEncoding.encode(id))")
            arguments.terminal.write("Signed out.\n")
        } else {
            let answer = try await client.send("DELETE", base)
            arguments.terminal.write("\(answer["revoked"]?.integer ?? 0) signed out.\n")
        }
        return .done
    }

    private static func path(_ user: String?) -> String {
        user.map { "/api/v1/users/\(PercentEncoding.encode($0))/sessions" } ?? "/api/v1/sessions"
    }
}
