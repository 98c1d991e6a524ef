// SPDX-License-Identifier: Apache-2.0

/// Some entries of a batch: an INSERT for each table, one implicit transaction.
final class BatchExchange: Exchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    private let batch: Batch
    private let part: Range<Int>
    private let arePrepared: Bool
    private let done: (Result<Duration, PostgresError>) -> Void
    private var error: PostgresError?

    init(
        _ batch: Batch, _ part: Range<Int>, arePrepared: Bool,
        done: @escaping (Result<Duration, PostgresError>) -> Void
    ) {
        self.batch = batch
        self.part = part
        self.arePrepared = arePrepared
        self.done = done
    }

    override var text: String { "batch of \(part.count) entries" }

    override func send(over link: Link, _ statements: StatementCache) -> Bool {
        let rows = part == batch.entries.indices ? batch : batch.slice(part)
        guard let sent = rows.send(over: link, arePrepared: arePrepared, ignoringExisting: batch.isOutcomeUnknown)
        else { return false }
        slots = sent
        return true
    }

    override func receive(_ result: ResultSet) {
        if result.status == .error, error == nil { error = .server(result.error) }
    }

    override func finish() {
        if let error { done(.failure(error)) } else { done(.success(ContinuousClock.now - sentAt)) }
    }

    override func fail(_ error: PostgresError) { done(.failure(.connection(error.description))) }
}

/// Prepares every statement of a writer on a new connection.
final class PrepareExchange: Exchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    private let schema: BatchSchema
    private let done: (PostgresError?) -> Void
    private var error: PostgresError?

    init(_ schema: BatchSchema, done: @escaping (PostgresError?) -> Void) {
        self.schema = schema
        self.done = done
    }

    override var text: String { "preparation of a batch writer" }

    override func send(over link: Link, _ statements: StatementCache) -> Bool {
        for table in schema.tables.indices {
            for ignoringExisting in [false, true] {
                let statement = schema.statement(table, ignoringExisting: ignoringExisting)
                guard link.prepare(statement.name, statement.text, types: schema.arrayTypes[table]) else {
                    return false
                }
                slots += 1
            }
        }
        return true
    }

    override func receive(_ result: ResultSet) {
        if result.status == .error, error == nil { error = .server(result.error) }
    }

    override func finish() { done(error) }
    override func fail(_ error: PostgresError) { done(error) }
}
