// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// An address that single sign-on may go to: `https`, or `http` on this machine, where nobody listens in between.
package struct IssuerURL: Sendable, Equatable {
    /// As given.
    package let text: String
    /// Whether it is `http` on this machine.
    package let isLoopback: Bool
    /// Whether it is `https` and not at a number that is no public address. A name says nothing yet: that shows when it
    /// is connected to.
    package let mayBePublic: Bool
    /// Whether a `?` is in it.
    package let hasQuery: Bool

    /// At most 2000 printable ASCII characters, without user and fragment; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count <= 2000, text.hasOnlyBytes({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "#\\\"<>^`{|}".contains($0) })
        else { return nil }
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        let authority = text.dropFirst(isSecure ? 8 : 7).prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@"), let place = URLAuthority(authority) else { return nil }
        isLoopback = !isSecure && ["127.0.0.1", "::1", "localhost"].contains(place.host)
        guard isSecure || isLoopback else { return nil }
        mayBePublic = isSecure && NetworkAddress(place.host)?.isPublic ?? true
        hasQuery = text.contains("?")
        self.text = text
    }
}

/// Where a program gets people back: RFC 8252 for programs on a desk, the installation's own pages for browsers.
package enum SignOnReturn {
    /// Whether it may: `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…` (§7.3; `localhost` may be somebody else,
    /// §8.3), or an address under `publicURL`. Anything else would send codes to strangers.
    package static func isAllowed(_ address: String, publicURL: String) -> Bool {
        guard address.utf8.count <= 512, let url = IssuerURL(address), !address.contains("..") else { return false }
        if address.hasPrefix(publicURL + "/") { return true }
        let rest = url.text.dropFirst(7)
        guard url.isLoopback, let literal = ["127.0.0.1:", "[::1]:"].first(where: rest.hasPrefix) else { return false }
        let port = rest.dropFirst(literal.count).prefix { $0 != "/" }
        return UInt16(port) ?? 0 > 0 && rest.dropFirst(literal.count + port.count).first == "/"
    }
}

/// `application/x-www-form-urlencoded`, as queries and requests for tokens are written.
enum FormText {
    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }

    /// `address` with more items in its query.
    static func adding(_ fields: [(String, String)], to address: String) -> String {
        address + (address.contains("?") ? "&" : "?") + encode(fields)
    }
}
