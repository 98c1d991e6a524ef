// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// Every organization's providers, models and prices, as the hot path reads them: immutable, swapped whole.
package struct Catalog: Sendable {
    /// By id; those without a provider are not in here.
    package let organizations: [UniqueID: OrganizationCatalog]

    package init(organizations: [UniqueID: OrganizationCatalog]) { self.organizations = organizations }

    /// What there is until the first snapshot.
    package static let empty = Catalog(organizations: [:])
}

/// One organization's part of the catalog.
package struct OrganizationCatalog: Sendable {
    /// By `provider/model`.
    package private(set) var models: [String: CatalogModel] = [:]
    /// By name, those without a model included.
    package private(set) var providers: [String: CatalogProvider] = [:]

    package init() {}

    /// In place of one of the same name.
    package mutating func add(_ provider: CatalogProvider) { providers[provider.name] = provider }

    /// In place of one of the same name.
    package mutating func add(_ model: CatalogModel) { models[model.name] = model }

    /// The model called `name`, or the refusal that says which names are near.
    package func find(_ name: String) throws(DomainError) -> CatalogModel {
        if let model = models[name] { return model }
        let near = NearNames.of(name, among: models.keys)
        let hint: String
        if !near.isEmpty {
            hint = "Did you mean \(near.joined(separator: ", "))?"
        } else if let slash = name.firstIndex(of: "/"), let provider = providers[String(name[..<slash])] {
            hint =
                "The provider \(provider.name) is there without this model; add it with "
                + "'witan models create \(name.prefix(200)) --input-price … --output-price …'."
        } else {
            hint = "GET /v1/models lists what this key may call."
        }
        throw DomainError(
            .notFound, code: "model_not_found", "The model '\(name.prefix(200))' does not exist. \(hint)",
            parameter: "model", shouldRetry: false)
    }
}

/// A provider on the hot path; the key is open in memory and printed by nothing.
package final class CatalogProvider: Sendable {
    /// The row's id, for the ledger.
    package let id: UniqueID
    /// The part of model names before the slash.
    package let name: String
    /// Which protocol it speaks.
    package let kind: Provider.Kind
    /// The base of its API, without a slash at the end; empty for the sandbox.
    package let endpoint: String
    /// Nil where the provider asks for none.
    package let apiKey: Secret<String>?
    /// To the first byte of its answer; 100 ms…1 h.
    package let timeout: Duration

    package init(
        id: UniqueID, name: String, kind: Provider.Kind, endpoint: String, apiKey: Secret<String>?, timeout: Duration
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.endpoint = endpoint
        self.apiKey = apiKey
        self.timeout = timeout
    }
}

/// A model on the hot path.
package final class CatalogModel: Sendable {
    /// The row's id, for the ledger.
    package let id: UniqueID
    /// `provider/model`.
    package let name: String
    /// As its provider calls it.
    package let upstreamName: String
    /// Where its calls go.
    package let provider: CatalogProvider
    /// The most it can answer; nil where nobody has said.
    package let maximumOutputTokens: Int64?
    /// Past and future ones too, oldest first; empty when nobody has set one.
    package let prices: [Price]

    package init(
        id: UniqueID, upstreamName: String, provider: CatalogProvider, maximumOutputTokens: Int64?, prices: [Price]
    ) {
        self.id = id
        self.name = "\(provider.name)/\(upstreamName)"
        self.upstreamName = upstreamName
        self.provider = provider
        self.maximumOutputTokens = maximumOutputTokens
        self.prices = prices
    }

    /// The price in force, else the ceiling that the organization set for unknown ones; refuses without both.
    package func price(at time: Timestamp, ceiling: FixedDecimal?) throws(DomainError) -> Price {
        if let only = prices.first, prices.count == 1, only.effectiveFrom <= time { return only }
        if let price = Price.inForce(prices, at: time) { return price }
        if let ceiling {
            return Price(
                effectiveFrom: time, version: "ceiling", inputPerToken: ceiling, cachedInputPerToken: nil,
                outputPerToken: ceiling)
        }
        throw DomainError(
            .forbidden, code: "price_unknown",
            "The price of \(name) is not known, and an unknown price is never 0. Set it with 'witan prices create "
                + "\(name) --input-price … --output-price …', or a ceiling for unknown prices on the organization.",
            parameter: "model", shouldRetry: false)
    }
}
