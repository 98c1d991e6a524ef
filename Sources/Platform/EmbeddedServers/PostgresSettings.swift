// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

extension PrivatePostgres {
    /// How to run the private cluster; the defaults are for one machine with a program that writes a lot.
    package struct Settings: Sendable {
        /// The folder of the server programs; nil: the newest of `/usr/lib/postgresql/*/bin`.
        package var programs: String?
        /// The operating system's user to run as when this program is root.
        package var userInsteadOfRoot = "postgres"
        /// `shared_buffers`, in megabytes.
        package var sharedBuffersMegabytes = 128
        /// `max_connections`.
        package var connectionsMax = 60
        /// False only where the data may be lost with the machine's power (tests): `fsync`, `full_page_writes` and
        /// `synchronous_commit` off.
        package var durable = true
        /// Further lines of `postgresql.conf`, which win over ours.
        package var overrides: [(name: String, value: String)] = []
        /// Hands over each finished file of the write-ahead log into `walSpool`, and finishes one after at most this
        /// long when something was written; nil: no archiving. A whole number of seconds.
        package var archiveTimeout: Duration?
        /// Replays an archive before the server takes anybody's statements; nil for every normal start.
        var replay: Replay?
        /// How long a start may take; recovery after a crash replays up to 2 GB.
        package var startTimeout: Duration = .seconds(300)

        package init() {}
    }

    /// What `restore_command` and its like need (PostgreSQL, "Archive Recovery").
    struct Replay: Sendable {
        /// Files of the write-ahead log, as the server wrote them.
        let directory: String
        /// The last commit to be replayed is the last one not after this; nil: all there is.
        let target: Timestamp?
    }
}

/// The cluster's configuration files, written anew at every start; the administrator's own lines are in
/// `postgres/custom.conf`, which is read if it is there.
struct PostgresConfigurationFiles: Sendable {
    let settings: PrivatePostgres.Settings
    let socketDirectory: String
    let walCompression: String
    /// Where finished files of the write-ahead log are handed over.
    let walSpool: String
    /// Whether the administrator's file is there; PostgreSQL would note a missing one in the log each time.
    let hasCustom: Bool
    let account: Account
    let program: Account

    /// The whole of `postgresql.conf`.
    var main: String {
        let lines = (connections + durability + archive + replay + tuning + settings.overrides).map {
            "\($0.name) = \(Self.quote($0.value))"
        }
        return """
            # Written by the program at every start. Put settings of your own into custom.conf beside this file.
            \(lines.joined(separator: "\n"))
            \(hasCustom ? "include = 'custom.conf'" : "")

            """
    }

    private var connections: [(name: String, value: String)] {
        [
            ("listen_addresses", ""), ("unix_socket_directories", Self.quoteListItem(socketDirectory)),
            ("unix_socket_permissions", "0700"), ("max_connections", "\(settings.connectionsMax)"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]
    }

    private var durability: [(name: String, value: String)] {
        let value = settings.durable ? "on" : "off"
        return [("fsync", value), ("synchronous_commit", value), ("full_page_writes", value)]
    }

    /// The log is handed over by a copy that is flushed before it has its name: PostgreSQL uses the original again.
    /// Asked a second time for the same file, as after a crash, it answers whether that one is the same.
    private var archive: [(name: String, value: String)] {
        guard let timeout = settings.archiveTimeout else { return [("archive_mode", "off")] }
        let spool = "'" + walSpool.replacing("'", with: "'\\''").replacing("%", with: "%%") + "'"
        let command = """
            f=\(spool)/%f; if [ -e "$f" ]; then cmp -s "%p" "$f"; else \
            cp -p "%p" "$f.part" && sync "$f.part" && mv "$f.part" "$f" && sync \(spool); fi
            """
        return [
            ("archive_mode", "on"), ("archive_command", command),
            ("archive_timeout", "\(max(1, timeout.components.seconds))s"),
        ]
    }

    private var replay: [(name: String, value: String)] {
        guard let replay = settings.replay else { return [] }
        let directory = "'" + replay.directory.replacing("'", with: "'\\''").replacing("%", with: "%%") + "'"
        let lines = [
            ("restore_command", "cp \(directory)/%f \"%p\""), ("recovery_target_timeline", "current"),
            ("hot_standby", "off"),
        ]
        guard let target = replay.target else { return lines }
        // Read before the names of time zones are known, so that UTC is +00 and not Z.
        let time = target.description.replacing("T", with: " ").replacing("Z", with: "+00")
        return lines + [("recovery_target_time", time), ("recovery_target_action", "promote")]
    }

    private var tuning: [(name: String, value: String)] {
        [
            ("shared_buffers", "\(settings.sharedBuffersMegabytes)MB"), ("huge_pages", "try"),
            ("max_wal_size", "2GB"), ("wal_compression", walCompression), ("checkpoint_timeout", "15min"),
            ("checkpoint_completion_target", "0.9"), ("jit", "off"), ("random_page_cost", "1.1"),
            // Tables that only grow: freeze and refresh statistics often, in small bites.
            ("autovacuum_naptime", "30s"), ("autovacuum_vacuum_insert_scale_factor", "0.05"),
            ("autovacuum_analyze_scale_factor", "0.05"), ("autovacuum_vacuum_scale_factor", "0.05"),
            ("autovacuum_vacuum_cost_limit", "1000"),
            ("logging_collector", "off"), ("log_destination", "stderr"), ("log_line_prefix", "%m [%p] %q%u %a "),
            ("log_checkpoints", "off"), ("lc_messages", "C"), ("timezone", "UTC"), ("log_timezone", "UTC"),
        ]
    }

    /// `pg_hba.conf`: the socket only, and only users of the operating system who are in the map.
    var authentication: String {
        """
        # Written by the program at every start. See pg_ident.conf for who is who.
        local  all          all       peer  map=witan
        local  replication  all       peer  map=witan
        host   all          all  all  reject

        """
    }

    /// `pg_ident.conf`: this program's user and the servers' user, each as either of two roles.
    var users: String {
        let names = account == program ? [program.name] : [program.name, account.name]
        let lines = names.flatMap { name in
            [PrivatePostgres.superuser, PrivatePostgres.loginRole].map { "witan  \"\(name)\"  \($0)" }
        }
        return "# Written by the program at every start.\n" + lines.joined(separator: "\n") + "\n"
    }

    private static func quote(_ value: String) -> String {
        "'" + value.replacing("'", with: "''").replacing("\\", with: "\\\\") + "'"
    }

    private static func quoteListItem(_ value: String) -> String {
        "\"" + value.replacing("\"", with: "\"\"") + "\""
    }
}
