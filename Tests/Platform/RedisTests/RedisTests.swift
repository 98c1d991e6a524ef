// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import Redis
import SwiftExtensions
import Testing

@Suite struct RedisTests {
    let server = RedisServer()
    let loop = EventLoop()

    /// Patient, because the machine that runs the tests is busy.
    func client(_ url: Secret<String>? = nil, timeout: Duration = .seconds(2)) throws -> Redis {
        try Redis(
            configuration: RedisConfiguration(
                url: url ?? server.socketURL, connectTimeout: .seconds(2), commandTimeout: timeout),
            loops: [loop])
    }

    func failure(_ redis: Redis, _ arguments: RedisArgument...) async -> RedisError? {
        do throws(RedisError) {
            try await redis.command(arguments)
            return nil
        } catch {
            return error
        }
    }

    func becomesConnected(_ redis: Redis) async throws -> Bool {
        for _ in 0..<300 where redis.state != .connected { try await Task.sleep(for: .milliseconds(20)) }
        return redis.state == .connected
    }

    @Test("replies of every kind come as they are, over a socket and over TCP", arguments: [true, false])
    func replies(overSocket: Bool) async throws {
        let redis = try client(overSocket ? server.socketURL : server.url)
        #expect(try await redis.command("SET", "a", "1") == .status("OK"))
        #expect(try await redis.command("GET", "a") == .string(Array("1".utf8)))
        #expect(try await redis.command("GET", "none") == .null)
        #expect(try await redis.command("INCRBY", "a", 41) == .integer(42))
        #expect(try await redis.command("MGET", "a", "none") == .array([.string(Array("42".utf8)), .null]))
        #expect(try await redis.command("LRANGE", "none", 0, -1) == .array([]))
        #expect(try await redis.command("GET", "a").integer == 42)
        #expect(redis.state == .connected)
    }

    @Test("an error reply is thrown with Redis' words, and the connection stays")
    func errorReply() async throws {
        let redis = try client()
        for _ in 0..<5 {
            guard case .server(let message) = await failure(redis, "NOSUCH") else {
                Issue.record("no error")
                return
            }
            #expect(message.hasPrefix("ERR unknown command"))
        }
        #expect(try await redis.command("PING") == .status("PONG"))
        let mixed = try await redis.command("EVAL", "return {1, redis.error_reply('no'), {'x'}}", 0)
        #expect(mixed.elements?.count == 3 && mixed.elements?[2] == .array([.string([120])]))
    }

    @Test("keys and values hold any bytes, also none, also megabytes")
    func bytes() async throws {
        let redis = try client(timeout: .seconds(20))
        let large = Array(repeating: UInt8(0xFF), count: 8 << 20)
        for value in [[], [0], Array(0...255), Array("\r\n$3\r\n".utf8), large] {
            let key = RedisArgument([0, 13, 10] + value.prefix(10))
            try await redis.command("SET", key, RedisArgument(value))
            #expect(try await redis.command("GET", key).bytes == value)
        }
    }

    @Test("a thousand commands at once each get their own reply, from the loop and from other threads")
    func pipelining() async throws {
        let (redis, loop) = (try client(), loop)
        let work: @concurrent @Sendable () async throws -> Int = {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    let own = Int64(number)
                    group.addTask { try await redis.command("ECHO", RedisArgument(own)).integer == own }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
        }
        #expect(try await work() == 1000)
        #expect(try await loop.run(work) == 1000)
    }

    @Test("a script runs by its hash, and again after Redis has forgotten it")
    func scripts() async throws {
        let redis = try client()
        let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
        for count in 1...3 {
            let value = try await redis.evaluate(script, keys: ["k"], arguments: ["v"])
            #expect(value == .array([.string([107]), .string([118]), .integer(Int64(count))]))
            if count == 2 { try await redis.command("SCRIPT", "FLUSH") }
        }
        try await redis.command("CONFIG", "RESETSTAT")
        _ = try await redis.evaluate(script, keys: ["k"], arguments: ["v"])
        let stats = try await redis.command("INFO", "commandstats").text ?? ""
        #expect(stats.contains("cmdstat_evalsha:calls=1") && !stats.contains("cmdstat_eval:"))
    }

    @Test("a script that fails is an error, not run again")
    func failingScript() async throws {
        let redis = try client()
        let script = RedisScript("redis.call('INCR', KEYS[1]); return redis.error_reply('MINE no')")
        for _ in 0..<2 {
            await #expect(throws: RedisError.server(message: "MINE no")) {
                try await redis.evaluate(script, keys: ["k"], arguments: [])
            }
        }
        #expect(try await redis.command("GET", "k").integer == 2)
    }

    @Test("messages reach their channel's handler, also after Redis was killed and started again")
    func publishSubscribe() async throws {
        let redis = try client()
        let heard = Locked<[String]>([])
        for channel in ["one", "two"] {
            redis.subscribe(channel) { bytes in
                heard.withLock { $0.append("\(channel):" + String(decoding: bytes, as: UTF8.self)) }
            }
        }
        try await reach(redis, "one", "a\0b")
        try await reach(redis, "two", "x")
        server.signal(SIGKILL)
        try await Task.sleep(for: .milliseconds(100))
        server.start()
        #expect(try await becomesConnected(redis))
        try await reach(redis, "one", "again")
        try await reach(redis, "two", "again")
        try await redis.publish("three", Array("nobody".utf8))
        try await Task.sleep(for: .milliseconds(50))
        #expect(heard.withLock { $0 } == ["one:a\0b", "two:x", "one:again", "two:again"])
    }

    /// Publishes until somebody gets it.
    func reach(_ redis: Redis, _ channel: String, _ message: String) async throws {
        for _ in 0..<300 {
            if let reached = try? await redis.publish(channel, Array(message.utf8)), reached > 0 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("nobody listens to \(channel)")
    }

    // MARK: Trouble

    @Test("a killed Redis is unavailable at once, says so, and is used again when it is back")
    func killed() async throws {
        let redis = try client()
        #expect(try await redis.command("PING") == .status("PONG"))
        server.signal(SIGKILL)
        try await Task.sleep(for: .milliseconds(100))
        for _ in 0..<5 { _ = await failure(redis, "PING") }
        let start = ContinuousClock.now
        for _ in 0..<1000 {
            guard case .unavailable = await failure(redis, "PING") else {
                Issue.record("not unavailable")
                return
            }
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        guard case .degraded = redis.state else {
            Issue.record("not degraded")
            return
        }
        server.start()
        #expect(try await becomesConnected(redis))
        #expect(try await redis.command("PING") == .status("PONG"))
    }

    @Test("a stopped Redis costs the first callers the timeout and later ones nothing; late replies go to nobody else")
    func stopped() async throws {
        let redis = try client(timeout: .milliseconds(100))
        #expect(try await becomesConnected(redis))
        server.signal(SIGSTOP)
        for number in 0..<3 {
            #expect(await failure(redis, "ECHO", RedisArgument("late-\(number)")) == .timeout(.milliseconds(100)))
        }
        let start = ContinuousClock.now
        for _ in 0..<1000 {
            guard case .unavailable = await failure(redis, "PING") else {
                Issue.record("not unavailable")
                return
            }
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        server.signal(SIGCONT)
        #expect(try await becomesConnected(redis))
        for number in 0..<50 {
            #expect(try await redis.command("ECHO", RedisArgument(Int64(number))).integer == Int64(number))
        }
    }

    @Test("a reply after its timeout is dropped, and the next command on the connection gets its own")
    func lateReply() async throws {
        let redis = try client(timeout: .milliseconds(150))
        #expect(try await becomesConnected(redis))
        let identity = try await redis.command("CLIENT", "ID").integer
        server.signal(SIGSTOP)
        #expect(await failure(redis, "ECHO", "late") == .timeout(.milliseconds(150)))
        server.signal(SIGCONT)
        #expect(try await redis.command("ECHO", "own").text == "own")
        #expect(try await redis.command("CLIENT", "ID").integer == identity)
    }

    @Test("a wrong or missing password is said, and a right one works, for TCP and the socket")
    func password() async throws {
        let server = RedisServer(password: "s3cret")
        let right = try client(server.url)
        #expect(try await right.command("PING") == .status("PONG"))
        let viaSocket = try client(Secret("redis+unix://:s3cret@\(server.directory)/socket"))
        #expect(try await viaSocket.command("PING") == .status("PONG"))
        for url in ["redis://:wrong@127.0.0.1:\(server.port)", "redis://127.0.0.1:\(server.port)"] {
            let redis = try client(Secret(url))
            guard case .unavailable(let reason) = await failure(redis, "PING") else {
                Issue.record("let in")
                return
            }
            #expect(reason.hasPrefix("WRONGPASS") || reason.hasPrefix("NOAUTH"))
        }
    }

    @Test("the database of the URL is selected")
    func database() async throws {
        let redis = try client(Secret("redis://localhost:\(server.port)/5"))
        try await redis.command("SET", "here", "5")
        #expect(try await client().command("EXISTS", "here") == .integer(0))
        let viaSocket = try client(Secret(server.socketURL.reveal() + "?db=5"))
        #expect(try await viaSocket.command("EXISTS", "here") == .integer(1))
    }

    @Test(
        "nobody there, a name that does not resolve, and no socket are unavailable with their reason",
        arguments: [
            ("redis://127.0.0.1:1", "refused"), ("redis://x.invalid", "resolve"),
            ("unix:///nowhere/socket", "No such file"),
        ])
    func nobody(_ url: String, _ word: String) async throws {
        let redis = try client(Secret(url))
        guard case .unavailable(let reason) = await failure(redis, "PING") else {
            Issue.record("available")
            return
        }
        #expect(reason.contains(word))
    }

    @Test("more commands than the queue holds are refused at once")
    func bounds() async throws {
        let redis = try client(timeout: .milliseconds(500))
        #expect(try await becomesConnected(redis))
        server.signal(SIGSTOP)
        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10_100 { group.addTask { await failure(redis, "PING") == .queueFull(limit: 10_000) } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 100)
        server.signal(SIGCONT)
    }

    @Test("after closing, commands say so")
    func close() async throws {
        let redis = try client()
        try await redis.command("PING")
        await redis.close()
        #expect(await failure(redis, "PING") == .closed)
        await redis.close()
    }

    @Test("events tell of connections, failures and the breaker, in order")
    func events() async throws {
        let events = Locked<[RedisEvent]>([])
        let redis = try Redis(configuration: RedisConfiguration(url: server.socketURL), loops: [loop]) { event in
            events.withLock { $0.append(event) }
        }
        #expect(try await becomesConnected(redis))
        server.signal(SIGKILL)
        for _ in 0..<300 {
            if events.withLock({ $0.contains { if case .opened = $0 { true } else { false } } }) { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let kinds = events.withLock { events in
            events.prefix(5).map { event in
                switch event {
                case .connected: "connected"
                case .failed: "failed"
                case .opened: "opened"
                case .subscribed, .subscriptionLost: "other"
                }
            }
        }
        #expect(kinds == ["connected", "failed", "failed", "failed", "opened"])
    }
}
