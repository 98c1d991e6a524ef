// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Synchronization

/// How far COPY data got.
enum CopyProgress {
    /// Everything that had arrived is taken.
    case waiting
    /// Its reader holds it back.
    case paused
    case ended, failed
}

/// Statements that are sent together and end in one synchronization point: they take effect together or not at all,
/// unless they open a transaction themselves. Loop-confined; its caller waits elsewhere.
class Exchange: @unchecked Sendable {
    // @unchecked: touched on its session's loop only, after it was handed over.
    /// Statements sent so far; results arrive one slot after the other.
    final var slots = 0
    final var slot = 0
    final var sentAt = ContinuousClock.now
    final var isCancelRequested = false

    /// Whether it uses the simple protocol, which shares its connection with nothing.
    var isScript: Bool { false }
    /// For the report of slow statements.
    var text: String { "" }
    /// Whether COPY data goes over the connection for it now, in one direction or the other.
    final var isCopying = false

    /// Queues the statements; false when the connection is lost.
    func send(over link: Link, _ statements: StatementCache) -> Bool { false }
    func receive(_ result: ResultSet) {}
    /// Moves COPY data as far as it goes; asked only while `isCopying`.
    func copy(over link: Link) -> CopyProgress { .failed }
    /// What was put is with the system: there is room for more COPY data.
    func flushed() {}
    /// Everything was answered.
    func finish() {}
    /// The connection was lost, or the exchange was never sent.
    func fail(_ error: PostgresError) {}
}

/// The usual exchange: some statements, of which the last one's result is wanted by one caller.
@safe final class QueryExchange: Exchange, @unchecked Sendable {
    // @unchecked: as its superclass; the continuation too.
    typealias Outcome = Result<ResultSet, PostgresError>

    var statements: [SQL]
    private let script: String?
    private var continuation: UnsafeContinuation<Void, Never>?
    private var answer: Outcome?
    /// Stored after the answer, loaded before it is read. The runtime orders the two as well, but ThreadSanitizer
    /// does not see that when the answer comes before the caller has suspended.
    private let isAnswered = Atomic(false)
    private var prepares: [Int: SQL] = [:]
    private var last: ResultSet?
    private(set) var error: PostgresError?
    /// What the caller is told when the server confirms the cancellation.
    var reasonToStop: PostgresError?
    var isResolved = false
    /// Sent again once when a cancellation meant for another statement hit it, or its prepared statement went stale.
    var mayRepeat = false

    init(_ statements: [SQL], script: String? = nil) {
        self.statements = statements
        self.script = script
    }

    override var isScript: Bool { script != nil }
    override var text: String { script.map { String($0.prefix(1000)) } ?? statements.last?.text ?? "" }

    /// Waits for the outcome. `submit` and `cancel` run on `loop`.
    func outcome(
        on loop: EventLoop, submit: @escaping @Sendable (QueryExchange) -> Void,
        cancel: @escaping @Sendable (QueryExchange) -> Void
    ) async -> Outcome {
        await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { continuation in
                if loop.isCurrent { return unsafe begin(continuation, submit) }
                loop.execute { unsafe self.begin(continuation, submit) }
            }
        } onCancel: {
            loop.execute { self.stop(cancel) }
        }
        guard isAnswered.load(ordering: .acquiring), let answer else { return .failure(.closed) }
        return answer
    }

    private func begin(_ continuation: UnsafeContinuation<Void, Never>, _ submit: (QueryExchange) -> Void) {
        unsafe self.continuation = unsafe continuation
        if let reasonToStop { resolve(.failure(reasonToStop)) } else { submit(self) }
    }

    /// The caller's cancellation may come to the loop before the exchange does.
    private func stop(_ cancel: (QueryExchange) -> Void) {
        if unsafe continuation == nil { reasonToStop = .cancelled } else { cancel(self) }
    }

    override func send(over link: Link, _ cache: StatementCache) -> Bool {
        (slots, slot, error, last, prepares) = (0, 0, nil, nil, [:])
        if let script { return link.send(script: script) }
        for sql in statements {
            guard cache.isEnabled else {
                guard link.send(sql, prepared: nil) else { return false }
                slots += 1
                continue
            }
            let (name, isNew, evicted) = cache.name(for: sql)
            if let evicted {
                guard link.send(SQL(raw: "DEALLOCATE \(evicted)"), prepared: nil) else { return false }
                slots += 1
            }
            if isNew {
                guard link.prepare(name, sql.text, types: sql.types) else { return false }
                prepares[slots] = sql
                slots += 1
            }
            guard link.send(sql, prepared: name) else { return false }
            slots += 1
        }
        return true
    }

    override func receive(_ result: ResultSet) {
        switch result.status {
        case .rows, .done: if isScript || slot == slots - 1 { last = result }
        case .error: if error == nil { error = .server(result.error) }
        case .skipped, .synchronized: break
        case .copying, .unexpected: if error == nil { error = .encoding("COPY is not supported here") }
        }
    }

    /// Statements whose preparation is not known to have worked.
    func unprepared() -> [SQL] {
        guard let error else { return [] }
        return error.isStaleStatement ? statements : Array(prepares.values)
    }

    override func finish() {
        if let error {
            resolve(.failure(error.sqlState == "57014" ? reasonToStop ?? error : error))
        } else if let last {
            resolve(.success(last))
        } else {
            resolve(.failure(.connection("the server sent no result")))
        }
    }

    override func fail(_ error: PostgresError) { resolve(.failure(reasonToStop ?? error)) }

    /// Tells the caller, once.
    func resolve(_ outcome: Outcome) {
        guard !isResolved, let continuation = unsafe continuation else { return }
        isResolved = true
        answer = outcome
        isAnswered.store(true, ordering: .releasing)
        unsafe continuation.resume()
    }
}
