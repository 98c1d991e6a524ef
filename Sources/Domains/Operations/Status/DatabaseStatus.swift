// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// What PostgreSQL says of itself, for `status`.
package struct DatabaseStatus: Sendable {
    /// A standby that follows this server.
    package struct Standby: Sendable {
        /// What it calls itself; nil when our role may not see it.
        package let name: String?
        /// `streaming`, `catchup`, …
        package let state: String?
        /// `sync`, `async`, `quorum`.
        package let synchronization: String?
        /// Bytes of WAL it has not replayed.
        package let lagBytes: Int64?
    }

    /// A statement as `pg_stat_statements` counts it.
    package struct Statement: Sendable {
        /// Its text, cut to 300 characters.
        package let text: String
        /// How often it ran.
        package let calls: Int64
        /// Milliseconds on average.
        package let meanMilliseconds: Double
        /// Milliseconds in all.
        package let totalMilliseconds: Double
    }

    /// As `16.3`.
    package let version: String
    /// Bytes on disk; nil when the role may not connect by itself and so is not told.
    package let databaseBytes: Int64?
    /// Connections to the server, ours and others'.
    package let connections: Int32
    /// `max_connections`.
    package let connectionsMax: Int32
    /// Whether this server is itself a standby, which takes no writes.
    package let isStandby: Bool
    /// For a standby: how far it is behind.
    package let replayDelay: Duration?
    /// Standbys that follow it.
    package let standbys: [Standby]
    /// From `pg_stat_statements`; nil without that extension.
    package let statements: [Statement]?

    /// What is not as it should be, a sentence each.
    package var problems: [String] {
        var problems: [String] = []
        if isStandby { problems.append("the server is a standby and takes no writes; connect to the primary") }
        if connections * 10 >= connectionsMax * 9 {
            problems.append("\(connections) of \(connectionsMax) connections of the server are taken")
        }
        for standby in standbys {
            guard let lag = standby.lagBytes, lag > 256 << 20 else { continue }
            problems.append("the standby \(standby.name ?? "?") is \(lag >> 20) MiB of WAL behind")
        }
        return problems
    }
}

/// How far the sealer is behind.
package enum SealingRule {
    /// From then on the log counts as unsealed for too long.
    package static let tolerated = Duration.seconds(60)

    /// What `status` says of the oldest entry that is in no chain; nil while that is young.
    package static func problem(oldestUnsealed age: Duration?) -> String? {
        guard let age, age > tolerated else { return nil }
        return "the oldest unsealed entry of the log is \(age.components.seconds) s old; "
            + "look for long transactions in pg_stat_activity, and for 'sealer' in the log"
    }
}
