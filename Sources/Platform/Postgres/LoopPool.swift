// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions
import Synchronization

/// The connections of one loop and the callers that wait for them.
///
/// Single statements of several callers share a connection, one synchronization point each; a transaction has one to
/// itself. Connections are opened when all others are busy. When none can be opened, everything fails at once with the
/// reason until one can again, which is tried with backoff whether or not there is work.
final class LoopPool: SessionOwner, @unchecked Sendable {
    // @unchecked: everything mutable but the atomics is touched on the loop only.
    typealias Lease = Result<Session, PostgresError>

    private enum Wish {
        case statement(QueryExchange)
        case lease((Lease) -> Void)

        func isFor(_ wanted: QueryExchange) -> Bool {
            if case .statement(let exchange) = self { exchange === wanted } else { false }
        }
    }

    private struct Waiter {
        let wish: Wish
        let deadline: ContinuousClock.Instant
        let id: Int
    }

    let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let observe: @Sendable (PostgresEvent) -> Void
    private var sessions: [Session] = []
    private var waiters: [Waiter] = []
    private var lastWaiter = 0
    /// Why the last attempt to connect failed; nil after one that worked.
    private var failure: PostgresError?
    private var backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
    private var reconnectTimer: LoopTimer?
    private var waitTimer: LoopTimer?
    private var isClosed = false
    private let openCount = Atomic<Int>(0)
    private let idleCount = Atomic<Int>(0)
    private let waitingCount = Atomic<Int>(0)

    init(
        on loop: EventLoop, _ configuration: PostgresConfiguration, observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.observe = observe
    }

    /// From any thread.
    var statistics: PoolStatistics {
        PoolStatistics(
            open: openCount.load(ordering: .relaxed), idle: idleCount.load(ordering: .relaxed),
            waiting: waitingCount.load(ordering: .relaxed))
    }

    // MARK: Work

    func submit(_ exchange: QueryExchange) {
        guard !exchange.isResolved else { return }
        guard let refusal else {
            if waiters.isEmpty, let session = sessionForStatement() {
                session.submit(exchange)
                return publish()
            }
            return enqueue(.statement(exchange)) { exchange.fail($0) }
        }
        exchange.fail(refusal)
    }

    func cancel(_ exchange: QueryExchange) {
        exchange.reasonToStop = .cancelled
        if let index = waiters.firstIndex(where: { $0.wish.isFor(exchange) }) {
            waiters.remove(at: index)
            exchange.fail(.cancelled)
            return publish()
        }
        for session in sessions where session.has(exchange) { return session.cancel(exchange, .cancelled) }
        exchange.fail(.cancelled)
    }

    /// Lends a connection for a transaction; give it back with `release`.
    func lease(_ give: @escaping (Lease) -> Void) {
        if let refusal { return give(.failure(refusal)) }
        if waiters.isEmpty, let session = idleSession() {
            session.isLeased = true
            give(.success(session))
            return publish()
        }
        enqueue(.lease(give)) { give(.failure($0)) }
    }

    func release(_ session: Session) {
        session.isLeased = false
        if session.isRetiring || session.inFlight > 0 || session.isInTransaction { session.close() }
        serve()
    }

    /// Why nothing can be done now.
    private var refusal: PostgresError? {
        if isClosed { return .closed }
        guard let failure, !sessions.contains(where: { $0.phase == .ready }) else { return nil }
        return failure
    }

    private func enqueue(_ wish: Wish, refuse: (PostgresError) -> Void) {
        guard waiters.count < configuration.maximumWaiters else { return refuse(.overloaded) }
        lastWaiter += 1
        waiters.append(Waiter(wish: wish, deadline: .now + configuration.waitTimeout, id: lastWaiter))
        if waiters.count == 1 { watchWaiters() }
        openMore()
        publish()
    }

    // MARK: Choosing

    private func idleSession() -> Session? { sessions.first { $0.acceptsWork && $0.inFlight == 0 } }

    private func sessionForStatement() -> Session? {
        guard let best = sessions.filter(\.acceptsWork).min(by: { $0.inFlight < $1.inFlight }) else { return nil }
        if best.inFlight == 0 { return best }
        openMore()
        // Not behind a slow one: it may take long.
        return best.inFlight < configuration.pipelineDepth && best.headAge < .milliseconds(50) ? best : nil
    }

    private func serve() {
        while let waiter = waiters.first {
            switch waiter.wish {
            case .statement(let exchange):
                guard let session = sessionForStatement() else { return settle() }
                waiters.removeFirst()
                session.submit(exchange)
            case .lease(let give):
                guard let session = idleSession() else { return settle() }
                waiters.removeFirst()
                session.isLeased = true
                give(.success(session))
            }
        }
        settle()
    }

    private func settle() {
        if !waiters.isEmpty { openMore() }
        publish()
    }

    private func watchWaiters() {
        guard let first = waiters.first, !isClosed else { return }
        let timer = waitTimer ?? LoopTimer(on: loop) { [unowned self] in expireWaiters() }
        waitTimer = timer
        timer.schedule(after: first.deadline - .now)
    }

    private func expireWaiters() {
        let now = ContinuousClock.now
        let expired = waiters.prefix { $0.deadline <= now }
        waiters.removeFirst(expired.count)
        for waiter in expired { refuse(waiter, .overloaded) }
        watchWaiters()
        publish()
    }

    private func refuse(_ waiter: Waiter, _ error: PostgresError) {
        switch waiter.wish {
        case .statement(let exchange): exchange.fail(error)
        case .lease(let give): give(.failure(error))
        }
    }

    // MARK: Connecting

    /// Opens a connection unless that is being done, or was just tried in vain.
    func openMore() {
        guard !isClosed, failure == nil else { return }
        connect()
    }

    private func connect() {
        guard sessions.count < max(1, configuration.connectionsPerLoop),
            !sessions.contains(where: { $0.phase == .connecting })
        else { return }
        sessions.append(Session(on: loop, configuration, owner: self, observe: observe))
    }

    func sessionReady(_ session: Session) {
        failure = nil
        backoff.reset()
        serve()
    }

    func sessionProgressed(_ session: Session) { waiters.isEmpty ? publish() : serve() }

    func sessionReturned(_ session: Session, _ exchange: QueryExchange) { submit(exchange) }

    func sessionClosed(_ session: Session, _ error: PostgresError?) {
        let wasUp = openCount.load(ordering: .relaxed) > 0
        sessions.removeAll { $0 === session }
        guard !isClosed else { return publish() }
        if let error, !session.wasReady { connectionFailed(error) } else if error != nil, wasUp { openMore() }
        settle()
    }

    private func connectionFailed(_ error: PostgresError) {
        failure = error
        if !sessions.contains(where: { $0.phase == .ready }) {
            let refused = waiters
            waiters = []
            for waiter in refused { refuse(waiter, error) }
        }
        let timer = reconnectTimer ?? LoopTimer(on: loop) { [unowned self] in connect() }
        reconnectTimer = timer
        timer.schedule(after: backoff.wait())
    }

    /// Fails what waits and what is under way, and closes every connection.
    func close() {
        isClosed = true
        let refused = waiters
        waiters = []
        for waiter in refused { refuse(waiter, .closed) }
        for session in sessions { session.close() }
        sessions = []
        reconnectTimer = nil
        waitTimer = nil
        publish()
    }

    private func publish() {
        var (open, idle) = (0, 0)
        for session in sessions where session.phase == .ready {
            open += 1
            if session.inFlight == 0, !session.isLeased { idle += 1 }
        }
        openCount.store(open, ordering: .relaxed)
        idleCount.store(idle, ordering: .relaxed)
        waitingCount.store(waiters.count, ordering: .relaxed)
    }
}
