// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// What tokens cost from some moment on, in US dollars per token, exactly.
package struct Price: Sendable, Equatable {
    /// In force from this moment until the next price's.
    package let effectiveFrom: Timestamp
    /// The name of this price in the ledger.
    package let version: String
    /// US dollars; for input that was not cached.
    package let inputPerToken: FixedDecimal
    /// For input that the provider had cached; nil charges it as other input.
    package let cachedInputPerToken: FixedDecimal?
    /// US dollars; for reasoning too, which providers count as output.
    package let outputPerToken: FixedDecimal

    package init(
        effectiveFrom: Timestamp, version: String, inputPerToken: FixedDecimal, cachedInputPerToken: FixedDecimal?,
        outputPerToken: FixedDecimal
    ) {
        self.effectiveFrom = effectiveFrom
        self.version = version
        self.inputPerToken = inputPerToken
        self.cachedInputPerToken = cachedInputPerToken
        self.outputPerToken = outputPerToken
    }

    /// The exact cost of `tokens`.
    package func cost(of tokens: TokenUsage) -> FixedDecimal {
        let cached = min(tokens.cachedInput, tokens.input)
        return inputPerToken * (tokens.input - cached) + (cachedInputPerToken ?? inputPerToken) * cached
            + outputPerToken * tokens.output
    }

    /// The price in force at `time`: the newest that does not lie ahead.
    package static func inForce(_ prices: [Price], at time: Timestamp) -> Price? {
        prices.filter { $0.effectiveFrom <= time }.max { $0.effectiveFrom < $1.effectiveFrom }
    }

    /// Every price lies between nothing and $1,000 per token; more is an error of units.
    package static let bounds = FixedDecimal.zero...FixedDecimal(units: 1000 * FixedDecimal.scale)

    /// Reads dollars per million tokens, the unit of price lists; exact or refused.
    package static func perToken(perMillion text: String, field: String) throws(DomainError) -> FixedDecimal {
        guard let perMillion = FixedDecimal(text), perMillion.units.isMultiple(of: 1_000_000) else {
            throw DomainError(
                .invalid, code: "invalid_price",
                "\(field) takes dollars per million tokens with at most 6 decimals, such as 0.15.", parameter: field)
        }
        let perToken = FixedDecimal(units: perMillion.units / 1_000_000)
        guard bounds.contains(perToken) else {
            throw DomainError(
                .invalid, code: "invalid_price", "\(field) must be 0 to 1000000000 dollars per million tokens.",
                parameter: field)
        }
        return perToken
    }
}

/// Tokens of one upstream call.
package struct TokenUsage: Sendable, Equatable {
    /// All input, cached input included (OpenAI's `prompt_tokens`).
    package var input: Int64
    /// The part of `input` that the provider had cached.
    package var cachedInput: Int64
    /// All output, reasoning included (OpenAI's `completion_tokens`).
    package var output: Int64
    /// Whether we counted for want of the provider's own count.
    package var estimated: Bool

    package init(input: Int64, cachedInput: Int64 = 0, output: Int64, estimated: Bool) {
        self.input = input
        self.cachedInput = cachedInput
        self.output = output
        self.estimated = estimated
    }

    /// Of a call whose provider has answered nothing yet.
    package static let none = TokenUsage(input: 0, output: 0, estimated: false)
}
