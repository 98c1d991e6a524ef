// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// The one connection that listens to channels. It comes back by itself, with all its channels. Loop-confined.
final class RedisSubscriber: @unchecked Sendable {
    // @unchecked: all but `loop` is touched on the loop's thread only.
    let loop: EventLoop
    private let address: RedisAddress
    private let configuration: RedisConfiguration
    private let observe: @Sendable (RedisEvent) -> Void
    private var handlers: [String: [@Sendable ([UInt8]) -> Void]] = [:]
    private var confirmed: Set<String> = []
    private var connection: RedisConnection?
    private var handshake: RedisHandshake?
    private var retryTimer: LoopTimer?
    private var checkTimer: LoopTimer?
    private var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5))
    private var hasHeard = false
    private var isClosed = false

    /// A connection that is silent for up to twice this long, though asked, is dropped.
    private static let checkInterval = Duration.seconds(5)

    init(
        _ address: RedisAddress, _ configuration: RedisConfiguration, on loop: EventLoop,
        observe: @escaping @Sendable (RedisEvent) -> Void
    ) {
        self.address = address
        self.configuration = configuration
        self.loop = loop
        self.observe = observe
    }

    func add(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) {
        guard !isClosed else { return }
        handlers[channel, default: []].append(handler)
        if connection == nil { connect() } else if handlers[channel]?.count == 1 { subscribe([channel]) }
    }

    private func connect() {
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
            confirmed = []
            subscribe(Array(handlers.keys))
            check()
        case .failure(let error): lost(error.description)
        }
    }

    private func subscribe(_ channels: [String]) {
        connection?.subscribe(channels) { [weak self] channel, bytes in self?.heard(channel, bytes) }
    }

    private func heard(_ channel: String, _ bytes: [UInt8]?) {
        hasHeard = true
        if let bytes {
            for handler in handlers[channel] ?? [] { handler(bytes) }
        } else if confirmed.insert(channel).inserted, confirmed.count == handlers.count {
            backoff.reset()
            observe(.subscribed)
        }
    }

    /// Subscribing again changes nothing but must be confirmed: a ping that this mode of Redis and hiredis allows.
    private func check() {
        hasHeard = false
        if let channel = handlers.keys.first { subscribe([channel]) }
        checkTimer =
            checkTimer
            ?? LoopTimer(on: loop) { [weak self] in
                guard let self, connection != nil else { return }
                if hasHeard { return check() }
                connection?.close()
                lost("no reply within \(Self.checkInterval)")
            }
        checkTimer?.schedule(after: Self.checkInterval)
    }

    private func lost(_ reason: String) {
        connection = nil
        observe(.subscriptionLost(reason: reason))
        retryTimer = retryTimer ?? LoopTimer(on: loop) { [weak self] in self?.connect() }
        retryTimer?.schedule(after: backoff.wait())
    }

    func close() {
        isClosed = true
        connection?.close()
        connection = nil
        handshake?.cancel()
        handshake = nil
        retryTimer = nil
        checkTimer = nil
        handlers = [:]
    }
}
