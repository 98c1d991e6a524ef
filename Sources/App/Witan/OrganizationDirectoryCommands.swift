// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan organizations`: for those who run the installation.
enum OrganizationDirectoryCommands {
    private enum Plan: String, CaseIterable, ArgumentValue { case free, professional, enterprise }

    private static let path = "/api/v1/organizations"
    private static let slug = Positional<String>.required("slug", "its name in addresses: a-z, 0-9 and -")
    private static let name = Option<String?>.optional("name", "what people call it; the slug unless set")
    private static let plan = Option<Plan?>.optional("plan", "free, professional or enterprise")
    private static let administrator = Option<String?>.optional(
        "administrator", "address of whom to invite to administer it; the code is mailed there")
    private static let showCode = Option<Bool>.flag("show-code", "show the code and mail nothing")

    static let command = Command(
        name: "organizations", summary: "All organizations of the installation, for its operators",
        example: "witan organizations list",
        subcommands: [
            .list(
                "The organizations, newest first", example: "witan organizations list", path: path,
                columns: [("ID", "id"), ("SLUG", "slug"), ("PLAN", "plan"), ("MEMBERS", "members")]),
            .show("One organization", example: "witan organizations show 019f…", path: path),
            create, update,
            .end(
                "retire", "Shut an organization, everywhere within a second; nothing is deleted",
                example: "witan organizations retire 019f…", path: path, said: "Retired."),
        ])

    private static let create = Command(
        name: "create", summary: "Make an organization and invite its first administrator",
        example: "witan organizations create acme --name 'Acme Inc.' --administrator ada@acme.example",
        options: APIClient.options + [name, plan, administrator, showCode, Commands.json], positionals: [slug]
    ) { arguments in
        var body = [
            JSONMember("slug", .string(arguments[slug])),
            JSONMember("name", .string(arguments[name] ?? arguments[slug])),
        ]
        if let plan = arguments[plan] { body.append(JSONMember("plan", .string(plan.rawValue))) }
        if let address = arguments[administrator] { body.append(JSONMember("administrator_email", .string(address))) }
        if arguments[showCode] { body.append(JSONMember("show_code", true)) }
        let made = try await APIClient(arguments).send("POST", path, body: .object(body))
        guard !arguments[Commands.json] else {
            arguments.show(made)
            return .done
        }
        arguments.show(.object((made.members ?? []).filter { $0.key != "invitation" }))
        if let code = made["invitation"]?["code"]?.string {
            arguments.terminal.write("\nCode of the administrator's invitation, shown once:\n\(code)\n")
        }
        return .done
    }

    private static let update = Command(
        name: "update", summary: "Change an organization's name and plan",
        example: "witan organizations update 019f… --plan enterprise",
        options: APIClient.options + [name, plan, Commands.json], positionals: [PeopleCommands.identifier]
    ) { arguments in
        let body = [
            arguments[name].map { JSONMember("name", .string($0)) },
            arguments[plan].map { JSONMember("plan", .string($0.rawValue)) },
        ].compactMap(\.self)
        guard !body.isEmpty else { throw arguments.usageError("nothing to change: name at least one option") }
        let id = PercentEncoding.encode(arguments[PeopleCommands.identifier])
        arguments.show(try await APIClient(arguments).send("PATCH", "\(path)/\(id)", body: .object(body)))
        return .done
    }
}
