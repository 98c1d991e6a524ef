// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// Writes the content of a streamed response. Belongs to one request; when its closure has returned it only throws.
package final class HTTPBodyWriter: Sendable {
    private let connection: Connection
    private let request: UInt64

    init(connection: Connection, request: UInt64) {
        self.connection = connection
        self.request = request
    }

    /// Sends the bytes at once; an empty array is nothing. Suspends while more than 64 KB wait for the client to read,
    /// at most for the server's `writeTimeout`. From any thread, though the connection's own loop is the fast one.
    package func write(_ bytes: [UInt8]) async throws(HTTPDisconnected) {
        guard !bytes.isEmpty else { return }
        let connection = connection
        let request = request
        let isWritten =
            connection.loop.isCurrent
            ? await connection.write(bytes, for: request)
            : await connection.loop.run { await connection.write(bytes, for: request) }
        guard isWritten else { throw HTTPDisconnected() }
    }
}
