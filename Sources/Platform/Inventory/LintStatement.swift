// SPDX-License-Identifier: Apache-2.0
import SQLText

/// A statement as the lint looks at it: words in lower case, quoted names without quotes, values and bodies as `'`.
struct LintStatement {
    let tokens: [String]
    /// How many parentheses are open around each token.
    let depths: [Int]
    /// The line of each token, from 1.
    let lines: [Int]

    /// The statements of a script.
    static func all(in script: String) -> [LintStatement] {
        let bytes = Array(script.utf8)
        var all: [LintStatement] = []
        var current: [(text: String, depth: Int, line: Int)] = []
        var (depth, line, counted) = (0, 1, 0)
        for token in SQLLexer.tokens(in: bytes) {
            line += bytes[counted..<token.range.lowerBound].count { $0 == UInt8(ascii: "\n") }
            counted = token.range.lowerBound
            if token.kind == .close { depth = max(0, depth - 1) }
            if token.kind == .semicolon, depth == 0 {
                all.append(LintStatement(current))
                current = []
            } else {
                current.append((text(of: token, in: bytes), depth, line))
            }
            if token.kind == .open { depth += 1 }
        }
        all.append(LintStatement(current))
        return all.filter { !$0.tokens.isEmpty }
    }

    private static func text(of token: SQLLexer.Token, in bytes: [UInt8]) -> String {
        let text = String(decoding: bytes[token.range], as: UTF8.self)
        return switch token.kind {
        case .string, .dollarQuoted: "'"
        case .identifier: String(text.dropFirst().dropLast()).replacing("\"\"", with: "\"")
        default: text.lowercased()
        }
    }

    private init(_ tokens: [(text: String, depth: Int, line: Int)]) {
        self.tokens = tokens.map(\.text)
        depths = tokens.map(\.depth)
        lines = tokens.map(\.line)
    }

    /// Some of another statement's tokens.
    init(_ other: LintStatement, _ range: Range<Int>) {
        tokens = Array(other.tokens[range])
        depths = Array(other.depths[range])
        lines = Array(other.lines[range])
    }

    subscript(_ index: Int) -> String { tokens.indices.contains(index) ? tokens[index] : "" }

    /// The lines it stands on.
    var span: ClosedRange<Int> { (lines.first ?? 1)...(lines.last ?? 1) }

    /// Whether it begins with these words.
    func begins(_ words: String...) -> Bool { tokens.starts(with: words) }

    /// Where these words follow one another, from `start`.
    func position(of words: String..., from start: Int = 0) -> Int? {
        guard tokens.count >= words.count, start <= tokens.count - words.count else { return nil }
        return (start...(tokens.count - words.count)).first { tokens[$0...].starts(with: words) }
    }

    /// Whether these words follow one another somewhere.
    func has(_ word: String, _ next: String? = nil, _ last: String? = nil) -> Bool {
        let words = [word, next, last].compactMap(\.self)
        return tokens.indices.contains { tokens[$0...].starts(with: words) }
    }

    /// The name that begins at `index`, over the words that may stand before it.
    func name(at index: Int) -> Name {
        var index = index
        while ["if", "not", "exists", "concurrently", "only"].contains(self[index]) { index += 1 }
        var parts = [self[index]]
        while self[index + 1] == "." {
            parts.append(self[index + 2])
            index += 2
        }
        return Name(text: parts.joined(separator: "."), end: index + 1)
    }

    /// A name with or without its schema.
    struct Name {
        let text: String
        /// The token behind it.
        let end: Int
        var isQualified: Bool { text.contains(".") }
    }

    /// The parts between commas that are in no more parentheses than the first of them.
    func parts(from start: Int) -> [LintStatement] {
        guard start < tokens.count else { return [] }
        let level = depths[start]
        var parts: [LintStatement] = []
        var begin = start
        for index in start..<tokens.count where tokens[index] == "," && depths[index] == level {
            parts.append(LintStatement(self, begin..<index))
            begin = index + 1
        }
        return parts + [LintStatement(self, begin..<tokens.count)]
    }
}
