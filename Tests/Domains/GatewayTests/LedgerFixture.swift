// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import EventLoop
import Glibc
import Journal
import Postgres
import Providers
import SwiftExtensions
import TestSupport

@testable import Gateway

/// A ledger on a database and a journal of its own.
struct LedgerFixture: Sendable {
    let store: TestDatabase
    let writer: BatchWriter
    let journal: SlotJournal
    let ledger: CallLedgerService
    let path: String

    static func with<Value>(
        slots: Int = 16, limits: BatchLimits = BatchLimits(), _ body: (LedgerFixture) async throws -> Value
    ) async throws -> Value {
        let store = try await TestDatabase.make()
        let path = "/tmp/witan-ledger-\(getpid())-\(store.name)"
        defer { unlink(path) }
        let journal = try SlotJournal(path: path, slots: slots)
        defer { journal.shutdown() }
        var fixture = LedgerFixture(store: store, journal: journal, path: path, limits: limits)
        do {
            try await fixture.start()
            let value = try await body(fixture)
            await fixture.writer.stop()
            try await store.close()
            return value
        } catch {
            await fixture.writer.stop()
            try? await store.close()
            throw error
        }
    }

    private init(store: TestDatabase, journal: SlotJournal, path: String, limits: BatchLimits) {
        self.store = store
        self.journal = journal
        self.path = path
        var limits = limits
        limits.stopWithin = .seconds(1)
        writer = BatchWriter(
            configuration: store.configuration(role: "witan_ingest"), loop: TestDatabase.loop,
            tables: CallStore.tables, limits: limits
        ) { _ in }
        ledger = CallLedgerService(writer: writer, journal: journal)
    }

    private mutating func start() async throws {
        writer.start()
        try await until { writer.isReady }
    }

    /// A ledger after the process died: the same database and writer, what the journal's file holds.
    func reopened() throws -> (ledger: CallLedgerService, journal: SlotJournal) {
        journal.shutdown()
        let reopened = try SlotJournal(path: path, slots: 16)
        return (CallLedgerService(writer: writer, journal: reopened), reopened)
    }

    /// Requests, cost records and audit entries there are.
    func counts() throws -> String {
        try store.psql(
            """
            SELECT (SELECT count(*) FROM council.requests) || ' ' || (SELECT count(*) FROM providers.cost_records)
                || ' ' || (SELECT count(*) FROM audits.audit_log)
            """)
    }
}

struct TookTooLong: Error {}

/// Waits until `condition` holds, at most 30 seconds.
func until(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        try await Task.sleep(for: .milliseconds(5))
    }
}
