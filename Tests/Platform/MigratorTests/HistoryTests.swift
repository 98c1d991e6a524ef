// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("The history of migrations", .serialized)
struct HistoryTests {
    private let files: [Migration] = [
        .step(1, "CREATE SCHEMA s; CREATE TABLE s.a (n integer);", down: "DROP SCHEMA s CASCADE;"),
        .step(2, "ALTER TABLE s.a ADD COLUMN t text;", down: "ALTER TABLE s.a DROP COLUMN t;"),
    ]

    private func migrator(_ test: TestDatabase, _ files: [Migration]? = nil, _ told: Told = Told()) -> Migrator {
        Migrator(
            database: test.open(), migrations: files ?? self.files, programVersion: "1", actor: "root@here",
            observe: told.observe)
    }

    @Test("chains its rows, each with the hash of the one before")
    func chain() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        _ = try await migrator(test).rollback(2)
        let rows = try await migrator(test).history().rows
        #expect(rows.map(\.event) == [.applied, .applied, .rolledBack] && rows.map(\.sequence) == [1, 2, 3])
        #expect(rows[0].previousHash == String(repeating: "0", count: 64))
        #expect(rows[1].previousHash == rows[0].hash && rows[2].previousHash == rows[1].hash)
        #expect(rows.allSatisfy { $0.hash == $0.expectedHash && $0.actor == "root@here" && $0.login == "witan_root" })
        #expect(rows[2].fingerprint == rows[0].fingerprint && rows[1].fingerprintBefore == rows[0].fingerprint)
        #expect(try test.psql("SELECT body FROM ops._migration_history WHERE sequence = 3") == files[1].down)
        #expect(try await migrator(test).verify().exitCode == 3)
        try await test.close()
    }

    @Test(
        "refuses that anybody changes or removes rows",
        arguments: [
            "UPDATE ops._migration_history SET reason = 'x'", "DELETE FROM ops._migration_history",
            "TRUNCATE ops._migration_history", "DELETE FROM ops._migration_history WHERE false",
        ])
    func refused(statement: String) async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        #expect(throws: PsqlError.self) { try test.psql(statement) }
        #expect(try test.psql("SELECT count(*) FROM ops._migration_history") == "2")
        try await test.close()
    }

    @Test(
        "shows where its owner has tampered with it",
        arguments: [
            ("UPDATE ops._migration_history SET program_version = '2' WHERE sequence = 1", "row 1 "),
            ("UPDATE ops._migration_history SET reason = '' WHERE sequence = 2", "row 2 "),
            ("UPDATE ops._migration_history SET body = 'SELECT 1' WHERE sequence = 2", "text in row 2 "),
            ("UPDATE ops._migration_history SET occurred_at = occurred_at - interval '1 us' WHERE step = 3", "row 3 "),
            ("DELETE FROM ops._migration_history WHERE sequence = 2", "row 3 "),
            ("DELETE FROM ops._migration_history WHERE sequence = 3", "rows at the end "),
        ])
    func tampered(statement: String, named: String) async throws {
        let test = try await TestDatabase.make(migrated: false)
        let files = files + [.step(3, "CREATE TABLE s.c ();")]
        _ = try await migrator(test, files).up()
        #expect(try await migrator(test, files).verify().exitCode == 0)
        try test.psql(
            """
            ALTER TABLE ops._migration_history DISABLE TRIGGER ALL; \(statement);
            ALTER TABLE ops._migration_history ENABLE TRIGGER ALL;
            """)
        let found = try await migrator(test, files).verify()
        #expect(found.exitCode == 5)
        #expect(found.brokenHistory.contains { $0.contains(named) }, "\(found.brokenHistory)")
        try await test.close()
    }

    @Test("shows that its trigger is off")
    func openDoor() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        try test.psql("ALTER TABLE ops._migration_history DISABLE TRIGGER ALL")
        #expect(try await migrator(test).verify().brokenHistory.first?.contains("trigger") == true)
        try await test.close()
    }

    @Test("of the first shape is brought to today's, with the texts that are known")
    func firstShape() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql(
            """
            CREATE SCHEMA ops;
            CREATE TABLE ops._migration_history (
                id integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), duration_ms bigint NOT NULL DEFAULT 0,
                program_version text NOT NULL);
            INSERT INTO ops._migration_history VALUES
                (1, '0001_step', '\(files[0].rawChecksum)', '2026-01-02 03:04:05+00', 7, '0.1');
            CREATE SCHEMA s; CREATE TABLE s.a (n integer);
            """)
        #expect(try await migrator(test).status().map(\.state) == [.applied, .pending])
        #expect(try await migrator(test).up().map(\.id) == [2])
        let rows = try await migrator(test).history().rows
        #expect(rows.map(\.event) == [.applied, .driftAccepted, .applied])
        #expect(rows[0].occurredAt.description.hasPrefix("2026-01-02T03:04:05") && rows[0].milliseconds == 7)
        #expect(try test.psql("SELECT body FROM ops._migration_history WHERE sequence = 1") == files[0].text)
        #expect(try await migrator(test).verify().exitCode == 0)
        try await test.close()
    }

    @Test("of the first shape is brought to today's also when nothing is pending")
    func firstShapeOnly() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql(
            """
            CREATE SCHEMA ops;
            CREATE TABLE ops._migration_history (
                id integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), duration_ms bigint NOT NULL DEFAULT 0,
                program_version text NOT NULL);
            INSERT INTO ops._migration_history VALUES (1, '0001_step', '\(files[0].rawChecksum)', now(), 7, '0.1');
            """)
        #expect(try await migrator(test, [files[0]]).up() == [])
        #expect(try await migrator(test, [files[0]]).history().rows.map(\.event) == [.applied, .driftAccepted])
        try await test.close()
    }

    @Test("in a table that is none of ours is refused and left alone")
    func foreign() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("CREATE SCHEMA ops; CREATE TABLE ops._migration_history (id uuid, note text)")
        for body in [{ _ = try await migrator(test).up() }, { _ = try await migrator(test).status() }] {
            let error = await #expect(throws: MigrationError.self) { try await body() }
            guard case .foreignHistory = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL") == "t")
        try await test.close()
    }

    @Test("tells a file that only looks different, and takes it for what it is")
    func cosmetic() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        let told = Told()
        let edited = [files[0], Migration.step(2, "-- Why.\r\nALTER TABLE s.a\r\n    ADD COLUMN t text;\r\n")]
        #expect(try await migrator(test, edited, told).up() == [])
        #expect(told.all.contains { if case .cosmetic("0002_step") = $0 { true } else { false } })
        let status = try await migrator(test, edited).status()[1]
        #expect(status.state == .applied && status.note == "the file looks different and says the same")
        #expect(try await migrator(test, edited).verify().exitCode == 0)
        try await test.close()
    }
}
