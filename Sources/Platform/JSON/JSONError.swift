// SPDX-License-Identifier: Apache-2.0

/// Why a text is not JSON (RFC 8259), and where.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong.
    package enum Kind: Equatable, Sendable {
        case expectedValue, expectedKey, expectedColon, expectedCommaOrBrace, expectedCommaOrBracket
        case unterminatedString, controlCharacter, invalidEscape, invalidUTF8, invalidNumber, invalidLiteral
        case unexpectedEnd, trailingBytes, byteOrderMark
        /// Arrays and objects are nested in each other more than this many deep.
        case tooDeep(limit: Int)
        /// The text is longer than this many bytes.
        case tooLarge(limit: Int)
    }

    /// What was wrong.
    package let kind: Kind
    /// The byte it was found at, from 0.
    package let offset: Int
    /// The line of that byte, from 1.
    package let line: Int
    /// The column of that byte in its line, in Unicode scalars from 1.
    package let column: Int

    /// Finds line and column of `offset` in `bytes`.
    init(_ kind: Kind, at offset: Int, in bytes: [UInt8]) {
        self.kind = kind
        self.offset = offset
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.line = line
        self.column = column
    }

    /// One line for people: `line 3, column 5: expected ',' or '}'`.
    package var description: String { "line \(line), column \(column): \(kind.sentence)" }
}

extension JSONError.Kind {
    var sentence: String {
        switch self {
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a member name in double quotes"
        case .expectedColon: "expected ':'"
        case .expectedCommaOrBrace: "expected ',' or '}'"
        case .expectedCommaOrBracket: "expected ',' or ']'"
        case .unterminatedString: "the string has no closing quote"
        case .controlCharacter: "a control character in a string must be written as an escape"
        case .invalidEscape: "no such escape; a backslash must be written as \\\\"
        case .invalidUTF8: "the text is not UTF-8 here"
        case .invalidNumber: "not a number as JSON writes them"
        case .invalidLiteral: "expected true, false or null"
        case .unexpectedEnd: "the text ends too early"
        case .trailingBytes: "nothing may follow the value"
        case .byteOrderMark: "the text must not begin with a byte order mark"
        case .tooDeep(let limit): "nested more than \(limit) deep"
        case .tooLarge(let limit): "the text is longer than \(limit) bytes"
        }
    }
}

/// Bounds on a text from outside.
package struct JSONLimits: Sendable {
    /// How deep arrays and objects may nest; at most 512, since the validator recurses.
    package let maximumDepth: Int
    /// How long the text may be, in bytes; at most 1 GiB.
    package let maximumBytes: Int

    /// Both are cut to the bounds the validator can bear.
    package init(maximumDepth: Int = 64, maximumBytes: Int = 16 << 20) {
        self.maximumDepth = min(max(0, maximumDepth), 512)
        self.maximumBytes = min(max(0, maximumBytes), 1 << 30)
    }

    /// 64 deep, 16 MiB.
    package static let standard = JSONLimits()
}
