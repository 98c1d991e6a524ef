// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan models` and `witan prices`.
enum ModelCommands {
    private static let model = Positional<String>.required("model", "provider/model")
    private static let effectiveFrom = Option<String?>.optional("effective-from", "RFC 3339; now unless set")
    private static let priceOptions: [any Parameter] = [
        ProviderCommands.input, ProviderCommands.cached, ProviderCommands.output,
    ]

    static let models = Command(
        name: "models", summary: "What can be called, and its price", example: "witan models list",
        subcommands: [
            Command(
                name: "list", summary: "The models with the prices in force, per million tokens",
                example: "witan models list", options: APIClient.options + [Commands.json], run: list),
            Command(
                name: "create", summary: "Add a model to a provider",
                example: "witan models create openai/gpt-4o-mini --input-price 0.15 --output-price 0.60",
                options: APIClient.options + priceOptions + [Commands.json], positionals: [model]
            ) { arguments in
                let body = JSONValue.object(
                    [JSONMember("name", .string(arguments[model]))] + ProviderCommands.prices(arguments))
                arguments.show(try await APIClient(arguments).send("POST", "/api/v1/models", body: body))
                return .done
            },
        ])

    static let prices = Command(
        name: "prices", summary: "What tokens cost", example: "witan prices list",
        subcommands: [
            Command(
                name: "list", summary: "The prices in force, per million tokens", example: "witan prices list",
                options: APIClient.options + [Commands.json], run: list),
            Command(
                name: "create", summary: "Set a model's price from now or another moment on",
                example: "witan prices create openai/gpt-4o-mini --input-price 0.15 --output-price 0.60",
                options: APIClient.options + priceOptions + [effectiveFrom, Commands.json], positionals: [model]
            ) { arguments in
                var members = [JSONMember("model", .string(arguments[model]))] + ProviderCommands.prices(arguments)
                if let time = arguments[effectiveFrom] { members.append(JSONMember("effective_from", .string(time))) }
                arguments.show(try await APIClient(arguments).send("POST", "/api/v1/prices", body: .object(members)))
                return .done
            },
        ])

    @Sendable private static func list(_ arguments: ParsedArguments) async throws -> ExitCode {
        let answer = try await APIClient(arguments).send("GET", "/api/v1/models")
        arguments.show(
            answer["data"]?.elements ?? [],
            columns: [
                ("MODEL", "name"), ("INPUT $/M", "input_per_million"), ("CACHED $/M", "cached_input_per_million"),
                ("OUTPUT $/M", "output_per_million"), ("PRICE VERSION", "pricing_version"),
            ], all: answer)
        return .done
    }
}
