// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import Migrator
import Redis
import SwiftExtensions
import Testing

/// The program's own keys and scripts, in a real Redis.
@Suite(.serialized) struct RedisSchemaTests {
    let server = RedisServer()
    let loop = EventLoop()
    let redis: Redis
    let schema: RedisSchema

    init() throws {
        redis = try Redis(
            configuration: RedisConfiguration(
                url: server.socketURL, connectTimeout: .seconds(2), commandTimeout: .seconds(2)), loops: [loop])
        let migration = try #require(Migration.embedded.first { $0.kind == .redis })
        schema = try RedisSchema(json: Array(migration.text.utf8))
    }

    @Test("are put there, and found to be there")
    func applied() async throws {
        #expect(try await !schema.isHeld(by: redis))
        try await schema.apply(to: redis)
        #expect(try await schema.isHeld(by: redis))
        #expect(try await redis.command("HGET", RedisArgument(schema.key), "version").integer == schema.version)
        try await schema.apply(to: redis)
        #expect(try await schema.isHeld(by: redis))
    }

    @Test("are missed after FLUSHALL, SCRIPT FLUSH and a restart, and can be put there again")
    func lost() async throws {
        for loss in [["FLUSHALL"], ["SCRIPT", "FLUSH"]] as [[RedisArgument]] {
            try await schema.apply(to: redis)
            try await redis.command(loss)
            #expect(try await !schema.isHeld(by: redis))
        }
        try await schema.apply(to: redis)
        server.signal(SIGKILL)
        server.start()
        // A client that has not noticed yet fails once or rests first, so a new one asks.
        let again = try Redis(
            configuration: RedisConfiguration(
                url: server.socketURL, connectTimeout: .seconds(10), commandTimeout: .seconds(10)), loops: [loop])
        #expect(try await !schema.isHeld(by: again))
        try await schema.apply(to: again)
        #expect(try await schema.isHeld(by: again))
    }

    @Test("of a newer program are left alone")
    func newer() async throws {
        try await redis.command("HSET", RedisArgument(schema.key), "version", RedisArgument(schema.version + 1))
        let error = await #expect(throws: RedisError.self) { try await schema.apply(to: redis) }
        #expect(error?.description.contains("newer program") == true)
    }

    @Test(
        "need a key, a version and named scripts with a source",
        arguments: [
            "", "[]", #"{"schema": {"key": "k"}}"#, #"{"schema": {"key": "k", "version": 0}}"#,
            #"{"schema": {"key": "k", "version": 1}, "scripts": [{"name": "s", "source": []}]}"#,
            #"{"schema": {"key": "k", "version": 1}, "scripts": [{"source": ["return 1"]}]}"#,
        ])
    func malformed(json: String) {
        #expect(throws: RedisError.self) { try RedisSchema(json: Array(json.utf8)) }
    }

    // MARK: The rate limit

    /// Allowed, milliseconds until the next is, and what is left.
    private func ask(
        _ identifier: String, burst: Int64, per milliseconds: Int64, requests: Int64 = 1, cost: Int64 = 1
    ) async throws -> [Int64] {
        let script = try #require(schema["rate_limit"])
        let answer = try await redis.evaluate(
            script, keys: ["rate_limit:\(identifier):1"],
            arguments: [
                RedisArgument(burst), RedisArgument(requests), RedisArgument(milliseconds), RedisArgument(cost),
            ])
        return try #require(answer.elements).compactMap(\.integer)
    }

    @Test("a burst of five passes, the sixth is told when to come again")
    func burst() async throws {
        for left in (0..<5).reversed() {
            let answer = try await ask("a", burst: 5, per: 100_000)
            #expect(answer == [1, 0, Int64(left)])
        }
        let refused = try await ask("a", burst: 5, per: 100_000)
        #expect(refused[0] == 0 && refused[2] == 0)
        #expect((50_000...100_000).contains(refused[1]))
        #expect(try await ask("b", burst: 5, per: 100_000) == [1, 0, 4])
        let ttl = try #require(try await redis.command("PTTL", "rate_limit:a:1").integer)
        #expect((400_000...500_000).contains(ttl))
    }

    @Test("a refusal changes nothing, and after the time it names one passes")
    func again() async throws {
        #expect(try await ask("c", burst: 1, per: 300)[0] == 1)
        var waits: [Int64] = []
        while case let answer = try await ask("c", burst: 1, per: 300), answer[0] == 0 {
            waits.append(answer[1])
            try await Task.sleep(for: .milliseconds(answer[1]))
            if waits.count > 50 { break }
        }
        #expect(waits.count < 50 && waits.allSatisfy { (1...300).contains($0) })
    }

    @Test("over a stretch of time no more pass than the burst and the rate allow")
    func rate() async throws {
        let began = ContinuousClock.now
        var passed = 0
        while ContinuousClock.now - began < .milliseconds(600) {
            if try await ask("d", burst: 3, per: 1000, requests: 50)[0] == 1 { passed += 1 }
        }
        let most = 3 + Int((ContinuousClock.now - began) / .milliseconds(20)) + 1
        #expect(passed > 3 && passed <= most)
    }

    @Test("what costs more than the burst never passes, and is told so")
    func never() async throws {
        #expect(try await ask("e", burst: 5, per: 1000, cost: 6) == [0, -1, 5])
        #expect(try await ask("e", burst: 5, per: 100_000, cost: 5) == [1, 0, 0])
    }
}
