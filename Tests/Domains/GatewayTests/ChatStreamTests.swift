// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Cryptography
import JSON
import Journal
import Postgres
import Providers
import SwiftExtensions
import TestSupport
import Testing

@testable import Gateway

/// A provider's stream that says what it is told to, and then fails or ends.
private final class ScriptedStream: UpstreamStream {
    private let pieces: Locked<ArraySlice<[UInt8]>>
    private let failure: UpstreamFailure?
    let wasCancelled = Locked(false)

    init(_ pieces: [String], failure: UpstreamFailure? = nil) {
        self.pieces = Locked(pieces.map { Array($0.utf8) }[...])
        self.failure = failure
    }

    func next() async throws(UpstreamFailure) -> [UInt8]? {
        if let piece = pieces.withLock({ $0.popFirst() }) { return piece }
        if let failure { throw failure }
        return nil
    }

    func cancel() { wasCancelled.withLock { $0 = true } }
}

/// A stream on its way to the client, to its committed record.
@Suite struct ChatStreamTests {
    private static let hello =
        #"data: {"choices":[{"index":0,"delta":{"content":"hello world!"},"finish_reason":null}]}"# + "\n\n"
    private static let end = #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
    private static let usage = #"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"# + "\n\n"
    private static let done = "data: [DONE]\n\n"

    /// What the client got, how the row looks, and whether the provider was told to stop.
    private struct Outcome {
        var client = ""
        var row = ""
        var rowsBeforeEnd = ""
        var wasCancelled = false
        var slotsFree = 0
    }

    /// Runs a stream; the client leaves after `leavesAfter` writes.
    private func run(
        _ pieces: [String], failure: UpstreamFailure? = nil, leavesAfter: Int = .max, retention: Bool = false,
        fixture: LedgerFixture
    ) async throws -> Outcome {
        struct Gone: Error {}
        let record = record()
        let slot = try fixture.ledger.begin(
            record, assumed: TokenUsage(input: 5, output: 0, estimated: true), assumedCost: .zero)
        let policy = OrganizationPolicy(contentRetention: retention, durableAnswers: true, unknownPriceCeiling: nil)
        let upstream = ScriptedStream(pieces, failure: failure)
        let stream = ChatStream(
            upstream: upstream, relay: StreamRelay(includeUsage: false, choices: 1), first: [],
            running: RunningCall(
                record: record, price: dollars, slot: slot, inputTokens: 5, policy: policy, startedAt: .now),
            ledger: fixture.ledger, openedAt: .now,
            errorEvent: { Array("data: ".utf8) + ErrorResponse.openAI($0).bytes + Array("\n\n".utf8) })
        var outcome = Outcome()
        var writes = 0
        do {
            try await stream.run { bytes in
                writes += 1
                if writes > leavesAfter { throw Gone() }
                if bytes.text == Self.done { outcome.rowsBeforeEnd = try fixture.counts() }
                outcome.client += bytes.text
            }
        } catch is Gone {}
        outcome.row = try fixture.store.psql(
            """
            SELECT r.status, r.http_status, coalesce(r.error_code, '-'), c.input_tokens, c.output_tokens, c.estimated,
                c.cost::float
            FROM council.requests r JOIN providers.cost_records c ON c.request_id = r.id WHERE r.id = '\(record.id)'
            """)
        outcome.wasCancelled = upstream.wasCancelled.withLock { $0 }
        outcome.slotsFree = fixture.journal.available
        return outcome
    }

    @Test("a whole stream reaches the client, its end once the record is there, with the provider's count")
    func whole() async throws {
        try await LedgerFixture.with { fixture in
            let outcome = try await run([Self.hello, Self.end, Self.usage + Self.done], fixture: fixture)
            #expect(outcome.client == Self.hello + Self.end + Self.done)
            #expect(outcome.rowsBeforeEnd == "1 1 1")
            #expect(outcome.row == "completed|200|-|7|3|f|13")
            #expect(outcome.slotsFree == 16)
        }
    }

    @Test("where the provider counts nothing we estimate, and the row says so")
    func estimated() async throws {
        try await LedgerFixture.with { fixture in
            let outcome = try await run([Self.hello, Self.end, Self.done], fixture: fixture)
            #expect(outcome.row == "completed|200|-|5|3|t|11")
        }
    }

    @Test("a stream without [DONE] whose answer has ended is complete, and the client gets its end")
    func withoutDone() async throws {
        try await LedgerFixture.with { fixture in
            let outcome = try await run([Self.hello, Self.end], fixture: fixture)
            #expect(outcome.client.hasSuffix(Self.done))
            #expect(outcome.row.hasPrefix("completed|"))
        }
    }

    @Test("when the client leaves, the provider is told to stop and what was used is recorded")
    func clientLeaves() async throws {
        try await LedgerFixture.with { fixture in
            let outcome = try await run(
                [Self.hello, Self.hello, Self.end, Self.usage + Self.done], leavesAfter: 1, fixture: fixture)
            #expect(outcome.client == Self.hello)
            #expect(outcome.wasCancelled)
            #expect(outcome.row.hasPrefix("cancelled|499|cancelled|5|"))
            #expect(outcome.row.contains("|t|"))
            #expect(outcome.slotsFree == 16)
        }
    }

    @Test("a stream that is cut off ends in an error event, never as though all were well")
    func cut() async throws {
        let failure = UpstreamFailure(
            DomainError(.upstream, code: "upstream_invalid_response", "Cut."), mayHaveBeenCharged: true)
        try await LedgerFixture.with { fixture in
            for (pieces, failure) in [
                ([Self.hello], failure), ([Self.hello], nil), ([Self.hello, "data: garbage\n\n"], nil),
            ] {
                let outcome = try await run(pieces, failure: failure, fixture: fixture)
                #expect(outcome.client.hasPrefix(Self.hello))
                #expect(!outcome.client.contains("[DONE]"))
                #expect(outcome.client.contains(#""code":"upstream_invalid_response""#))
                #expect(outcome.wasCancelled)
                #expect(outcome.row.hasPrefix("failed|502|upstream_invalid_response|5|3|t|"))
            }
        }
    }

    @Test("an error that the provider sends goes to the client as it is, once")
    func providerError() async throws {
        let error =
            #"data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":"overloaded"}}"# + "\n\n"
        try await LedgerFixture.with { fixture in
            let outcome = try await run([Self.hello, error, Self.hello], fixture: fixture)
            #expect(outcome.client == Self.hello + error)
            #expect(outcome.row.hasPrefix("failed|502|overloaded|"))
        }
    }

    @Test("the digest is of what the client was sent, and the content is kept only where it is to be")
    func digest() async throws {
        try await LedgerFixture.with { fixture in
            for retention in [false, true] {
                let outcome = try await run([Self.hello, Self.end, Self.done], retention: retention, fixture: fixture)
                let stored = try fixture.store.psql(
                    "SELECT encode(response_sha256, 'hex'), "
                        + "coalesce(encode(sha256(response_content::bytea), 'hex'), '-') "
                        + "FROM council.requests ORDER BY id DESC LIMIT 1")
                let digest = SHA256.hash(outcome.client.utf8).hex
                #expect(stored == "\(digest)|\(retention ? digest : "-")")
            }
        }
    }

    @Test("when the record cannot be committed the client gets an error in place of the end")
    func notRecorded() async throws {
        var limits = BatchLimits()
        limits.answerWithin = .milliseconds(300)
        try await LedgerFixture.with(limits: limits) { fixture in
            let blocker = fixture.store.open()
            let client = try await blocker.transaction { transaction in
                try await transaction.execute("LOCK TABLE providers.cost_records IN SHARE MODE")
                return try await run([Self.hello, Self.end, Self.done], fixture: fixture).client
            }
            #expect(client.hasPrefix(Self.hello + Self.end))
            #expect(!client.contains("[DONE]"))
            #expect(client.contains(#""code":"record_unavailable""#))
            try await until { try fixture.counts() == "1 1 1" }
        }
    }
}
