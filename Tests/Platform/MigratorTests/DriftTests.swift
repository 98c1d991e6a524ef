// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("The catalog and the history", .serialized)
struct DriftTests {
    private let files: [Migration] = [
        .step(
            1,
            """
            CREATE SCHEMA s;
            CREATE TABLE s.a (n integer PRIMARY KEY);
            CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TRIGGER t BEFORE INSERT ON s.a FOR EACH ROW EXECUTE FUNCTION s.f();
            ALTER TABLE s.a ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON s.a USING (n > 0);
            """, down: "DROP SCHEMA s CASCADE;"),
        .step(2, "ALTER TABLE s.a ADD COLUMN t text;", down: "ALTER TABLE s.a DROP COLUMN t;"),
    ]

    private func migrator(_ test: TestDatabase, _ files: [Migration]? = nil) -> Migrator {
        Migrator(database: test.open(), migrations: files ?? self.files, programVersion: "1", actor: "tester")
    }

    private func made() async throws -> TestDatabase {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test).up()
        #expect(try await migrator(test).verify().exitCode == 0)
        return test
    }

    @Test(
        "that differ are told apart, each object by its name",
        arguments: [
            ("ALTER TABLE s.a DISABLE TRIGGER t", "trigger s.a.t"), ("DROP POLICY p ON s.a", "policy s.a.p"),
            ("ALTER TABLE s.a ADD COLUMN more integer", "column s.a.more"), ("CREATE TABLE s.b ()", "table s.b"),
            ("GRANT SELECT ON s.a TO PUBLIC", "s.a TO PUBLIC"), ("DROP FUNCTION s.f() CASCADE", "function s.f()"),
        ])
    func drift(statement: String, named: String) async throws {
        let test = try await made()
        try test.psql(statement)
        let found = try await migrator(test).verify()
        #expect(found.exitCode == 4)
        #expect(found.differences.contains { $0.description.contains(named) }, "\(found.differences)")
        try await test.close()
    }

    @Test(
        "that differ are noticed also where the catalog that was kept is gone or was changed",
        arguments: ["DELETE FROM ops._migration_inventories", "UPDATE ops._migration_inventories SET inventory = '{}'"])
    func nothingToCompare(statement: String) async throws {
        let test = try await made()
        try test.psql(statement)
        #expect(try await migrator(test).verify().exitCode == 0)
        try test.psql("DROP POLICY p ON s.a")
        let found = try await migrator(test).verify()
        #expect(found.exitCode == 5 && found.brokenHistory.contains { $0.contains("ops._migration_inventories") })
        #expect(try await migrator(test).acceptDrift(reason: "lost") == [])
        #expect(try await migrator(test).verify().exitCode == 0)
        try await test.close()
    }

    @Test("of another major version are compared without what differs between versions")
    func otherMajor() async throws {
        let test = try await made()
        let rows = try await migrator(test).history().rows
        var row = try #require(rows.last)
        let before = (sequence: rows[0].sequence, hash: rows[0].hash)
        // As if the last step had been applied on another version, before an upgrade.
        row.serverVersion += 10_000
        row.follow(before)
        try test.psql(
            """
            ALTER TABLE ops._migration_history DISABLE TRIGGER ALL;
            UPDATE ops._migration_history SET server_version = \(row.serverVersion), hash = '\(row.hash)'
                WHERE sequence = 2;
            ALTER TABLE ops._migration_history ENABLE TRIGGER ALL;
            """)
        let found = try await migrator(test).verify()
        #expect(found.exitCode == 0 && found.notes.count == 1, "\(found)")
        let error = await #expect(throws: MigrationError.self) { try await migrator(test).rollback(2) }
        #expect(error?.description.contains("cannot be taken back") == true)
        try test.psql("DROP POLICY p ON s.a")
        #expect(try await migrator(test).verify().differences.map(\.name) == ["s.a.p"])
        try await test.close()
    }

    @Test("that belong to somebody else's schema do not count")
    func othersSchemas() async throws {
        let test = try await made()
        try test.psql("CREATE SCHEMA theirs; CREATE TABLE theirs.t (); CREATE TABLE public.t ()")
        #expect(try await migrator(test).verify().exitCode == 0)
        try await test.close()
    }

    @Test("agree again when the difference is accepted, with its reason")
    func acceptDrift() async throws {
        let test = try await made()
        try test.psql("CREATE INDEX by_t ON s.a (t)")
        #expect(try await migrator(test).acceptDrift(reason: "needed at night").map(\.name) == ["s.a.by_t"])
        #expect(try await migrator(test).verify().exitCode == 0)
        let last = try #require(try await migrator(test).history().rows.last)
        #expect(last.event == .driftAccepted && last.reason == "needed at night" && last.actor == "tester")
        let error = await #expect(throws: MigrationError.self) { try await migrator(test).acceptDrift(reason: "again") }
        #expect(error?.description.contains("nothing to accept") == true)
        try await test.close()
    }

    @Test("are what they were before a file that was taken back, and after it was applied again")
    func rollback() async throws {
        let test = try await made()
        let before = try await migrator(test).history().rows
        #expect(try await migrator(test).rollback(2).name == "0002_step")
        #expect(try await migrator(test).status().map(\.state) == [.applied, .pending])
        #expect(try await migrator(test).verify().exitCode == 3)
        #expect(try await migrator(test).up().map(\.id) == [2])
        let rows = try await migrator(test).history().rows
        #expect(rows.last?.fingerprint == before.last?.fingerprint)
        #expect(try await migrator(test).verify().exitCode == 0)
        _ = try await migrator(test).rollback(2)
        _ = try await migrator(test).rollback(1)
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL") == "t")
        try await test.close()
    }

    @Test("must be what they were before, or a way back is not taken")
    func wrongWayBack() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let wrong = [files[0], Migration.step(2, "ALTER TABLE s.a ADD COLUMN t text;", down: "DROP TRIGGER t ON s.a;")]
        _ = try await migrator(test, wrong).up()
        let error = await #expect(throws: MigrationError.self) { try await migrator(test, wrong).rollback(2) }
        guard case .drift(_, let differences) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 4)
        let named = differences.map { "\($0.kind.rawValue) \($0.name)" }
        #expect(named.contains("column s.a.t") && named.contains("trigger s.a.t"))
        #expect(try test.psql("SELECT count(*) FROM pg_trigger WHERE tgrelid = 's.a'::regclass") == "1")
        #expect(try await migrator(test, wrong).verify().exitCode == 0)
        try await test.close()
    }

    @Test("do not go back where there is no way, or another file came later")
    func noWayBack() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let files = files + [.step(3, "-- irreversible: it holds evidence\nCREATE TABLE s.log ();")]
        _ = try await migrator(test, files).up()
        for (id, words) in [(1, "before 0003_step, 0002_step"), (3, "it holds evidence"), (4, "no migration 4")] {
            let error = await #expect(throws: MigrationError.self) { try await migrator(test, files).rollback(id) }
            #expect(error?.description.contains(words) == true && error?.exitCode == 1, "\(String(describing: error))")
        }
        let empty = try await TestDatabase.make(migrated: false)
        let error = await #expect(throws: MigrationError.self) { try await migrator(empty).rollback(1) }
        #expect(error?.description.contains("no history") == true)
        #expect(try await migrator(test, files).history().rows.count == 3)
        try await test.close()
        try await empty.close()
    }

    @Test("accept a file that was changed, with a reason, and without running it")
    func accept() async throws {
        let test = try await made()
        let changed = [files[0], Migration.step(2, "ALTER TABLE s.a ADD COLUMN t text DEFAULT 'x';")]
        #expect(try await migrator(test, changed).verify().exitCode == 5)
        try await migrator(test, changed).accept(2, reason: "the default never mattered")
        #expect(try await migrator(test, changed).verify().exitCode == 0)
        #expect(try await migrator(test, changed).up() == [])
        let last = try #require(try await migrator(test).history().rows.last)
        #expect(last.event == .accepted && last.step == 2 && last.reason == "the default never mattered")
        for id in [1, 7] {
            await #expect(throws: MigrationError.self) { try await migrator(test, changed).accept(id, reason: "x") }
        }
        try await test.close()
    }

    // MARK: Baseline

    private func baseline(_ test: TestDatabase, _ id: Int, acceptingDrift: Bool = false) async throws(MigrationError)
        -> [SchemaDifference]?
    {
        let address = test.connectionString(superuser: true).reveal()
        return try await migrator(test).baseline(id, acceptingDrift: acceptingDrift) { name in
            let scratch = address.replacing("dbname='\(test.name)'", with: "dbname='\(name)'")
            return Database(
                configuration: PostgresConfiguration(connectionString: Secret(scratch)), loops: [TestDatabase.loop]
            ) { _ in }
        }
    }

    @Test("begin where a schema was made without a history")
    func adopt() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql(files[0].text)
        let error = await #expect(throws: MigrationError.self) { try await migrator(test).up() }
        guard case .foreignSchemas(["s"]) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await baseline(test, 1) == [])
        #expect(try await migrator(test).status().map(\.state) == [.applied, .pending])
        #expect(try await migrator(test).up().map(\.id) == [2])
        #expect(try await migrator(test).verify().exitCode == 0)
        #expect(try await migrator(test).history().rows.map(\.event) == [.baselined, .applied])
        #expect(try test.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'migrate_scratch%'") == "0")
        await #expect(throws: MigrationError.self) { try await baseline(test, 1) }
        try await test.close()
    }

    @Test("do not begin with a schema that is another one, unless that is wanted")
    func adoptAnother() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql(files[0].text + "DROP POLICY p ON s.a")
        let error = await #expect(throws: MigrationError.self) { try await baseline(test, 1) }
        guard case .drift(_, let differences) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 4 && differences.map(\.name) == ["s.a.p"])
        #expect(try test.psql("SELECT to_regnamespace('ops') IS NULL") == "t")
        #expect(try await baseline(test, 1, acceptingDrift: true)?.count == 1)
        #expect(try await migrator(test).verify().exitCode == 3)
        try await test.close()
    }
}
