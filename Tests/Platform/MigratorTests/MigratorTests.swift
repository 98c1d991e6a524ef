// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("The migrator", .serialized)
struct MigratorTests {
    private let files = [
        file(1, "CREATE TABLE a (n integer); INSERT INTO a VALUES (1);"),
        file(2, "ALTER TABLE a ADD COLUMN t text; UPDATE a SET n = n + 1;"),
    ]

    private static func file(_ id: Int, _ text: String) -> Migration { .step(id, text) }

    private func migrator(
        _ database: Database, _ files: [Migration], lockTimeout: Duration = .seconds(60),
        observe: @escaping @Sendable (MigrationEvent) -> Void = { _ in }
    ) -> Migrator {
        var patience = MigrationPatience()
        patience.forTheLock = lockTimeout
        return Migrator(
            database: database, migrations: files, programVersion: "1.2.3", actor: "tester", patience: patience,
            observe: observe)
    }

    @Test("applies what is pending, in order, once, and records it")
    func up() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let migrator = migrator(test.open(), files)
        #expect(try await migrator.status().map(\.state) == [.pending, .pending])
        #expect(try await migrator.up().map(\.id) == [1, 2])
        #expect(try await migrator.up() == [])
        #expect(try await migrator.status().map(\.state) == [.applied, .applied])
        #expect(try test.psql("SELECT n FROM a") == "2")
        let record = try test.psql(
            """
            SELECT event, step, name, kind, raw_checksum, checksum, algorithm, actor, login, program_version,
                body = 'CREATE TABLE a (n integer); INSERT INTO a VALUES (1);'
            FROM ops._migration_history ORDER BY sequence LIMIT 1
            """)
        let sums = "\(files[0].rawChecksum)|\(files[0].checksum)|sql-tokens-1"
        #expect(record == "applied|1|0001_step|sql|\(sums)|tester|witan_root|1.2.3|t")
        try await test.close()
    }

    @Test("run eight times at once applies each file once", .timeLimit(.minutes(5)))
    func race() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let index = """
            -- migrate: no-transaction
            DROP INDEX CONCURRENTLY IF EXISTS i;
            CREATE INDEX CONCURRENTLY i ON a (n);
            """
        let files = files + [Self.file(3, index), Self.file(4, "SELECT pg_sleep(0.2)")]
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                // A pool each, as eight programs would have.
                let migrator = migrator(test.open(), files)
                group.addTask { try await migrator.up().count }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.sorted() == [0, 0, 0, 0, 0, 0, 0, 4])
        #expect(try test.psql("SELECT n FROM a") == "2")
        #expect(try test.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == "t")
        try await test.close()
    }

    @Test("builds an index concurrently while another migrator waits", .timeLimit(.minutes(5)))
    func concurrentIndex() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test.open(), [files[0]]).up()
        let index = "-- migrate: no-transaction\nSELECT pg_sleep(1);\nCREATE INDEX CONCURRENTLY i ON a (n);"
        let files = [files[0], Self.file(2, index)]
        let waited = Locked(0)
        async let first = migrator(test.open(), files).up()
        async let second = migrator(test.open(), files) { event in
            if case .waiting = event { waited.withLock { $0 += 1 } }
        }.up()
        async let third = migrator(test.open(), files) { event in
            if case .waiting = event { waited.withLock { $0 += 1 } }
        }.up()
        let counts = try await [first.count, second.count, third.count]
        #expect(counts.reduce(0, +) == 1)
        #expect(waited.withLock { $0 } >= 1)
        #expect(try test.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == "t")
        try await test.close()
    }

    @Test("leaves nothing of a file that fails, and says where it failed")
    func failure() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let bad = Self.file(3, "CREATE TABLE b (n integer);\nINSERT INTO b VALUES (1);\nINSERT INTO c VALUES (1);")
        let error = await #expect(throws: MigrationError.self) { try await migrator(test.open(), files + [bad]).up() }
        guard case .failed("0003_step.sql", 3, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.sqlState == "42P01" && error?.exitCode == 1)
        #expect(
            try test.psql("SELECT to_regclass('b') IS NULL, (SELECT max(step) FROM ops._migration_history)") == "t|2")
        let mended = Self.file(3, "CREATE TABLE b (n integer);")
        #expect(try await migrator(test.open(), files + [mended]).up().map(\.id) == [3])
        try await test.close()
    }

    @Test("leaves nothing of a file whose constraint fails at the very end")
    func failureAtCommit() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let bad = Self.file(
            1,
            """
            CREATE TABLE p (n integer PRIMARY KEY);
            CREATE TABLE q (n integer REFERENCES p DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO q VALUES (1);
            """)
        let error = await #expect(throws: MigrationError.self) { try await migrator(test.open(), [bad]).up() }
        guard case .failed("0001_step.sql", nil, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.sqlState == "23503")
        #expect(
            try test.psql("SELECT to_regclass('p') IS NULL, (SELECT count(*) FROM ops._migration_history)") == "t|0")
        try await test.close()
    }

    @Test("stops at a failed statement outside of transactions and begins that file again")
    func failureOutside() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let text = "-- migrate: no-transaction\nCREATE TABLE IF NOT EXISTS b ();\n\nSELECT 1/0;"
        let error = await #expect(throws: MigrationError.self) {
            try await migrator(test.open(), [Self.file(1, text)]).up()
        }
        guard case .failed("0001_step.sql", 4, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let mended = Self.file(1, text.replacing("1/0", with: "1"))
        #expect(try await migrator(test.open(), [mended]).up().count == 1)
        try await test.close()
    }

    @Test("names a file that was changed after it was applied")
    func changed() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test.open(), files).up()
        let edited = migrator(test.open(), [files[0], Self.file(2, "SELECT 1"), Self.file(3, "CREATE TABLE never ()")])
        let error = await #expect(throws: MigrationError.self) { try await edited.up() }
        guard case .changed("0002_step.sql", 2, files[1].rawChecksum, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 5)
        #expect(try await edited.status().map(\.state) == [.applied, .changed, .pending])
        #expect(try test.psql("SELECT to_regclass('never') IS NULL") == "t")
        try await test.close()
    }

    @Test("refuses a database that a newer program was at")
    func newer() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test.open(), files).up()
        let old = migrator(test.open(), [files[0]])
        let error = await #expect(throws: MigrationError.self) { try await old.up() }
        guard case .databaseIsNewer(["0002_step"]) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 9)
        #expect(try await old.status().map(\.state) == [.applied, .unknownToProgram])
        try await test.close()
    }

    @Test("refuses a file that comes before one that was applied")
    func outOfOrder() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test.open(), [files[0], Self.file(3, "SELECT 1")]).up()
        let error = await #expect(throws: MigrationError.self) {
            try await migrator(test.open(), [files[0], Self.file(2, "SELECT 2"), Self.file(3, "SELECT 1")]).up()
        }
        guard case .outOfOrder(["0002_step.sql"], "0003_step") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await test.close()
    }

    @Test("gives up on a lock that is held too long, and says who holds it")
    func locked() async throws {
        let test = try await TestDatabase.make(migrated: false)
        var configuration = test.configuration()
        configuration.applicationName = "stuck program"
        let other = Database(configuration: configuration, loops: [TestDatabase.loop]) { _ in }
        try await other.withConnection { holder in
            _ = try await holder.query("SELECT pg_try_advisory_lock(\(0x77_6974_616e as Int64)) AS locked")
            let waiting = migrator(test.open(), files, lockTimeout: .milliseconds(300))
            let error = await #expect(throws: MigrationError.self) { try await waiting.up() }
            guard case .locked(let processID, "stuck program", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(processID > 0 && error?.exitCode == 6)
        }
        await other.close()
        #expect(try await migrator(test.open(), files).up().count == 2)
        try await test.close()
    }

    @Test("asks for no lock when nothing is pending")
    func nothingPending() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let database = test.open()
        _ = try await migrator(database, files).up()
        try await database.withConnection { holder in
            _ = try await holder.query("SELECT pg_try_advisory_lock(\(0x77_6974_616e as Int64)) AS locked")
            #expect(try await migrator(database, files, lockTimeout: .zero).up() == [])
        }
        try await test.close()
    }

    @Test("refuses a file that ends its own transaction")
    func ownCommit() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let error = await #expect(throws: MigrationError.self) {
            try await migrator(test.open(), [Self.file(1, "CREATE TABLE b (); COMMIT; CREATE TABLE c ();")]).up()
        }
        guard case .endedTransaction("0001_step.sql") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await test.close()
    }

    @Test("does not let the settings of one file reach the next")
    func settings() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let files = [
            Self.file(1, "CREATE SCHEMA elsewhere; SET search_path = elsewhere; SET ROLE pg_monitor; RESET ROLE;"),
            Self.file(2, "CREATE TABLE b ();"),
        ]
        #expect(try await migrator(test.open(), files).up().count == 2)
        #expect(try test.psql("SELECT to_regclass('public.b') IS NOT NULL") == "t")
        try await test.close()
    }

    @Test("brings an empty database to the program's own schema")
    func embedded() async throws {
        let test = try await TestDatabase.make()
        let migrator = Migrator(database: test.open(), programVersion: "test")
        let states = try await migrator.status().filter { $0.kind == .sql }.map(\.state)
        #expect(!states.isEmpty && states.allSatisfy { $0 == .applied })
        #expect(try await migrator.verify().exitCode == 0)
        try await test.close()
    }

    @Test("is not needed by a test's database, which knows the program's role and what it may act as")
    func roles() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("CREATE ROLE test_reader NOLOGIN; GRANT test_reader TO witan")
        let who: SQL = "SELECT session_user::text AS login, current_user::text AS role"
        for (role, login) in [(nil, "witan_root"), ("witan", "witan"), ("test_reader", "witan")] {
            let row = try #require(try await test.open(role: role).query(who).first)
            let (foundLogin, foundRole): (String, String) = (try row["login"], try row["role"])
            #expect(foundLogin == login && foundRole == role ?? "witan_root")
        }
        try await test.close()
        #expect(try TestCluster.shared.psql("SELECT count(*) FROM pg_database WHERE datname = '\(test.name)'") == "0")
    }

    @Test("says that it cannot reach the database")
    func unreachable() async throws {
        var configuration = PostgresConfiguration(connectionString: Secret("host=/nowhere user=nobody"))
        configuration.connectTimeout = .milliseconds(500)
        let database = Database(configuration: configuration, loops: [TestDatabase.loop]) { _ in }
        let error = await #expect(throws: MigrationError.self) { try await migrator(database, files).up() }
        #expect(error?.exitCode == 10)
        await database.close()
    }
}
