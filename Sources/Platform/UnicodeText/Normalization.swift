// SPDX-License-Identifier: Apache-2.0
import CUtf8proc
import Glibc

/// Why a text was not normalized.
package enum UnicodeTextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text has more bytes than allowed; nothing was looked at.
    case tooLong(bytes: Int, limit: Int)
    /// The library had no memory for the text.
    case outOfMemory

    /// What happened and what to do.
    package var description: String {
        switch self {
        case .tooLong(let bytes, let limit): "the text has \(bytes) bytes; at most \(limit) are taken"
        case .outOfMemory: "there was no memory to normalize a text; give the process more"
        }
    }
}

/// Texts that look alike and are entered alike, made of the same bytes.
package enum Normalization {
    /// Normalization Form C (UAX #15): é is one code point, however it was typed.
    ///
    /// `limit` is in bytes of UTF-8 and looked at first, so that a text of megabytes costs nothing. The result has at
    /// most three times the bytes of the input. Throws `tooLong` and `outOfMemory`.
    package static func nfc(_ text: String, limit: Int) throws(UnicodeTextError) -> String {
        guard text.utf8.count <= limit else { throw .tooLong(bytes: text.utf8.count, limit: limit) }
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        let input = Array(text.utf8)
        let options = utf8proc_option_t(UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
        var output: UnsafeMutablePointer<UInt8>?
        let count = unsafe utf8proc_map(input, input.count, &output, options)
        // A string of Swift is valid UTF-8 and short here: only memory can be missing.
        guard count >= 0, let output = unsafe output else { throw .outOfMemory }
        defer {
            // It may have been a password.
            unsafe explicit_bzero(output, count)
            unsafe free(output)
        }
        return unsafe String(decoding: UnsafeBufferPointer(start: output, count: count), as: UTF8.self)
    }
}
