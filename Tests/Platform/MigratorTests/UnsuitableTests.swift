// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("A database that is not for migrating", .serialized)
struct UnsuitableTests {
    private let files: [Migration] = [
        .step(1, "CREATE SCHEMA IF NOT EXISTS s; CREATE SCHEMA t; CREATE TABLE s.a (n integer);")
    ]

    private func migrator(_ database: Database) -> Migrator {
        Migrator(database: database, migrations: files, programVersion: "1")
    }

    @Test("with schemas of these names is refused before anything is done, and they are named")
    func foreignSchemas() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("CREATE SCHEMA s; CREATE TABLE s.users (); CREATE SCHEMA ops")
        for body in [{ _ = try await migrator(test.open()).up() }, { _ = try await migrator(test.open()).plan() }] {
            let error = await #expect(throws: MigrationError.self) { try await body() }
            guard case .foreignSchemas(["ops", "s"]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.exitCode == 1 && error?.description.contains("ALTER SCHEMA ops RENAME TO") == true)
        }
        #expect(try test.psql("SELECT to_regnamespace('t') IS NULL") == "t")
        try await test.close()
    }

    @Test("because the account may not create schemas says what to grant")
    func missingPrivilege() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("DO $$ BEGIN CREATE ROLE test_powerless LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        try test.psql("GRANT test_powerless TO witan")
        let error = await #expect(throws: MigrationError.self) {
            try await migrator(test.open(role: "test_powerless")).up()
        }
        guard case .missingPrivilege("test_powerless", test.name, "CREATE") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("GRANT CREATE ON DATABASE \(test.name) TO test_powerless;") == true)
        #expect(try test.psql("SELECT to_regnamespace('ops') IS NULL") == "t")
        try test.psql("GRANT CREATE ON DATABASE \(test.name) TO test_powerless")
        #expect(try await migrator(test.open(role: "test_powerless")).up().count == 1)
        try await test.close()
    }

    @Test("because it takes no changes says so")
    func readOnly() async throws {
        let test = try await TestDatabase.make(migrated: false)
        try test.psql("ALTER DATABASE \(test.name) SET default_transaction_read_only = on")
        let error = await #expect(throws: MigrationError.self) { try await migrator(test.open()).up() }
        guard case .readOnly = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.exitCode == 1 && error?.description.contains("primary") == true)
        try await test.close()
    }

    @Test("is as it was when the connection is killed in the middle of a file", .timeLimit(.minutes(1)))
    func killedConnection() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test.open()).up()
        let files = files + [.step(2, "CREATE TABLE s.b (); SELECT pg_sleep(30);")]
        let migrator = Migrator(database: test.open(), migrations: files, programVersion: "1")
        async let outcome = Result { () async throws(MigrationError) in try await migrator.up() }
        while try test.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND \(mine(test))")
            == "0"
        {
            try await Task.sleep(for: .milliseconds(20))
        }
        try test.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND \(mine(test))")
        guard case .failure(let error) = await outcome else {
            Issue.record("it was killed")
            return
        }
        #expect(error.exitCode == 10, "\(error)")
        #expect(try test.psql("SELECT to_regclass('s.b') IS NULL, max(step) FROM ops._migration_history") == "t|1")
        #expect(try await self.migrator(test.open()).verify().exitCode == 0)
        try await test.close()
    }

    private func mine(_ test: TestDatabase) -> String { "datname = '\(test.name)'" }
}

extension Result {
    fileprivate init(_ body: () async throws(Failure) -> Success) async {
        do throws(Failure) {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
