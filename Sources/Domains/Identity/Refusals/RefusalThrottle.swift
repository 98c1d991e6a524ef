// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions

/// Lets one of many alike pass a minute and counts those that it holds back, so that who is refused a thousand times
/// fills neither the log nor the memory.
///
/// At most `most` different ones are known. When there are more, those whose minute is over are forgotten, and all if
/// that is not enough: one of them may then pass twice in its minute.
struct RefusalThrottle: Sendable {
    static let most = 4096
    static let pause = Duration.seconds(60)

    private struct Passed {
        let at: Timestamp
        var heldBack = 0
    }

    private var passed: [Digest: Passed] = [:]

    /// How many there were since the last one that passed, this one included; nil holds this one back.
    mutating func admit(_ parts: [String], at now: Timestamp) -> Int? {
        // Of whatever length the parts are; they come from outside.
        let key = SHA256.hash(parts.joined(separator: "\0").utf8)
        if let last = passed[key], now < last.at + Self.pause, last.at <= now {
            passed[key]?.heldBack += 1
            return nil
        }
        let count = 1 + (passed[key]?.heldBack ?? 0)
        if passed.count >= Self.most { passed = passed.filter { now < $0.value.at + Self.pause } }
        if passed.count >= Self.most { passed = [:] }
        passed[key] = Passed(at: now)
        return count
    }

    /// How many it knows.
    var count: Int { passed.count }
}
