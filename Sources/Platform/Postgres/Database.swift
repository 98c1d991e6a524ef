// SPDX-License-Identifier: Apache-2.0
package import EventLoop

/// A PostgreSQL server, reached over connections that belong to event loops.
package final class Database: Sendable {
    package init(
        configuration: PostgresConfiguration, loops: [EventLoop], observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {}
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { throw .closed }
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { throw .closed }
    package func run(script: String) async throws(PostgresError) { throw .closed }
    package func transaction<Value>(
        settings: [(String, String)] = [], isolation: Isolation = .readCommitted, retrying: Int = 0,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value { throw PostgresError.closed }
    package func withConnection<Value>(
        queryTimeout: Duration? = nil, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value { throw PostgresError.closed }
    package func listen(
        _ channel: String, _ handler: @escaping @Sendable (String) -> Void
    ) async throws(PostgresError) { throw .closed }
    package var isConnected: Bool { false }
    package func ping() async throws(PostgresError) { throw .closed }
    package var statistics: PoolStatistics { PoolStatistics() }
    package func close() async {}
}

/// What a transaction sees of others (SQL:2016 §4.41.4).
package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// An open transaction, lent to the body of `Database.transaction`.
package struct Transaction: ~Copyable {
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { throw .closed }
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { throw .closed }
    package func savepoint<Value>(
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value { throw PostgresError.closed }
}

/// A session of its own, outside the pool: session locks, `SET` and scripts stay with it.
package final class PostgresConnection: Sendable {
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { throw .closed }
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { throw .closed }
    package func run(script: String) async throws(PostgresError) { throw .closed }
}
