// SPDX-License-Identifier: Apache-2.0

extension NetworkAddress {
    /// Whether it belongs to the public Internet: not to this machine, a private network or a link, is not multicast,
    /// and not set aside for anything else (IANA's registries of special-purpose addresses, RFC 6890).
    ///
    /// An address that stands for an IPv4 address behind a translator (RFC 6052) is what that one is.
    package var isPublic: Bool {
        if isVersion4 { return !Self.special4.contains { $0.contains(self) } }
        if Self.translated.contains(where: { $0.contains(self) }) {
            return NetworkAddress(high: 0, low: 0xffff << 32 | low & 0xffff_ffff).isPublic
        }
        return Self.global6.contains { $0.contains(self) } && !Self.special6.contains { $0.contains(self) }
    }

    private static let special4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    ].compactMap { NetworkRange($0) }
    private static let translated = ["64:ff9b::/96"].compactMap { NetworkRange($0) }
    /// All that is handed out so far; within it protocols, examples, and tunnels that lead to IPv4 addresses.
    private static let global6 = ["2000::/3"].compactMap { NetworkRange($0) }
    private static let special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap {
        NetworkRange($0)
    }
}
