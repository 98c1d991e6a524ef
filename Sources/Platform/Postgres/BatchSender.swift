// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// The loop's side of a `BatchWriter`: one connection, one batch under way.
final class BatchSender: SessionOwner, @unchecked Sendable {
    // @unchecked: everything mutable is touched on the loop only.
    struct Hooks: Sendable {
        let observe: @Sendable (PostgresEvent) -> Void
        /// Makes missing partitions.
        let repair: @Sendable () async -> Void
    }

    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let schema: BatchSchema
    private let limits: BatchLimits
    private let hooks: Hooks
    private var writer: BatchWriter?
    private var session: Session?
    private var isPrepared = false
    private var batch: Batch?
    /// Entries of `batch` that are still to be sent, in parts; the next one last.
    private var parts: [Range<Int>] = []
    private var isFlying = false
    /// Until a repair or a pause is over.
    private var isPaused = false
    private var backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
    private var kickTimer: LoopTimer?
    private var retryTimer: LoopTimer?
    private var sweepTimer: LoopTimer?
    private var stopTimer: LoopTimer?
    private var isSweeping = false
    private var stopped: (() -> Void)?

    init(
        on loop: EventLoop, _ configuration: PostgresConfiguration, _ schema: BatchSchema, _ limits: BatchLimits,
        _ hooks: Hooks
    ) {
        self.loop = loop
        self.configuration = configuration
        self.schema = schema
        self.limits = limits
        self.hooks = hooks
    }

    func start(writer: BatchWriter) {
        guard self.writer == nil else { return }
        self.writer = writer
        kickTimer = LoopTimer(on: loop) { [unowned self] in fly() }
        retryTimer = LoopTimer(on: loop) { [unowned self] in resume() }
        sweepTimer = LoopTimer(on: loop) { [unowned self] in sweep() }
        stopTimer = LoopTimer(on: loop) { [unowned self] in finishStop() }
        connect()
    }

    /// There are rows; from any thread. On the loop the batch leaves at the end of the tick, with what comes by then.
    func announce() {
        if loop.isCurrent { kickTimer?.schedule(after: .zero) } else { loop.execute { self.fly() } }
    }

    func stop(_ done: @escaping () -> Void) {
        guard writer != nil else { return done() }
        let others = stopped
        stopped = {
            others?()
            done()
        }
        stopTimer?.schedule(after: limits.stopWithin)
        fly()
    }

    private func finishStop() {
        guard let done = stopped, let writer else { return }
        (stopped, self.writer) = (nil, nil)
        writer.setHealthy(false)
        session?.close()
        var left = batch
        while let batch = left {
            batch.answer(batch.entries.indices, .closed)
            left = writer.takeBatch()
        }
        batch = nil
        (kickTimer, retryTimer, sweepTimer, stopTimer) = (nil, nil, nil, nil)
        done()
    }

    // MARK: The connection

    private func connect() {
        guard writer != nil, session == nil else { return }
        session = Session(on: loop, configuration, owner: self, observe: hooks.observe)
    }

    func sessionReady(_ session: Session) {
        guard configuration.preparedStatements else { return prepared() }
        session.submit(
            PrepareExchange(schema) { [weak self] error in
                guard let self else { return }
                guard let error else { return prepared() }
                hooks.observe(.batchRetried(reason: "tables not usable yet: \(error)"))
                session.close(error)
            })
    }

    private func prepared() {
        isPrepared = true
        backoff.reset()
        writer?.setHealthy(true)
        fly()
    }

    func sessionClosed(_ session: Session, _ error: PostgresError?) {
        self.session = nil
        (isPrepared, isFlying) = (false, false)
        writer?.setHealthy(false)
        pause()
    }

    /// Tries again after the backoff, with a new connection when there is none.
    private func pause() {
        isPaused = true
        retryTimer?.schedule(after: backoff.wait())
    }

    private func resume() {
        isPaused = false
        if session == nil { connect() } else { fly() }
    }

    // MARK: Batches

    /// Sends the next part, when there is one and nothing is under way.
    private func fly() {
        guard let writer else { return }
        if batch == nil, let next = writer.takeBatch() {
            batch = next
            parts = [next.entries.indices]
        }
        guard let batch else { return finishStop() }
        startSweeping()
        guard !isFlying, !isPaused, isPrepared, let session, let part = parts.last else { return }
        isFlying = true
        parts.removeLast()
        session.submit(
            BatchExchange(batch, part, arePrepared: configuration.preparedStatements) { [weak self] result in
                self?.landed(batch, part, result)
            })
    }

    private func landed(_ batch: Batch, _ part: Range<Int>, _ result: Result<Duration, PostgresError>) {
        guard batch === self.batch else { return }
        isFlying = false
        switch result {
        case .success(let duration):
            hooks.observe(.batchCommitted(entries: part.count, duration: duration))
            writer?.setHealthy(true)
            backoff.reset()
            batch.answer(part, nil)
            advance()
        case .failure(let error): failed(batch, part, error)
        }
    }

    private func failed(_ batch: Batch, _ part: Range<Int>, _ error: PostgresError) {
        switch BatchFailure(error, isRepaired: batch.isRepaired, isOne: part.count == 1) {
        case .lost:
            // The session's end, which follows, begins the next attempt.
            batch.isOutcomeUnknown = true
            parts.append(part)
        case .later:
            retry(part, error)
            writer?.setHealthy(false)
            pause()
            if error.sqlState == "25006" { session?.close(error) }
        case .missingPartition:
            batch.isRepaired = true
            retry(part, error)
            repair()
        case .refused where part.count == 1:
            hooks.observe(.entryRefused(error))
            batch.answer(part, error)
            advance()
        case .refused:
            let middle = part.lowerBound + part.count / 2
            retry(middle..<part.upperBound, error)
            parts.append(part.lowerBound..<middle)
            fly()
        }
    }

    private func retry(_ part: Range<Int>, _ error: PostgresError) {
        hooks.observe(.batchRetried(reason: error.description))
        parts.append(part)
    }

    private func repair() {
        isPaused = true
        loop.spawn { [self] in
            await hooks.repair()
            resume()
        }
    }

    private func advance() {
        if parts.isEmpty, let done = batch {
            batch = nil
            writer?.recycle(done)
        }
        fly()
    }

    // MARK: Patience

    private func startSweeping() {
        guard !isSweeping else { return }
        isSweeping = true
        sweepTimer?.schedule(after: min(max(limits.answerWithin / 4, .milliseconds(10)), .milliseconds(250)))
    }

    private func sweep() {
        isSweeping = false
        let now = coarseNow()
        batch?.expire(at: now)
        if writer?.expire(at: now) == true { startSweeping() }
    }
}

/// What to do with a batch that failed.
enum BatchFailure {
    /// The connection went, and whether the commit happened is unknown.
    case lost
    /// The server cannot just now.
    case later
    /// No partition takes a row.
    case missingPartition
    /// Something is wrong with a row.
    case refused

    init(_ error: PostgresError, isRepaired: Bool, isOne: Bool) {
        guard case .server(let report) = error else {
            self = .lost
            return
        }
        // A CHECK constraint that fails has a name; "no partition of relation found for row" has none.
        if report.sqlState == "23514", report.constraint == nil, !isRepaired {
            self = .missingPartition
        } else if report.sqlState == "57014", !isOne {
            self = .refused  // too slow together: halve
        } else if ["08", "40", "53", "55", "57", "58"].contains(report.sqlState.prefix(2)) || report.sqlState == "25006"
        {
            self = .later
        } else {
            self = .refused
        }
    }
}
