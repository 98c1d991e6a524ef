// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import Testing

@Suite(.serialized) struct CrashTests {
    @Test("killed and restarted under load: calls fail fast, the pool recovers, and every batch entry is there once")
    func killedUnderLoad() async throws {
        let cluster = TestCluster()
        let loops = [EventLoop(), EventLoop()]
        defer { for loop in loops { loop.stop() } }
        let database = try await cluster.database(loops)
        try await database.run(script: "CREATE TABLE call (id uuid PRIMARY KEY, n int4)")
        try await database.run(script: "CREATE TABLE entry (id uuid, part int4, PRIMARY KEY (id, part))")
        var limits = BatchLimits()
        limits.answerWithin = .seconds(30)
        let writer = BatchWriter(
            configuration: cluster.configuration, loop: loops[0],
            tables: [
                BatchTable(name: "call", columns: [("id", .uuid), ("n", .int4)]),
                BatchTable(name: "entry", columns: [("id", .uuid), ("part", .int4)]),
            ], limits: limits, observe: { _ in })
        writer.start()
        let stop = Locked(false)
        let acknowledged = Locked<[UniqueID]>([])
        let slowest = Locked(Duration.zero)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<32 {
                group.addTask {
                    await loops[worker % 2].run {
                        while !stop.withLock({ $0 }) {
                            let id = UniqueID.v7()
                            let error = await failure { try await append(id, by: Int32(worker), to: writer) }
                            if error == nil { acknowledged.withLock { $0.append(id) } } else { #expect(error == nil) }
                        }
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    while !stop.withLock({ $0 }) {
                        let start = ContinuousClock.now
                        let error = await failure { try await database.query("SELECT 1") }
                        slowest.withLock { $0 = max($0, ContinuousClock.now - start) }
                        if let error { #expect(error.isConnectionProblem) }
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                }
            }
            for _ in 0..<3 { await crash(cluster, database) }
            try? await Task.sleep(for: .milliseconds(300))
            stop.withLock { $0 = true }
        }
        await writer.stop()
        let ids = acknowledged.withLock { $0 }
        #expect(ids.count > 100)
        try await database.execute("ANALYZE call")
        let calls = try await database.query("SELECT id FROM call")
        #expect(try Set(calls.map { try $0["id"] as UniqueID }) == Set(ids))
        let parts = try await database.query("SELECT count(*) AS n FROM entry")
        #expect(try parts.first?["n"] == ids.count * 2)
        #expect(slowest.withLock { $0 } < .seconds(6))
        await database.close()
    }

    /// One row in `call`, two in `entry`.
    private func append(_ id: UniqueID, by worker: Int32, to writer: BatchWriter) async throws(PostgresError) {
        try await writer.append { rows in
            rows.begin(0)
            rows.uuid(id)
            rows.int4(worker)
            for part in Int32(0)..<2 {
                rows.begin(1)
                rows.uuid(id)
                rows.int4(part)
            }
        }
    }

    /// Lets it work for a while, kills it, and waits until it answers again.
    private func crash(_ cluster: TestCluster, _ database: Database) async {
        try? await Task.sleep(for: .milliseconds(300))
        cluster.kill()
        try? await Task.sleep(for: .milliseconds(200))
        await #expect(throws: Never.self) {
            try await eventually {
                cluster.start()
                try await Task.sleep(for: .milliseconds(1500))
                try await database.ping()
            }
        }
    }

    @Test("while the server is away calls fail at once, rows wait, and both recover by themselves")
    func away() async throws {
        let cluster = TestCluster()
        let loop = EventLoop()
        defer { loop.stop() }
        let database = try await cluster.database([loop])
        try await database.run(script: "CREATE TABLE call (id uuid PRIMARY KEY)")
        var limits = BatchLimits()
        limits.answerWithin = .milliseconds(200)
        let writer = BatchWriter(
            configuration: cluster.configuration, loop: loop,
            tables: [BatchTable(name: "call", columns: [("id", .uuid)])], limits: limits, observe: { _ in })
        writer.start()
        try await writer.append {
            $0.begin(0); $0.uuid(.v7())
        }
        cluster.stop()
        try await eventually { if database.isConnected || writer.isReady { throw NotYet() } }
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(await failure { try await database.ping() }?.isConnectionProblem == true) }
        #expect(await failure { _ = try await database.transaction { try await $0.execute("SELECT 1") } } != nil)
        #expect(ContinuousClock.now - start < .seconds(20))
        let late = await failure {
            try await writer.append {
                $0.begin(0); $0.uuid(.v7())
            }
        }
        guard case .timeout = late else { throw NotYet() }
        cluster.start()
        try await eventually { if !database.isConnected || !writer.isReady { throw NotYet() } }
        await writer.stop()
        #expect(try await database.query("SELECT id FROM call").count == 2)
        await database.close()
    }

    @Test("listeners hear of each connection and of notifications, also after a restart")
    func listening() async throws {
        let cluster = TestCluster()
        let loop = EventLoop()
        defer { loop.stop() }
        let database = try await cluster.database([loop])
        let heard = Locked<[String]>([])
        try await database.listen("news") { text in heard.withLock { $0.append(text) } }
        try await database.execute("SELECT pg_notify('news', 'one')")
        try await eventually { if heard.withLock({ $0 }) != ["", "one"] { throw NotYet() } }
        cluster.stop()
        cluster.start()
        try await eventually { if heard.withLock({ $0 }) != ["", "one", ""] { throw NotYet() } }
        try await eventually { try await database.execute("SELECT pg_notify('news', 'two')") }
        try await eventually { if heard.withLock({ $0.last }) != "two" { throw NotYet() } }
        await database.close()
    }
}
