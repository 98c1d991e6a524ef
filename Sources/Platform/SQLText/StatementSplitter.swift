// SPDX-License-Identifier: Apache-2.0

/// Divides a script into its statements as psql does: at semicolons outside of quotes, comments and parentheses. The
/// bodies of SQL-standard functions (`BEGIN ATOMIC`) are not seen as one.
package struct StatementSplitter {
    /// A statement from its first token to its last, without its semicolon.
    package struct Statement: Equatable, Sendable {
        /// As it stands in the script.
        package let text: String
        /// The line it begins on, from 1.
        package let line: Int
        /// The tokens that are words, in lower case, in order.
        package let words: [String]

        /// Whether it ends the transaction it stands in (`END` is not seen: it is also the end of a function's body).
        package var endsTransaction: Bool {
            switch words.first {
            case "commit", "abort": true
            case "rollback": !words.dropFirst().contains("to")
            default: false
            }
        }
    }

    private let bytes: [UInt8]
    private var current: [SQLLexer.Token] = []
    private var found: [Statement] = []
    /// Of the byte `counted`, from 1.
    private var line = 1
    private var counted = 0

    /// The statements of a script, in order.
    package static func statements(in script: String) -> [Statement] {
        var splitter = StatementSplitter(bytes: Array(script.utf8))
        var depth = 0
        for token in SQLLexer.tokens(in: splitter.bytes) {
            switch token.kind {
            case .open: depth += 1
            case .close: depth = max(0, depth - 1)
            case .semicolon where depth == 0:
                splitter.finish()
                continue
            default: break
            }
            splitter.current.append(token)
        }
        splitter.finish()
        return splitter.found
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func finish() {
        defer { current = [] }
        guard let first = current.first, let last = current.last else { return }
        let words = current.filter { $0.kind == .word }.map { text($0.range).lowercased() }
        line += bytes[counted..<first.range.lowerBound].count { $0 == UInt8(ascii: "\n") }
        counted = first.range.lowerBound
        found.append(
            Statement(text: text(first.range.lowerBound..<last.range.upperBound), line: line, words: words))
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
