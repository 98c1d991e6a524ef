// SPDX-License-Identifier: Apache-2.0

/// Why a message cannot be made or was not delivered.
package enum MailError: Error, Equatable, CustomStringConvertible {
    /// A name or subject holds a line break or another control character (header injection), or is too long.
    case invalidField(String)
    /// The text is no `local@domain` or `Name <local@domain>`.
    case invalidAddress(String)
    /// The message is larger than this many bytes.
    case tooLarge(limit: Int)
    /// The URL of the mail server cannot be used.
    case invalidURL(reason: String)
    /// The server's name does not resolve, or nothing answers there.
    case unreachable(host: String)
    /// No secure connection: the certificate is not trusted, or the server offers no STARTTLS.
    case insecure(reason: String)
    /// The server does not take user and password, or asks for some.
    case signIn(reply: Int)
    /// The server's answer to the message, sender or recipient: 4xx for now, 5xx for good.
    case refused(reply: Int)
    /// The server did not answer in time.
    case timeout
    /// The connection ended before the server had taken the message.
    case cut

    /// Whether another try may end better.
    package var isTransient: Bool {
        switch self {
        case .invalidField, .invalidAddress, .tooLarge, .invalidURL, .signIn: false
        case .unreachable, .insecure, .timeout, .cut: true
        case .refused(let reply): (400..<500).contains(reply)
        }
    }

    /// Whether it is the server that is away or wrong, so that no other message fares better.
    package var concernsServer: Bool {
        switch self {
        case .unreachable, .insecure, .signIn, .timeout, .cut: true
        case .invalidField, .invalidAddress, .tooLarge, .invalidURL, .refused: false
        }
    }

    package var description: String {
        switch self {
        case .invalidField(let name):
            "The \(name) of an e-mail must be one line without control characters, and not too long."
        case .invalidAddress(let text):
            "\(text) is no e-mail address; write local@domain or Name <local@domain>, in ASCII letters."
        case .tooLarge(let limit): "The e-mail is larger than \(limit) bytes."
        case .invalidURL(let reason): "The mail server's URL cannot be used: \(reason)."
        case .unreachable(let host): "The mail server \(host) cannot be reached; check its name, port and the network."
        case .insecure(let reason): "No secure connection to the mail server: \(reason)."
        case .signIn(let reply):
            "The mail server did not accept user and password (\(reply)); check them in its URL."
        case .refused(let reply): "The mail server refused the message, its sender or its recipient (\(reply))."
        case .timeout: "The mail server did not answer in time."
        case .cut: "The mail server closed the connection before it had taken the message."
        }
    }
}
