// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// The slowest statements this node has seen since it started, without their values; bounded.
package final class SlowQueries: Sendable {
    /// One statement's text and how it fared.
    package struct Item: Sendable, Equatable {
        /// With `$1`, `$2` in place of values; cut to 300 characters.
        package let text: String
        /// How often it was slow.
        package var count: Int
        /// The slowest time.
        package var longest: Duration
        /// When it was slow last.
        package var lastAt: Timestamp
    }

    /// How many statements are kept; the one whose last time is longest ago gives way.
    package static let maximum = 50
    private let items = Locked<[String: Item]>([:])

    package init() {}

    /// Notes one that was slow.
    package func note(_ text: String, _ duration: Duration, at time: Timestamp = .now()) {
        let short = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(300)
        let key = String(short)
        items.withLock { items in
            if items[key] == nil, items.count >= Self.maximum,
                let oldest = items.min(by: { $0.value.lastAt < $1.value.lastAt })?.key
            {
                items[oldest] = nil
            }
            var item = items[key] ?? Item(text: key, count: 0, longest: .zero, lastAt: time)
            item.count += 1
            item.longest = max(item.longest, duration)
            item.lastAt = time
            items[key] = item
        }
    }

    /// The slowest first.
    package func top(_ count: Int) -> [Item] {
        Array(items.withLock { Array($0.values) }.sorted { $0.longest > $1.longest }.prefix(count))
    }
}
