// SPDX-License-Identifier: Apache-2.0
package import EventLoop
package import SwiftExtensions

/// Where Redis is and how long to wait for it.
package struct RedisConfiguration: Sendable {
    /// `redis://[[user]:password@]host[:port][/database]` or `unix:///path[?db=n]`.
    package var url: Secret<String>
    package var connectTimeout: Duration
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
    package let source: String
    /// What Redis called it, once it has; a hash of the source, so it stays right.
    let hash = Locked<RedisArgument?>(nil)

    package init(_ source: String) { self.source = source }
}

/// A client for one Redis.
package final class Redis: Sendable {
    package init(
        configuration: RedisConfiguration, loops: [EventLoop], observe: @escaping @Sendable (RedisEvent) -> Void = { _ in }
    ) throws(RedisError) {}

    /// Whether commands have a chance.
    package var state: RedisState { .connected }

    /// Sends a command and waits for its reply.
    @discardableResult
    package func command(_ arguments: RedisArgument...) async throws(RedisError) -> RedisValue {
        try await command(arguments)
    }

    /// Sends a command and waits for its reply.
    @discardableResult
    package func command(_ arguments: [RedisArgument]) async throws(RedisError) -> RedisValue { .null }

    /// Runs a script, by its hash where Redis has it.
    package func evaluate(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]
    ) async throws(RedisError) -> RedisValue { .null }

    /// Sends a message to a channel; returns the number of subscribers it reached.
    @discardableResult
    package func publish(_ channel: String, _ message: [UInt8]) async throws(RedisError) -> Int64 { 0 }

    /// Calls `handler` with each message of a channel.
    package func subscribe(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) {}

    /// Ends all connections; commands that wait fail.
    package func close() async {}
}
