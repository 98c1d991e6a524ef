// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import Postgres
import SwiftExtensions

/// A throwaway PostgreSQL of this test run: unix socket only, in a directory of its own, durable as in production.
final class TestCluster: @unchecked Sendable {
    // @unchecked: `postmaster` is changed by the one test that owns the cluster.
    static let shared = TestCluster()
    private static let made = Locked<[TestCluster]>([])

    let directory: String
    private var postmaster: pid_t = 0

    init() {
        var template = Array("/tmp/pgtest.XXXXXX".utf8CString)
        mkdtemp(&template)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(directory, 0o755)
        Self.run("/bin/mkdir", [directory + "/data"])
        Self.run("/bin/chown", ["postgres:postgres", directory, directory + "/data"])
        Self.run(
            Self.prefix[0],
            Self.prefix.dropFirst() + [
                "\(Self.binaries)/initdb", "-D", "\(directory)/data",
                "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N",
            ])
        Self.made.withLock {
            if $0.isEmpty { atexit { TestCluster.removeAll() } }
            $0.append(self)
        }
        start()
    }

    private static let binaries =
        getenv("WITAN_TEST_POSTGRES_PROGRAMS").map { String(cString: $0) } ?? "/usr/lib/postgresql/15/bin"
    private static let prefix = ["/usr/bin/setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]

    func start() {
        postmaster = Self.spawn(
            Self.prefix[0],
            Self.prefix.dropFirst() + [
                "\(Self.binaries)/postgres", "-D", "\(directory)/data", "-k", directory,
                "-c", "listen_addresses=", "-c", "max_connections=60",
            ])
    }

    /// SIGKILL to the postmaster: its children notice and go.
    func kill() {
        Glibc.kill(postmaster, SIGKILL)
        waitpid(postmaster, nil, 0)
    }

    /// Ends it in order, at once.
    func stop() {
        Glibc.kill(postmaster, SIGINT)
        waitpid(postmaster, nil, 0)
    }

    private static func removeAll() {
        for cluster in made.withLock({ $0 }) {
            Glibc.kill(cluster.postmaster, SIGQUIT)
            waitpid(cluster.postmaster, nil, 0)
            run("/bin/rm", ["-rf", cluster.directory])
        }
    }

    var configuration: PostgresConfiguration {
        PostgresConfiguration(connectionString: Secret("host=\(directory) user=postgres dbname=postgres"))
    }

    /// Waits until the server takes connections.
    func database(
        _ loops: [EventLoop], _ configuration: PostgresConfiguration? = nil,
        observe: @escaping @Sendable (PostgresEvent) -> Void = { _ in }
    ) async throws -> Database {
        let database = Database(configuration: configuration ?? self.configuration, loops: loops, observe: observe)
        try await eventually { try await database.ping() }
        return database
    }

    private static func spawn(_ program: String, _ arguments: [String]) -> pid_t {
        var pid: pid_t = 0
        var list: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        list.append(nil)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let failure = posix_spawn(&pid, program, &actions, nil, list, environ)
        precondition(failure == 0, "cannot start \(program)")
        for text in list { free(text) }
        return pid
    }

    private static func run(_ program: String, _ arguments: [String]) {
        var status: Int32 = 0
        waitpid(spawn(program, arguments), &status, 0)
        precondition(status == 0, "\(program) failed")
    }
}

/// Repeats `body` until it does not throw, for up to 20 seconds.
func eventually(_ body: () async throws -> Void) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while true {
        do { return try await body() } catch  where ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

struct NotYet: Error {}

/// Runs `body` with a database of the shared cluster and one loop.
func withDatabase<Value>(
    _ change: (inout PostgresConfiguration) -> Void = { _ in },
    observe: @escaping @Sendable (PostgresEvent) -> Void = { _ in }, _ body: (Database) async throws -> Value
) async throws -> Value {
    let loop = EventLoop()
    defer { loop.stop() }
    var configuration = TestCluster.shared.configuration
    change(&configuration)
    let database = try await TestCluster.shared.database([loop], configuration, observe: observe)
    do {
        let value = try await body(database)
        await database.close()
        return value
    } catch {
        await database.close()
        throw error
    }
}

/// The error of `body`; records a failure when there is none.
func failure(_ body: () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}
