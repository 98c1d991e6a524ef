// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import Testing

@Suite struct TransactionTests {
    struct Refusal: Error {}

    private func count(_ table: String, _ database: Database) async throws -> Int {
        let rows = try await database.query("SELECT count(*) AS n FROM \(identifier: table)")
        return try #require(rows.first)["n"]
    }

    @Test("a transaction commits what it did, and undoes it when its body throws")
    func commitAndRollback() async throws {
        try await withDatabase { database in
            try await database.run(script: "DROP TABLE IF EXISTS x1; CREATE TABLE x1 (id int PRIMARY KEY)")
            let value = try await database.transaction { transaction in
                try await transaction.execute("INSERT INTO x1 VALUES (1)")
                try await transaction.execute("INSERT INTO x1 VALUES (2)")
                #expect(try await count("x1", database) == 0)
                return "done"
            }
            #expect(value == "done")
            #expect(try await count("x1", database) == 2)
            await #expect(throws: Refusal.self) {
                try await database.transaction { transaction in
                    try await transaction.execute("INSERT INTO x1 VALUES (3)")
                    throw Refusal()
                }
            }
            try await database.transaction { _ in }
            #expect(try await count("x1", database) == 2)
            try await eventually { if database.statistics.idle != database.statistics.open { throw NotYet() } }
        }
    }

    @Test("an error the body hides still fails the commit")
    func hiddenError() async throws {
        try await withDatabase { database in
            let error = await failure {
                try await database.transaction { transaction in _ = try? await transaction.execute("SELECT 1 / 0") }
            }
            #expect(error?.sqlState == "22012")
        }
    }

    @Test("a savepoint undoes its own part only")
    func savepoints() async throws {
        try await withDatabase { database in
            try await database.run(script: "DROP TABLE IF EXISTS x2; CREATE TABLE x2 (id int PRIMARY KEY)")
            try await database.transaction { transaction in
                try await transaction.execute("INSERT INTO x2 VALUES (1)")
                let error = await failure {
                    try await transaction.savepoint { part in
                        try await part.execute("INSERT INTO x2 VALUES (2)")
                        try await part.execute("INSERT INTO x2 VALUES (1)")
                    }
                }
                #expect(error?.isUniqueViolation == true)
                try await transaction.savepoint { part in
                    _ = try await part.savepoint { try await $0.execute("INSERT INTO x2 VALUES (3)") }
                }
            }
            #expect(try await count("x2", database) == 2)
        }
    }

    @Test("settings hold inside the transaction and nowhere else")
    func settings() async throws {
        try await withDatabase {
            $0.connectionsPerLoop = 1
        } _: { database in
            let read: SQL = "SELECT current_setting('app.a', true) || current_setting('app.b', true) AS v"
            let inside = try await database.transaction(settings: [("app.a", "it's"), ("app.b", " me")]) {
                transaction in
                try await transaction.query(read)
            }
            #expect(try inside.first?["v"] == "it's me")
            #expect(try await database.query(read).first?["v"] as String?? != "it's me")
            let refused = await failure {
                try await database.transaction(settings: [("work_mem", "nonsense")]) {
                    _ = try await $0.execute("SELECT 1")
                }
            }
            #expect(refused?.sqlState == "22023")
            try await database.ping()
        }
    }

    @Test("a lost race is run again as often as asked")
    func retries() async throws {
        try await withDatabase { database in
            try await database.run(
                script: "DROP TABLE IF EXISTS x3; CREATE TABLE x3 (n int); INSERT INTO x3 VALUES (0)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<5 {
                            try await database.transaction(isolation: .serializable, retrying: 100) { transaction in
                                let rows = try await transaction.query("SELECT n FROM x3")
                                let n: Int = try #require(rows.first)["n"]
                                try await transaction.execute("UPDATE x3 SET n = \(n + 1)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.query("SELECT n FROM x3").first?["n"] == 20)
        }
    }

    @Test("cancelling a transaction's statement rolls back and frees the connection")
    func cancelled() async throws {
        try await withDatabase {
            $0.connectionsPerLoop = 1
        } _: { database in
            try await database.run(script: "DROP TABLE IF EXISTS x4; CREATE TABLE x4 (id int)")
            let task = Task {
                try await database.transaction { transaction in
                    try await transaction.execute("INSERT INTO x4 VALUES (1)")
                    _ = try await transaction.query("SELECT pg_sleep(9)::text")
                }
            }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            guard case .cancelled = await failure({ try await task.value }) else { throw NotYet() }
            #expect(try await count("x4", database) == 0)
        }
    }
}
