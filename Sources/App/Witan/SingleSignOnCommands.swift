// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan sso`.
enum SingleSignOnCommands {
    private enum DefaultRole: String, CaseIterable, ArgumentValue { case admin, manager, developer, viewer, none }

    private static let name = Positional<String>.required("name", "what stands on the button")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    private static let issuer = Option<String>.required(
        "issuer", "the URL in the provider's tokens", placeholder: "URL")
    private static let clientID = Option<String>.required("client-id", "what the provider calls this installation")
    private static let hasSecret = Option<Bool>.flag(
        "secret", "asks for the client secret, or reads it from standard input; without it a public client")
    private static let scopes = Option<[String]>.repeated(
        "scope", "what is asked of it; openid, email and profile unless given")
    private static let domains = Option<[String]>.repeated(
        "domain", "a domain whose verified addresses may come; without any all may")
    private static let trustsEmail = Option<Bool?>.optional(
        "trust-email", "whether addresses of these domains count as verified where the provider does not say",
        placeholder: "true|false")
    private static let claim = Option<String?>.optional("group-claim", "the claim that names a person's groups")
    private static let roles = Option<[String]>.repeated("role", "the role of a group, as staff=developer")
    private static let defaultRole = Option<DefaultRole?>.optional(
        "default-role", "of who is in no such group; none lets nobody in without one")
    private static let isActive = Option<Bool?>.optional("active", "whether people may come", placeholder: "true|false")
    private static let rules: [any Parameter] = [hasSecret, scopes, domains, trustsEmail, claim, roles, defaultRole]

    static let command = Command(
        name: "sso", summary: "Single sign-on: identity providers, and signing in at one", example: "witan sso list",
        subcommands: [list, show, create, update, retire, SingleSignOnSignIn.command])

    private static let list = Command(
        name: "list", summary: "The identity providers", example: "witan sso list",
        options: APIClient.options + [Commands.json]
    ) { arguments in
        let answer = try await APIClient(arguments).send("GET", "/api/v1/sso-providers")
        arguments.show(
            answer["data"]?.elements ?? [],
            columns: [("ID", "id"), ("NAME", "name"), ("ISSUER", "issuer"), ("ACTIVE", "is_active")], all: answer)
        return .done
    }

    private static let show = Command(
        name: "show", summary: "One identity provider, with the address it sends people back to",
        example: "witan sso show 019f…", options: APIClient.options + [Commands.json], positionals: [identifier]
    ) { arguments in
        arguments.show(try await APIClient(arguments).send("GET", path(arguments)))
        return .done
    }

    private static let create = Command(
        name: "create", summary: "Add an identity provider, after asking it for its configuration",
        example:
            "witan sso create Corp --issuer https://id.example.org --client-id witan --secret --role staff=developer "
            + "--group-claim groups",
        options: APIClient.options + [issuer, clientID] + rules + [Commands.json], positionals: [name]
    ) { arguments in
        let members =
            [
                JSONMember("name", .string(arguments[name])), JSONMember("issuer", .string(arguments[issuer])),
                JSONMember("client_id", .string(arguments[clientID])),
            ] + (try body(arguments))
        arguments.show(try await APIClient(arguments).send("POST", "/api/v1/sso-providers", body: .object(members)))
        return .done
    }

    private static let update = Command(
        name: "update", summary: "Change who may come from an identity provider; what is not named stays",
        example: "witan sso update 019f… --domain example.org",
        options: APIClient.options + rules + [isActive, Commands.json], positionals: [identifier]
    ) { arguments in
        var members = try body(arguments)
        if let isActive = arguments[isActive] { members.append(JSONMember("is_active", .bool(isActive))) }
        arguments.show(try await APIClient(arguments).send("PATCH", path(arguments), body: .object(members)))
        return .done
    }

    private static let retire = Command(
        name: "retire", summary: "Let nobody in from an identity provider any more; sessions go on",
        example: "witan sso retire 019f…", options: APIClient.options, positionals: [identifier]
    ) { arguments in
        _ = try await APIClient(arguments).send("DELETE", path(arguments))
        arguments.terminal.write("Retired.\n")
        return .done
    }

    private static func path(_ arguments: ParsedArguments) -> String {
        "/api/v1/sso-providers/\(PercentEncoding.encode(arguments[identifier]))"
    }

    /// The fields that were named.
    private static func body(_ arguments: ParsedArguments) throws -> [JSONMember] {
        var members: [JSONMember] = []
        if arguments[hasSecret] {
            guard let secret = arguments.terminal.askSecret("Client secret:") else {
                throw arguments.usageError("there is no client secret on standard input")
            }
            members.append(JSONMember("client_secret", .string(secret)))
        }
        for (field, values) in [("scopes", arguments[scopes]), ("allowed_domains", arguments[domains])]
        where !values.isEmpty {
            members.append(JSONMember(field, .array(values.map(JSONValue.string))))
        }
        if let trusts = arguments[trustsEmail] { members.append(JSONMember("trusts_email", .bool(trusts))) }
        if let claim = arguments[claim] { members.append(JSONMember("group_claim", .string(claim))) }
        if !arguments[roles].isEmpty {
            let mapping = try arguments[roles].map { pair in
                guard let mark = pair.lastIndex(of: "=") else {
                    throw arguments.usageError("--role takes group=role, such as staff=developer")
                }
                return JSONMember(String(pair[..<mark]), .string(String(pair[pair.index(after: mark)...])))
            }
            members.append(JSONMember("role_mapping", .object(mapping)))
        }
        if let role = arguments[defaultRole] {
            members.append(JSONMember("default_role", role == .none ? .null : .string(role.rawValue)))
        }
        return members
    }
}
