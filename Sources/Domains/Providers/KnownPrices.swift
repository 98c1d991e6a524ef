// SPDX-License-Identifier: Apache-2.0
import Core
package import SwiftExtensions

/// The list prices of OpenAI's text models, so that a provider of that type can be called as soon as it is created.
///
/// Facts from LiteLLM's `model_prices_and_context_window.json`, release 1.109.1 (MIT, © 2023 Berri AI). Models whose
/// price depends on the length of the prompt, and those that are priced by other things than tokens, are left out: for
/// them a price must be set by hand, since an unknown price is never 0.
package enum KnownPrices {
    /// What the ledger calls a price of this list.
    package static let version = "litellm-1.109.1"

    /// The list price of a model of OpenAI's; nil when it is not in the list.
    package static func openAI(_ model: String, effectiveFrom: Timestamp = .now()) -> NewPrice? {
        guard let row = rows[model] else { return nil }
        return try? NewPrice(
            inputPerMillion: row.input, cachedInputPerMillion: row.cached, outputPerMillion: row.output,
            effectiveFrom: effectiveFrom, version: version)
    }

    /// How many models the list holds.
    package static var count: Int { rows.count }

    private static let rows: [String: (input: String, cached: String?, output: String)] = {
        var rows: [String: (input: String, cached: String?, output: String)] = [:]
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: " ").map(String.init)
            guard columns.count == 4 else { continue }
            rows[columns[0]] = (columns[1], columns[2] == "-" ? nil : columns[2], columns[3])
        }
        return rows
    }()

    /// Model, and dollars per million tokens of input, cached input and output.
    private static let table = """
        gpt-3.5-turbo 0.5 - 1.5
        gpt-3.5-turbo-0125 0.5 - 1.5
        gpt-3.5-turbo-1106 1 - 2
        gpt-3.5-turbo-16k 3 - 4
        gpt-4 30 - 60
        gpt-4-0613 30 - 60
        gpt-4-1106-preview 10 - 30
        gpt-4-turbo 10 - 30
        gpt-4-turbo-2024-04-09 10 - 30
        gpt-4.1 2 0.5 8
        gpt-4.1-2025-04-14 2 0.5 8
        gpt-4.1-mini 0.4 0.1 1.6
        gpt-4.1-mini-2025-04-14 0.4 0.1 1.6
        gpt-4.1-nano 0.1 0.025 0.4
        gpt-4.1-nano-2025-04-14 0.1 0.025 0.4
        gpt-4o 2.5 1.25 10
        gpt-4o-2024-05-13 5 - 15
        gpt-4o-2024-08-06 2.5 1.25 10
        gpt-4o-2024-11-20 2.5 1.25 10
        gpt-4o-mini 0.15 0.075 0.6
        gpt-4o-mini-2024-07-18 0.15 0.075 0.6
        gpt-5 1.25 0.125 10
        gpt-5-2025-08-07 1.25 0.125 10
        gpt-5-chat 1.25 0.125 10
        gpt-5-mini 0.25 0.025 2
        gpt-5-mini-2025-08-07 0.25 0.025 2
        gpt-5-nano 0.05 0.005 0.4
        gpt-5-nano-2025-08-07 0.05 0.005 0.4
        gpt-5.1 1.25 0.125 10
        gpt-5.1-2025-11-13 1.25 0.125 10
        gpt-5.2 1.75 0.175 14
        gpt-5.2-2025-12-11 1.75 0.175 14
        gpt-5.4-mini 0.75 0.075 4.5
        gpt-5.4-mini-2026-03-17 0.75 0.075 4.5
        gpt-5.4-nano 0.2 0.02 1.25
        gpt-5.4-nano-2026-03-17 0.2 0.02 1.25
        o1 15 7.5 60
        o1-2024-12-17 15 7.5 60
        o3 2 0.5 8
        o3-2025-04-16 2 0.5 8
        o3-mini 1.1 0.55 4.4
        o3-mini-2025-01-31 1.1 0.55 4.4
        o4-mini 1.1 0.275 4.4
        o4-mini-2025-04-16 1.1 0.275 4.4
        """
}
