// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// A session outside the pool, with one user.
final class DedicatedSession: SessionOwner, @unchecked Sendable {
    // @unchecked: everything mutable is touched on the loop only.
    let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let observe: @Sendable (PostgresEvent) -> Void
    private(set) var session: Session?
    private var opened: CheckedContinuation<PostgresError?, Never>?

    init(
        on loop: EventLoop, _ configuration: PostgresConfiguration, observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.observe = observe
    }

    /// Connects, within the connection timeout.
    func open() async throws(PostgresError) {
        let failure = await withCheckedContinuation { continuation in
            loop.execute { [self] in
                opened = continuation
                session = Session(on: loop, configuration, owner: self, observe: observe)
            }
        }
        if let failure { throw failure }
    }

    func close() { loop.execute { [self] in session?.close() } }

    func perform(_ sql: [SQL], script: String? = nil) async throws(PostgresError) -> ResultSet {
        let exchange = QueryExchange(sql, script: script)
        let outcome = await exchange.outcome(
            on: loop,
            submit: { [self] exchange in
                guard let session else { return exchange.fail(.closed) }
                session.submit(exchange)
            }, cancel: { [self] exchange in session?.cancel(exchange, .cancelled) })
        return try outcome.get()
    }

    func sessionReady(_ session: Session) { answer(nil) }
    func sessionClosed(_ session: Session, _ error: PostgresError?) { answer(error ?? .closed) }

    private func answer(_ error: PostgresError?) {
        opened?.resume(returning: error)
        opened = nil
    }
}

/// A session of its own, outside the pool: session locks, `SET` and scripts stay with it until it is closed at the end
/// of `Database.withConnection`.
package final class PostgresConnection: Sendable {
    let session: DedicatedSession

    init(_ session: DedicatedSession) { self.session = session }

    /// Runs one statement and returns its rows.
    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { try await session.perform([sql]).rows }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { try await session.perform([sql]).affected }

    /// Runs `body` in a transaction, for statements that take longer than the pool waits: commits when it returns,
    /// rolls back when it throws. `settings` hold until it ends. Nothing else may use the connection meanwhile.
    @discardableResult
    package func transaction<Value>(
        settings: [(String, String)] = [], isolation: Isolation = .readCommitted,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        guard let session = session.session else { throw PostgresError.closed }
        return try await TransactionScope(session, isolation: isolation, settings: settings).run(body)
    }

    /// Runs statements separated by semicolons (simple protocol): one transaction unless they say otherwise, and no
    /// parameters.
    package func run(script: String) async throws(PostgresError) { _ = try await session.perform([], script: script) }
}
