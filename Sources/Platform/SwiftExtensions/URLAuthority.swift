// SPDX-License-Identifier: Apache-2.0

/// Where a URL leads: `host`, `host:port` or `[IPv6]:port` (RFC 3986 §3.2), without the user.
package struct URLAuthority: Sendable, Equatable {
    /// A name or an address, without brackets; not empty. Its characters are not looked at.
    package let host: String
    /// 1…65535; nil where none is written.
    package let port: Int?

    /// Nil without a host, and for a port that is no such number.
    package init?(_ text: some StringProtocol) {
        let text = Substring(text)
        let end = text.lastIndex(of: "]").map { text.index(after: $0) } ?? text.firstIndex(of: ":") ?? text.endIndex
        var host = text[..<end]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
        let rest = text[end...]
        guard !rest.isEmpty else {
            port = nil
            return
        }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits),
            number > 0
        else { return nil }
        port = Int(number)
    }
}
