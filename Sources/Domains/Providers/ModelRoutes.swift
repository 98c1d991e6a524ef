// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension ProviderService {
    var modelEndpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/models", permission: .manageProviders, audit: "model.created",
                summary: "Adds a model to a provider",
                fields: [
                    .init("name", "string", required: true, "provider/model"),
                    .init("max_output_tokens", "integer", "the most it can answer"),
                    .init("input_per_million", "string", "dollars per million input tokens"),
                    .init("cached_input_per_million", "string", "dollars per million cached input tokens"),
                    .init("output_per_million", "string", "dollars per million output tokens"),
                ]
            ) { context in
                let (provider, model) = try Self.newModel(context)
                try await addModel(model, provider: provider, by: try context.caller())
                return .json(["name": .string("\(provider)/\(model.name)")], status: 201)
            },
            Endpoint(
                .get, "/api/v1/models", permission: .readModels, summary: "The models with the prices in force"
            ) { context in
                let catalog = monitor.catalog.organizations[try context.caller().organization]
                let models = (catalog?.models.values).map { Array($0) } ?? []
                return .json(["data": .array(models.sorted { $0.name < $1.name }.map(\.view))])
            },
        ]
    }

    private static func newModel(_ context: RequestContext) throws -> (provider: String, model: NewModel) {
        var fields = try context.fields()
        return try reading {
            let parts = try fields.string("name").split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw DomainError(
                    .invalid, code: "invalid_name", "name must be provider/model, such as openai/gpt-4o-mini.",
                    parameter: "name")
            }
            let model = try model(name: parts[1], from: &fields)
            try fields.finish()
            return (parts[0], model)
        }
    }

    /// A model whose name has been read, from its other fields.
    static func model(name: String, from fields: inout JSONFields) throws -> NewModel {
        let maximum = try fields.optionalInteger("max_output_tokens", in: 1...10_000_000)
        return try NewModel(name: name, maximumOutputTokens: maximum, price: try price(from: &fields))
    }
}

extension CatalogModel {
    var view: JSONValue {
        let price = Price.inForce(prices, at: .now())
        func perMillion(_ value: FixedDecimal?) -> JSONValue {
            value.map { .string(FixedDecimal(units: $0.units * 1_000_000).description) } ?? .null
        }
        return [
            "name": .string(name), "provider": .string(provider.name),
            "max_output_tokens": maximumOutputTokens.map { .number(JSONNumber($0)) } ?? .null,
            "input_per_million": perMillion(price?.inputPerToken),
            "cached_input_per_million": perMillion(price?.cachedInputPerToken),
            "output_per_million": perMillion(price?.outputPerToken),
            "pricing_version": price.map { .string($0.version) } ?? .null,
        ]
    }
}
