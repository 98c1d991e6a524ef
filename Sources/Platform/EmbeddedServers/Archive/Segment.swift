// SPDX-License-Identifier: Apache-2.0

/// A file of the write-ahead log: 24 hexadecimal digits, 8 for the timeline, 8 and 8 for the place.
struct Segment: Sendable, Hashable, Comparable {
    let timeline: UInt32
    /// Counted from the beginning of the log.
    let number: UInt64

    /// Bytes of a file, as `initdb` sets them unless told otherwise.
    static let size: UInt64 = 16 << 20
    private static let perGroup = (1 << 32) / size

    init(timeline: UInt32, number: UInt64) {
        self.timeline = timeline
        self.number = number
    }

    /// The file that holds a place in the log, as PostgreSQL writes it: `0/3000060`.
    init?(timeline: UInt32, position: String) {
        let parts = position.split(separator: "/").compactMap { UInt64($0, radix: 16) }
        guard parts.count == 2, parts.allSatisfy({ $0 < 1 << 32 }) else { return nil }
        self.init(timeline: timeline, number: (parts[0] << 32 | parts[1]) / Self.size)
    }

    /// Nil for every other name.
    init?(name: String) {
        guard name.utf8.count == 24, name.allSatisfy({ "0123456789ABCDEF".contains($0) }),
            let timeline = UInt32(name.prefix(8), radix: 16),
            let group = UInt64(name.dropFirst(8).prefix(8), radix: 16),
            let rest = UInt64(name.suffix(8), radix: 16), rest < Self.perGroup
        else { return nil }
        self.init(timeline: timeline, number: group * Self.perGroup + rest)
    }

    var name: String {
        [UInt64(timeline), number / Self.perGroup, number % Self.perGroup].map { part in
            let digits = String(part, radix: 16, uppercase: true)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }.joined()
    }

    var next: Segment { Segment(timeline: timeline, number: number + 1) }

    static func < (left: Segment, right: Segment) -> Bool {
        (left.timeline, left.number) < (right.timeline, right.number)
    }

    /// Whether a file of this name belongs into an archive: the log itself, and PostgreSQL's notes on timelines and
    /// base backups.
    static func isArchived(_ name: String) -> Bool {
        if Segment(name: name) != nil { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        switch parts.last {
        case "history": return parts.count == 2 && parts[0].utf8.count == 8
        case "backup": return parts.count == 3 && Segment(name: String(parts[0])) != nil
        case "partial": return parts.count == 2 && Segment(name: String(parts[0])) != nil
        default: return false
        }
    }
}
