// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// LISTEN over a connection of its own, renewed with backoff. Handlers run on the loop, also with "" after each
/// (re)connection, because notifications sent in between are lost.
final class Listener: SessionOwner, @unchecked Sendable {
    // @unchecked: everything mutable is touched on the loop only.
    static let maximumChannels = 64
    /// How often the connection is tried when it is silent.
    static let probeInterval: Duration = .seconds(15)

    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let observe: @Sendable (PostgresEvent) -> Void
    private var handlers: [String: [@Sendable (String) -> Void]] = [:]
    private var session: Session?
    private var backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
    private var timer: LoopTimer?
    private var isClosed = false
    private var callers: [String: [CheckedContinuation<PostgresError?, Never>]] = [:]

    init(
        on loop: EventLoop, _ configuration: PostgresConfiguration, observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.observe = observe
    }

    /// Returns once the server listens. When it is away now, throws and keeps trying all the same.
    func listen(_ channel: String, _ handler: @escaping @Sendable (String) -> Void) async throws(PostgresError) {
        let failure = await withCheckedContinuation { continuation in
            loop.execute { [self] in add(channel, handler, continuation) }
        }
        if let failure { throw failure }
    }

    func close() {
        isClosed = true
        timer = nil
        session?.close()
        answerAll(.closed)
    }

    private func add(
        _ channel: String, _ handler: @escaping @Sendable (String) -> Void,
        _ caller: CheckedContinuation<PostgresError?, Never>
    ) {
        guard !isClosed else { return caller.resume(returning: .closed) }
        guard handlers.count < Self.maximumChannels, channel.utf8.count < 64 else {
            return caller.resume(returning: .encoding("at most \(Self.maximumChannels) channels, names under 64 bytes"))
        }
        handlers[channel, default: []].append(handler)
        callers[channel, default: []].append(caller)
        guard let session else { return connect() }
        if session.phase == .ready { start(channel, session) }
    }

    private func connect() {
        guard !isClosed, session == nil else { return }
        session = Session(on: loop, configuration, owner: self, observe: observe)
    }

    private func start(_ channel: String, _ session: Session) {
        ask("LISTEN \(identifier: channel)", session) { [self] error in
            for caller in callers.removeValue(forKey: channel) ?? [] { caller.resume(returning: error) }
            guard error == nil else { return }
            backoff.reset()
            for handler in handlers[channel] ?? [] { handler("") }
        }
    }

    private func ask(_ sql: SQL, _ session: Session, _ done: @escaping (PostgresError?) -> Void) {
        session.submit(CallbackExchange(sql, done))
    }

    func sessionReady(_ session: Session) {
        for channel in handlers.keys { start(channel, session) }
        schedule(after: Self.probeInterval)
    }

    func sessionNotified(_ session: Session, channel: String, payload: String) {
        for handler in handlers[channel] ?? [] { handler(payload) }
    }

    func sessionClosed(_ session: Session, _ error: PostgresError?) {
        self.session = nil
        guard !isClosed else { return }
        answerAll(error ?? .closed)
        schedule(after: backoff.wait())
    }

    private func schedule(after delay: Duration) {
        let timer = timer ?? LoopTimer(on: loop) { [unowned self] in tick() }
        self.timer = timer
        timer.schedule(after: delay)
    }

    private func tick() {
        guard let session else { return connect() }
        guard session.phase == .ready else { return }
        ask("SELECT 1", session) { _ in }
        schedule(after: Self.probeInterval)
    }

    private func answerAll(_ error: PostgresError) {
        let waiting = callers.values.joined()
        callers = [:]
        for caller in waiting { caller.resume(returning: error) }
    }
}

/// One statement whose success or error is told to a closure on the loop.
final class CallbackExchange: Exchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    private let sql: SQL
    private let done: (PostgresError?) -> Void
    private var error: PostgresError?

    init(_ sql: SQL, _ done: @escaping (PostgresError?) -> Void) {
        self.sql = sql
        self.done = done
    }

    override var text: String { sql.text }

    override func send(over link: Link, _ statements: StatementCache) -> Bool {
        slots = 1
        return link.send(sql, prepared: nil)
    }

    override func receive(_ result: ResultSet) { if result.status == .error { error = .server(result.error) } }
    override func finish() { done(error) }
    override func fail(_ error: PostgresError) { done(error) }
}
