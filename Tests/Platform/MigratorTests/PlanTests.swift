// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Migrator

@Suite("A plan", .serialized)
struct PlanTests {
    private let base = Migration.step(1, "CREATE SCHEMA s; CREATE TABLE s.a (n integer); INSERT INTO s.a VALUES (1);")

    private func migrator(_ test: TestDatabase, _ files: [Migration]) -> Migrator {
        Migrator(database: test.open(), migrations: files, programVersion: "1")
    }

    @Test("tells the locks each step takes and the tables it rewrites, and leaves nothing")
    func measures() async throws {
        let test = try await TestDatabase.make(migrated: false)
        _ = try await migrator(test, [base]).up()
        let files = [
            base, .step(2, "ALTER TABLE s.a ALTER COLUMN n TYPE bigint;"),
            .step(3, "CREATE TABLE s.b (n bigint); COMMENT ON TABLE s.b IS 'new';"),
            .step(4, "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON s.a (n);\nANALYZE s.a;"),
            .step(5, "UPDATE s.a SET n = n + 1;"),
        ]
        let plan = try await migrator(test, files).plan()
        #expect(plan.steps.map(\.name) == ["0002_step", "0003_step", "0004_step", "0005_step"] && plan.isSound)
        guard case .tried(let duration, let locks, let rewritten) = plan.steps[0].outcome else {
            Issue.record("\(plan.steps[0])")
            return
        }
        #expect(locks == [MigrationPlan.Lock(relation: "s.a", mode: "AccessExclusiveLock")] && rewritten == ["s.a"])
        #expect(duration > .zero)
        guard case .tried(_, [], []) = plan.steps[1].outcome else {
            Issue.record("\(plan.steps[1])")
            return
        }
        guard case .outlined(let lines) = plan.steps[2].outcome else {
            Issue.record("\(plan.steps[2])")
            return
        }
        #expect(lines.count == 2 && lines[0].hasSuffix("(ShareUpdateExclusiveLock on s.a)"))
        guard case .tried(_, let update, []) = plan.steps[3].outcome else {
            Issue.record("\(plan.steps[3])")
            return
        }
        #expect(update == [MigrationPlan.Lock(relation: "s.a", mode: "RowExclusiveLock")])
        #expect(try test.psql("SELECT to_regclass('s.b') IS NULL, max(n) FROM s.a") == "t|1")
        #expect(try await migrator(test, files).history().rows.count == 1)
        try await test.close()
    }

    @Test("of an empty database leaves it empty")
    func empty() async throws {
        let test = try await TestDatabase.make(migrated: false)
        #expect(try await migrator(test, [base]).plan().steps.count == 1)
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL AND to_regnamespace('ops') IS NULL") == "t")
        _ = try await migrator(test, [base]).up()
        #expect(try await migrator(test, [base]).plan().steps.isEmpty)
        try await test.close()
    }

    @Test("finds the step that would fail, and does not try those behind it")
    func failure() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let files = [base, .step(2, "SELECT 1;\nINSERT INTO s.c VALUES (1);"), .step(3, "SELECT 1")]
        let plan = try await migrator(test, files).plan()
        #expect(!plan.isSound)
        guard case .failed(let reason) = plan.steps[1].outcome, case .failed(let later) = plan.steps[2].outcome else {
            Issue.record("\(plan)")
            return
        }
        #expect(reason.contains("0002_step.sql failed at line 2") && later.contains("because 0002_step.sql failed"))
        try await test.close()
    }

    @Test("does not run a step that would end the transaction")
    func ownCommit() async throws {
        let test = try await TestDatabase.make(migrated: false)
        let plan = try await migrator(test, [base, .step(2, "CREATE TABLE s.b (); COMMIT;")]).plan()
        #expect(!plan.isSound)
        #expect(try test.psql("SELECT to_regnamespace('s') IS NULL") == "t")
        try await test.close()
    }
}
