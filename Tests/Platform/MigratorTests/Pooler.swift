// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import Foundation

/// A real pgbouncer in transaction mode before a test's server.
final class Pooler {
    struct NotStarted: Error { let log: String }

    private let folder: String
    private let process = Process()
    /// The libpq address of the database behind it.
    let address: String

    init(before postgres: PrivatePostgres, database: String, acceptsOptions: Bool) throws {
        folder = "/tmp/pgbouncer-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        chmod(folder, 0o777)
        try """
        [databases]
        \(database) = host=\(postgres.socketDirectory) user=\(PrivatePostgres.superuser) dbname=\(database)
        [pgbouncer]
        pool_mode = transaction
        listen_addr =
        unix_socket_dir = \(folder)
        listen_port = 6432
        auth_type = any
        logfile = \(folder)/log
        \(acceptsOptions ? "ignore_startup_parameters = options,extra_float_digits" : "")
        """.write(toFile: folder + "/ini", atomically: true, encoding: .utf8)
        let isRoot = getuid() == 0
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/pgbouncer")
        // It refuses to run as root.
        process.arguments = ["-q"] + (isRoot ? ["-u", "postgres"] : []) + [folder + "/ini"]
        address = "host=\(folder) port=6432 user=\(PrivatePostgres.superuser) dbname=\(database)"
        try process.run()
        for _ in 0..<500 {
            if takesConnections { return }
            usleep(10_000)
        }
        let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        stop()
        throw NotStarted(log: log)
    }

    /// The socket is a file before anybody listens at it.
    private var takesConnections: Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/.s.PGSQL.6432".utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    func stop() {
        // It inherits a signal mask without SIGTERM.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
