// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

/// Files whose second half can be neither skipped nor run twice unnoticed.
private enum Interruptible {
    static let files: [Migration] = [
        .step(
            1,
            """
            CREATE SCHEMA s;
            CREATE TABLE s.a (n integer NOT NULL, times integer NOT NULL DEFAULT 0);
            INSERT INTO s.a SELECT generate_series(1, 200);
            """),
        .step(
            2,
            """
            -- migrate: no-transaction
            SET search_path = s;
            ALTER TABLE a ADD COLUMN more integer;
            CREATE INDEX CONCURRENTLY i ON a (n);
            UPDATE s.a SET times = times + 1;
            CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON a (n, times);
            """),
        .step(3, "CREATE TABLE s.b (); COMMENT ON TABLE s.b IS 'last';"),
    ]

    /// Brings the database up in this process, and ends it as a crash would when event number `end` is told.
    static func up(_ address: String, killedAt end: Int) async throws {
        let loop = EventLoop(name: "killed")
        let database = Database(
            configuration: PostgresConfiguration(connectionString: Secret(address)), loops: [loop]
        ) { _ in }
        let count = Locked(0)
        let migrator = Migrator(database: database, migrations: files, programVersion: "1") { event in
            if case .blocked = event, end == 0 { raise(SIGKILL) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == end { raise(SIGKILL) }
        }
        _ = try await migrator.up()
    }
}

@Suite("An interrupted migration", .serialized)
struct ResumeTests {
    private func migrator(_ test: TestDatabase, _ told: Told = Told(), _ files: [Migration]? = nil) -> Migrator {
        Migrator(
            database: test.open(), migrations: files ?? Interruptible.files, programVersion: "1", observe: told.observe)
    }

    /// What must be the same however often it was interrupted.
    private func outcome(_ test: TestDatabase) throws -> String {
        try test.psql(
            """
            SELECT (SELECT fingerprint FROM ops._migration_history ORDER BY sequence DESC LIMIT 1),
                (SELECT string_agg(event || ' ' || name, ',' ORDER BY sequence) FROM ops._migration_history),
                (SELECT string_agg(DISTINCT times::text, ',') || count(*) FROM s.a),
                (SELECT count(*) FROM pg_index WHERE NOT indisvalid),
                (SELECT count(*) FROM ops._migration_progress), to_regclass('s.u') IS NOT NULL
            """)
    }

    @Test("is finished by the next run, wherever it was killed", .timeLimit(.minutes(5)))
    func killSweep() async throws {
        let reference = try await TestDatabase.make(migrated: false)
        let told = Told()
        _ = try await migrator(reference, told).up()
        let expected = try outcome(reference)
        #expect(expected.hasSuffix("applied 0001_step,applied 0002_step,applied 0003_step|1200|0|0|t"))
        let count = told.all.count
        #expect(count > 15)
        for end in 1...count {
            let test = try await TestDatabase.make(migrated: false)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [address = test.connectionString(superuser: true).reveal() as String, end = end as Int] in
                try await Interruptible.up(address, killedAt: end)
            }
            _ = try await migrator(test).up()
            #expect(try outcome(test) == expected, "killed at event \(end)")
            #expect(try await migrator(test).verify().exitCode == 0)
            try await test.close()
        }
        try await reference.close()
    }

    @Test("in the middle of building an index drops what is left and builds it again", .timeLimit(.minutes(2)))
    func killedInIndex() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test, Told(), [Interruptible.files[0]]).up()
        try await test.open().withConnection { reader in
            // For this transaction the index build has to wait.
            try await reader.run(script: "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_type")
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [address = test.connectionString(superuser: true).reveal() as String] in
                try await Interruptible.up(address, killedAt: 0)
            }
            try await reader.run(script: "ROLLBACK")
        }
        let statuses = try await migrator(test).status()
        #expect(statuses.map(\.state) == [.applied, .interrupted, .pending])
        #expect(statuses[1].note == "2 of 5 statements are done")
        #expect(try await migrator(test).verify().exitCode == 8)
        let told = Told()
        #expect(try await migrator(test, told).up().count == 2)
        #expect(told.all.contains { if case .resuming("0002_step", 3) = $0 { true } else { false } })
        let outcome = try outcome(test)
        #expect(outcome.hasSuffix("applied 0001_step,applied 0002_step,applied 0003_step|1200|0|0|t"))
        try await test.close()
    }

    @Test("that left an INVALID index behind drops it and builds it again, also where IF NOT EXISTS would skip it")
    func invalidIndex() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test, Told(), [Interruptible.files[0]]).up()
        try test.psql("INSERT INTO s.a VALUES (1, 0)")
        let error = await #expect(throws: MigrationError.self) { try await migrator(test).up() }
        guard case .failed("0002_step.sql", 6, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.sqlState == "23505")
        #expect(try test.psql("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == "s.u")
        #expect(try await migrator(test).status()[1].state == .interrupted)
        try test.psql("DELETE FROM s.a WHERE ctid IN (SELECT max(ctid) FROM s.a WHERE n = 1)")
        let told = Told()
        #expect(try await migrator(test, told).up().map(\.id) == [2, 3])
        #expect(told.all.contains { if case .rebuilding("s.u") = $0 { true } else { false } })
        #expect(try test.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0")
        try await test.close()
    }

    @Test("goes on with a text that was mended behind the last statement that ran")
    func mended() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let text =
            "-- migrate: no-transaction\nCREATE SCHEMA s;\nCREATE TABLE s.b ();\nSELECT 1/0;\nCREATE TABLE s.c ();"
        await #expect(throws: MigrationError.self) { try await migrator(test, Told(), [.step(1, text)]).up() }
        #expect(try await migrator(test, Told(), [.step(1, text)]).status()[0].note == "2 of 4 statements are done")
        let mended = Migration.step(1, text.replacing("1/0", with: "1"))
        #expect(try await migrator(test, Told(), [mended]).up().count == 1)
        try await test.close()
    }

    @Test("runs what makes transactions of its own by itself")
    func procedure() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let text = """
            -- migrate: no-transaction
            CREATE SCHEMA s;
            CREATE TABLE s.t (n integer);
            CREATE PROCEDURE s.fill() LANGUAGE plpgsql AS $$
            BEGIN
                FOR i IN 1..3 LOOP INSERT INTO s.t VALUES (i); COMMIT; END LOOP;
            END
            $$;
            CALL s.fill();
            VACUUM s.t;
            """
        #expect(try await migrator(test, Told(), [.step(1, text)]).up().count == 1)
        #expect(try test.psql("SELECT count(*) FROM s.t") == "3")
        try await test.close()
    }

    @Test("keeps the role that the file has taken on")
    func role() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("DO $$ BEGIN CREATE ROLE test_maker; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        let text = """
            -- migrate: no-transaction
            CREATE SCHEMA s AUTHORIZATION test_maker;
            SET ROLE test_maker;
            CREATE TABLE s.t (n integer);
            CREATE INDEX CONCURRENTLY i ON s.t (n);
            CREATE TABLE s.u (n integer);
            """
        #expect(try await migrator(test, Told(), [.step(1, text)]).up().count == 1)
        let owners =
            "SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class WHERE relname IN ('t', 'i', 'u')"
        #expect(try test.psql(owners) == "test_maker")
        try await test.close()
    }

    @Test("refuses to build an index that it could not find again")
    func unnamedIndex() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let text = "-- migrate: no-transaction\nCREATE SCHEMA s;\nCREATE INDEX CONCURRENTLY ON s.a (n);"
        let error = await #expect(throws: MigrationError.self) {
            try await migrator(test, Told(), [.step(1, text)]).up()
        }
        guard case .unnamedIndex("0001_step.sql", 3) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL") == "t")
        try await test.close()
    }

    @Test(
        "finds the index of a statement",
        arguments: [
            ("CREATE INDEX CONCURRENTLY i ON t (n)", "i", "t"),
            ("create unique index concurrently if not exists i on only s.t using btree (n)", "i", "s.t"),
            ("CREATE INDEX CONCURRENTLY \"I i\" ON \"S\".\"T\" (n)", "\"I i\"", "\"S\".\"T\""),
        ])
    func index(statement: String, name: String, table: String) throws {
        let index = try #require(ConcurrentIndex(Migration.step(1, statement).statements[0]))
        #expect(index.name == name && index.table == table)
        #expect(ConcurrentIndex(Migration.step(1, "CREATE INDEX i ON t (n)").statements[0]) == nil)
    }
}
