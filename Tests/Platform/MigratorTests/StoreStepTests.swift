// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

/// A store in memory that can be away, refuse, and forget.
private final class FakeStore: MigrationStore {
    enum Mood { case well, away, refusing }
    let mood = Locked(Mood.well)
    let held = Locked<[String]>([])

    func apply(_ migration: Migration) async throws(MigrationStoreError) {
        switch mood.withLock({ $0 }) {
        case .well: held.withLock { $0.append(migration.text) }
        case .away: throw MigrationStoreError("it does not answer", isAbsence: true)
        case .refusing: throw MigrationStoreError("it does not want this", isAbsence: false)
        }
    }

    func holds(_ migration: Migration) async throws(MigrationStoreError) -> Bool {
        guard mood.withLock({ $0 }) != .away else { throw MigrationStoreError("it does not answer", isAbsence: true) }
        return held.withLock { $0.contains(migration.text) }
    }

    func outline(of migration: Migration) throws(MigrationStoreError) -> [String] { ["put \(migration.text)"] }
}

@Suite("Steps of other stores", .serialized)
struct StoreStepTests {
    private static func other(_ id: Int, _ kind: String) -> Migration {
        guard let migration = Migration(file: "000\(id)_step.\(kind)", text: "{\"n\": \(id)}") else {
            preconditionFailure("bad name")
        }
        return migration
    }

    private let files = [
        .step(1, "CREATE SCHEMA s;"), other(2, "redis"), other(3, "elasticsearch"), .step(4, "CREATE TABLE s.a ();"),
    ]

    private func migrator(
        _ test: TestDatabase, _ stores: [Migration.Kind: MigrationStoreState] = [:], _ told: Told = Told()
    ) -> Migrator {
        Migrator(
            database: test.open(), migrations: files, programVersion: "1", stores: stores, observe: told.observe)
    }

    @Test("wait for their store, say why, and hold nothing up")
    func absent() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let stores: [Migration.Kind: MigrationStoreState] = [.redis: .absent(reason: "redis does not answer")]
        #expect(try await migrator(test, stores).up().map(\.id) == [1, 4])
        #expect(try await migrator(test, stores).up() == [])
        let statuses = try await migrator(test, stores).status()
        #expect(statuses.map(\.state) == [.applied, .pending, .pending, .applied])
        #expect(statuses.map(\.note) == [nil, "redis does not answer", "elasticsearch is not configured", nil])
        #expect(statuses.map(\.isDeferred) == [false, true, true, false])
        #expect(try await migrator(test, stores).verify().exitCode == 0)
        let plan = try await migrator(test, stores).plan()
        #expect(plan.steps.map(\.deferredBecause) == ["redis does not answer", "elasticsearch is not configured"])
        try await test.close()
    }

    @Test("are applied as soon as their store is there, and stand in the same history")
    func present() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        let redis = FakeStore()
        let stores: [Migration.Kind: MigrationStoreState] = [.redis: .present(redis)]
        guard case .outlined(["put {\"n\": 2}"]) = try await migrator(test, stores).plan().steps[0].outcome else {
            Issue.record("no outline")
            return
        }
        #expect(try await migrator(test, stores).up().map(\.name) == ["0002_step"])
        #expect(redis.held.withLock { $0 } == ["{\"n\": 2}"])
        let rows = try await migrator(test).history().rows
        #expect(rows.map(\.step) == [1, 4, 2] && rows[2].kind == .redis && rows[2].fingerprint == nil)
        #expect(try await migrator(test, stores).verify().exitCode == 0)
        try await test.close()
    }

    @Test("are done again when their store has lost them, which is no new entry of the history")
    func lost() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let redis = FakeStore()
        let stores: [Migration.Kind: MigrationStoreState] = [.redis: .present(redis)]
        _ = try await migrator(test, stores).up()
        redis.held.withLock { $0 = [] }
        let told = Told()
        #expect(try await migrator(test, stores, told).up() == [])
        #expect(redis.held.withLock { $0.count } == 1)
        #expect(told.all.contains { if case .restored("0002_step") = $0 { true } else { false } })
        #expect(try await migrator(test).history().rows.count == 3)
        try await test.close()
    }

    @Test("wait when their store is away, and are an error when it refuses them")
    func moods() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let redis = FakeStore()
        let stores: [Migration.Kind: MigrationStoreState] = [.redis: .present(redis)]
        redis.mood.withLock { $0 = .away }
        let told = Told()
        #expect(try await migrator(test, stores, told).up().map(\.id) == [1, 4])
        #expect(told.all.contains { if case .deferred("0002_step", "it does not answer") = $0 { true } else { false } })
        redis.mood.withLock { $0 = .refusing }
        let error = await #expect(throws: MigrationError.self) { try await migrator(test, stores).up() }
        guard case .store("0002_step.redis", "it does not want this") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        redis.mood.withLock { $0 = .well }
        #expect(try await migrator(test, stores).up().map(\.id) == [2])
        try await test.close()
    }
}
