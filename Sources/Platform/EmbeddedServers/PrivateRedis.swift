// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A redis-server of the program's own: on a Unix socket in the data directory, for its user only, written to an
/// append-only file once a second (a crash of the machine loses at most that second).
///
/// Like `PrivatePostgres` it is adopted after a crash of the program and started again after one of its own, and all
/// calls block.
package final class PrivateRedis: Sendable {
    /// How to run it.
    package struct Settings: Sendable {
        /// `redis-server` itself; nil: the first one in `searchPath`.
        package var program: String?
        /// Folders to look in, with colons between them, like `PATH`.
        package var searchPath = Command.searchPath
        /// The operating system's user to run as when this program is root.
        package var userInsteadOfRoot = "postgres"
        /// `maxmemory`, in megabytes; beyond it, keys that expire make way, the least recently used first.
        package var memoryMegabytes = 256

        package init() {}
    }

    private let server: RedisServer
    private let supervisor: Supervisor

    /// Starts or adopts it.
    ///
    /// - Returns: Nil when Redis is not installed.
    /// - Throws: `programMissing` for a program named in the settings, and what a start can throw.
    package static func start(
        in directory: DataDirectory, settings: Settings = Settings(),
        observe: @escaping @Sendable (EmbeddedServerEvent) -> Void = { _ in }
    ) throws(EmbeddedServerError) -> PrivateRedis? {
        let program = settings.program ?? find("redis-server", in: settings.searchPath)
        guard let program else { return nil }
        guard access(program, X_OK) == 0 else { throw .programMissing(path: program, package: "redis-server") }
        let server = try RedisServer(directory, settings, program: program, observe: observe)
        try server.restart()
        return PrivateRedis(server, Supervisor(server, observe: observe))
    }

    private static func find(_ name: String, in path: String) -> String? {
        path.split(separator: ":").map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }

    private init(_ server: RedisServer, _ supervisor: Supervisor) {
        self.server = server
        self.supervisor = supervisor
    }

    /// Without `stop` the server goes on, and the next start adopts it.
    deinit { supervisor.end() }

    /// Path of the Unix socket.
    package var socketPath: String { server.socketPath }

    /// The server's process id; nil when it is stopped.
    package var processID: Int32? { server.running?.processID }

    /// Ends the server in order (SIGTERM: the append-only file is flushed).
    ///
    /// - Throws: `timedOut` when it does not end even by SIGKILL after `limit`.
    package func stop(within limit: Duration = .seconds(10)) throws(EmbeddedServerError) {
        supervisor.end()
        try server.stop(within: limit)
    }
}
