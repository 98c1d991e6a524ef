// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions

/// Lets one of many alike pass a minute and counts those that it holds back, so that who is refused a thousand times
/// fills neither the log nor the memory.
///
/// At most `most` different ones are known. When there are more, those whose minute is over are forgotten, and all if
/// that is not enough: one of them may then pass twice in its minute, and what was held back of it is not told.
struct RefusalThrottle<Item: Sendable>: Sendable {
    private struct Passed {
        let at: Timestamp
        /// The newest of them stands for all.
        var newest: Item
        var heldBack = 0

        func isOver(at now: Timestamp) -> Bool { now >= at + .seconds(60) || now < at }
    }

    private let most: Int
    private var passed: [Digest: Passed] = [:]

    init(most: Int = 4096) { self.most = most }

    /// How many there were since the last one that passed, this one included; nil holds this one back. `parts` say
    /// which are alike, of whatever length: they come from outside.
    mutating func admit(_ item: Item, _ parts: [String], at now: Timestamp) -> Int? {
        let key = SHA256.hash(parts.joined(separator: "\0").utf8)
        if let last = passed[key], !last.isOver(at: now) {
            passed[key]?.newest = item
            passed[key]?.heldBack += 1
            return nil
        }
        let count = 1 + (passed[key]?.heldBack ?? 0)
        if passed.count >= most { passed = passed.filter { !$0.value.isOver(at: now) } }
        if passed.count >= most { passed = [:] }
        passed[key] = Passed(at: now, newest: item)
        return count
    }

    /// What was held back in minutes that are over, the newest of each with their number, so that the last of a flood
    /// are told too. Each counts as passed now; who was quiet for a minute is forgotten.
    mutating func takeHeldBack(at now: Timestamp) -> [(Item, count: Int)] {
        var held: [(Item, count: Int)] = []
        for (key, last) in passed where last.isOver(at: now) {
            if last.heldBack > 0 {
                held.append((last.newest, last.heldBack))
                passed[key] = Passed(at: now, newest: last.newest)
            } else {
                passed[key] = nil
            }
        }
        return held
    }

    /// How many it knows.
    var count: Int { passed.count }
}
