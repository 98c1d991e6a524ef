// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import Testing

@Suite struct CopyTests {
    /// A connection that copies, and one that looks.
    private func withConnection(_ body: (PostgresConnection, Database) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.withConnection { try await body($0, database) }
        }
    }

    /// About 40 MB of rows: many chunks, far more than may wait.
    private static let wide = "SELECT n, repeat('x', 400), now(), NULL::int FROM generate_series(1, 100000) AS n"

    @Test("what is copied out goes in again, byte for byte, however it is cut")
    func roundTrip() async throws {
        try await withConnection { connection, _ in
            try await connection.run(
                script: "CREATE TEMP TABLE a AS \(Self.wide); CREATE TEMP TABLE b AS SELECT * FROM a LIMIT 0")
            var chunks: [[UInt8]] = []
            let rows = try await connection.copyOut("COPY a TO STDOUT (FORMAT binary)") { chunks.append($0) }
            #expect(rows == 100_000)
            #expect(chunks.count > 100 && chunks.allSatisfy { $0.count < 1 << 20 })
            var waiting = ArraySlice(chunks.flatMap { [Array($0.prefix(7)), Array($0.dropFirst(7))] })
            let back = try await connection.copyIn("COPY b FROM STDIN (FORMAT binary)") { waiting.popFirst() }
            #expect(back == 100_000)
            var again: [UInt8] = []
            try await connection.copyOut("COPY b TO STDOUT (FORMAT binary)") { again += $0 }
            #expect(again == Array(chunks.joined()))
        }
    }

    @Test("an empty table and an empty source are copied too")
    func empty() async throws {
        try await withConnection { connection, _ in
            try await connection.run(script: "CREATE TEMP TABLE nothing (n int)")
            var count = 0
            #expect(try await connection.copyOut("COPY nothing TO STDOUT (FORMAT binary)") { count += $0.count } == 0)
            #expect(count == 21)
            #expect(try await connection.copyIn("COPY nothing FROM STDIN") { nil } == 0)
            #expect(try await connection.query("SELECT count(*) AS n FROM nothing").first?["n"] == 0)
        }
    }

    @Test("a reader that takes its time holds the server back")
    func slowReader() async throws {
        try await withConnection { connection, database in
            let pid: Int = try await connection.query("SELECT pg_backend_pid() AS pid")[0]["pid"]
            var chunks = 0
            try await connection.copyOut("COPY (\(raw: Self.wide)) TO STDOUT (FORMAT binary)") { _ in
                chunks += 1
                guard chunks == 3 else { return }
                // The server waits for us to read: it has filled its buffers, and is far from done.
                try await eventually {
                    let rows = try await database.query(
                        "SELECT wait_event FROM pg_stat_activity WHERE pid = \(pid) AND wait_event = 'ClientWrite'")
                    if rows.isEmpty { throw NotYet() }
                }
            }
            #expect(chunks > 100)
        }
    }

    @Test("the server's refusals come as errors, and the connection goes on")
    func refusals() async throws {
        try await withConnection { connection, _ in
            await #expect(throws: PostgresError.self) {
                try await connection.copyOut("COPY nowhere TO STDOUT") { _ in }
            }
            await #expect(throws: PostgresError.self) { try await connection.copyOut("SELECT 1") { _ in } }
            await #expect(throws: PostgresError.self) {
                try await connection.copyOut("COPY (SELECT 1 / (5 - n) FROM generate_series(1, 9) AS n) TO STDOUT") {
                    _ in
                }
            }
            try await connection.run(script: "CREATE TEMP TABLE numbers (n int CHECK (n > 0))")
            for wrong in ["1\n-1\n2\n", "1\nx\n"] {
                var source: [[UInt8]] = [Array(wrong.utf8)]
                await #expect(throws: PostgresError.self) {
                    try await connection.copyIn("COPY numbers FROM STDIN") { source.popLast() }
                }
            }
            #expect(try await connection.query("SELECT count(*) AS n FROM numbers").first?["n"] == 0)
        }
    }

    @Test("a source that fails undoes its COPY")
    func failingSource() async throws {
        struct Broken: Error {}
        try await withConnection { connection, _ in
            try await connection.run(script: "CREATE TEMP TABLE numbers (n int)")
            var given = 0
            await #expect(throws: Broken.self) {
                try await connection.copyIn("COPY numbers FROM STDIN") {
                    given += 1
                    if given == 3 { throw Broken() }
                    return Array("1\n2\n".utf8)
                }
            }
            #expect(try await connection.query("SELECT count(*) AS n FROM numbers").first?["n"] == 0)
        }
    }

    @Test("a reader that fails closes the connection, and the server stops")
    func failingReader() async throws {
        struct Full: Error {}
        try await withConnection { connection, database in
            let pid: Int = try await connection.query("SELECT pg_backend_pid() AS pid")[0]["pid"]
            await #expect(throws: Full.self) {
                try await connection.copyOut("COPY (\(raw: Self.wide)) TO STDOUT") { _ in throw Full() }
            }
            await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
            try await eventually {
                let rows = try await database.query("SELECT 1 AS one FROM pg_stat_activity WHERE pid = \(pid)")
                if !rows.isEmpty { throw NotYet() }
            }
        }
    }

    @Test("a killed server session ends both directions with an error")
    func killed() async throws {
        for out in [true, false] {
            try await withConnection { connection, database in
                let pid: Int = try await connection.query("SELECT pg_backend_pid() AS pid")[0]["pid"]
                try await connection.run(script: "CREATE TEMP TABLE numbers (n text)")
                let line = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000) + [10]
                await #expect(throws: PostgresError.self) {
                    if out {
                        try await connection.copyOut("COPY (\(raw: Self.wide)) TO STDOUT") { _ in
                            try await database.query("SELECT pg_terminate_backend(\(pid))")
                        }
                    } else {
                        var chunks = 0
                        try await connection.copyIn("COPY numbers FROM STDIN") {
                            chunks += 1
                            if chunks == 5 { try await database.query("SELECT pg_terminate_backend(\(pid))") }
                            return chunks < 10_000 ? line : nil
                        }
                    }
                }
            }
        }
    }

    @Test("a cancelled task ends its COPY and leaves nothing behind")
    func cancelled() async throws {
        try await withDatabase { database in
            try await database.run(script: "DROP TABLE IF EXISTS copied; CREATE TABLE copied (n text)")
            let task = Task {
                try await database.withConnection { connection in
                    try await connection.copyIn("COPY copied FROM STDIN") {
                        try? await Task.sleep(for: .milliseconds(5))
                        return Array("row\n".utf8)
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            await #expect(throws: PostgresError.self) { try await task.value }
            #expect(try await database.query("SELECT count(*) AS n FROM copied").first?["n"] == 0)
        }
    }
}
