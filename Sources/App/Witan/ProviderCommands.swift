// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import JSON
import SwiftExtensions

/// `witan providers`.
enum ProviderCommands {
    private enum Kind: String, CaseIterable, ArgumentValue { case openai, openai_compatible, sandbox }

    private static let name = Positional<String>.required("name", "the provider's name, the first part of model names")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    private static let type = Option<Kind>.value("type", "how it is spoken to", default: .openai_compatible)
    private static let endpoint = Option<String?>.optional("endpoint", "base URL of its API", placeholder: "URL")
    private static let providerKey = Option<String?>.optional(
        "provider-key", "its API key; better given in the environment", environment: "PROVIDER_API_KEY")
    private static let models = Option<[String]>.repeated("model", "a model of it; without any it is asked for them")
    static let input = Option<String?>.optional("input-price", "dollars per million input tokens")
    static let cached = Option<String?>.optional("cached-price", "dollars per million cached input tokens")
    static let output = Option<String?>.optional("output-price", "dollars per million output tokens")

    static let providers = Command(
        name: "providers", summary: "Where models are called", example: "witan providers list",
        subcommands: [
            Command(
                name: "list", summary: "The providers", example: "witan providers list",
                options: APIClient.options + [Commands.json]
            ) { arguments in
                let answer = try await APIClient(arguments).send("GET", "/api/v1/providers")
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [
                        ("ID", "id"), ("NAME", "name"), ("TYPE", "type"), ("ENDPOINT", "api_endpoint"),
                        ("KEY", "key_last_four"),
                    ], all: answer)
                return .done
            },
            Command(
                name: "show", summary: "One provider", example: "witan providers show 019f…",
                options: APIClient.options + [Commands.json], positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/providers/\(PercentEncoding.encode(arguments[identifier]))"
                arguments.show(try await APIClient(arguments).send("GET", path))
                return .done
            },
            Command(
                name: "create", summary: "Add a provider",
                example: "witan providers create ollama --endpoint http://127.0.0.1:11434/v1 --model llama3.2 "
                    + "--input-price 0 --output-price 0",
                options: APIClient.options + [
                    type, endpoint, providerKey, models, input, cached, output, Commands.json,
                ], positionals: [name], run: create),
            Command(
                name: "remove", summary: "Retire a provider; the ledger keeps what it did",
                example: "witan providers remove 019f…", options: APIClient.options, positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/providers/\(PercentEncoding.encode(arguments[identifier]))"
                _ = try await APIClient(arguments).send("DELETE", path)
                arguments.terminal.write("Removed.\n")
                return .done
            },
        ])

    @Sendable private static func create(_ arguments: ParsedArguments) async throws -> ExitCode {
        var members = [
            JSONMember("name", .string(arguments[name])), JSONMember("type", .string(arguments[type].rawValue)),
        ]
        if let endpoint = arguments[endpoint] { members.append(JSONMember("api_endpoint", .string(endpoint))) }
        if let key = arguments[providerKey] { members.append(JSONMember("api_key", .string(key))) }
        if !arguments[models].isEmpty {
            members.append(JSONMember("models", .array(arguments[models].map { ["name": .string($0)] })))
        }
        members += prices(arguments)
        let answer = try await APIClient(arguments).send("POST", "/api/v1/providers", body: .object(members))
        arguments.show(answer)
        return .done
    }

    /// The price options as fields of a request.
    static func prices(_ arguments: ParsedArguments) -> [JSONMember] {
        [
            ("input_per_million", arguments[input]), ("cached_input_per_million", arguments[cached]),
            ("output_per_million", arguments[output]),
        ].compactMap { name, text in text.map { JSONMember(name, .string($0)) } }
    }
}
