// SPDX-License-Identifier: Apache-2.0

/// Reads a script's tokens as PostgreSQL's scanner does (manual §4.1), as far as statements and checksums need it:
/// white space and comments (`/* */` nests) are left out, quotes are whole. Cut-off input ends a token, never traps.
package struct SQLLexer {
    /// What a token is; the raw values are a part of checksums.
    package enum Kind: UInt8 {
        case word = 1, string, identifier, dollarQuoted, symbol, open, close, semicolon
    }

    /// One token.
    package struct Token: Equatable, Sendable {
        /// What it is.
        package let kind: Kind
        /// The token's place in the script, in bytes.
        package let range: Range<Int>
        /// Whether a quote stands right behind a word or `&`, as in `E'…'` and `U&"…"`.
        package let isPrefixed: Bool
    }

    private let bytes: [UInt8]
    private var position = 0
    private var found: [Token] = []

    /// The tokens of a script, in order.
    package static func tokens(in bytes: [UInt8]) -> [Token] {
        var lexer = SQLLexer(bytes: bytes)
        while let byte = lexer.peek() { lexer.step(byte) }
        return lexer.found
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func step(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: " "), 9...13: position += 1
        case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): skipLine()
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skipComment()
        default: token(byte)
        }
    }

    private mutating func token(_ byte: UInt8) {
        let start = position
        let isPrefixed = start > 0 && (Self.isWord(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: "&"))
        var kind = Kind.symbol
        switch byte {
        case UInt8(ascii: "'"):
            kind = .string
            skipQuoted(byte, escapes: isEscapeString)
        case UInt8(ascii: "\""):
            kind = .identifier
            skipQuoted(byte, escapes: false)
        case UInt8(ascii: "$"): kind = skipDollarQuoted()
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ";"):
            kind = byte == UInt8(ascii: ";") ? .semicolon : byte == UInt8(ascii: "(") ? .open : .close
            position += 1
        case _ where Self.isWord(byte):
            kind = .word
            skipWord()
        case _ where Self.isOperator(byte): skipOperator()
        default: position += 1
        }
        // A backslash at the very end may have skipped beyond it.
        position = min(position, bytes.count)
        let isQuote = kind == .string || kind == .identifier
        found.append(Token(kind: kind, range: start..<position, isPrefixed: isQuote && isPrefixed))
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 128...:
            true
        default: false
        }
    }

    private static let operators = Set("+-*/<>=~!@#%^&|`?:".utf8)
    private static func isOperator(_ byte: UInt8) -> Bool { operators.contains(byte) }

    /// Identifiers may have dollar signs in them, which then open no quote.
    private mutating func skipWord() {
        while let byte = peek(), Self.isWord(byte) || byte == UInt8(ascii: "$") { position += 1 }
    }

    /// The longest run, but a comment ends it.
    private mutating func skipOperator() {
        repeat { position += 1 } while peek().map(Self.isOperator) == true && !isCommentNext
    }

    private var isCommentNext: Bool {
        peek() == UInt8(ascii: "-") && peek(1) == UInt8(ascii: "-")
            || peek() == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*")
    }

    private mutating func skipLine() {
        while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
    }

    private mutating func skipComment() {
        var open = 0
        while position < bytes.count {
            if peek() == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                open += 1
                position += 2
            } else if peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                open -= 1
                position += 2
                if open == 0 { return }
            } else {
                position += 1
            }
        }
    }

    /// `E'…'`: the only strings where a backslash escapes (`standard_conforming_strings` is on).
    private var isEscapeString: Bool {
        guard position > 0, bytes[position - 1] | 0x20 == UInt8(ascii: "e") else { return false }
        return position < 2 || !Self.isWord(bytes[position - 2])
    }

    /// A doubled quote is a part of the string.
    private mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
        position += 1
        while let byte = peek() {
            position += escapes && byte == UInt8(ascii: "\\") ? 2 : 1
            guard byte == quote else { continue }
            guard peek() == quote else { return }
            position += 1
        }
    }

    /// `$tag$ … $tag$`; a lone dollar sign and its digits (`$1`) are no quote.
    private mutating func skipDollarQuoted() -> Kind {
        var close = position + 1
        while close < bytes.count, Self.isWord(bytes[close]) { close += 1 }
        let isDigit = close > position + 1 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position + 1])
        guard close < bytes.count, bytes[close] == UInt8(ascii: "$"), !isDigit else {
            position = isDigit ? close : position + 1
            return .symbol
        }
        let tag = bytes[position...close]
        position = close + 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "$"), bytes[position...].starts(with: tag) {
                position += tag.count
                return .dollarQuoted
            }
            position += 1
        }
        return .dollarQuoted
    }
}
