// SPDX-License-Identifier: Apache-2.0
import SQLText

/// Takes away the parentheses that make no difference between `(a AND b) AND c` and `a AND b AND c`.
///
/// PostgreSQL keeps the first as it was written (`BETWEEN` makes one too), writes it out with its parentheses, and
/// reads that back as the second: without this a catalog would not be the same after a dump and a restore.
enum FlatConditions {
    /// The facts that hold conditions.
    static let facts: Set = ["definition", "using", "check", "default", "generated"]

    static func flattened(_ sql: String) -> String {
        let bytes = Array(sql.utf8)
        guard holdsConnective(bytes), !sql.hasPrefix("CREATE OR REPLACE") else { return sql }
        var reader = Reader(bytes)
        return reader.flattened()
    }

    /// Over bytes, as thousands of texts are looked at for a few that have one: `String.contains` takes ten times as
    /// long.
    private static func holdsConnective(_ bytes: [UInt8]) -> Bool {
        bytes.indices.contains { index in
            bytes[index] == UInt8(ascii: " ")
                && (bytes[index...].starts(with: " AND ".utf8) || bytes[index...].starts(with: " OR ".utf8))
        }
    }

    /// What stands between two parentheses.
    private struct Group {
        let open: Int
        let parent: Int?
        var close = 0
        /// `AND`, `OR` or both, directly in it.
        var words: Set<String> = []
    }

    private struct Reader {
        private let bytes: [UInt8]
        private let tokens: [SQLLexer.Token]
        private var groups: [Group] = []

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            tokens = SQLLexer.tokens(in: bytes)
        }

        mutating func flattened() -> String {
            findGroups()
            var removed: Set<Int> = []
            for group in groups where isRedundant(group) { removed.formUnion([group.open, group.close]) }
            guard !removed.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
            let positions = Set(removed.map { tokens[$0].range.lowerBound })
            return String(
                decoding: bytes.indices.filter { !positions.contains($0) }.map { bytes[$0] }, as: UTF8.self)
        }

        private mutating func findGroups() {
            var open: [Int] = []
            for (index, token) in tokens.enumerated() {
                switch token.kind {
                case .open:
                    groups.append(Group(open: index, parent: open.last))
                    open.append(groups.count - 1)
                case .close:
                    if let last = open.popLast() { groups[last].close = index }
                case .word:
                    if let last = open.last, let word = connective(index) { groups[last].words.insert(word) }
                default: break
                }
            }
        }

        private func connective(_ index: Int) -> String? {
            guard tokens.indices.contains(index), tokens[index].kind == .word else { return nil }
            let word = String(decoding: bytes[tokens[index].range], as: UTF8.self)
            return word == "AND" || word == "OR" ? word : nil
        }

        /// Whether it and the group around it say nothing but the same word, and it is one whole side of that.
        private func isRedundant(_ group: Group) -> Bool {
            guard let parent = group.parent.map({ groups[$0] }), group.close > 0, group.words.count == 1,
                parent.words == group.words, parent.close > 0
            else { return false }
            let before = group.open - 1 == parent.open || connective(group.open - 1) != nil
            let after = group.close + 1 == parent.close || connective(group.close + 1) != nil
            return before && after
        }
    }
}
