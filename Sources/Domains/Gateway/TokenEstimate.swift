// SPDX-License-Identifier: Apache-2.0
package import Providers

/// Counts tokens where no provider did: a quarter of the UTF-8 bytes, the common rule of thumb for English text.
///
/// Rows that rest on it say `estimated`; they are never mixed up with a provider's own count.
package enum TokenEstimate {
    /// At least 1 for any text.
    package static func tokens(bytes: Int) -> Int64 { bytes == 0 ? 0 : Int64((bytes + 3) / 4) }

    /// What a call uses if it is answered as far as it may be: the bound the client set, else nothing is assumed.
    package static func worstCase(_ request: ChatRequest) -> TokenUsage {
        TokenUsage(
            input: tokens(bytes: request.inputBytes), output: (request.maximumTokens ?? 0) * request.choices,
            estimated: true)
    }
}
