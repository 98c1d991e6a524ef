// SPDX-License-Identifier: Apache-2.0
package import JSON
package import Providers

/// Reads what a provider says a call used (OpenAI's `usage` object).
package enum UsageReport {
    /// More tokens than any model takes or gives, and what the ledger's columns hold.
    private static let believable = 0...Int64(Int32.max)

    /// Nil when there is none, or it is not whole numbers that can be true. Embeddings have no output to count.
    package static func read(_ usage: JSONView?, countsOutput: Bool = true) -> TokenUsage? {
        guard let usage, usage.kind == .object,
            let input = usage["prompt_tokens"]?.integer, believable.contains(input),
            let output = countsOutput ? usage["completion_tokens"]?.integer : 0, believable.contains(output)
        else { return nil }
        let cached = usage["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0
        return TokenUsage(input: input, cachedInput: max(0, min(cached, input)), output: output, estimated: false)
    }

    /// The bytes of text in the choices of an answer or a chunk, for estimates: content, refusals and tool calls.
    package static func outputBytes(_ choices: JSONView?) -> Int {
        guard let choices, choices.kind == .array else { return 0 }
        return choices.elements.reduce(0) { sum, choice in
            guard let message = choice["delta"] ?? choice["message"] else { return sum }
            var bytes = 0
            for field in ["content", "refusal", "reasoning_content"] {
                if let text = message[field], text.kind == .string { bytes += text.range.count - 2 }
            }
            if let calls = message["tool_calls"], calls.kind == .array { bytes += calls.range.count - 2 }
            return sum + bytes
        }
    }
}
