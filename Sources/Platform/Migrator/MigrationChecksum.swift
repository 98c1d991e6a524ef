// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SQLText

/// What a file says, whatever it looks like: the checksum that decides whether a file is still the one that was
/// applied.
///
/// The algorithm's name is kept with each checksum, so that a better one can come without making the old ones wrong.
enum MigrationChecksum {
    /// SHA-256 over the tokens of SQL, each with its kind and its length before it. Comments, white space and line ends
    /// between tokens do not count; quoted text counts byte for byte.
    static let sqlTokens = "sql-tokens-1"
    /// SHA-256 over the canonical form of JSON (RFC 8785).
    static let json = "json-1"
    /// SHA-256 over the bytes: what histories of the first shape have.
    static let bytes = "raw-1"

    static func tokens(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var said: [UInt8] = []
        said.reserveCapacity(bytes.count * 2)
        for token in SQLLexer.tokens(in: bytes) {
            said.append(token.kind.rawValue)
            said.append(token.isPrefixed ? 1 : 0)
            said.append(contentsOf: bigEndian(token.range.count))
            said.append(contentsOf: bytes[token.range])
        }
        return SHA256.hash(said).hex
    }

    /// Nil when it is no JSON.
    static func canonical(_ text: String) -> String? {
        guard let value = try? JSONValue(parsing: Array(text.utf8)), let bytes = try? value.canonicalBytes() else {
            return nil
        }
        return SHA256.hash(bytes).hex
    }

    static func raw(_ text: String) -> String { SHA256.hash(Array(text.utf8)).hex }

    /// Eight bytes.
    static func bigEndian(_ count: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
    }
}
