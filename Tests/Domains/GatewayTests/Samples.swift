// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Providers
import SwiftExtensions

@testable import Gateway

func caller(_ role: Role = .developer, allowedModels: [String] = [], ceiling: FixedDecimal? = nil) -> Principal {
    Principal(
        organization: UniqueID(high: 1, low: 1), caller: .key(UniqueID(high: 2, low: 2)), name: "ci", role: role,
        allowedModels: allowedModels,
        policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: ceiling))
}

/// One dollar a token of input, two of output.
let dollars = Price(
    effectiveFrom: Timestamp(microseconds: 0), version: "v1", inputPerToken: FixedDecimal(units: FixedDecimal.scale),
    cachedInputPerToken: nil, outputPerToken: FixedDecimal(units: 2 * FixedDecimal.scale))

func model(
    _ name: String = "gpt", provider: String = "up", kind: Provider.Kind = .openAICompatible,
    prices: [Price] = [dollars]
) -> CatalogModel {
    CatalogModel(
        id: .v7(), upstreamName: name,
        provider: CatalogProvider(
            id: .v7(), name: provider, kind: kind, endpoint: "http://127.0.0.1:9/v1", apiKey: nil,
            timeout: .seconds(5)),
        maximumOutputTokens: nil, prices: prices)
}

func chat(_ text: String) throws(DomainError) -> ChatRequest { try ChatRequest(body: Array(text.utf8)) }

/// A request with `fields` behind model and messages.
func chat(fields: String) throws(DomainError) -> ChatRequest {
    try chat(#"{"model":"up/gpt","messages":[{"role":"user","content":"hi"}]\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
}

func record(
    id: UniqueID = .v7(), organization: UniqueID = UniqueID(high: 1, low: 1), model: String = "up/gpt",
    upstreamModel: String = "gpt"
) -> CallRecord {
    CallRecord(
        id: id, organization: organization, caller: .key(UniqueID(high: 2, low: 2)), model: model, provider: "up",
        upstreamModel: upstreamModel, stream: true, pricingVersion: "v1", requestDigest: SHA256.hash([1, 2, 3]))
}

extension [UInt8] {
    /// The bytes as text.
    var text: String { String(decoding: self, as: UTF8.self) }
}
