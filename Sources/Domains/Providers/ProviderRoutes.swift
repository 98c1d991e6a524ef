// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension ProviderService {
    /// Those of providers, models and prices. `discovery` finds the models of a provider that is created without any.
    package func endpoints(discovery: ModelDiscoveryClient) -> [Endpoint] {
        providerEndpoints(discovery) + modelEndpoints + priceEndpoints
    }

    private func providerEndpoints(_ discovery: ModelDiscoveryClient) -> [Endpoint] {
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
