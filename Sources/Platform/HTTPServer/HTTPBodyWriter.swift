// SPDX-License-Identifier: Apache-2.0

/// Writes the content of a streamed response. Belongs to one request; useless when its closure has returned.
package final class HTTPBodyWriter: Sendable {
    package func write(_ bytes: [UInt8]) async throws(HTTPDisconnected) {}
}
