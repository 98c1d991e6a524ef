// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension ProviderService {
    var priceEndpoints: [Endpoint] {
        [
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
            }
        ]
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

    /// A price in fields that may be left out; nil without one.
    static func price(from fields: inout JSONFields) throws -> NewPrice? {
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
}
