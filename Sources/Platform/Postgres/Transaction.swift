// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// What a transaction sees of others (SQL:2016 §4.41.4).
package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// An open transaction, lent to the body of `Database.transaction`.
package struct Transaction: ~Copyable {
    let scope: TransactionScope

    /// Runs one statement and returns its rows.
    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] { try await scope.perform(sql).rows }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int { try await scope.perform(sql).affected }

    /// A part that can fail on its own: when `body` throws, only what it did is undone, and the error is rethrown.
    @discardableResult
    package func savepoint<Value>(
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        _ = try await scope.perform("SAVEPOINT part")
        do {
            let value = try await body(self)
            _ = try await scope.perform("RELEASE SAVEPOINT part")
            return value
        } catch {
            try await scope.rollBackPart()
            throw error
        }
    }
}

/// The connection of a transaction, from before BEGIN until after COMMIT.
final class TransactionScope: @unchecked Sendable {
    // @unchecked: `hasBegun` is touched on the loop only, `failure` is locked.
    private let session: Session
    private let beginning: [SQL]
    private var hasBegun = false
    private let failure = Locked<PostgresError?>(nil)

    init(_ session: Session, isolation: Isolation, settings: [(String, String)]) {
        self.session = session
        var beginning: [SQL] = ["BEGIN ISOLATION LEVEL \(raw: isolation.rawValue)"]
        if let first = settings.first {
            var set: SQL = "SELECT set_config(\(first.0), \(first.1), true)"
            for (name, value) in settings.dropFirst() { set += ", set_config(\(name), \(value), true)" }
            beginning.append(set)
        }
        self.beginning = beginning
    }

    /// Commits when `body` returns, rolls back when it throws.
    func run<Value>(_ body: (borrowing Transaction) async throws -> Value) async throws -> Value {
        let value: Value
        do {
            value = try await body(Transaction(scope: self))
        } catch {
            await rollBack()
            throw error
        }
        try await commit()
        return value
    }

    /// Runs a statement; the first one takes BEGIN and the settings along in the same round trip.
    func perform(_ sql: SQL) async throws(PostgresError) -> ResultSet {
        do {
            return try await send(sql, isCancellable: true)
        } catch {
            failure.withLock { $0 = $0 ?? error }
            throw error
        }
    }

    private func send(_ sql: SQL, isCancellable: Bool) async throws(PostgresError) -> ResultSet {
        let session = session
        let outcome = await QueryExchange([sql]).outcome(
            on: session.loop,
            submit: { [self] exchange in
                guard !exchange.isResolved else { return }
                if !hasBegun { exchange.statements = beginning + exchange.statements }
                hasBegun = true
                session.submit(exchange)
            }, cancel: { if isCancellable { session.cancel($0, .cancelled) } })
        return try outcome.get()
    }

    func rollBackPart() async throws(PostgresError) {
        _ = try await send("ROLLBACK TO SAVEPOINT part", isCancellable: false)
        _ = try await send("RELEASE SAVEPOINT part", isCancellable: false)
        failure.withLock { $0 = nil }
    }

    /// Commits; throws what made the transaction fail when the body hid it.
    func commit() async throws(PostgresError) {
        guard await begun() else { return }
        let result = try await send("COMMIT", isCancellable: false)
        guard result.command == "COMMIT" else {
            throw failure.withLock { $0 } ?? .connection("the transaction was rolled back by the server")
        }
    }

    /// Undoes everything. Does not fail: a connection that cannot roll back is closed, which does the same.
    func rollBack() async {
        guard await begun() else { return }
        _ = try? await send("ROLLBACK", isCancellable: false)
    }

    private func begun() async -> Bool {
        let loop = session.loop
        if loop.isCurrent { return hasBegun }
        return await withCheckedContinuation { answer in
            loop.execute { [self] in answer.resume(returning: hasBegun) }
        }
    }
}
