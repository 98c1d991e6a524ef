// SPDX-License-Identifier: Apache-2.0
package import Observability
import Providers

/// What Prometheus learns of governed calls.
package enum GatewayMetrics {
    /// One a call that was admitted.
    package static let calls = Counter(
        "witan_gateway_calls_total", "Governed calls that went upstream, by model and how they ended.",
        labels: ["model", "status"])
    /// As counted by the provider, else estimated.
    package static let tokens = Counter(
        "witan_gateway_tokens_total", "Tokens of governed calls, by model and direction.",
        labels: ["model", "direction"])
    /// The commit of the record is in it.
    package static let overhead = Histogram(
        "witan_gateway_overhead_seconds", "Time spent in the gateway and its record, the provider's time taken off.")

    static func observe(_ record: CallRecord, overhead elapsed: Duration) {
        calls[record.model, record.status.rawValue].increment()
        tokens[record.model, "input"].increment(by: UInt64(clamping: record.usage.input))
        tokens[record.model, "output"].increment(by: UInt64(clamping: record.usage.output))
        overhead.observe(elapsed)
    }
}
