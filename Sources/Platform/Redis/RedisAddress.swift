// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
package import SwiftExtensions

/// A Redis URL, read.
package struct RedisAddress: Sendable {
    /// Where to connect to.
    package enum Place: Sendable, Equatable {
        case unix(path: String)
        case tcp(host: String, port: Int)
    }

    /// The socket to connect to.
    package let place: Place
    /// Empty for the default user.
    package let user: String
    /// Nil where none is asked for.
    package let password: Secret<String>?
    /// The number given to `SELECT`; 0 unless the URL says.
    package let database: Int

    /// Reads `redis://[[user]:password@]host[:port][/database]`, `unix:///path[?db=n]` or
    /// `redis+unix://[[user]:password@]/path[?db=n]`. User and password may be percent-encoded.
    package init(url: String) throws(RedisError) {
        guard let separator = url.firstRange(of: "://") else {
            throw .invalidURL(reason: "write redis://host:port/database or unix:///path")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        var rest = url[separator.upperBound...]
        if scheme == "rediss" {
            throw .invalidURL(
                reason: "this build's Redis library has no TLS; run a local stunnel and give its address as redis://")
        }
        guard ["redis", "unix", "redis+unix"].contains(scheme) else {
            throw .invalidURL(reason: "the scheme must be redis or unix, not \(scheme)")
        }
        var credentials: Substring?
        let end = scheme == "redis" ? rest.firstIndex(of: "/") ?? rest.endIndex : rest.endIndex
        if let at = rest[..<end].lastIndex(of: "@") {
            credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        (user, password) = try Self.credentials(credentials)
        if scheme == "redis" {
            (place, database) = try Self.tcp(rest)
        } else {
            let parts = rest.split(separator: "?", maxSplits: 1)
            guard let path = parts.first, path.hasPrefix("/") else {
                throw .invalidURL(reason: "the path of a socket must be absolute: unix:///run/redis.sock")
            }
            place = .unix(path: String(path))
            database = try Self.database(parts.count > 1 ? parts[1].trimmingPrefix("db=") : "")
        }
    }

    private static func credentials(_ text: Substring?) throws(RedisError) -> (String, Secret<String>?) {
        guard let text else { return ("", nil) }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let decoded = parts.compactMap { PercentEncoding.decode($0) }
        guard decoded.count == parts.count else {
            throw .invalidURL(reason: "user or password are not percent-encoded text; a % in them is written %25")
        }
        return decoded.count == 2 ? (decoded[0], Secret(decoded[1])) : ("", Secret(decoded[0]))
    }

    private static func tcp(_ text: Substring) throws(RedisError) -> (Place, Int) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let place = URLAuthority(parts[0]) else {
            throw .invalidURL(reason: "it names no host, or its port is no number from 1 to 65535")
        }
        let number = try database(parts.count > 1 ? parts[1] : "")
        return (.tcp(host: place.host, port: place.port ?? 6379), number)
    }

    private static func database(_ text: Substring) throws(RedisError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = Int(text), (0..<1_000_000).contains(number) else {
            throw .invalidURL(reason: "the database must be a number")
        }
        return number
    }

    // MARK: Names

    /// Gives the place with a numeric host, soon, on the loop; nil when the name does not resolve.
    ///
    /// The system's resolver blocks, and so does hiredis when given a name: it gets a thread of its own.
    func resolve(on loop: EventLoop, _ done: @escaping @Sendable (Place?) -> Void) {
        guard case .tcp(let host, let port) = place, numericHost(host, flags: AI_NUMERICHOST) == nil else {
            let place = place
            return loop.execute { done(place) }
        }
        final class Job: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        let job = Job {
            let found = numericHost(host, flags: 0)
            loop.execute { done(found.map { .tcp(host: $0, port: port) }) }
        }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(job)
        let failure = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context { unsafe Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard failure == 0 else {
            unsafe context.release()
            return loop.execute { done(nil) }
        }
        pthread_detach(thread)
    }
}

/// The first address of a host, in digits. Blocks unless `flags` keep it to numbers.
private func numericHost(_ host: String, flags: Int32) -> String? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = flags
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, nil, &hints, &list) == 0, let first = unsafe list else { return nil }
    defer { unsafe freeaddrinfo(list) }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard
        unsafe getnameinfo(
            first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
