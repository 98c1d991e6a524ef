// SPDX-License-Identifier: Apache-2.0
package import EventLoop

/// What all requests of one client share.
package struct HTTPClientConfiguration: Sendable {
    /// Connections to one host and port, per event loop; further requests wait for one.
    package var maximumConnectionsPerHost: Int
    /// A file of PEM certificates to trust in place of the system's.
    package var caFile: String?
    package var userAgent: String
    /// HTTP/2 over TLS where the server offers it.
    package var allowHTTP2: Bool

    package init(
        maximumConnectionsPerHost: Int = 256, caFile: String? = nil, userAgent: String = "http-client",
        allowHTTP2: Bool = true
    ) {
        self.maximumConnectionsPerHost = maximumConnectionsPerHost
        self.caFile = caFile
        self.userAgent = userAgent
        self.allowHTTP2 = allowHTTP2
    }
}

/// HTTP/1.1 and HTTP/2 requests with keep-alive.
package final class HTTPClient: Sendable {
    package init(configuration: HTTPClientConfiguration = HTTPClientConfiguration(), loops: [EventLoop]) {}

    /// Sends the request and gathers the whole response.
    package func fetch(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        throw .cancelled
    }

    /// Sends the request and returns when the response's head is there.
    package func open(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientStream {
        throw .cancelled
    }
}

/// A response whose body is read piece by piece.
package final class HTTPClientStream: Sendable {
    package let status: Int
    package let headers: HTTPClientHeaders
    init(status: Int, headers: HTTPClientHeaders) {
        self.status = status
        self.headers = headers
    }
    /// The bytes that have come since the last call; waits for some; nil at the end of the whole body.
    package func next() async throws(HTTPClientError) -> [UInt8]? { nil }
    /// The rest of the body; `tooLarge` above `limit` bytes.
    package func collect(limit: Int) async throws(HTTPClientError) -> [UInt8] { [] }
    /// Ends the transfer and closes its connection; from any thread, any number of times.
    package func cancel() {}
}
