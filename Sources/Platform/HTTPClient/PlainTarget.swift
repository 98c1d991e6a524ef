// SPDX-License-Identifier: Apache-2.0

/// A server spoken to without TLS: its connections that rest, and who waits for one. Loop-confined.
final class PlainOrigin {
    /// What to connect to.
    let url: String
    var idle: [PlainConnection] = []
    /// Connections made or being made.
    var open = 0
    var waiting: [Transfer] = []

    init(authority: String) { url = "http://\(authority)/" }
}

/// Where a request goes, taken from its URL.
struct PlainTarget {
    let origin: PlainOrigin
    /// The request line behind the method, and the `Host` line.
    let line: [UInt8]

    /// Host and port, and path and query, of a URL that needs no TLS, no credentials and no repair; nil for all
    /// others, which are left to curl.
    static func parts(of url: String) -> (authority: String, path: String)? {
        let bytes = Array(url.utf8)
        guard bytes.count > 7, bytes.allSatisfy({ $0 < 0x7F }), url.prefix(7).lowercased() == "http://" else {
            return nil
        }
        let rest = bytes[7...].prefix { $0 != UInt8(ascii: "#") }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard isAuthority(authority) else { return nil }
        let path = rest[authority.endIndex...]
        let slash = path.first == UInt8(ascii: "/") ? "" : "/"
        return (String(decoding: authority, as: UTF8.self), slash + String(decoding: path, as: UTF8.self))
    }

    /// A name or address of letters, digits, dots and hyphens, with or without a port.
    private static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
        let host = bytes.prefix { $0 != UInt8(ascii: ":") }
        let isHost = host.allSatisfy { byte in
            switch byte | 0x20 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                UInt8(ascii: "-"):
                byte != 0x0D && byte != 0x0E && byte >= 0x2D
            default: false
            }
        }
        guard !host.isEmpty, isHost else { return false }
        guard host.count < bytes.count else { return true }
        let port = Int(String(decoding: bytes[(host.endIndex + 1)...], as: UTF8.self)) ?? 0
        return (1...65_535).contains(port)
    }
}
