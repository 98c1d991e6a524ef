// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Where the server listens and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
    /// A numeric address and a port: `127.0.0.1:8080`, `[::1]:8080`; port 0 lets the system choose.
    package var address: String
    /// Request line and header fields together; also the trailers of a chunked body. Beyond it: 431.
    package var maximumHeadBytes = 32 * 1024
    /// Header fields of a request. Beyond it: 431.
    package var maximumHeaders = 100
    /// The content of a request, chunked framing taken off. Beyond it: 413.
    package var maximumBodyBytes = 10 * 1024 * 1024
    /// Open connections, over all loops. Beyond it new ones are answered 503 and closed.
    package var maximumConnections = 10_000
    /// How long a connection may wait for the first byte of a request.
    package var idleTimeout: Duration = .seconds(75)
    /// From the first byte of a head to its last; also for the TLS handshake. Beyond it: 408.
    package var headTimeout: Duration = .seconds(10)
    /// From the end of the head to the last byte of the body. Beyond it: 408.
    package var bodyTimeout: Duration = .seconds(60)
    /// From the last byte of the request to the last byte of the answer, in all. Beyond it the handler's task is
    /// cancelled and the answer is 504, or is cut short when it had begun.
    package var requestTimeout: Duration = .seconds(600)
    /// How long a client may take no byte of an answer that waits for it; then the connection is reset.
    package var writeTimeout: Duration = .seconds(30)
    /// PEM files of the certificate with its chain and of the key; nil for plain HTTP. TLS 1.2 and 1.3.
    package var tls: (certificateFile: String, keyFile: String)?
    /// The JSON content of the server's own errors, from the status and a sentence.
    package var errorBody: @Sendable (_ status: Int, _ message: String) -> [UInt8] = Self.defaultErrorBody
    /// Further header fields of the server's own errors, such as an id of the request.
    package var errorHeaders: @Sendable () -> [(name: String, value: String)] = { [] }

    package init(address: String) { self.address = address }

    /// `{"error":{"message":…,"type":…,"param":null,"code":…}}`; `code` is the reason phrase in snake case.
    package static func defaultErrorBody(status: Int, message: String) -> [UInt8] {
        var escaped: [UInt8] = []
        for byte in message.utf8 where byte >= 0x20 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(byte)
        }
        let type = status < 500 ? "invalid_request_error" : "server_error"
        let code = StatusLine.reason(status).utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "_") : lowercased($0) }
        return Array(#"{"error":{"message":""#.utf8) + escaped
            + Array(#"","type":"\#(type)","param":null,"code":""#.utf8) + code + Array(#""}}"#.utf8)
    }
}

/// Why the server could not start.
package enum HTTPServerError: Error, Equatable, CustomStringConvertible {
    /// Not a numeric address with a port.
    case invalidAddress(String)
    /// Another server listens there.
    case addressInUse(String)
    /// The system refused for another reason.
    case cannotListen(address: String, reason: String)
    /// The certificate or key cannot be used.
    case tls(file: String, reason: String)

    package var description: String {
        switch self {
        case .invalidAddress(let address):
            "\"\(address)\" is no address to listen on: give a numeric one and a port, as 127.0.0.1:8080 or [::1]:8080"
        case .addressInUse(let address):
            "\(address) is in use by another server: stop that one or choose another port"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        case .tls(let file, let reason):
            "cannot use \(file) for TLS: \(reason)"
        }
    }
}

/// What happened that a log or a metric may want to know. Reported on the loop's thread: be quick, never wait.
package enum HTTPServerEvent: Sendable, Equatable {
    /// A connection was turned away: `maximumConnections` are open.
    case connectionRefused(peer: String)
    /// accept(2) failed; the loop tries again in 100 ms.
    case acceptFailed(errno: Int32)
    /// The client's TLS handshake failed or took too long.
    case handshakeFailed(peer: String)
    /// The server answered by itself: the request broke the protocol or a limit, or ran out of time.
    case requestRefused(status: Int, message: String, peer: String)
    /// The client went away before its answer was complete; its handler has been cancelled.
    case disconnected(peer: String)
    /// A streamed answer was given up after it had begun: its closure threw, or its time was up.
    case responseCutShort(peer: String)
    /// A handler's response held a field that must not be sent; it was left out.
    case responseHeaderRefused(name: String)
}
