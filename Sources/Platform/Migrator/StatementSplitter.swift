// SPDX-License-Identifier: Apache-2.0

/// Divides a script into its statements as psql does (PostgreSQL manual §4.1): at semicolons outside of quotes,
/// dollar quotes, comments (`/* */` nests) and parentheses. The bodies of SQL-standard functions (`BEGIN ATOMIC`) are
/// not seen as one.
struct StatementSplitter {
    /// A statement without its semicolon, and the line it begins on, from 1.
    struct Statement: Equatable {
        let text: String
        let line: Int
    }

    private let bytes: [UInt8]
    private var position = 0
    private var start: Int?
    private var depth = 0
    private var found: [Statement] = []

    static func statements(in script: String) -> [Statement] {
        var splitter = StatementSplitter(bytes: Array(script.utf8))
        splitter.split()
        return splitter.found
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func split() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): skipLine()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skipComment()
            case UInt8(ascii: ";") where depth == 0: end()
            default: token(byte)
            }
        }
        finish()
    }

    private mutating func token(_ byte: UInt8) {
        if start == nil { start = position }
        switch byte {
        case UInt8(ascii: "'"): skipQuoted(byte, escapes: isEscapeString)
        case UInt8(ascii: "\""): skipQuoted(byte, escapes: false)
        case UInt8(ascii: "$"): skipDollarQuoted()
        case UInt8(ascii: "("): depth += 1; position += 1
        case UInt8(ascii: ")"): depth = max(0, depth - 1); position += 1
        case _ where Self.isWord(byte): skipWord()
        default: position += 1
        }
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

    /// Identifiers may have dollar signs in them, which then open no quote.
    private mutating func skipWord() {
        while let byte = peek(), Self.isWord(byte) || byte == UInt8(ascii: "$") { position += 1 }
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

    /// A doubled quote ends one string and begins the next, which comes to the same.
    private mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
        position += 1
        while let byte = peek() {
            position += escapes && byte == UInt8(ascii: "\\") ? 2 : 1
            guard byte == quote else { continue }
            guard peek() == quote else { return }
            position += 1
        }
    }

    /// `$tag$ … $tag$`; a lone dollar sign (`$1`) is no quote.
    private mutating func skipDollarQuoted() {
        var close = position + 1
        while close < bytes.count, Self.isWord(bytes[close]) { close += 1 }
        let isDigit = close > position + 1 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position + 1])
        guard close < bytes.count, bytes[close] == UInt8(ascii: "$"), !isDigit else {
            position += 1
            return
        }
        let tag = bytes[position...close]
        position = close + 1
        while position < bytes.count {
            if bytes[position...].starts(with: tag) {
                position += tag.count
                return
            }
            position += 1
        }
    }

    private mutating func end() {
        finish()
        position += 1
    }

    private mutating func finish() {
        defer { start = nil }
        guard let start else { return }
        let text = String(decoding: bytes[start..<min(position, bytes.count)], as: UTF8.self)
        found.append(Statement(text: text, line: bytes[..<start].count { $0 == UInt8(ascii: "\n") } + 1))
    }
}
