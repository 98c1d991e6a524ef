// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Cryptography
import HTTPServer
import JSON
import Providers
import SwiftExtensions

/// Passes a provider's stream to the client and records the call before the last event leaves.
struct ChatStream: Sendable {
    /// At most so much of an answer is kept where content is retained.
    private static let retainedBytesMaximum = 4 << 20

    let upstream: any UpstreamStream
    let relay: StreamRelay
    let running: RunningCall
    let ledger: CallLedger
    let openedAt: ContinuousClock.Instant

    /// How the passing on ended.
    private enum End {
        case complete
        case failed(UpstreamFailure, told: Bool)
    }

    /// Runs to the end of the answer, whichever it is; throws only when the client has gone.
    func run(to client: HTTPBodyWriter) async throws {
        var relay = relay
        var running = running
        var sent = SHA256()
        var retained: [UInt8] = []
        let end = await pass(&relay, to: client) { bytes in
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
            last = told ? [] : Self.event(failure.error)
        }
        sent.update(last)
        running.record.responseDigest = sent.finish()
        if running.policy.contentRetention { running.record.responseContent = retained + last }
        do {
            try await ledger.settle(running.record, slot: running.slot, durable: running.policy.durableAnswers)
        } catch {
            last = Self.event(error)
        }
        running.report()
        if !last.isEmpty { try await client.write(last) }
    }

    private func pass(
        _ relay: inout StreamRelay, to client: HTTPBodyWriter, note: ([UInt8]) -> Void
    ) async -> End {
        do {
            while let bytes = try await upstream.next() {
                let output: [UInt8]
                do {
                    output = try relay.feed(bytes)
                } catch {
                    return .failed(.garbage(provider: running.record.provider), told: false)
                }
                if !output.isEmpty {
                    note(output)
                    try await client.write(output)
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

    private static func event(_ error: DomainError) -> [UInt8] {
        Array("data: ".utf8) + ErrorResponse.openAI(error).bytes + Array("\n\n".utf8)
    }
}
