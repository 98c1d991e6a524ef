// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Providers
import SwiftExtensions

/// Passes a provider's stream to the client and records the call before the last event leaves.
///
/// It knows the client only as a place to write to, which throws once the client has gone.
struct ChatStream: Sendable {
    typealias Write = ([UInt8]) async throws -> Void

    /// At most so much of an answer is kept where content is retained.
    private static let retainedBytesMaximum = 4 << 20

    let upstream: any UpstreamStream
    let relay: StreamRelay
    /// What goes out first: the relay has passed it already.
    let first: [UInt8]
    let running: RunningCall
    let ledger: CallLedgerService
    let openedAt: ContinuousClock.Instant
    /// An error as an event of the client's wire format.
    let errorEvent: @Sendable (DomainError) -> [UInt8]

    /// How the passing on ended.
    private enum End {
        case complete
        case failed(UpstreamFailure, told: Bool)
    }

    /// Runs to the end of the answer, whichever it is; throws only when the client has gone.
    func run(_ write: Write) async throws {
        var relay = relay
        var running = running
        var sent = SHA256()
        var retained: [UInt8] = []
        let end = await pass(&relay, to: write) { bytes in
            sent.update(bytes)
            if running.policy.contentRetention, retained.count < Self.retainedBytesMaximum { retained += bytes }
        }
        running.upstreamTime = ContinuousClock.now - openedAt
        var last = Array("data: [DONE]\n\n".utf8)
        switch end {
        case .complete:
            running.charge(relay.reported ?? running.estimate(outputBytes: relay.outputBytes))
            running.record.latency = ContinuousClock.now - running.startedAt
        case .failed(let failure, let told):
            upstream.cancel()
            running.fail(failure, outputBytes: relay.outputBytes)
            if let reported = relay.reported { running.charge(reported) }
            last = told ? [] : errorEvent(failure.error)
        }
        sent.update(last)
        running.record.responseDigest = sent.finish()
        if running.policy.contentRetention { running.record.responseContent = retained + last }
        do {
            try await ledger.settle(running.record, slot: running.slot, durable: running.policy.durableAnswers)
        } catch {
            last = errorEvent(error)
        }
        running.report()
        if !last.isEmpty { try await write(last) }
    }

    private func pass(
        _ relay: inout StreamRelay, to write: Write, note: ([UInt8]) -> Void
    ) async -> End {
        do {
            if !first.isEmpty {
                note(first)
                try await write(first)
            }
            if let code = relay.errorCode { return .failed(Self.reported(code), told: true) }
            while let bytes = try await upstream.next() {
                let output: [UInt8]
                do {
                    output = try relay.feed(bytes)
                } catch {
                    return .failed(.garbage(provider: running.record.provider), told: false)
                }
                if !output.isEmpty {
                    note(output)
                    try await write(output)
                }
                if let code = relay.errorCode { return .failed(Self.reported(code), told: true) }
            }
        } catch let failure as UpstreamFailure {
            return .failed(failure, told: false)
        } catch {
            return .failed(Self.clientLeft, told: true)
        }
        return relay.isComplete ? .complete : .failed(.garbage(provider: running.record.provider), told: false)
    }

    private static let clientLeft = UpstreamFailure(
        DomainError(.upstream, code: "cancelled", "The client left before the answer was complete."),
        mayHaveBeenCharged: true)

    private static func reported(_ code: String) -> UpstreamFailure {
        UpstreamFailure(DomainError(.upstream, code: code, "The provider ended its answer."), mayHaveBeenCharged: true)
    }
}
