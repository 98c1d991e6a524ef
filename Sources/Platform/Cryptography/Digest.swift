// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The 32 bytes of a SHA-256 or HMAC-SHA-256, as four words: no allocation, cheap to copy, compare and hash.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// Bytes 0–7, 8–15, 16–23 and 24–31, big-endian.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyBytes(from: bytes) }
        self.words = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }

    /// Reads 64 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// All zero: what stands before the first link of a chain.
    package static let zero = Digest(words: (0, 0, 0, 0))

    /// The 32 bytes, in order.
    package var bytes: [UInt8] {
        let ordered = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        return unsafe withUnsafeBytes(of: ordered) { unsafe [UInt8]($0) }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        unsafe String(unsafeUninitializedCapacity: 64) { digits in
            guard let start = digits.baseAddress else { return 0 }
            unsafe Hex.write(words.0, to: start)
            unsafe Hex.write(words.1, to: start + 16)
            unsafe Hex.write(words.2, to: start + 32)
            unsafe Hex.write(words.3, to: start + 48)
            return 64
        }
    }

    /// The same as `hex`.
    package var description: String { hex }

    /// Compares in constant time, so it may compare codes of messages from outside.
    package static func == (left: Digest, right: Digest) -> Bool {
        (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3) == 0
    }

    /// Feeds the words to `hasher`.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
