// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends the UTF-8 of `text` in one piece; `append(contentsOf: text.utf8)` goes byte by byte.
    @inlinable
    package mutating func append(utf8 text: String) {
        let whole: Void? = text.utf8.withContiguousStorageIfAvailable { append(contentsOf: $0) }
        if whole == nil { append(contentsOf: text.utf8) }
    }
}

extension String {
    /// Whether every byte of the UTF-8 passes; true when there is none.
    @inlinable
    package func hasOnlyBytes(_ passes: (UInt8) -> Bool) -> Bool {
        utf8.withContiguousStorageIfAvailable { $0.allSatisfy(passes) } ?? utf8.allSatisfy(passes)
    }
}

/// A set of ASCII characters in 128 bits.
package struct ASCIISet: Sendable {
    @usableFromInline var low: UInt64 = 0
    @usableFromInline var high: UInt64 = 0

    /// The characters of `members`, all of them ASCII.
    package init(_ members: String) {
        for byte in members.utf8 {
            precondition(byte < 128, "\(members) is not ASCII")
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
    }

    /// Whether the byte is one of them.
    @inlinable @inline(__always)
    package func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<64: low >> UInt64(byte) & 1 == 1
        case 64..<128: high >> UInt64(byte - 64) & 1 == 1
        default: false
        }
    }

    /// Letters and digits.
    package static let alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    /// tchar (RFC 9110 §5.6.2): what names of methods and header fields are made of.
    package static let token = ASCIISet(alphanumerics + "!#$%&'*+-.^_`|~")
}
