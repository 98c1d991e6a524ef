// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Providers
import SwiftExtensions

/// What a whole answer looks like.
enum AnswerShape {
    case completion, embeddings

    /// The member that holds the results.
    var results: String { self == .completion ? "choices" : "data" }
}

/// A call between admission and its record: what is known so far, and how it ends.
struct RunningCall: Sendable {
    var record: CallRecord
    let price: Price
    /// Its place in the journal.
    let slot: Int
    /// The estimate of its input, for when nobody counts.
    let inputTokens: Int64
    let policy: OrganizationPolicy
    let startedAt: ContinuousClock.Instant
    /// How long the provider took, once it has answered.
    var upstreamTime: Duration = .zero

    /// What the gateway itself took until now.
    var overhead: Duration { ContinuousClock.now - startedAt - upstreamTime }

    /// The headers of every governed answer, but for the cost, which a stream knows only at its end.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [
            ("x-witan-provider", record.provider), ("x-witan-model", record.model), ("x-witan-attempts", "1"),
        ]
        if !policy.durableAnswers { headers.append(("x-witan-durability", "relaxed")) }
        return headers
    }

    /// What a whole answer used: the provider's count, else ours. Refuses what lacks the results that were asked for.
    func usage(in body: [UInt8], _ shape: AnswerShape) throws(UpstreamFailure) -> TokenUsage {
        guard let text = try? JSONText(validating: body, limits: JSONLimits(maximumBytes: 64 << 20)),
            text.root.kind == .object
        else { throw .garbage(provider: record.provider) }
        let found = text.root.members(named: [shape.results, "usage"])
        guard let results = found[0], results.kind == .array else { throw .garbage(provider: record.provider) }
        return UsageReport.read(found[1], countsOutput: shape == .completion)
            ?? estimate(outputBytes: shape == .completion ? UsageReport.outputBytes(results) : 0)
    }

    func estimate(outputBytes: Int) -> TokenUsage {
        TokenUsage(input: inputTokens, output: TokenEstimate.tokens(bytes: outputBytes), estimated: true)
    }

    /// It was answered in full.
    mutating func finish(_ usage: TokenUsage, response: [UInt8]) {
        charge(usage)
        record.latency = ContinuousClock.now - startedAt
        record.responseDigest = SHA256.hash(response)
        if policy.contentRetention { record.responseContent = response }
    }

    /// It failed or the client left; the provider may have charged for what it had done by then.
    mutating func fail(_ failure: UpstreamFailure, outputBytes: Int) {
        let isCancelled = failure.error.code == "cancelled"
        record.status = isCancelled ? .cancelled : .failed
        record.httpStatus = isCancelled ? 499 : failure.error.status
        record.errorCode = failure.error.code
        record.latency = ContinuousClock.now - startedAt
        charge(failure.mayHaveBeenCharged ? estimate(outputBytes: outputBytes) : .none)
    }

    mutating func charge(_ usage: TokenUsage) {
        record.usage = usage
        record.cost = price.cost(of: usage)
    }

    func report() { GatewayMetrics.observe(record, overhead: overhead) }
}

extension Duration {
    /// Milliseconds with up to three decimals: `1.234`.
    var millisecondsText: String {
        let microseconds = max(0, components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000)
        return FixedDecimal(units: Int128(microseconds) * 1_000_000_000).description
    }
}
