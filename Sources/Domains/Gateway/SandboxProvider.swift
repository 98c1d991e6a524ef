// SPDX-License-Identifier: Apache-2.0
import Core
import JSON
import Providers
import SwiftExtensions
import Synchronization

/// Answers in-process and predictably, and says so in its text: to try Witan without a key, and to test it.
///
/// `sandbox/echo` answers from the prompt. `sandbox/slow?ms=` waits first (1,000 ms unless said, 60,000 at most).
/// `sandbox/flaky?rate=` fails that share of calls (0.5 unless said), evenly spread, so that a retry gets through.
package final class SandboxProvider: ModelProvider {
    private let flakyCalls = Atomic<UInt64>(0)

    /// Begins to count calls of `sandbox/flaky` anew.
    package init() {}

    /// The whole answer, after what the model's name asks for.
    package func complete(_ call: UpstreamCall) async throws(UpstreamFailure) -> [UInt8] {
        try await behave(as: call.model.upstreamName, call.request.model)
        return SandboxAnswer(call.request, model: call.model.name).completion
    }

    /// The answer word by word.
    package func open(_ call: UpstreamCall) async throws(UpstreamFailure) -> any UpstreamStream {
        try await behave(as: call.model.upstreamName, call.request.model)
        return SandboxStream(SandboxAnswer(call.request, model: call.model.name).events)
    }

    /// Vectors that depend on the inputs alone.
    package func embed(_ call: EmbeddingCall) async throws(UpstreamFailure) -> [UInt8] {
        try await behave(as: call.model.upstreamName, call.request.model)
        return try SandboxEmbedding.answer(call.request, model: call.model.name)
    }

    private func behave(as model: String, _ reference: ModelReference) async throws(UpstreamFailure) {
        switch model {
        case "slow":
            let milliseconds = reference.setting("ms").flatMap { Int64($0) } ?? 1000
            do {
                try await Task.sleep(for: .milliseconds(max(0, min(milliseconds, 60_000))))
            } catch {
                throw UpstreamFailure(
                    DomainError(.upstream, code: "cancelled", "The client left before the answer."),
                    mayHaveBeenCharged: true)
            }
        case "flaky":
            let rate = max(0, min(reference.setting("rate").flatMap { Double($0) } ?? 0.5, 1))
            let number = Double(flakyCalls.wrappingAdd(1, ordering: .relaxed).newValue)
            // Call n fails when the running total of failures steps up at it.
            guard (number * rate).rounded(.down) == ((number - 1) * rate).rounded(.down) else {
                throw UpstreamFailure.status(
                    500, body: Array(#"{"error":{"message":"sandbox/flaky failed, as it was asked to"}}"#.utf8),
                    retryAfter: nil, provider: "sandbox")
            }
        default: break
        }
    }
}

/// The sandbox's events, one at a time.
private final class SandboxStream: UpstreamStream {
    private let events: Locked<ArraySlice<[UInt8]>>

    init(_ events: [[UInt8]]) { self.events = Locked(events[...]) }

    func next() async throws(UpstreamFailure) -> [UInt8]? { events.withLock { $0.popFirst() } }

    func cancel() { events.withLock { $0.removeAll() } }
}
