// SPDX-License-Identifier: Apache-2.0

/// The word that `word` was most likely meant to be: at most two edits away, and fewer than it has letters.
func nearest(to word: String, among known: [String]) -> String? {
    known.map { (word: $0, distance: editDistance(word, $0)) }
        .filter { $0.distance <= 2 && $0.distance < word.count }
        .min { $0.distance < $1.distance }?.word
}

/// Damerau–Levenshtein distance, optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    // No row is worth computing for words whose lengths alone are far apart.
    guard abs(left.count - right.count) <= 2, left.count <= 64 else { return max(left.count, right.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in 0..<left.count {
        var row = [i + 1]
        for j in 0..<right.count {
            var best = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforePrevious[j - 1] + 1)
            }
            row.append(best)
        }
        (beforePrevious, previous) = (previous, row)
    }
    return previous[right.count]
}
