// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension ProviderService {
    /// `discovery` finds the models of a provider that is created without any.
    package func endpoints(discovery: ModelDiscoveryClient) -> [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/providers", permission: .manageProviders, audit: "provider.created",
                summary: "Adds a provider; without models it is asked for them",
                fields: [
                    .init("name", "string", required: true, "the part before the slash in model names"),
                    .init("type", "string", required: true, "openai, openai_compatible or sandbox"),
                    .init("api_endpoint", "string", "base URL, such as https://api.openai.com/v1"),
                    .init("api_key", "string", "stored sealed, never shown again"),
                    .init("timeout_ms", "integer", "to the first byte; 600000 unless set"),
                    .init("models", "array", "objects of name, max_output_tokens and prices per million tokens"),
                    .init("input_per_million", "string", "for models that bring no price of their own"),
                    .init("cached_input_per_million", "string", "for models that bring no price of their own"),
                    .init("output_per_million", "string", "for models that bring no price of their own"),
                ]
            ) { context in
                let caller = try context.caller()
                var (provider, models, price) = try Self.newProvider(context)
                if models.isEmpty {
                    models = try await discovery.models(of: provider).map { try NewModel(name: $0) }
                }
                models = models.map { $0.priced(price, kind: provider.kind) }
                let id = try await create(provider, models: models, by: caller)
                return .json(try await find(id, of: caller.organization).view(models: models.map(\.name)), status: 201)
            },
            Endpoint(
                .get, "/api/v1/providers", permission: .readProviders, summary: "The providers, newest first"
            ) { context in
                let page = try context.page()
                let organization = try context.caller().organization
                let catalog = monitor.catalog.organizations[organization] ?? OrganizationCatalog()
                return .page(
                    try await list(page, of: organization).map { provider in
                        provider.view(models: catalog.models(of: provider.name))
                    }, limit: page.limit)
            },
            Endpoint(.get, "/api/v1/providers/{id}", permission: .readProviders, summary: "One provider") { context in
                let organization = try context.caller().organization
                let provider = try await find(try context.pathID(), of: organization)
                let catalog = monitor.catalog.organizations[organization] ?? OrganizationCatalog()
                return .json(provider.view(models: catalog.models(of: provider.name)))
            },
            Endpoint(
                .delete, "/api/v1/providers/{id}", permission: .manageProviders, audit: "provider.retired",
                summary: "Retires a provider; the ledger keeps what it did"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ] + modelEndpoints
    }

    private var modelEndpoints: [Endpoint] {
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
                .post, "/api/v1/prices", permission: .manageProviders, audit: "price.created",
                summary: "Sets a model's price from a moment on",
                fields: [
                    .init("model", "string", required: true, "provider/model"),
                    .init("input_per_million", "string", required: true, "dollars per million input tokens"),
                    .init("cached_input_per_million", "string", "dollars per million cached input tokens"),
                    .init("output_per_million", "string", required: true, "dollars per million output tokens"),
                    .init("effective_from", "string", "RFC 3339; now unless set"),
                ]
            ) { context in
                let (model, price) = try Self.newPrice(context)
                try await setPrice(price, model: model, by: try context.caller())
                return .json(["model": .string(model)], status: 201)
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

    private static func newProvider(_ context: RequestContext) throws -> (NewProvider, [NewModel], NewPrice?) {
        var fields = try context.fields()
        return try reading {
            let name = try fields.string("name")
            let type = try fields.string("type")
            guard let kind = Provider.Kind(rawValue: type) else {
                let kinds = Provider.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw DomainError(
                    .invalid, code: "invalid_value", "type must be one of \(kinds).", parameter: "type")
            }
            let endpoint = try fields.optionalString("api_endpoint")
            let key = try fields.optionalString("api_key").map { Secret($0) }
            let timeout = try fields.optionalInteger("timeout_ms", in: 100...3_600_000) ?? 600_000
            var models: [NewModel] = []
            if fields.contains("models") {
                for var entry in try fields.objectArray("models") {
                    models.append(try model(name: try entry.string("name"), from: &entry))
                    try entry.finish()
                }
            }
            let price = try price(from: &fields)
            try fields.finish()
            return (
                try NewProvider(
                    name: name, kind: kind, endpoint: endpoint, apiKey: key, timeout: .milliseconds(timeout)),
                models, price
            )
        }
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

    private static func model(name: String, from fields: inout JSONFields) throws -> NewModel {
        let maximum = try fields.optionalInteger("max_output_tokens", in: 1...10_000_000)
        return try NewModel(name: name, maximumOutputTokens: maximum, price: try price(from: &fields))
    }

    private static func price(from fields: inout JSONFields) throws -> NewPrice? {
        let input = try fields.optionalDecimal("input_per_million")?.description
        let cached = try fields.optionalDecimal("cached_input_per_million")?.description
        let output = try fields.optionalDecimal("output_per_million")?.description
        guard let input, let output else {
            guard input == nil, output == nil, cached == nil else {
                throw DomainError(
                    .invalid, code: "invalid_price", "A price needs input_per_million and output_per_million.",
                    parameter: input == nil ? "input_per_million" : "output_per_million")
            }
            return nil
        }
        return try NewPrice(inputPerMillion: input, cachedInputPerMillion: cached, outputPerMillion: output)
    }

    private static func newPrice(_ context: RequestContext) throws -> (model: String, price: NewPrice) {
        var fields = try context.fields()
        return try reading {
            let model = try fields.string("model")
            var from = Timestamp.now()
            if let text = try fields.optionalString("effective_from") {
                guard let time = Timestamp(text) else {
                    throw DomainError(
                        .invalid, code: "invalid_value", "effective_from must be a time such as 2027-01-01T00:00:00Z.",
                        parameter: "effective_from")
                }
                from = time
            }
            let price = try NewPrice(
                inputPerMillion: try fields.decimal("input_per_million").description,
                cachedInputPerMillion: try fields.optionalDecimal("cached_input_per_million")?.description,
                outputPerMillion: try fields.decimal("output_per_million").description, effectiveFrom: from)
            try fields.finish()
            return (model, price)
        }
    }
}

extension Provider {
    func view(models: [String]) -> JSONValue {
        [
            "id": .string(id.description), "name": .string(name), "type": .string(kind.rawValue),
            "api_endpoint": endpoint.map(JSONValue.string) ?? .null,
            "key_last_four": keyLastFour.map(JSONValue.string) ?? .null,
            "models": .array(models.map(JSONValue.string)), "created_at": .string(createdAt.description),
        ]
    }
}

extension OrganizationCatalog {
    /// The names of a provider's models, sorted.
    func models(of provider: String) -> [String] {
        models.values.filter { $0.provider.name == provider }.map(\.upstreamName).sorted()
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
