// SPDX-License-Identifier: Apache-2.0

/// Why there is no (whole) response.
package enum HTTPClientError: Error, Equatable, CustomStringConvertible {
    /// The URL is not absolute, not http or https, or holds blanks or control characters.
    case invalidURL(reason: String)
    /// A method or header that cannot be sent as given, for instance with a line break in it (request smuggling).
    case invalidHeader(name: String)
    /// The host's name (or the proxy's) does not resolve.
    case resolve(host: String)
    /// Nothing listens there.
    case refused(host: String)
    /// There is no way there: no route, or the network is down.
    case unreachable(host: String)
    /// It leads to an address that the client may not connect to.
    case notAdmitted(host: String)
    /// The handshake failed, or the certificate is not trusted.
    case tls(reason: String)
    /// No connection was ready in time; the request was not sent.
    case connectTimeout(host: String)
    /// No response head in time.
    case firstByteTimeout(Duration)
    /// The response stopped for too long.
    case idleTimeout(Duration)
    /// The response was not complete in time.
    case totalTimeout(Duration)
    /// The response's body is longer than the request allows, or its head longer than 64 KB.
    case tooLarge(limit: Int)
    /// The connection was closed before the response was complete.
    case cut
    /// What came back is not HTTP.
    case protocolError(reason: String)
    /// The caller's task was cancelled, or the client closed.
    case cancelled

    /// Whether the request may have reached the server. False only if it surely has not: then it is safe to send
    /// it elsewhere, whatever its method.
    package var requestMayHaveBeenSent: Bool {
        switch self {
        case .invalidURL, .invalidHeader, .resolve, .refused, .unreachable, .notAdmitted, .tls, .connectTimeout: false
        case .firstByteTimeout, .idleTimeout, .totalTimeout, .tooLarge, .cut, .protocolError, .cancelled: true
        }
    }

    package var description: String {
        switch self {
        case .invalidURL(let reason): "The URL cannot be used: \(reason)."
        case .invalidHeader(let name): "The header or method \(name) cannot be sent as given."
        case .resolve(let host): "The name \(host) does not resolve; check the URL and the DNS of this machine."
        case .refused(let host): "\(host) refuses connections; check that the server runs and the port is right."
        case .unreachable(let host): "\(host) cannot be reached; check the network and the firewall."
        case .notAdmitted(let host): "\(host) leads to an address that must not be connected to."
        case .tls(let reason): "The secure connection failed: \(reason)."
        case .connectTimeout(let host): "No connection to \(host) in time."
        case .firstByteTimeout(let limit): "No response within \(limit)."
        case .idleTimeout(let limit): "The response stopped for \(limit)."
        case .totalTimeout(let limit): "The response was not complete within \(limit)."
        case .tooLarge(let limit): "The response is larger than the limit of \(limit) bytes."
        case .cut: "The connection was closed before the response was complete."
        case .protocolError(let reason): "The server does not speak HTTP: \(reason)."
        case .cancelled: "The request was cancelled."
        }
    }
}
