// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// Who keeps a session; called on the loop.
protocol SessionOwner: AnyObject {
    func sessionReady(_ session: Session)
    /// An exchange was answered; the session may have room.
    func sessionProgressed(_ session: Session)
    /// Once, at the end; `error` is nil when it was closed on purpose.
    func sessionClosed(_ session: Session, _ error: PostgresError?)
    func sessionNotified(_ session: Session, channel: String, payload: String)
    /// The exchange was hit by what was meant for another one, had no effect, and is to be sent again.
    func sessionReturned(_ session: Session, _ exchange: QueryExchange)
}

extension SessionOwner {
    func sessionProgressed(_ session: Session) {}
    func sessionNotified(_ session: Session, channel: String, payload: String) {}
    func sessionReturned(_ session: Session, _ exchange: QueryExchange) { session.submit(exchange) }
}

/// One connection on its loop: connects, sends exchanges in pipeline mode, hands out answers in order, keeps deadlines.
final class Session: @unchecked Sendable {
    // @unchecked: everything mutable is touched on the loop only.
    enum Phase { case connecting, ready, closed }

    let loop: EventLoop
    let configuration: PostgresConfiguration
    private let observe: @Sendable (PostgresEvent) -> Void
    private weak var owner: (any SessionOwner)?
    private(set) var phase = Phase.connecting
    private(set) var link: Link?
    private(set) var watch: FileWatch?
    /// Something waits for the socket to take it.
    private(set) var isWriting = false
    private var timer: LoopTimer?
    private var isTimerSet = false
    private var flying: [Exchange] = []
    private var backlog: [Exchange] = []
    private let cache: StatementCache
    /// A cancellation is under way that may still hit another statement.
    private var isCancelAbroad = false
    /// Takes no new work, and is closed when what it has is answered.
    private(set) var isRetiring = false
    /// Lent to one transaction.
    var isLeased = false
    private var graceEnds: ContinuousClock.Instant?

    /// Begins to connect; on the loop.
    init(
        on loop: EventLoop, _ configuration: PostgresConfiguration, owner: any SessionOwner,
        observe: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.owner = owner
        self.observe = observe
        cache = StatementCache(isEnabled: configuration.preparedStatements)
        timer = LoopTimer(on: loop) { [unowned self] in tick() }
        connect()
    }

    func has(_ exchange: Exchange) -> Bool { (flying + backlog).contains { $0 === exchange } }
    /// Whether it has ever been connected.
    private(set) var wasReady = false

    var inFlight: Int { flying.count + backlog.count }
    var acceptsWork: Bool { phase == .ready && !isRetiring && !isLeased }
    var isInTransaction: Bool { link?.isInTransaction ?? false }
    /// How long the oldest statement under way has taken.
    var headAge: Duration { flying.first.map { ContinuousClock.now - $0.sentAt } ?? .zero }

    // MARK: Connecting

    private func connect() {
        schedule(after: configuration.connectTimeout)
        let parameters: [(String, String)]
        do { parameters = try configuration.startParameters() } catch {
            loop.execute { [self] in close(error) }
            return
        }
        let loop = loop
        detachThread { [weak self] in
            let link = Link(connecting: parameters)
            loop.execute { [weak self] in self?.connected(link) }
        }
    }

    private func connected(_ link: Link?) {
        guard phase == .connecting else { return }
        guard let link else { return close(.connection("out of memory")) }
        guard !link.isBad else { return close(.connection(link.message)) }
        self.link = link
        // PQconnectStart's contract: wait as if the first poll had asked to write.
        follow(.writing)
    }

    private func follow(_ progress: Link.Progress) {
        guard let link else { return }
        switch progress {
        case .failed: close(.connection(link.message))
        case .ready: becomeReady(link)
        case .reading, .writing:
            watch = FileWatch(on: loop, descriptor: link.socket) { [unowned self] readable, writable in
                ready(readable: readable, writable: writable)
            }
            watch?.watch(read: progress == .reading, write: progress == .writing)
        }
    }

    private func becomeReady(_ link: Link) {
        guard link.becomeReady() else { return close(.connection(link.message)) }
        link.notice = { [observe] text in observe(.notice(text)) }
        watch = FileWatch(on: loop, descriptor: link.socket) { [unowned self] readable, writable in
            ready(readable: readable, writable: writable)
        }
        watch?.watch(read: true, write: false)
        cancelTimer()
        (phase, wasReady) = (.ready, true)
        observe(.connected(backend: link.backend))
        owner?.sessionReady(self)
    }

    /// Ends the session; everything under way fails with `error`.
    func close(_ error: PostgresError? = nil) {
        guard phase != .closed else { return }
        phase = .closed
        watch = nil
        timer = nil
        link = nil
        if let error { observe(.disconnected(reason: error.description)) }
        let lost = flying + backlog
        (flying, backlog) = ([], [])
        for exchange in lost { exchange.fail(error ?? .closed) }
        owner?.sessionClosed(self, error)
    }

    // MARK: Exchanges

    /// Sends the exchange, or keeps it until a script, which shares with nothing, is through.
    func submit(_ exchange: Exchange) {
        guard phase == .ready else { return exchange.fail(.connection("the session is closed")) }
        let mustWait = !backlog.isEmpty || (flying.last.map { $0.isScript || exchange.isScript } ?? false)
        if mustWait { backlog.append(exchange) } else { send(exchange) }
    }

    private func send(_ exchange: Exchange) {
        guard let link else { return exchange.fail(.closed) }
        if exchange.isScript, !link.leavePipeline() { return lose(link) }
        exchange.sentAt = .now
        flying.append(exchange)
        guard exchange.send(over: link, cache), exchange.isScript || link.synchronize() else { return lose(link) }
        flush(link)
        if phase == .ready, !isTimerSet { schedule(after: configuration.queryTimeout) }
    }

    func flush(_ link: Link) {
        let flushed = link.flush()
        isWriting = flushed == .some
        switch flushed {
        case .all: watch?.watch(read: true, write: false)
        case .some: watch?.watch(read: true, write: true)
        case .failed: lose(link)
        }
    }

    func lose(_ link: Link) { close(.connection(link.message)) }

    private func ready(readable: Bool, writable: Bool) {
        guard let link else { return }
        if phase == .connecting {
            // libpq may close its socket in the next step, and a watch must go first.
            watch = nil
            return follow(link.advance())
        }
        if readable, !link.consume() { return readRest(link) }
        if writable { flush(link) }
        if writable, phase == .ready, !isWriting { flying.first?.flushed() }
        if phase == .ready { read(link) }
    }

    /// The connection is lost, but answers may have arrived before that.
    private func readRest(_ link: Link) {
        read(link)
        if phase == .ready { lose(link) }
    }

    func read(_ link: Link) {
        while phase == .ready, let exchange = flying.first, !link.isBusy {
            if exchange.isCopying {
                guard goOn(copying: exchange, link) else { return }
            } else if let result = link.nextResult() {
                if result.status == .synchronized { complete(exchange, link) } else { exchange.receive(result) }
                if result.status == .unexpected || (result.status == .copying && !exchange.isCopying) {
                    close(.connection("the server switched to a COPY protocol"))
                }
            } else if exchange.isScript {
                guard link.enterPipeline() else { return lose(link) }
                complete(exchange, link)
            } else {
                exchange.slot += 1
                if exchange.slot > exchange.slots { return lose(link) }
            }
            if link.isBad { return lose(link) }
        }
        while phase == .ready, let (channel, payload) = link.nextNotification() {
            owner?.sessionNotified(self, channel: channel, payload: payload)
        }
        // Without anything under way, this notices messages and the end of the stream.
        if phase == .ready, flying.isEmpty, !link.isBusy, link.isBad { lose(link) }
    }

    private func complete(_ exchange: Exchange, _ link: Link) {
        flying.removeFirst()
        let elapsed = ContinuousClock.now - exchange.sentAt
        if elapsed > configuration.slowQueryThreshold { observe(.slowQuery(text: exchange.text, duration: elapsed)) }
        if let query = exchange as? QueryExchange { settle(query) } else { exchange.finish() }
        while phase == .ready, let next = backlog.first, flying.isEmpty || !(next.isScript || flying[0].isScript) {
            send(backlog.removeFirst())
        }
        if flying.isEmpty, phase == .ready {
            graceEnds = nil
            if isRetiring, !isLeased { return close() }
        }
        owner?.sessionProgressed(self)
    }

    private func settle(_ query: QueryExchange) {
        for sql in query.unprepared() { cache.forget(sql) }
        let wasStopped = query.error?.sqlState == "57014"
        if query.isCancelRequested {
            graceEnds = nil
            if wasStopped { (isCancelAbroad, isRetiring) = (false, false) }
        } else if wasStopped, isCancelAbroad, query.mayRepeat {
            query.mayRepeat = false
            owner?.sessionReturned(self, query)
            return
        } else if query.error?.isStaleStatement == true, query.mayRepeat {
            query.mayRepeat = false
            owner?.sessionReturned(self, query)
            return
        }
        query.finish()
    }

    // MARK: Deadlines and cancellation

    /// Asks the server to stop the exchange if it is being run; one that is still behind others is only forgotten.
    func cancel(_ exchange: QueryExchange, _ reason: PostgresError) {
        guard !exchange.isResolved, !exchange.isCancelRequested else { return }
        exchange.reasonToStop = reason
        guard exchange === flying.first, let link else {
            exchange.resolve(.failure(reason))
            return
        }
        exchange.isCancelRequested = true
        stopHead(link)
    }

    private func stopHead(_ link: Link) {
        (isCancelAbroad, isRetiring) = (true, true)
        graceEnds = .now + .seconds(3)
        link.requestCancel {}
        schedule(after: .seconds(3))
    }

    private func schedule(after delay: Duration) {
        isTimerSet = true
        timer?.schedule(after: delay)
    }

    private func cancelTimer() {
        isTimerSet = false
        timer?.cancel()
    }

    private func tick() {
        isTimerSet = false
        guard phase == .ready, let link else {
            return close(.connection("no answer within \(configuration.connectTimeout)"))
        }
        guard let head = flying.first else { return }
        let now = ContinuousClock.now
        if let graceEnds {
            guard now < graceEnds else { return close(.connection("the server does not answer")) }
            return schedule(after: graceEnds - now)
        }
        let deadline = head.sentAt + configuration.queryTimeout
        guard deadline <= now else { return schedule(after: deadline - now) }
        if let query = head as? QueryExchange {
            query.isCancelRequested = true
            query.reasonToStop = query.reasonToStop ?? .timeout
            stopHead(link)
        } else {
            close(.connection("no answer within \(configuration.queryTimeout)"))
        }
    }
}
