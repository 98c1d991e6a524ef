// SPDX-License-Identifier: Apache-2.0
import Audit
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

@Suite struct CallLedgerTests {
    private let assumed = TokenUsage(input: 12, output: 34, estimated: true)
    private let assumedCost = FixedDecimal(units: 56)

    @Test("a call is one row of each table, exact to the last place, and its slot is free again")
    func settles() async throws {
        try await LedgerFixture.with { fixture in
            var record = record(model: "up/modèle", upstreamModel: "modèle")
            let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
            #expect(fixture.journal.available == 15)
            record.usage = TokenUsage(input: 10, cachedInput: 4, output: 3, estimated: false)
            record.cost = try #require(FixedDecimal("0.000001234567"))
            record.latency = .milliseconds(1234)
            record.responseDigest = SHA256.hash([7])
            try await fixture.ledger.settle(record, slot: slot, durable: true)
            #expect(fixture.journal.available == 16)
            #expect(try fixture.counts() == "1 1 1")
            let request = try fixture.store.psql(
                """
                SELECT org_id, id, api_key_id, status, model, stream, http_status, error_code IS NULL, total_cost,
                       total_latency_ms, encode(request_sha256, 'hex'), encode(response_sha256, 'hex'),
                       request_content IS NULL, response_content IS NULL FROM council.requests
                """)
            let digests = "\(record.requestDigest.hex)|\(SHA256.hash([7]).hex)"
            #expect(
                request
                    == "\(record.organization)|\(record.id)|\(record.caller.id)|completed|up/modèle|t|200|t|"
                    + "0.000001234567|1234|\(digests)|t|t"
            )
            let cost = try fixture.store.psql(
                """
                SELECT org_id, request_id, call, provider, model, input_tokens, cached_tokens, output_tokens, estimated,
                       cost, pricing_version FROM providers.cost_records
                """)
            #expect(cost == "\(record.organization)|\(record.id)|0|up|modèle|10|4|3|f|0.000001234567|v1")
            let audit = try fixture.store.psql(
                "SELECT id, action, outcome, actor, entity, payload, encode(digest, 'hex') FROM audits.audit_log")
            let entry = record.auditEntry
            #expect(
                audit
                    == "\(record.id)|model.called|success|\(record.caller.name)|request:\(record.id)|\(entry.payload)|"
                    + entry.digest.hex
            )
        }
    }

    @Test("names and contents that no table could hold as they are do not lose the call")
    func odd() async throws {
        try await LedgerFixture.with { fixture in
            var record = record(model: "up/nul\u{0}\n\"", upstreamModel: "nul\u{0}")
            record.status = .failed
            record.errorCode = "code\u{0}"
            record.requestContent = Array("{}".utf8)
            record.responseContent = [0x61, 0x00, 0xff, 0xc3]
            record.usage = TokenUsage(input: .max, cachedInput: .max, output: .max, estimated: false)
            record.cost = dollars.cost(of: record.usage)
            record.latency = .seconds(1 << 40)
            let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
            try await fixture.ledger.settle(record, slot: slot, durable: true)
            #expect(try fixture.counts() == "1 1 1")
        }
    }

    @Test("contents are stored when they are given, and only then")
    func contents() async throws {
        try await LedgerFixture.with { fixture in
            var record = record()
            record.requestContent = Array(#"{"a":"é"}"#.utf8)
            record.responseContent = Array("data: x\n\n".utf8)
            let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
            try await fixture.ledger.settle(record, slot: slot, durable: true)
            #expect(try fixture.store.psql("SELECT request_content FROM council.requests") == #"{"a":"é"}"#)
            #expect(try fixture.store.psql("SELECT length(response_content) FROM council.requests") == "9")
        }
    }

    @Test("calls of many organizations at once are all recorded, each once")
    func concurrent() async throws {
        try await LedgerFixture.with(slots: 64) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        let record = record(organization: UniqueID(high: 1, low: UInt64(number % 5)))
                        let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
                        try await fixture.ledger.settle(record, slot: slot, durable: true)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try fixture.counts() == "64 64 64")
            #expect(fixture.journal.available == 64)
        }
    }

    @Test("with relaxed durability a call is recorded soon")
    func relaxed() async throws {
        try await LedgerFixture.with { fixture in
            let record = record()
            let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
            try await fixture.ledger.settle(record, slot: slot, durable: false)
            try await until { try fixture.counts() == "1 1 1" }
        }
    }

    @Test("no call begins that could not be recorded, and it is said to come back")
    func notReady() async throws {
        try await LedgerFixture.with { fixture in
            await fixture.writer.stop()
            #expect(!fixture.ledger.isReady)
            let error = #expect(throws: DomainError.self) {
                try fixture.ledger.begin(record(), assumed: assumed, assumedCost: assumedCost)
            }
            #expect(error?.status == 503)
            #expect(error?.retryAfter != nil)
            #expect(fixture.journal.available == 16)
        }
    }

    @Test("the journal's slots bound the calls in flight")
    func bound() async throws {
        try await LedgerFixture.with(slots: 1) { fixture in
            let first = record()
            let slot = try fixture.ledger.begin(first, assumed: assumed, assumedCost: assumedCost)
            let error = #expect(throws: DomainError.self) {
                try fixture.ledger.begin(record(), assumed: assumed, assumedCost: assumedCost)
            }
            #expect(error?.status == 503)
            #expect(error?.code == "too_many_calls")
            try await fixture.ledger.settle(first, slot: slot, durable: true)
            #expect(throws: Never.self) {
                try fixture.ledger.begin(record(), assumed: assumed, assumedCost: assumedCost)
            }
        }
    }

    @Test("what was in flight when the process died is closed once, with its estimated cost")
    func interrupted() async throws {
        try await LedgerFixture.with { fixture in
            let dead = [record(), record()]
            for record in dead { _ = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost) }
            let (ledger, journal) = try fixture.reopened()
            #expect(try await ledger.closeInterrupted() == 2)
            #expect(journal.available == 16)
            let rows = try fixture.store.psql(
                """
                SELECT DISTINCT r.status, r.http_status, r.error_code, c.estimated, c.cost, c.input_tokens,
                    c.output_tokens, a.outcome
                FROM council.requests r JOIN providers.cost_records c ON c.request_id = r.id
                    JOIN audits.audit_log a ON a.id = r.id
                """)
            #expect(rows == "interrupted|0|interrupted|t|0.000000000056|12|34|failure")
            #expect(try fixture.counts() == "2 2 2")
            journal.shutdown()
            let again = try SlotJournal(path: fixture.path, slots: 16)
            defer { again.shutdown() }
            #expect(try await CallLedgerService(writer: fixture.writer, journal: again).closeInterrupted() == 0)
            #expect(try fixture.counts() == "2 2 2")
        }
    }

    @Test("a call that was recorded, and only its slot not freed, is not closed again")
    func recordedBefore() async throws {
        try await LedgerFixture.with { fixture in
            var done = record()
            done.cost = FixedDecimal(units: 99)
            _ = try fixture.ledger.begin(done, assumed: assumed, assumedCost: assumedCost)
            let other = try fixture.ledger.begin(record(), assumed: assumed, assumedCost: assumedCost)
            try await fixture.ledger.settle(done, slot: other, durable: true)
            _ = try fixture.ledger.begin(record(), assumed: assumed, assumedCost: assumedCost)
            let (ledger, journal) = try fixture.reopened()
            defer { journal.shutdown() }
            #expect(journal.survivors.count == 2)
            #expect(try await ledger.closeInterrupted() == 1)
            #expect(try fixture.counts() == "2 2 2")
            #expect(
                try fixture.store.psql("SELECT status FROM council.requests WHERE id = '\(done.id)'") == "completed")
            #expect(
                try fixture.store.psql("SELECT cost FROM providers.cost_records WHERE request_id = '\(done.id)'")
                    == "0.000000000099")
        }
    }

    @Test("while a commit hangs the answer is withheld, and the slot is kept until the rows are there")
    func hanging() async throws {
        var limits = BatchLimits()
        limits.answerWithin = .milliseconds(300)
        try await LedgerFixture.with(limits: limits) { fixture in
            let blocker = fixture.store.open()
            let record = record()
            try await blocker.transaction { transaction in
                try await transaction.execute("LOCK TABLE council.requests IN ACCESS EXCLUSIVE MODE")
                let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
                let error = await #expect(throws: DomainError.self) {
                    try await fixture.ledger.settle(record, slot: slot, durable: true)
                }
                #expect(error?.status == 503)
                #expect(error?.code == "record_unavailable")
                fixture.ledger.reclaim()
                #expect(fixture.journal.available == 15, "a crash now must find the call in the journal")
            }
            try await until {
                fixture.ledger.reclaim()
                return fixture.journal.available == 16
            }
            #expect(try fixture.counts() == "1 1 1")
        }
    }

    @Test("a call whose rows are refused stays in the journal, so that it is not forgotten")
    func refused() async throws {
        try await LedgerFixture.with { fixture in
            try fixture.store.psql("ALTER TABLE providers.cost_records ADD CONSTRAINT never CHECK (provider <> 'up')")
            let record = record()
            let slot = try fixture.ledger.begin(record, assumed: assumed, assumedCost: assumedCost)
            await #expect(throws: DomainError.self) {
                try await fixture.ledger.settle(record, slot: slot, durable: true)
            }
            for _ in 0..<3 { fixture.ledger.reclaim() }
            #expect(fixture.journal.available == 15)
            #expect(try fixture.counts() == "0 0 0")
            try fixture.store.psql("ALTER TABLE providers.cost_records DROP CONSTRAINT never")
            let (ledger, journal) = try fixture.reopened()
            defer { journal.shutdown() }
            #expect(try await ledger.closeInterrupted() == 1)
            #expect(try fixture.counts() == "1 1 1")
        }
    }

    @Test("a call that finds the writer full is recorded as soon as there is room")
    func full() async throws {
        var limits = BatchLimits()
        limits.answerWithin = .milliseconds(300)
        limits.maximumPendingBytes = 1
        try await LedgerFixture.with(limits: limits) { fixture in
            let records = [record(), record()]
            let slots = try records.map { try fixture.ledger.begin($0, assumed: assumed, assumedCost: assumedCost) }
            let blocker = fixture.store.open()
            try await blocker.transaction { transaction in
                try await transaction.execute("LOCK TABLE council.requests IN ACCESS EXCLUSIVE MODE")
                for (record, slot) in zip(records, slots) {
                    await #expect(throws: DomainError.self) {
                        try await fixture.ledger.settle(record, slot: slot, durable: true)
                    }
                }
            }
            try await until {
                fixture.ledger.reclaim()
                return fixture.journal.available == 16
            }
            #expect(try fixture.counts() == "2 2 2")
            #expect(try fixture.store.psql("SELECT DISTINCT status FROM council.requests") == "completed")
        }
    }
}
