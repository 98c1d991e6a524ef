// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan organization`.
enum OrganizationCommands {
    private static let retention = Option<Bool?>.optional("content-retention", "whether prompts and answers are stored")
    private static let durable = Option<Bool?>.optional(
        "durable-answers", "whether an answer waits until its record is committed")
    private static let twoFactor = Option<Bool?>.optional(
        "require-two-factor", "whether people need a second factor to do anything but set one up")
    private static let name = Option<String?>.optional("name", "what people call it")
    private static let ceiling = Option<String?>.optional(
        "unknown-price-ceiling", "dollars per token assumed where no price is known; 'none' refuses such calls")

    static let command = Command(
        name: "organization", summary: "The organization and its policy", example: "witan organization show",
        subcommands: [
            Command(
                name: "show", summary: "The organization", example: "witan organization show",
                options: APIClient.options + [Commands.json]
            ) { arguments in
                arguments.show(try await APIClient(arguments).send("GET", "/api/v1/organization"))
                return .done
            },
            Command(
                name: "update", summary: "Change its name and policy",
                example: "witan organization update --content-retention true",
                options: APIClient.options + [name, retention, durable, twoFactor, ceiling, Commands.json]
            ) { arguments in
                var members: [JSONMember] = []
                if let value = arguments[name] { members.append(JSONMember("name", .string(value))) }
                if let value = arguments[retention] { members.append(JSONMember("content_retention", .bool(value))) }
                if let value = arguments[durable] { members.append(JSONMember("durable_answers", .bool(value))) }
                if let value = arguments[twoFactor] { members.append(JSONMember("require_two_factor", .bool(value))) }
                if let value = arguments[ceiling] {
                    members.append(JSONMember("unknown_price_ceiling", value == "none" ? .null : .string(value)))
                }
                guard !members.isEmpty else {
                    throw arguments.usageError("nothing to change: name at least one option")
                }
                let answer = try await APIClient(arguments).send(
                    "PATCH", "/api/v1/organization", body: .object(members))
                arguments.show(answer)
                return .done
            },
        ])
}
