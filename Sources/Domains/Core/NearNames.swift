// SPDX-License-Identifier: Apache-2.0

/// Suggestions for a mistyped name.
package enum NearNames {
    /// At most three of `names` that are close to `name`: few edits apart, or containing it.
    package static func of(_ name: String, among names: some Sequence<String>) -> [String] {
        let wanted = Array(name.lowercased().utf8.prefix(100))
        let bound = max(2, wanted.count / 4)
        var found: [(distance: Int, name: String)] = []
        for candidate in names {
            let bytes = Array(candidate.lowercased().utf8.prefix(100))
            let tail = bytes.lastIndex(of: UInt8(ascii: "/")).map { Array(bytes[($0 + 1)...]) } ?? bytes
            var distance = min(edits(wanted, bytes), edits(wanted, tail))
            // What contains the name comes after what is few edits away.
            if distance > bound, wanted.count >= 3, bytes.firstRange(of: wanted) != nil { distance = bound }
            if distance <= bound { found.append((distance, candidate)) }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// Levenshtein's distance, two rows at a time.
    static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                current.append(min(previous[column] + (a == b ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
