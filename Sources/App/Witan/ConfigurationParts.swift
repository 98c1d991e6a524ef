// SPDX-License-Identifier: Apache-2.0
import Cryptography
import EmbeddedServers
import Glibc
import HTTPServer
import Observability
import Postgres
import SwiftExtensions

extension Configuration {
    /// How the program's parts connect to PostgreSQL, each as the least role it needs.
    func postgres(_ url: Secret<String>, role: String) -> PostgresConfiguration {
        var settings = PostgresConfiguration(connectionString: url)
        settings.role = role
        settings.applicationName = role.replacing("_", with: " ")
        settings.connectionsPerLoop = integer("DATABASE_POOL_MAX")
        settings.statementTimeout = duration("DATABASE_STATEMENT_TIMEOUT")
        settings.queryTimeout = duration("DATABASE_QUERY_TIMEOUT")
        settings.preparedStatements = boolean("WITAN_PREPARED_STATEMENTS")
        settings.slowQueryThreshold = duration("DATABASE_SLOW_QUERY_THRESHOLD")
        return settings
    }

    /// How the private cluster is run.
    var privatePostgres: PrivatePostgres.Settings {
        var settings = PrivatePostgres.Settings()
        settings.programs = self["WITAN_POSTGRES_PROGRAMS"]
        if self["WITAN_WAL_ARCHIVE"] != nil { settings.archiveTimeout = duration("WITAN_WAL_ARCHIVE_TIMEOUT") }
        return settings
    }

    /// Where the master key is.
    var masterKeyFile: String { self["WITAN_MASTER_KEY_FILE"] ?? "\(text("WITAN_DATA_DIR"))/master.key" }

    var http: HTTPServerConfiguration {
        var settings = HTTPServerConfiguration(address: text("WITAN_LISTEN"))
        settings.maximumHeadBytes = integer("WITAN_MAX_HEAD_BYTES")
        settings.maximumBodyBytes = integer("WITAN_MAX_BODY_BYTES")
        settings.maximumConnections = integer("WITAN_MAX_CONNECTIONS")
        settings.idleTimeout = duration("WITAN_IDLE_TIMEOUT")
        settings.requestTimeout = duration("WITAN_REQUEST_TIMEOUT")
        settings.errorHeaders = { [("x-request-id", UniqueID.v7().description)] }
        if let certificate = self["WITAN_TLS_CERTIFICATE_FILE"], let key = self["WITAN_TLS_KEY_FILE"] {
            settings.tls = (certificate, key)
        }
        return settings
    }

    /// How passwords are hashed: the cost, and how many at a time.
    var passwordHashing: PasswordHashing {
        PasswordHashing(
            cost: Argon2idCost(
                memoryKiB: UInt32(integer("WITAN_ARGON2_MEMORY") * 1024),
                passes: UInt32(integer("WITAN_ARGON2_ITERATIONS")), lanes: UInt32(integer("WITAN_ARGON2_LANES"))),
            threads: hashCount, queue: integer("WITAN_ARGON2_QUEUE"))
    }

    private var hashCount: Int {
        let wanted = integer("WITAN_ARGON2_THREADS")
        return wanted > 0 ? wanted : min(8, coreCount)
    }

    /// Whose word on a client's address is taken.
    var trustedProxies: [NetworkRange] {
        (self["WITAN_TRUSTED_PROXIES"] ?? "").split(separator: ",").compactMap { NetworkRange(String($0)) }
    }

    var logLevel: LogLevel { LogLevel(name: text("WITAN_LOG_LEVEL")) ?? .info }

    /// Half the cores unless set: the other half is PostgreSQL's, and fewer loops make larger commits.
    var loopCount: Int {
        let wanted = integer("WITAN_LOOPS")
        return wanted > 0 ? wanted : max(1, coreCount / 2)
    }

    /// Those that this process may run on: a bit each in the mask of proc(5), `Cpus_allowed`.
    private var coreCount: Int {
        let status = TextFile.read("/proc/self/status", limit: 1 << 16) ?? ""
        let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let cores = mask?.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).reduce(0) {
            $0 + $1.nonzeroBitCount
        }
        return max(1, cores ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
