// SPDX-License-Identifier: Apache-2.0

/// How far apart two names are (Levenshtein), to guess which one was meant.
enum EditDistance {
    /// The name closest to `name`, if it is within a third of its length.
    static func nearest(to name: String, among names: [String]) -> String? {
        let bound = min(3, max(1, name.utf8.count / 3))
        return names.map { (name: $0, distance: between(name, $0)) }
            .filter { $0.distance <= bound }
            .min { $0.distance < $1.distance }?.name
    }

    /// Insertions, deletions and changes of one byte; names longer than 64 bytes are never close.
    static func between(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard left.count <= 64, right.count <= 64 else { return .max }
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let change = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
