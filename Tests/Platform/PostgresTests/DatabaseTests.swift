// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import Postgres
import SwiftExtensions
import Testing

@Suite struct DatabaseTests {
    @Test("server errors are typed by SQLSTATE, constraint and table")
    func serverErrors() async throws {
        try await withDatabase { database in
            try await database.run(script: "DROP TABLE IF EXISTS e1; CREATE TABLE e1 (id int PRIMARY KEY)")
            try await database.execute("INSERT INTO e1 VALUES (\(1))")
            let unique = await failure { try await database.execute("INSERT INTO e1 VALUES (\(1))") }
            #expect(unique?.isUniqueViolation == true)
            guard case .server(let report) = unique else { throw NotYet() }
            #expect(report.constraint == "e1_pkey" && report.table == "e1" && report.detail != nil)
            let syntax = await failure { try await database.query("SELEC 1") }
            #expect(syntax?.sqlState == "42601")
            #expect(try await database.query("SELECT 1 AS v").count == 1)
            #expect(try await database.execute("UPDATE e1 SET id = id WHERE id < \(10)") == 1)
        }
    }

    @Test("text that looks like SQL stays data")
    func injection() async throws {
        try await withDatabase { database in
            try await database.run(script: "DROP TABLE IF EXISTS i1; CREATE TABLE i1 (v text)")
            let evil = "'); DROP TABLE i1; --"
            try await database.execute("INSERT INTO i1 VALUES (\(evil))")
            let rows = try await database.query("SELECT v FROM i1 WHERE v = \(evil)")
            #expect(try rows.first?["v"] == evil)
            let zero = await failure { try await database.query("SELECT \("a\0b")") }
            #expect(zero?.sqlState == "22021")
        }
    }

    @Test("a thousand concurrent statements are pipelined over few connections, each with its own answer")
    func pipelined() async throws {
        try await withDatabase { database in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        if number % 10 == 9 {
                            return await failure { try await database.query("SELECT 1 / \(0)") }?.sqlState == "22012"
                        }
                        let rows = try await database.query("SELECT \(number) AS v, pg_backend_pid() AS p")
                        return try rows.first?["v"] == number
                    }
                }
                for try await right in group { #expect(right) }
            }
            #expect(database.statistics.open <= 4)
            #expect(database.statistics.waiting == 0)
        }
    }

    @Test("callers on a loop are answered on that loop, by that loop's connections")
    func loops() async throws {
        let loops = [EventLoop(name: "a"), EventLoop(name: "b")]
        defer { for loop in loops { loop.stop() } }
        let database = try await TestCluster.shared.database(loops)
        for loop in loops {
            let stayed = try await loop.run {
                _ = try await database.query("SELECT 1")
                return loop.isCurrent
            }
            #expect(stayed)
        }
        #expect(database.statistics.open == 2)
        #expect(database.isConnected)
        await database.close()
        #expect(!database.isConnected)
        let closed = await failure { try await database.ping() }
        guard case .closed = closed else { throw NotYet() }
    }

    @Test("the server's statement timeout is an error, and the connection lives on")
    func statementTimeout() async throws {
        try await withDatabase {
            $0.statementTimeout = .milliseconds(50)
        } _: { database in
            let error = await failure { try await database.query("SELECT pg_sleep(5)::text") }
            #expect(error?.sqlState == "57014")
            try await database.ping()
        }
    }

    @Test("the client's deadline stops the statement on the server")
    func queryTimeout() async throws {
        try await withDatabase {
            $0.queryTimeout = .milliseconds(100)
        } _: { database in
            let error = await failure { try await database.query("SELECT pg_sleep(7)::text") }
            guard case .timeout = error else { throw NotYet() }
            try await eventually {
                let rows = try await database.query(
                    "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep' || '(7)%' AND state = 'active'"
                )
                if !rows.isEmpty { throw NotYet() }
            }
        }
    }

    @Test("cancelling the task stops the statement, and neighbours on the connection are unharmed")
    func cancellation() async throws {
        try await withDatabase {
            $0.connectionsPerLoop = 1
        } _: { database in
            for _ in 0..<5 {
                let task = Task { try await database.query("SELECT pg_sleep(8)::text") }
                try await Task.sleep(for: .milliseconds(30))
                let neighbours = (0..<5).map { number in Task { try await database.query("SELECT \(number) AS v") } }
                let start = ContinuousClock.now
                task.cancel()
                let error = await failure { _ = try await task.value }
                guard case .cancelled = error else { throw NotYet() }
                #expect(ContinuousClock.now - start < .seconds(4))
                for (number, task) in neighbours.enumerated() { #expect(try await task.value.first?["v"] == number) }
            }
            let early = Task { @concurrent in
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure { try await database.ping() }
            }
            guard case .cancelled = await early.value else { throw NotYet() }
        }
    }

    @Test("a row of 100 MB comes back whole, and goes in whole")
    func largeRow() async throws {
        try await withDatabase { database in
            let size = 100 << 20
            let rows = try await database.query("SELECT repeat('x', \(Int32(size))) AS v")
            let text: String = try #require(rows.first)["v"]
            #expect(text.utf8.count == size)
            let back = try await database.query("SELECT length(\(text)) AS n")
            #expect(try back.first?["n"] == size)
        }
    }

    @Test("when all connections are lent, callers wait and then are refused; afterwards all is well")
    func exhaustion() async throws {
        try await withDatabase {
            ($0.connectionsPerLoop, $0.waitTimeout, $0.maximumWaiters) = (1, .milliseconds(100), 2)
        } _: { database in
            try await database.transaction { transaction in
                _ = try await transaction.query("SELECT 1")
                let tasks = (0..<3).map { _ in Task { await failure { try await database.ping() } } }
                for task in tasks {
                    guard case .overloaded = await task.value else { throw NotYet() }
                }
                let nested = await failure { _ = try await database.transaction { try await $0.execute("SELECT 1") } }
                guard case .overloaded = nested else { throw NotYet() }
            }
            try await database.ping()
            try await eventually {
                if database.statistics != PoolStatistics(open: 1, idle: 1, waiting: 0) { throw NotYet() }
            }
        }
    }

    @Test("without prepared statements everything works and none is left on the server")
    func unprepared() async throws {
        try await withDatabase {
            ($0.preparedStatements, $0.connectionsPerLoop) = (false, 1)
        } _: { database in
            for number in 0..<3 { #expect(try await database.query("SELECT \(number) AS v").first?["v"] == number) }
            let left = try await database.query("SELECT count(*) AS n FROM pg_prepared_statements")
            #expect(try left.first?["n"] == 0)
            try await database.transaction { _ = try await $0.query("SELECT \("x")") }
        }
    }

    @Test("prepared statements are reused, bounded, and prepared again when their table changes")
    func prepared() async throws {
        try await withDatabase {
            $0.connectionsPerLoop = 1
        } _: { database in
            for number in 0..<300 {
                _ = try await database.query("SELECT \(raw: "\(number)") AS v")
                _ = try await database.query("SELECT \(number) AS w")
            }
            let left = try await database.query("SELECT count(*) AS n FROM pg_prepared_statements")
            #expect(try #require(left.first)["n"] <= 257)
            try await database.run(
                script: "DROP TABLE IF EXISTS s1; CREATE TABLE s1 (a int); INSERT INTO s1 VALUES (1)")
            #expect(try await database.query("SELECT * FROM s1").first?["a"] == 1)
            try await database.run(script: "ALTER TABLE s1 ADD COLUMN b int DEFAULT 2")
            #expect(try await database.query("SELECT * FROM s1").first?["b"] == 2)
            _ = try await database.query("DEALLOCATE ALL")
            #expect(try await database.query("SELECT * FROM s1").first?["b"] == 2)
        }
    }

    @Test("sessions act as the configured role and carry the application's name")
    func role() async throws {
        try await withDatabase { database in
            _ = await failure { try await database.run(script: "CREATE ROLE \"less role\"") }
        }
        try await withDatabase {
            ($0.role, $0.applicationName) = ("less role", "tests")
        } _: { database in
            let row = try #require(
                try await database.query(
                    """
                    SELECT current_user::text AS u, current_setting('application_name') AS a,
                        current_setting('idle_in_transaction_session_timeout') AS i
                    """
                ).first)
            #expect(try row["u"] as String == "less role")
            #expect(try row["a"] as String == "tests")
            #expect(try row["i"] as String == "1min")
            #expect(await failure { try await database.run(script: "CREATE ROLE other") }?.sqlState == "42501")
        }
    }

    @Test("slow statements and notices are events, with the text and never the values")
    func events() async throws {
        let seen = Locked<[String]>([])
        try await withDatabase({ $0.slowQueryThreshold = .milliseconds(20) }) { event in
            switch event {
            case .slowQuery(let text, _): seen.withLock { $0.append(text) }
            case .notice(let text): seen.withLock { $0.append(text) }
            default: break
            }
        } _: { database in
            _ = try await database.query("SELECT pg_sleep(0.05)::text, \("secret")")
            try await database.run(script: "DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        }
        let all = seen.withLock { $0 }
        #expect(all.contains("SELECT pg_sleep(0.05)::text, $1"))
        #expect(all.contains { $0.contains("hello") })
        #expect(!all.contains { $0.contains("secret") })
    }

    @Test("a dedicated connection keeps its session, runs scripts, and reports where a script fails")
    func dedicated() async throws {
        try await withDatabase { database in
            try await database.withConnection { connection in
                #expect(try await connection.query("SELECT pg_try_advisory_lock(77) AS v").first?["v"] == true)
                try await connection.run(script: "CREATE TEMP TABLE t1 (a int); INSERT INTO t1 VALUES (1), (2)")
                #expect(try await connection.query("SELECT a FROM t1").count == 2)
                #expect(try await connection.execute("DELETE FROM t1") == 2)
                guard
                    case .server(let report) = await failure({ try await connection.run(script: "SELECT 1; SELEC 2") })
                else { throw NotYet() }
                #expect(report.position == 11)
                let copy = await failure { try await connection.run(script: "COPY pg_class TO STDOUT") }
                #expect(copy != nil)
                let held = try await database.query("SELECT pg_try_advisory_lock(77) AS v")
                #expect(try held.first?["v"] == true || held.count == 1)
            }
        }
    }

    @Test("a malformed connection string is refused without showing it")
    func malformed() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let database = Database(
            configuration: PostgresConfiguration(connectionString: Secret("passwort=hunter2")), loops: [loop]
        ) { _ in }
        let error = await failure { try await database.ping() }
        guard case .connection(let reason) = error else { throw NotYet() }
        #expect(!reason.contains("hunter2"))
        await database.close()
    }
}
