// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An IPv4 or IPv6 address. IPv4 in IPv6's clothes (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 address.
package struct NetworkAddress: Sendable, Hashable, LosslessStringConvertible {
    /// The 128 bits; an IPv4 address is in the last 32, with `ffff` before it.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Whether it is an IPv4 address.
    package var isVersion4: Bool { high == 0 && low >> 32 == 0xffff }

    /// Reads what `inet_pton` reads; nil for anything else, names and ports included.
    package init?(_ text: String) {
        guard text.utf8.count <= 45 else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(high: 0, low: 0xffff << 32 | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let word = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        self.init(high: word(bytes[..<8]), low: word(bytes[8...]))
    }

    /// The shortest form (RFC 5952).
    package var description: String {
        var text = [CChar](repeating: 0, count: 46)
        if isVersion4 {
            var four = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            inet_ntop(AF_INET, &four, &text, 46)
        } else {
            var bytes = [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
            inet_ntop(AF_INET6, &bytes, &text, 46)
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses as `192.0.2.0/24` or `2001:db8::/32` (CIDR, RFC 4632); an address alone is a range of one.
package struct NetworkRange: Sendable, Hashable, LosslessStringConvertible {
    private let base: NetworkAddress
    /// 0…128; IPv4's are 96 longer than they are written.
    private let bits: Int

    /// Nil for anything else, also where bits are set behind the prefix, which is mostly a mistake.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = NetworkAddress(String(parts[0])) else { return nil }
        let longest = address.isVersion4 ? 32 : 128
        var length = longest
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...longest).contains(number), parts[1].utf8.first != UInt8(ascii: "+")
            else { return nil }
            length = number
        }
        base = address
        bits = length + 128 - longest
        guard Self.masked(address, bits) == address else { return nil }
    }

    /// Whether the address lies in the range.
    package func contains(_ address: NetworkAddress) -> Bool { Self.masked(address, bits) == base }

    /// Whether all of the other range lies in this one.
    package func contains(_ other: NetworkRange) -> Bool { other.bits >= bits && contains(other.base) }

    /// The range of that many leading bits around an address: 0…32 for IPv4, 0…128 for IPv6.
    package static func around(_ address: NetworkAddress, bits: Int) -> NetworkRange {
        let bits = address.isVersion4 ? bits + 96 : bits
        return NetworkRange(base: masked(address, bits), bits: bits)
    }

    private init(base: NetworkAddress, bits: Int) {
        self.base = base
        self.bits = bits
    }

    private static func masked(_ address: NetworkAddress, _ bits: Int) -> NetworkAddress {
        NetworkAddress(
            high: address.high & mask(min(bits, 64)), low: address.low & mask(max(bits - 64, 0)))
    }

    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }

    /// Always with its length.
    package var description: String { "\(base)/\(base.isVersion4 && bits >= 96 ? bits - 96 : bits)" }
}
