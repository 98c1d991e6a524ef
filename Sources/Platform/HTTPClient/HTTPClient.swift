// SPDX-License-Identifier: Apache-2.0
package import EventLoop
package import SwiftExtensions

/// What all requests of one client share.
package struct HTTPClientConfiguration: Sendable {
    /// Connections to one host and port, per event loop; further requests wait for one.
    package var maximumConnectionsPerHost: Int
    /// A file of PEM certificates to trust in place of the system's.
    package var caFile: String?
    /// The `user-agent` of requests that bring none.
    package var userAgent: String
    /// HTTP/2 over TLS where the server offers it.
    package var allowHTTP2: Bool
    /// Whether the environment names a proxy for `http` URLs (`http_proxy`, `all_proxy`, `ALL_PROXY`); these then go
    /// over curl, which reads it, and else natively.
    package var isProxied: Bool
    /// Whether a connection may be made to an address; nil allows all. It is asked with the address that is about to be
    /// connected to, whatever name led there: a proxy's, where there is one.
    package var admits: (@Sendable (NetworkAddress) -> Bool)?

    package init(
        maximumConnectionsPerHost: Int = 256, caFile: String? = nil, userAgent: String = "http-client",
        allowHTTP2: Bool = true, isProxied: Bool = false, admits: (@Sendable (NetworkAddress) -> Bool)? = nil
    ) {
        self.maximumConnectionsPerHost = maximumConnectionsPerHost
        self.caFile = caFile
        self.userAgent = userAgent
        self.allowHTTP2 = allowHTTP2
        self.isProxied = isProxied
        self.admits = admits
    }
}

/// An HTTP client (RFC 9110–9113) on the event loops: keep-alive, HTTP/2 over TLS, proxies from the environment
/// (`https_proxy`, `http_proxy`, `no_proxy`), certificates always verified.
///
/// A request made on a loop stays on it; each loop has its own connections. Requests from elsewhere use the first
/// loop. Redirects are returned, not followed; nothing is decompressed; there are no cookies.
///
/// When a connection kept alive turns out to be dead before any byte of a response has come, the request is sent
/// again on a new one, whatever its method.
package final class HTTPClient: Sendable {
    private let pools: [Pool]

    /// `loops` must not be empty.
    package init(configuration: HTTPClientConfiguration = HTTPClientConfiguration(), loops: [EventLoop]) {
        precondition(!loops.isEmpty, "a client needs a loop")
        pools = loops.map { Pool(loop: $0, configuration: configuration) }
    }

    deinit { for pool in pools { pool.close() } }

    /// Sends the request and gathers the whole response. Cancelling the task aborts the transfer.
    package func fetch(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let pool = currentPool
        let transfer = Transfer(request, on: pool.loop, isStream: false)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { pool.start(transfer, .whole($0)) }
        } onCancel: {
            pool.abort(transfer)
        }
        return try result.get()
    }

    /// Sends the request and returns when the response's head is there; the body is read from the stream. Cancelling
    /// the task aborts the transfer.
    package func open(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientStream {
        let pool = currentPool
        let transfer = Transfer(request, on: pool.loop, isStream: true)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { pool.start(transfer, .head($0)) }
        } onCancel: {
            pool.abort(transfer)
        }
        let (status, headers) = try result.get()
        return HTTPClientStream(status: status, headers: headers, transfer: transfer, pool: pool)
    }

    /// Closes all connections; transfers under way end as cancelled, and so do later ones.
    package func close() { for pool in pools { pool.close() } }

    private var currentPool: Pool {
        guard let loop = EventLoop.current else { return pools[0] }
        return pools.first { $0.loop === loop } ?? pools[0]
    }
}

/// One loop's connections, reachable from every thread.
final class Pool: @unchecked Sendable {
    // @unchecked: `multi`, `plain` and `isClosed` are touched on the loop's thread only.
    let loop: EventLoop
    private let configuration: HTTPClientConfiguration
    private var multi: CurlMulti?
    private var plain: PlainTransport?
    private var isClosed = false

    init(loop: EventLoop, configuration: HTTPClientConfiguration) {
        self.loop = loop
        self.configuration = configuration
    }

    func start(_ transfer: Transfer, _ waiter: sending Transfer.Waiter) {
        transfer.wait(waiter)
        if loop.isCurrent { begin(transfer) } else { loop.execute { self.begin(transfer) } }
    }

    private func begin(_ transfer: Transfer) {
        guard !isClosed else { return transfer.finish(.cancelled) }
        if let problem = transfer.failure ?? transfer.request.problem() { return transfer.finish(problem) }
        let multi = multi ?? CurlMulti(on: loop, configuration)
        self.multi = multi
        let plain = plain ?? PlainTransport(on: loop, configuration, connectingBy: multi)
        self.plain = plain
        if !plain.start(transfer) { multi.start(transfer) }
    }

    /// Soon, from any thread, also from inside one of curl's callbacks.
    func abort(_ transfer: Transfer) {
        if loop.isCurrent, transfer.isFinished { return }
        loop.execute {
            transfer.fail(.cancelled)
            if transfer.target == nil {
                self.multi?.abort(transfer, .cancelled)
            } else {
                self.plain?.abort(transfer, .cancelled)
            }
        }
    }

    func close() {
        loop.execute {
            self.isClosed = true
            self.plain?.close()
            self.multi?.close()
            self.plain = nil
            self.multi = nil
        }
    }

    // MARK: A stream's reader; on the loop's thread

    func read(_ transfer: Transfer) -> Result<[UInt8]?, HTTPClientError>? {
        let result = transfer.read()
        if result != nil, transfer.release() {
            if case .plain(let connection) = transfer.carrier { connection.resume() } else { multi?.resume(transfer) }
        }
        return result
    }

    func read(_ transfer: Transfer, _ reader: Transfer.Piece) {
        if let result = read(transfer) { reader.resume(returning: result) } else { transfer.wait(.piece(reader)) }
    }
}
