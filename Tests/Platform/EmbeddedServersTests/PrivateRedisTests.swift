// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import EmbeddedServers

@Suite("A private Redis", .serialized)
struct PrivateRedisTests {
    let scratch: Scratch
    let events = Events()

    init() throws { scratch = try Scratch() }

    private func start() throws -> PrivateRedis {
        let directory = try DataDirectory.open(scratch.path + "/data")
        let started = try PrivateRedis.start(in: directory) { [events] in events.note($0) }
        let redis = try #require(started)
        scratch.track(redis.processID)
        return redis
    }

    private func ask(_ redis: PrivateRedis?, _ command: String) -> String {
        String(shell("redis-cli -s '\(redis?.socketPath ?? "")' \(command)").output.drop { $0 == "\n" }.dropLast())
    }

    @Test("keeps its data over a stop and a start")
    func restart() throws {
        var redis: PrivateRedis? = try start()
        #expect(ask(redis, "SET greeting hello") == "OK")
        try redis?.stop()
        #expect(redis?.processID == nil)
        redis = nil
        redis = try start()
        #expect(ask(redis, "GET greeting") == "hello")
        try redis?.stop()
        #expect(events.words == ["started", "stopped", "started", "stopped"])
    }

    @Test("left running is adopted; killed it comes back")
    func adoptedAndKilled() throws {
        var redis: PrivateRedis? = try start()
        let processID = try #require(redis?.processID)
        redis = nil
        redis = try start()
        #expect(redis?.processID == processID)
        kill(processID, SIGKILL)
        var answer = ""
        for _ in 0..<200 where answer != "PONG" {
            answer = ask(redis, "PING")
            usleep(50_000)
        }
        #expect(answer == "PONG")
        scratch.track(redis?.processID)
        try redis?.stop()
        #expect(events.words == ["started", "adopted", "died", "started", "stopped"])
    }

    @Test("begins with what another one saved, but not over what is there")
    func dump() async throws {
        let first = try start()
        #expect(ask(first, "SET greeting hello") == "OK")
        #expect(ask(first, "BGSAVE").hasPrefix("Background saving started"))
        for _ in 0..<200 where !ask(first, "INFO persistence").contains("rdb_saves:1") { usleep(20_000) }
        try first.stop()
        let file = try #require(fopen(PrivateRedis.dumpPath(in: scratch.path + "/data"), "re"))
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        fclose(file)
        #expect(bytes.count > 50)

        let second = try DataDirectory.open(scratch.path + "/second")
        var pieces = [Array(bytes.prefix(10)), Array(bytes.dropFirst(10))]
        try await PrivateRedis.begin(in: second) { pieces.isEmpty ? nil : pieces.removeFirst() }
        let redis = try #require(try PrivateRedis.start(in: second))
        scratch.track(redis.processID)
        #expect(ask(redis, "GET greeting") == "hello")
        #expect(ask(redis, "SET greeting again") == "OK")
        try redis.stop()
        await #expect(throws: EmbeddedServerError.self) { try await PrivateRedis.begin(in: second) { nil } }
        let again = try #require(try PrivateRedis.start(in: second))
        scratch.track(again.processID)
        #expect(ask(again, "GET greeting") == "again")
        try again.stop()
    }

    @Test("refuses the commands that harm everybody, and listens on no port")
    func commands() throws {
        let redis = try start()
        #expect(ask(redis, "FLUSHALL").contains("NOPERM"))
        #expect(ask(redis, "CONFIG SET dir /tmp").contains("NOPERM"))
        #expect(ask(redis, "INFO server").contains("tcp_port:0"))
        #expect(ask(redis, "INFO memory").contains("maxmemory_policy:volatile-lru"))
        #expect(ask(redis, "INFO persistence").contains("aof_enabled:1"))
        #expect(try #require(FileSystem.status(redis.socketPath)).st_mode & 0o777 == 0o700)
        try redis.stop()
    }

    @Test("that is named and missing is an error")
    func missing() throws {
        var settings = PrivateRedis.Settings()
        settings.program = "/nowhere/redis-server"
        let directory = try DataDirectory.open(scratch.path + "/data")
        let expected = EmbeddedServerError.programMissing(path: "/nowhere/redis-server", package: "redis-server")
        #expect(throws: expected) { try PrivateRedis.start(in: directory, settings: settings) }
    }

    @Test("that is in none of the folders to look in is not there, and no error")
    func notInstalled() throws {
        var settings = PrivateRedis.Settings()
        settings.searchPath = "/nowhere:/proc"
        let directory = try DataDirectory.open(scratch.path + "/data")
        #expect(try PrivateRedis.start(in: directory, settings: settings) == nil)
    }

    @Test("that will not start says what it wrote")
    func failure() throws {
        var settings = PrivateRedis.Settings()
        settings.program = "/bin/false"
        let directory = try DataDirectory.open(scratch.path + "/data")
        let expected = EmbeddedServerError.failed(program: "/bin/false", output: "")
        #expect(throws: expected) { try PrivateRedis.start(in: directory, settings: settings) }
    }
}

@Suite("An ordinary user")
struct OrdinaryUserTests {
    /// The tests of this folder once more, in a process of the user `nobody`.
    @Test("can do all of this", .enabled(if: geteuid() == 0 && OrdinaryUserTests.mayRead))
    func everything() throws {
        let program = try #require(FileSystem.resolve("/proc/self/exe"))
        let result = shell(
            "cd /tmp && setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all '\(program)' "
                + "--testing-library swift-testing --filter EmbeddedServersTests")
        #expect(result.code == 0 && result.output.contains("A private PostgreSQL"), "\(result.output)")
    }

    /// Whether that user can read the tests' own program.
    private static var mayRead: Bool {
        guard let program = FileSystem.resolve("/proc/self/exe") else { return false }
        return shell("setpriv --reuid=65534 --regid=65534 --clear-groups test -x '\(program)'").code == 0
    }
}
