// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A model to add to a provider, with its price if that is known.
package struct NewModel: Sendable {
    /// As the provider calls it, without the provider's name.
    package let name: String
    /// Nil where it is not known.
    package let maximumOutputTokens: Int64?
    /// Nil where it is not known; calls then need the organization's ceiling.
    package let price: NewPrice?

    /// Names are the provider's own: 1…200 bytes without control characters.
    package init(name: String, maximumOutputTokens: Int64? = nil, price: NewPrice? = nil) throws(DomainError) {
        guard (1...200).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw DomainError(
                .invalid, code: "invalid_name", "A model's name has 1 to 200 bytes and no spaces.", parameter: "name")
        }
        self.name = name
        self.maximumOutputTokens = maximumOutputTokens
        self.price = price
    }
}

/// A price to set, per token.
package struct NewPrice: Sendable {
    /// US dollars, from $0 to $1,000.
    package let inputPerToken: FixedDecimal
    /// US dollars; nil charges cached input as other input.
    package let cachedInputPerToken: FixedDecimal?
    /// US dollars, from $0 to $1,000.
    package let outputPerToken: FixedDecimal
    /// Now unless set; may lie ahead or behind.
    package let effectiveFrom: Timestamp
    /// What the ledger will call it; unless given, the moment it was set for.
    package let version: String

    /// From dollars per million tokens, the unit of price lists.
    package init(
        inputPerMillion: String, cachedInputPerMillion: String?, outputPerMillion: String,
        effectiveFrom: Timestamp = .now(), version: String? = nil
    ) throws(DomainError) {
        inputPerToken = try Price.perToken(perMillion: inputPerMillion, field: "input_per_million")
        if let cachedInputPerMillion {
            cachedInputPerToken = try Price.perToken(
                perMillion: cachedInputPerMillion, field: "cached_input_per_million")
        } else {
            cachedInputPerToken = nil
        }
        outputPerToken = try Price.perToken(perMillion: outputPerMillion, field: "output_per_million")
        self.effectiveFrom = effectiveFrom
        self.version = version ?? "set-\(effectiveFrom)"
    }

    /// As the catalog holds it.
    var price: Price {
        Price(
            effectiveFrom: effectiveFrom, version: version,
            inputPerToken: inputPerToken, cachedInputPerToken: cachedInputPerToken, outputPerToken: outputPerToken)
    }
}

extension NewModel {
    /// The same model with `common` where it brings no price of its own, else with the list price where the type of
    /// its provider has one.
    package func priced(_ common: NewPrice?, kind: Provider.Kind) -> NewModel {
        let listed = kind == .openAI ? KnownPrices.openAI(name) : nil
        guard price == nil, let price = common ?? listed else { return self }
        return NewModel(checkedName: name, maximumOutputTokens: maximumOutputTokens, price: price)
    }

    private init(checkedName: String, maximumOutputTokens: Int64?, price: NewPrice?) {
        name = checkedName
        self.maximumOutputTokens = maximumOutputTokens
        self.price = price
    }
}
