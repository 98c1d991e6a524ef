// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// A command on its way to its reply, or its deadline.
final class RedisCommand: ReplyTaker, @unchecked Sendable {
    // @unchecked: `arguments` never change; the rest is touched on the lane's loop only.
    typealias Waiter = CheckedContinuation<Result<RedisValue, RedisError>, Never>
    let arguments: [RedisArgument]
    let size: Int
    private(set) var isDone = false
    fileprivate var deadline = ContinuousClock.now
    fileprivate var lane: RedisLane?
    private let waiter: Waiter

    init(_ arguments: [RedisArgument], _ waiter: Waiter) {
        self.arguments = arguments
        self.waiter = waiter
        size = arguments.reduce(0) { $0 + $1.bytes.count }
    }

    /// A reply, or the end of the connection; too late when the deadline has passed.
    func take(_ result: Result<RedisValue, RedisError>) {
        guard !isDone else { return }
        lane?.replied(result)
        finish(result)
    }

    fileprivate func finish(_ result: Result<RedisValue, RedisError>) {
        guard !isDone else { return }
        isDone = true
        lane?.finished(self)
        lane = nil
        waiter.resume(returning: result)
    }
}

/// One loop's way to Redis: its connection, what waits, the deadlines and the breaker. Loop-confined.
final class RedisLane: @unchecked Sendable {
    // @unchecked: all but `loop` is touched on the loop's thread only.
    let loop: EventLoop
    private let address: RedisAddress
    private let configuration: RedisConfiguration
    private let observe: @Sendable (RedisEvent) -> Void
    /// Told why commands have no chance, nil when they have.
    private let report: @Sendable (String?) -> Void
    private var connection: RedisConnection?
    private var handshake: RedisHandshake?
    /// In order of their deadlines; those done are dropped when they come first.
    private var pending: [RedisCommand] = []
    private var firstPending = 0
    private var count = 0
    private var bytes = 0
    private var breaker = CircuitBreaker(
        threshold: 3, backoff: Backoff(first: .milliseconds(100), longest: .seconds(5)))
    private var deadlineTimer: LoopTimer?
    private var probeTimer: LoopTimer?
    private var isArmed = false
    private var isClosed = false

    static let maximumCommands = 10_000
    static let maximumBytes = 64 << 20

    init(
        _ address: RedisAddress, _ configuration: RedisConfiguration, on loop: EventLoop,
        observe: @escaping @Sendable (RedisEvent) -> Void, report: @escaping @Sendable (String?) -> Void
    ) {
        self.address = address
        self.configuration = configuration
        self.loop = loop
        self.observe = observe
        self.report = report
    }

    // MARK: Commands

    func submit(_ command: RedisCommand) {
        guard !isClosed else { return command.finish(.failure(.closed)) }
        if let reason = breaker.refusal { return command.finish(.failure(.unavailable(reason: reason))) }
        guard count < Self.maximumCommands else {
            return command.finish(.failure(.queueFull(limit: Self.maximumCommands)))
        }
        guard bytes + command.size <= Self.maximumBytes else {
            return command.finish(.failure(.queueFull(limit: Self.maximumBytes)))
        }
        count += 1
        bytes += command.size
        command.lane = self
        command.deadline = .now + configuration.commandTimeout
        pending.append(command)
        arm()
        if let connection { connection.send(command.arguments, command) } else { connect() }
    }

    fileprivate func finished(_ command: RedisCommand) {
        count -= 1
        bytes -= command.size
    }

    fileprivate func replied(_ result: Result<RedisValue, RedisError>) {
        switch result {
        case .success, .failure(.server): breaker.succeeded()
        case .failure: break
        }
    }

    private func arm() {
        guard !isArmed else { return }
        isArmed = true
        deadlineTimer = deadlineTimer ?? LoopTimer(on: loop) { [weak self] in self?.expire() }
        deadlineTimer?.schedule(after: configuration.commandTimeout)
    }

    /// Ends the commands whose time is up; looks again when the next one's is.
    private func expire() {
        isArmed = false
        let now = ContinuousClock.now
        while firstPending < pending.count {
            let command = pending[firstPending]
            if !command.isDone {
                guard command.deadline <= now else {
                    isArmed = true
                    deadlineTimer?.schedule(after: command.deadline - now)
                    break
                }
                command.finish(.failure(.timeout(configuration.commandTimeout)))
                failed("no reply within \(configuration.commandTimeout)")
            }
            firstPending += 1
        }
        pending.removeFirst(min(firstPending, pending.count))
        firstPending = 0
    }

    // MARK: The connection

    /// On the loop's thread.
    func connect() {
        guard !isClosed, connection == nil, handshake == nil else { return }
        handshake = RedisHandshake(
            address, on: loop, timeout: configuration.connectTimeout,
            lost: { [weak self] reason in self?.lost(reason) },
            done: { [weak self] result in self?.connected(result) })
    }

    private func connected(_ result: Result<RedisConnection, RedisError>) {
        handshake = nil
        switch result {
        case .success(let connection):
            self.connection = connection
            breaker.succeeded()
            report(nil)
            observe(.connected)
            for command in pending[firstPending...] where !command.isDone {
                connection.send(command.arguments, command)
            }
        case .failure(let error):
            var reason = error.description
            if case .unavailable(let text) = error { reason = text }
            lost(reason)
        }
    }

    /// There is no connection (any more); commands not sent fail now.
    private func lost(_ reason: String) {
        connection = nil
        report(reason)
        observe(.failed(reason: reason))
        failUnsent(reason)
        if !failed(reason) { probe(after: .milliseconds(100)) }
    }

    private func failUnsent(_ reason: String) {
        for command in pending[firstPending...] { command.finish(.failure(.unavailable(reason: reason))) }
    }

    /// Counts a failure; true when that has opened the breaker, which drops the connection and tries a new one later.
    @discardableResult
    private func failed(_ reason: String) -> Bool {
        guard let wait = breaker.failed(reason) else { return false }
        report(reason)
        observe(.opened(reason: reason))
        connection?.close()
        connection = nil
        handshake?.cancel()
        handshake = nil
        failUnsent(reason)
        probe(after: wait)
        return true
    }

    private func probe(after wait: Duration) {
        probeTimer =
            probeTimer
            ?? LoopTimer(on: loop) { [weak self] in
                self?.breaker.probe()
                self?.connect()
            }
        probeTimer?.schedule(after: wait)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        for command in pending[firstPending...] { command.finish(.failure(.closed)) }
        pending = []
        firstPending = 0
        connection?.close()
        connection = nil
        handshake?.cancel()
        handshake = nil
        deadlineTimer = nil
        probeTimer = nil
        report("closed")
    }
}
