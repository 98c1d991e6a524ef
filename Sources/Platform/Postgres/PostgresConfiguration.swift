// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// How to reach a server and how patient to be with it.
package struct PostgresConfiguration: Sendable {
    /// A URL (`postgresql://…`) or key=value pairs, as libpq reads them.
    package var connectionString: Secret<String>
    /// The role sessions act as, less privileged than the one they log in with; sent as a start option.
    /// Behind a transaction pooler make it the login's default on the server instead (`ALTER ROLE … SET role`).
    package var role: String?
    /// Shown in `pg_stat_activity`.
    package var applicationName = "postgres"
    /// The most connections each event loop opens; at least 1.
    package var connectionsPerLoop = 4
    /// Statements that may be under way on one shared connection.
    package var pipelineDepth = 64
    /// The server ends a statement after this; zero never.
    package var statementTimeout: Duration = .seconds(30)
    /// For one attempt to connect.
    package var connectTimeout: Duration = .seconds(5)
    /// The client asks the server to stop a statement after this, and gives up the connection when it does not.
    package var queryTimeout: Duration = .seconds(35)
    /// How long a caller waits for a free connection before `.overloaded`.
    package var waitTimeout: Duration = .seconds(5)
    /// How many callers may wait for a free connection on each loop.
    package var maximumWaiters = 4096
    /// Off behind a pooler that gives each transaction another session. Timeouts are then not sent as start options
    /// either, because such poolers refuse them: set them for the role on the server.
    package var preparedStatements = true
    /// Statements that take longer are reported, without their parameters.
    package var slowQueryThreshold: Duration = .seconds(1)

    package init(connectionString: Secret<String>) { self.connectionString = connectionString }
}

/// What happens in the database's client, for logs and metrics.
package enum PostgresEvent: Sendable {
    case connected(backend: Int32)
    /// A connection could not be opened, or was lost.
    case disconnected(reason: String)
    /// A statement took longer than the threshold.
    case slowQuery(text: String, duration: Duration)
    /// A notice or warning of the server.
    case notice(String)
    /// A batch was committed.
    case batchCommitted(entries: Int, duration: Duration)
    /// A batch failed and is tried again.
    case batchRetried(reason: String)
    /// One entry was refused and dropped; its caller, if it still waits, was told the same.
    case entryRefused(PostgresError)
}

/// Connections and callers of a pool, over all its loops.
package struct PoolStatistics: Sendable, Equatable {
    /// Connections there are, idle ones included.
    package var open = 0
    /// Connections that nobody uses.
    package var idle = 0
    /// Callers that wait for a connection.
    package var waiting = 0

    package init(open: Int = 0, idle: Int = 0, waiting: Int = 0) {
        self.open = open
        self.idle = idle
        self.waiting = waiting
    }
}
