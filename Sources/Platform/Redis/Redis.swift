// SPDX-License-Identifier: Apache-2.0
package import EventLoop
package import SwiftExtensions

/// Where Redis is and how long to wait for it.
package struct RedisConfiguration: Sendable {
    /// `redis://[[user]:password@]host[:port][/database]` or `unix:///path[?db=n]`.
    package var url: Secret<String>
    /// For connecting and logging in; 200 ms unless set.
    package var connectTimeout: Duration
    /// From the call to its reply; 50 ms unless set.
    package var commandTimeout: Duration

    package init(
        url: Secret<String>, connectTimeout: Duration = .milliseconds(200), commandTimeout: Duration = .milliseconds(50)
    ) {
        self.url = url
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
    }
}

/// Whether commands have a chance.
package enum RedisState: Sendable, Equatable {
    case connected
    case degraded(reason: String)
}

/// What a client tells its observer.
package enum RedisEvent: Sendable, Equatable {
    /// A connection is ready.
    case connected
    /// A connection or the attempt to make one failed.
    case failed(reason: String)
    /// Commands now fail at once until a probe succeeds.
    case opened(reason: String)
    /// The subscriber's connection is ready and its channels are subscribed.
    case subscribed
    /// The subscriber's connection is gone; messages are missed until it is back.
    case subscriptionLost(reason: String)
}

/// A Lua script, sent by its hash.
package final class RedisScript: Sendable {
    /// The Lua text; sent only when Redis does not know its hash.
    package let source: String
    /// What Redis called it, once it has; a hash of the source, so it stays right.
    let hash = Locked<RedisArgument?>(nil)

    package init(_ source: String) { self.source = source }
}

/// A client for one Redis (RESP2), with a connection per event loop.
///
/// A command takes at most `commandTimeout`. After three failures or timeouts in a row commands fail at once with
/// `unavailable`, until a probe, made in the background, has succeeded.
package final class Redis: Sendable {
    private let lanes: [RedisLane]
    private let subscriber: RedisSubscriber
    /// Why each lane has no connection; nil where it has.
    private let troubles: Locked<[String?]>

    /// Begins to connect at once. `loops` must not be empty; `observe` is called on them and must be quick.
    /// Throws `invalidURL`.
    package init(
        configuration: RedisConfiguration, loops: [EventLoop],
        observe: @escaping @Sendable (RedisEvent) -> Void = { _ in }
    ) throws(RedisError) {
        precondition(!loops.isEmpty, "a client needs a loop")
        let address = try RedisAddress(url: configuration.url.reveal())
        let troubles = Locked<[String?]>(loops.map { _ in "not connected yet" })
        self.troubles = troubles
        lanes = loops.enumerated().map { index, loop in
            RedisLane(address, configuration, on: loop, observe: observe) { reason in
                troubles.withLock { $0[index] = reason }
            }
        }
        subscriber = RedisSubscriber(address, configuration, on: loops[0], observe: observe)
        for lane in lanes { lane.loop.execute { lane.connect() } }
    }

    deinit {
        for lane in lanes { lane.loop.execute { [lane] in lane.close() } }
        subscriber.loop.execute { [subscriber] in subscriber.close() }
    }

    /// Connected when every loop is.
    package var state: RedisState {
        let trouble = troubles.withLock { troubles in troubles.lazy.compactMap { $0 }.first }
        return trouble.map { .degraded(reason: $0) } ?? .connected
    }

    /// Sends a command and waits for its reply; an error reply is thrown as `server`.
    @discardableResult
    package func command(_ arguments: RedisArgument...) async throws(RedisError) -> RedisValue {
        try await command(arguments)
    }

    /// Sends a command and waits for its reply; an error reply is thrown as `server`. Not for commands that block or
    /// subscribe.
    @discardableResult
    package func command(_ arguments: [RedisArgument]) async throws(RedisError) -> RedisValue {
        let lane = currentLane
        let result = await withCheckedContinuation { (waiter: RedisCommand.Waiter) in
            let command = RedisCommand(arguments, waiter)
            if lane.loop.isCurrent { lane.submit(command) } else { lane.loop.execute { lane.submit(command) } }
        }
        return try result.get()
    }

    /// Runs a script by its hash, or by its source where Redis does not have it (any more).
    package func evaluate(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]
    ) async throws(RedisError) -> RedisValue {
        let rest = [RedisArgument(Int64(keys.count))] + keys + arguments
        var hash = script.hash.withLock { $0 }
        if hash == nil, let loaded = try await command("SCRIPT", "LOAD", RedisArgument(script.source)).bytes {
            hash = RedisArgument(loaded)
            script.hash.withLock { $0 = RedisArgument(loaded) }
        }
        if let hash {
            do throws(RedisError) {
                return try await command(["EVALSHA", hash] + rest)
            } catch {
                guard case .server(let message) = error, message.hasPrefix("NOSCRIPT") else { throw error }
            }
        }
        return try await command(["EVAL", RedisArgument(script.source)] + rest)
    }

    /// Sends a message to a channel; returns the number of subscribers it reached.
    @discardableResult
    package func publish(_ channel: String, _ message: [UInt8]) async throws(RedisError) -> Int64 {
        try await command("PUBLISH", RedisArgument(channel), RedisArgument(message)).integer ?? 0
    }

    /// Calls `handler` with each message of a channel, on the first loop; it must be quick. Holds until `close`:
    /// after a lost connection it subscribes again, and what was published in between is missed.
    package func subscribe(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) {
        subscriber.loop.execute { [subscriber] in subscriber.add(channel, handler) }
    }

    /// Ends all connections; commands that wait, and later ones, fail with `closed`.
    package func close() async {
        for lane in lanes { await lane.loop.run { lane.close() } }
        let subscriber = subscriber
        await subscriber.loop.run { subscriber.close() }
    }

    private var currentLane: RedisLane {
        guard let loop = EventLoop.current else { return lanes[0] }
        return lanes.first { $0.loop === loop } ?? lanes[0]
    }
}
