// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A mail server and how to talk to it, from its URL.
package struct SMTPSettings: Sendable {
    /// How the connection is protected.
    package enum Protection: Sendable, Equatable {
        /// TLS from the first byte (`smtps`, RFC 8314).
        case implicit
        /// STARTTLS (RFC 3207), without which nothing is sent.
        case startTLS
        /// None, because the URL says so.
        case none
    }

    /// A name, or an address (IPv6 without brackets).
    package let host: String
    /// 465 for `smtps`, 587 for `smtp`, unless the URL says.
    package let port: Int
    /// What protects it.
    package let protection: Protection
    /// Nil where the server asks for none.
    package let user: String?
    /// Empty where there is no user.
    package let password: Secret<String>
    /// A file of PEM certificates to trust in place of the system's.
    package var caFile: String?
    /// Name resolution, TCP and TLS together.
    package var connectTimeout = Duration.seconds(10)
    /// All of one delivery.
    package var totalTimeout = Duration.seconds(20)

    /// Reads `smtp://[user:password@]host[:port][?starttls=off]` or `smtps://…`; user and password percent-encoded.
    /// A password is never sent in clear, but to this machine. Throws `invalidURL`.
    package init(url: Secret<String>, caFile: String? = nil) throws(MailError) {
        let text = url.reveal()
        guard let mark = text.firstRange(of: "://") else { throw .invalidURL(reason: "write smtp://host:587") }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "smtp" || scheme == "smtps" else {
            throw .invalidURL(reason: "it begins with smtp:// or smtps://")
        }
        var rest = text[mark.upperBound...]
        let options = Self.cut(&rest, at: "?")
        if rest.last == "/" { rest.removeLast() }
        (user, password) = try Self.credentials(&rest)
        (host, port) = try Self.place(rest, standardPort: scheme == "smtps" ? 465 : 587)
        switch (scheme, options) {
        case ("smtps", nil): protection = .implicit
        case ("smtp", nil): protection = .startTLS
        case ("smtp", "starttls=off"): protection = .none
        default: throw .invalidURL(reason: "its one option is ?starttls=off, for smtp")
        }
        self.caFile = caFile
        let isHere = ["127.0.0.1", "::1", "localhost"].contains(host)
        guard user == nil || protection != .none || isHere else {
            throw .invalidURL(reason: "a password would travel in clear; leave out starttls=off")
        }
    }

    /// What follows the last `mark`, taken off `text` with it.
    private static func cut(_ text: inout Substring, at mark: Character) -> Substring? {
        guard let index = text.lastIndex(of: mark) else { return nil }
        defer { text = text[..<index] }
        return text[text.index(after: index)...]
    }

    private static func credentials(_ text: inout Substring) throws(MailError) -> (String?, Secret<String>) {
        guard let at = text.lastIndex(of: "@") else { return (nil, Secret("")) }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        text = text[text.index(after: at)...]
        guard let user = PercentEncoding.decode(parts[0]),
            let password = PercentEncoding.decode(parts.count > 1 ? parts[1] : ""),
            HeaderText.isOneLine(user + password), !user.isEmpty
        else { throw .invalidURL(reason: "user or password are not percent-encoded text") }
        return (user, Secret(password))
    }

    private static func place(_ text: Substring, standardPort: Int) throws(MailError) -> (String, Int) {
        let allowed = ASCIISet(ASCIISet.alphanumerics + "-._:")
        guard let place = URLAuthority(text), place.host.utf8.count <= 255, place.host.utf8.allSatisfy(allowed.contains)
        else { throw .invalidURL(reason: "it names no host, or its port is no number from 1 to 65535") }
        return (place.host, place.port ?? standardPort)
    }

    /// What libcurl is given: without user and password, which it gets apart, and with the name to greet with.
    func url(greeting: String) -> String {
        let place = host.contains(":") ? "[\(host)]" : host
        return "\(protection == .implicit ? "smtps" : "smtp")://\(place):\(port)/\(greeting)"
    }
}
