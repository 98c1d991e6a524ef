// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import Providers
import SwiftExtensions

extension ModelCalls {
    /// The OpenAI-compatible endpoints, with and without the `/v1` that some clients leave out.
    package var endpoints: [Endpoint] {
        ["/v1", ""].flatMap { prefix in
            [
                Endpoint(
                    .post, "\(prefix)/chat/completions", permission: .callModels, audit: "model.called",
                    summary: "A chat completion in OpenAI's wire format, governed and recorded", style: .openAI,
                    fields: [
                        .init("model", "string", required: true, "provider/model"),
                        .init("messages", "array", required: true, "the conversation"),
                        .init("stream", "boolean", "answer as server-sent events"),
                    ]
                ) { try await self.complete($0) },
                Endpoint(
                    .post, "\(prefix)/embeddings", permission: .callModels, audit: "model.called",
                    summary: "Embeddings in OpenAI's wire format, governed and recorded", style: .openAI,
                    fields: [
                        .init("model", "string", required: true, "provider/model"),
                        .init("input", "string", required: true, "a text, texts, tokens or arrays of tokens"),
                        .init("encoding_format", "string", "float or base64"),
                        .init("dimensions", "integer", "length of the vectors"),
                    ]
                ) { try await self.embed($0) },
                Endpoint(
                    .get, "\(prefix)/models", permission: .readModels, summary: "The models this key may call",
                    style: .openAI
                ) { context in
                    .json(["object": "list", "data": .array(try self.models(for: context).map(\.listing))])
                },
                Endpoint(
                    .get, "\(prefix)/models/{id...}", permission: .readModels, summary: "One model", style: .openAI
                ) { context in
                    let name = context.parameters["id"] ?? ""
                    guard let model = try self.models(for: context).first(where: { $0.name == name }) else {
                        _ = try self.organizationCatalog(for: context).find(name)
                        throw DomainError(
                            .notFound, code: "model_not_found", "This key may not call \(name.prefix(200)).",
                            parameter: "model", shouldRetry: false)
                    }
                    return .json(model.listing)
                },
            ]
        }
    }

    private func models(for context: RequestContext) throws(DomainError) -> [CatalogModel] {
        let allowed = try context.caller().allowedModels
        return try organizationCatalog(for: context).models.values
            .filter { allowed.isEmpty || allowed.contains($0.name) }
            .sorted { $0.name < $1.name }
    }

    private func organizationCatalog(for context: RequestContext) throws(DomainError) -> OrganizationCatalog {
        catalog.catalog.organizations[try context.caller().organization] ?? OrganizationCatalog()
    }
}

extension CatalogModel {
    /// As `GET /v1/models` lists it.
    var listing: JSONValue {
        [
            "id": .string(name), "object": "model", "created": .number(JSONNumber(id.time.seconds)),
            "owned_by": .string(provider.name),
        ]
    }
}
