// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// A response whose body is read piece by piece, by one reader.
///
/// Above 256 KB unread the transfer pauses, and with it the server. A stream that is let go is cancelled.
package final class HTTPClientStream: Sendable {
    /// The status code, 200…999; redirects are not followed.
    package let status: Int
    /// Complete before the stream is handed out; trailers are not among them.
    package let headers: HTTPClientHeaders
    private let transfer: Transfer
    private let pool: Pool

    init(status: Int, headers: HTTPClientHeaders, transfer: Transfer, pool: Pool) {
        self.status = status
        self.headers = headers
        self.transfer = transfer
        self.pool = pool
    }

    deinit { cancel() }

    /// The bytes that have come since the last call; waits for some; nil at the end of the whole body. Cancelling the
    /// task aborts the transfer.
    package func next() async throws(HTTPClientError) -> [UInt8]? {
        if transfer.loop.isCurrent, let ready = pool.read(transfer) { return try ready.get() }
        let (transfer, pool) = (transfer, pool)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                if transfer.loop.isCurrent {
                    pool.read(transfer, reader)
                } else {
                    transfer.loop.execute { pool.read(transfer, reader) }
                }
            }
        } onCancel: {
            pool.abort(transfer)
        }
        return try result.get()
    }

    /// The rest of the body; more than `limit` bytes are `tooLarge`, and end the transfer.
    package func collect(limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        while let piece = try await next() {
            guard body.count + piece.count <= limit else {
                cancel()
                throw .tooLarge(limit: limit)
            }
            body.append(contentsOf: piece)
        }
        return body
    }

    /// Ends the transfer and closes its connection; from any thread, any number of times.
    package func cancel() { pool.abort(transfer) }
}
