// SPDX-License-Identifier: Apache-2.0

/// Why a command has no reply.
package enum RedisError: Error, Equatable, CustomStringConvertible {
    /// The URL cannot be used; says why and what to write.
    case invalidURL(reason: String)
    /// Not connected, or resting after failures; the command was not sent.
    case unavailable(reason: String)
    /// No reply in time; the command may run yet.
    case timeout(Duration)
    /// The connection broke after the command was sent; it may have run.
    case connectionLost(reason: String)
    /// Redis answered with this error.
    case server(message: String)
    /// Too many commands, or bytes of them, wait for replies; the command was not sent.
    case queueFull(limit: Int)
    /// A description of keys and scripts that is none, or that is older than what the server has.
    case schema(reason: String)
    /// Closed by its owner.
    case closed

    package var description: String {
        switch self {
        case .invalidURL(let reason): "The Redis URL cannot be used: \(reason)."
        case .unavailable(let reason): "Redis is not available: \(reason)."
        case .timeout(let limit): "Redis did not answer within \(limit)."
        case .connectionLost(let reason): "The connection to Redis broke: \(reason)."
        case .server(let message): "Redis answered: \(message)."
        case .queueFull(let limit): "Too much waits for Redis (limit \(limit)); slow down."
        case .schema(let reason): reason
        case .closed: "The Redis client is closed."
        }
    }
}
