// SPDX-License-Identifier: Apache-2.0
package import EventLoop
import SwiftExtensions

/// A PostgreSQL server, reached over connections that belong to event loops.
///
/// Callers on one of the loops use that loop's connections and never change thread; others use the first loop's.
/// While the server is away every call fails at once with `.connection`; when it is back calls work again within about
/// a second. Cancelling the calling task asks the server to stop the statement. Call `close` at the end.
package final class Database: Sendable {
    private let pools: [LoopPool]
    private let configuration: PostgresConfiguration
    private let observe: @Sendable (PostgresEvent) -> Void
    private let listener: Listener

    /// Begins to open one connection; more follow when they are needed. At least one loop.
    package init(
        configuration: PostgresConfiguration, loops: [EventLoop], observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        precondition(!loops.isEmpty, "a database needs an event loop")
        self.configuration = configuration
        self.observe = observe
        pools = loops.map { LoopPool(on: $0, configuration, observe: observe) }
        listener = Listener(on: loops[0], configuration, observe: observe)
        let first = pools[0]
        first.loop.execute { first.openMore() }
    }

    deinit {
        // Timers and watches may only be freed on their loop.
        for pool in pools { pool.loop.execute { pool.close() } }
        pools[0].loop.execute { [listener] in listener.close() }
    }

    /// The pool of the loop this is called on, or the first.
    private var pool: LoopPool {
        guard pools.count > 1, let loop = EventLoop.current else { return pools[0] }
        return pools.first { $0.loop === loop } ?? pools[0]
    }

    // MARK: Statements

    /// Runs one statement and returns its rows.
    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { try await perform(sql).rows }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { try await perform(sql).affected }

    private func perform(_ sql: SQL) async throws(PostgresError) -> ResultSet {
        let pool = pool
        let exchange = QueryExchange([sql])
        exchange.mayRepeat = true
        return try await exchange.outcome(
            on: pool.loop, submit: { pool.submit($0) }, cancel: { pool.cancel($0) }
        ).get()
    }

    /// Runs statements separated by semicolons on a connection of their own: one transaction unless they say otherwise.
    package func run(script: String) async throws(PostgresError) {
        let session = try await dedicated(queryTimeout: nil)
        defer { session.close() }
        _ = try await session.perform([], script: script)
    }

    /// One round trip, to know that the server answers.
    package func ping() async throws(PostgresError) { _ = try await perform("SELECT 1") }

    // MARK: Transactions

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// - Parameters:
    ///   - settings: configuration parameters that hold until the transaction ends (`set_config(…, true)`); sent
    ///     together with BEGIN and the first statement.
    ///   - retrying: how often to run `body` again when the server asks for it (40001, 40P01).
    @discardableResult
    package func transaction<Value>(
        settings: [(String, String)] = [], isolation: Isolation = .readCommitted, retrying: Int = 0,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        var backoff = Backoff(first: .milliseconds(5), longest: .milliseconds(200))
        var tries = 0
        while true {
            do {
                return try await attempt(settings, isolation, body)
            } catch let error as PostgresError where error.isSerializationFailure && tries < retrying {
                tries += 1
                try await Task.sleep(for: backoff.wait())
            }
        }
    }

    private func attempt<Value>(
        _ settings: [(String, String)], _ isolation: Isolation, _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        let pool = pool
        let session = try await lease(from: pool)
        defer { pool.loop.isCurrent ? pool.release(session) : pool.loop.execute { pool.release(session) } }
        return try await TransactionScope(session, isolation: isolation, settings: settings).run(body)
    }

    /// Waits for a free connection, at most `waitTimeout`.
    private func lease(from pool: LoopPool) async throws(PostgresError) -> Session {
        guard !Task.isCancelled else { throw .cancelled }
        let outcome = await withCheckedContinuation { continuation in
            let ask: @Sendable () -> Void = { pool.lease { continuation.resume(returning: $0) } }
            if pool.loop.isCurrent { ask() } else { pool.loop.execute(ask) }
        }
        return try outcome.get()
    }

    // MARK: Sessions of their own

    /// Lends a new connection, which is closed afterwards. Statements on it may take `queryTimeout`, an hour unless
    /// said otherwise, and the server's `statement_timeout` until `SET` changes it.
    @discardableResult
    package func withConnection<Value>(
        queryTimeout: Duration? = nil, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let session = try await dedicated(queryTimeout: queryTimeout)
        defer { session.close() }
        return try await body(PostgresConnection(session))
    }

    private func dedicated(queryTimeout: Duration?) async throws(PostgresError) -> DedicatedSession {
        var configuration = configuration
        configuration.queryTimeout = queryTimeout ?? .seconds(3600)
        let session = DedicatedSession(on: pool.loop, configuration, observe: observe)
        try await session.open()
        return session
    }

    /// Calls `handler` with the payload of every notification on `channel`, and with "" after each (re)connection: what
    /// was sent in between is lost, so look for yourself. Runs on the first loop; keep it short. At most 64 channels.
    ///
    /// Returns once the server listens. When the server is away it throws, and begins to listen when it is back.
    package func listen(
        _ channel: String, _ handler: @escaping @Sendable (String) -> Void
    ) async throws(PostgresError) {
        try await listener.listen(channel, handler)
    }

    // MARK: State

    /// Whether a connection is open.
    package var isConnected: Bool { pools.contains { $0.statistics.open > 0 } }

    /// Connections and waiting callers of all loops.
    package var statistics: PoolStatistics {
        pools.map(\.statistics).reduce(into: PoolStatistics()) { sum, pool in
            sum.open += pool.open
            sum.idle += pool.idle
            sum.waiting += pool.waiting
        }
    }

    /// Closes every connection; what is under way fails with `.closed`.
    package func close() async {
        for pool in pools { await onLoop(pool.loop) { pool.close() } }
        await onLoop(pools[0].loop) { [listener] in listener.close() }
    }
}

/// Runs `body` on the loop's thread and waits for it.
func onLoop(_ loop: EventLoop, _ body: @escaping @Sendable () -> Void) async {
    if loop.isCurrent { return body() }
    await withCheckedContinuation { done in
        loop.execute {
            body()
            done.resume()
        }
    }
}
