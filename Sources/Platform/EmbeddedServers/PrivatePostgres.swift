// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A PostgreSQL cluster of the program's own: in its data directory, reachable over a Unix socket by its user only
/// (peer authentication, never `trust`, no TCP), with page checksums, never run as root.
///
/// It outlives a crash of the program: the next start adopts it. A crash of the server itself is noticed and it is
/// started again. All calls block the calling thread (a start takes about 0.2 s, the first one about 1 s): make them
/// before the event loops have work, or on a thread that may wait.
package final class PrivatePostgres: Sendable {
    /// The superuser of the cluster: migrations connect as it.
    package static let superuser = "witan_root"
    /// The role the program logs in as; what it may do is for the migrations to say.
    package static let loginRole = "witan"
    /// The one database.
    package static let database = "witan"

    let server: PostgresServer
    private let supervisor: Supervisor

    /// Starts the cluster, or adopts it when it still runs; makes it first when the directory has none.
    ///
    /// - Parameter observe: Told of each step, and later of deaths and restarts, from another thread.
    /// - Throws: Any `EmbeddedServerError` but those of `DataDirectory.open`.
    package static func start(
        in directory: DataDirectory, settings: Settings = Settings(),
        observe: @escaping @Sendable (EmbeddedServerEvent) -> Void = { _ in }
    ) throws(EmbeddedServerError) -> PrivatePostgres {
        let server = try PostgresServer(directory, settings, observe: observe)
        try server.restart()
        return PrivatePostgres(server, Supervisor(server, observe: observe))
    }

    private init(_ server: PostgresServer, _ supervisor: Supervisor) {
        self.server = server
        self.supervisor = supervisor
    }

    /// Without `stop` the server goes on, and the next start adopts it.
    deinit { supervisor.end() }

    /// The directory of the socket, for `host=`.
    package var socketDirectory: String { server.socketDirectory }

    /// The postmaster's process id; nil when it is stopped.
    package var processID: Int32? { server.running?.processID }

    /// Major version of the cluster, such as 15.
    package var majorVersion: Int { server.installation.major }

    /// The folder of the server's programs, for `pg_basebackup` and the like.
    package var programs: String { server.installation.folder }

    /// What libpq needs to connect: `superuser` or `loginRole`, to the program's database unless another is named.
    package func connectionString(role: String = loginRole, database: String = database) -> String {
        Self.connectionString(socketDirectory: server.socketDirectory, role: role, database: database)
    }

    /// Ends the server in order: connections are cut, everything is written (SIGINT, “fast”); after `limit` without
    /// that (SIGQUIT, recovery at the next start).
    ///
    /// - Throws: `timedOut` when it does not end even so.
    package func stop(within limit: Duration = .seconds(30)) throws(EmbeddedServerError) {
        supervisor.end()
        try server.stop(within: limit)
    }
}
