// SPDX-License-Identifier: Apache-2.0

/// Reads Server-Sent Events (WHATWG HTML §9.2.6) from bytes split anywhere, and gives each event's raw bytes too, so
/// that a proxy can pass it on unchanged: the `raw` of all events and then `rest` are exactly the bytes that were fed.
package struct SSEParser: Sendable {
    /// What lies between two blank lines.
    package struct Event: Sendable, Equatable {
        /// The last `event` field; nil when there was none.
        package var name: String?
        /// The `data` fields, joined by LF.
        package var data: [UInt8] = []
        /// Whether there was a `data` field. Without one the standard dispatches nothing, but a proxy passes `raw` on
        /// (comments keep connections alive).
        package var hasData = false
        /// The last `id` field; nil when there was none.
        package var id: String?
        /// The bytes as they came, the blank line included.
        package var raw: [UInt8] = []
    }

    /// An event, or a line, is longer than the limit.
    package struct TooLong: Error, Equatable, CustomStringConvertible {
        /// The parser's limit, in bytes.
        package let limit: Int
        package var description: String { "A server-sent event is longer than \(limit) bytes." }
    }

    /// The bound on one event's bytes, and so on a line's.
    package let limit: Int
    private var event = Event()
    private var line: [UInt8] = []
    /// The last line ended with CR: an LF that follows belongs to it.
    private var afterCR = false
    private var isFirstLine = true

    package init(limit: Int = 1 << 20) { self.limit = limit }

    /// The bytes of an event that no blank line has completed; at the end of the stream it is, by the standard, none.
    package var rest: [UInt8] { event.raw }

    /// Takes the next bytes; returns the events they complete, in order. None is held back: where the bytes end
    /// between the CR and the LF of a blank line, the LF goes to the next event's `raw`.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [Event] {
        var events: [Event] = []
        var completed = false
        for byte in bytes {
            let isSecondOfPair = afterCR && byte == UInt8(ascii: "\n")
            if completed, !isSecondOfPair { events.append(take()) }
            event.raw.append(byte)
            if isSecondOfPair {
                if completed { events.append(take()) }
                completed = false
            } else if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                completed = endLine()
            } else {
                completed = false
                line.append(byte)
            }
            afterCR = byte == UInt8(ascii: "\r")
            guard event.raw.count <= limit else { throw TooLong(limit: limit) }
        }
        if completed { events.append(take()) }
        return events
    }

    private mutating func take() -> Event {
        defer { event = Event() }
        return event
    }

    /// Reads the line; true when it is blank and so completes the event.
    private mutating func endLine() -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return true }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if event.hasData { event.data.append(UInt8(ascii: "\n")) }
            event.hasData = true
            event.data.append(contentsOf: value)
        case "event": event.name = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): event.id = String(decoding: value, as: UTF8.self)
        default: break
        }
        return false
    }
}
