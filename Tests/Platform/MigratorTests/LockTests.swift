// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import EventLoop
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("Locks that others hold", .serialized)
struct LockTests {
    private let files: [Migration] = [
        .step(1, "CREATE SCHEMA s; CREATE TABLE s.a (n integer); CREATE TABLE s.b (n integer);"),
        .step(2, "INSERT INTO s.b VALUES (1); ALTER TABLE s.a ADD COLUMN t text;"),
    ]

    private func migrator(_ test: TestDatabase, _ files: [Migration], _ told: Told, tries: Int = 3) -> Migrator {
        var patience = MigrationPatience()
        patience.forTables = .milliseconds(700)
        patience.tries = tries
        patience.pauses = (.milliseconds(20), .milliseconds(50))
        return Migrator(
            database: test.open(), migrations: files, programVersion: "1", patience: patience, observe: told.observe)
    }

    /// A database whose connections call themselves so.
    private func database(_ test: TestDatabase, named name: String) -> Database {
        var configuration = test.configuration()
        configuration.applicationName = name
        return Database(configuration: configuration, loops: [TestDatabase.loop]) { _ in }
    }

    @Test("are waited for briefly, a few times, and then their holder is named", .timeLimit(.minutes(1)))
    func givesUp() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let told = Told()
        _ = try await migrator(test, [files[0]], told).up()
        let other = database(test, named: "long report")
        try await other.withConnection { reader in
            try await reader.run(script: "BEGIN; SELECT * FROM s.a")
            let processID: Int = try #require(try await reader.query("SELECT pg_backend_pid() AS pid").first?["pid"])
            let error = await #expect(throws: MigrationError.self) { try await migrator(test, files, told).up() }
            guard case .tableLocked("0002_step.sql", let blockers, 3) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.exitCode == 6)
            #expect(blockers.map(\.processID) == [processID] && blockers.first?.application == "long report")
            #expect(blockers.first?.state == "idle in transaction" && blockers.first?.queryStart != nil)
            #expect(error?.description.contains("session \(processID) “long report”") == true)
            #expect(told.all.contains { if case .blocked("0002_step.sql", blockers) = $0 { true } else { false } })
            try await reader.run(script: "ROLLBACK")
        }
        await other.close()
        // Nothing of any try was kept.
        #expect(try test.psql("SELECT count(*) FROM s.b") == "0")
        #expect(try await migrator(test, files, told).up().count == 1)
        try await test.close()
    }

    @Test("are got when they are let go of in the meantime", .timeLimit(.minutes(1)))
    func getsIt() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test, [files[0]], Told()).up()
        let told = Told()
        try await test.open().withConnection { reader in
            try await reader.run(script: "BEGIN; LOCK TABLE s.a")
            async let applied = migrator(test, files, told, tries: 100).up()
            while !told.all.contains(where: { if case .retrying(_, 2, _) = $0 { true } else { false } }) {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await reader.run(script: "ROLLBACK")
            #expect(try await applied.map(\.id) == [2])
        }
        #expect(try test.psql("SELECT count(*) FROM s.b") == "1")
        try await test.close()
    }

    @Test("end a file's turn when it is the migration lock that got lost", .timeLimit(.minutes(1)))
    func lockLost() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let observe: @Sendable (MigrationEvent) -> Void = { event in
            guard case .applied(let step) = event, step.id == 1 else { return }
            _ = try? test.psql(
                """
                SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """)
        }
        let migrator = Migrator(
            database: test.open(), migrations: files, programVersion: "1", observe: observe)
        let error = await #expect(throws: MigrationError.self) { try await migrator.up() }
        #expect([6, 10].contains(error?.exitCode ?? 0), "\(String(describing: error))")
        #expect(try test.psql("SELECT max(step) FROM ops._migration_history") == "1")
        try await test.close()
    }

    @Test(
        "do not work through a transaction pooler, which is detected and named with its remedy",
        arguments: [true, false])
    func pooler(acceptsOptions: Bool) async throws {
        let test = try await TestDatabase.make(migrated: false)
        let pooler = try Pooler(
            before: try TestCluster.shared.postgres, database: test.name, acceptsOptions: acceptsOptions)
        defer { pooler.stop() }
        let configuration = PostgresConfiguration(connectionString: Secret(pooler.address))
        let database = Database(configuration: configuration, loops: [TestDatabase.loop]) { _ in }
        let error = await #expect(throws: MigrationError.self) {
            try await Migrator(database: database, migrations: files, programVersion: "1").up()
        }
        guard case .pooler = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 6 && error?.description.contains("DIRECT_URL") == true)
        await database.close()
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL AND to_regnamespace('ops') IS NULL") == "t")
        try await test.close()
    }
}
