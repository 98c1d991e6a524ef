// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The request methods this server knows (RFC 9110 §9, RFC 5789); any other token is answered 501.
package enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
}

/// One request, wholly read and within the server's limits.
package struct HTTPRequest: Sendable {
    /// What is asked for.
    package let method: HTTPMethod
    /// The target before any `?`, not decoded; begins with `/`, or is `*` for OPTIONS.
    package let path: String
    /// What follows the first `?`, not decoded; nil without one.
    package let query: String?
    /// The fields of the head. For a target in absolute form, `host` is the target's.
    package let headers: HTTPHeaders
    /// The content with any chunked framing taken off; trailers are dropped.
    package let body: [UInt8]
    /// The client's address, without its port: `127.0.0.1`, `::1`.
    package let peer: String
    /// When the last byte of the request had been read.
    package let receivedAt: ContinuousClock.Instant

    /// A request made by hand, as tests of handlers do.
    package init(
        method: HTTPMethod, path: String, query: String? = nil, headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [], peer: String = "127.0.0.1", receivedAt: ContinuousClock.Instant = .now
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.receivedAt = receivedAt
    }

    /// The first item of that name in the query, decoded as a form is (`+` and `%20` are spaces); nil without one.
    /// A `%` that two hex digits do not follow stands for itself.
    package func queryItem(_ name: String) -> String? {
        guard let query else { return nil }
        for item in query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            if Self.decoded(parts[0]) == name { return parts.count == 2 ? Self.decoded(parts[1]) : "" }
        }
        return nil
    }

    private static func decoded(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            let pair = rest.prefix(2)
            if byte == UInt8(ascii: "%"), pair.count == 2,
                let high = Hex.value(pair[pair.startIndex]),
                let low = Hex.value(pair[pair.index(after: pair.startIndex)])
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a handler answers.
package struct HTTPResponse: Sendable {
    /// 200…599; anything else is answered as 500.
    package var status: Int
    /// Sent in order. The server owns `content-length`, `transfer-encoding`, `date` and `connection` (of which it
    /// heeds `close`). A field whose name is no token or whose value holds CR, LF or NUL is left out and reported.
    package var headers: [(name: String, value: String)]
    /// The content; not sent for HEAD, 204 and 304.
    package var body: HTTPBody

    package init(status: Int, headers: [(name: String, value: String)] = [], body: HTTPBody = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The content of a response.
package enum HTTPBody: Sendable {
    /// All of it, sent at once with a `content-length`.
    case bytes([UInt8])
    /// Written piece by piece, chunked (to HTTP/1.0, until the connection closes). The head is sent before the closure
    /// runs, on the handler's task. When it throws, the connection is closed in a way that shows the client that the
    /// answer was cut short. It runs even when the client has gone by then, but not for HEAD.
    case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
}

/// The client has gone, or the server has given the request up: nothing more can be written.
package struct HTTPDisconnected: Error, CustomStringConvertible {
    package var description: String { "the client is gone: stop producing its answer" }
}
