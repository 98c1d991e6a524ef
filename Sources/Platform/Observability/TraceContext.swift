// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// A place in a distributed trace (W3C Trace Context): which trace, which span of it, and the flags.
package struct TraceContext: Sendable, Hashable {
    /// Bytes 0–7 of the trace's id, big-endian.
    package let traceHigh: UInt64
    /// Bytes 8–15 of the trace's id.
    package let traceLow: UInt64
    /// The span's id; in a header received, the caller's.
    package let spanID: UInt64
    /// The two flags known: sampled (1) and random trace id (2).
    package let flags: UInt8
    /// The vendors' own part, passed through: at most 512 characters in at most 32 members. Nil when there is none.
    package let traceState: String?

    /// A new trace with a new span.
    package static func root(isSampled: Bool = true) -> TraceContext {
        TraceContext(
            traceHigh: someID(), traceLow: someID(), spanID: someID(), flags: isSampled ? 3 : 2, traceState: nil)
    }

    /// A new span of the same trace, for the next call out.
    package func child() -> TraceContext {
        TraceContext(
            traceHigh: traceHigh, traceLow: traceLow, spanID: Self.someID(), flags: flags, traceState: traceState)
    }

    /// Random and not 0, which stands for no id.
    private static func someID() -> UInt64 {
        var random = BufferedRandom()
        return max(1, random.next())
    }

    /// Whether the caller may have recorded the trace.
    package var isSampled: Bool { flags & 1 == 1 }

    /// The trace's id: 32 lower-case digits.
    package var traceID: String {
        String(unsafeUninitializedCapacity: 32) { writeTraceID(to: $0) }
    }

    /// The value of the `traceparent` header, version 00.
    package var traceParent: String {
        String(unsafeUninitializedCapacity: 55) { text in
            text.initialize(repeating: UInt8(ascii: "-"))
            text[0] = UInt8(ascii: "0")
            text[1] = UInt8(ascii: "0")
            _ = writeTraceID(to: UnsafeMutableBufferPointer(rebasing: text[3..<35]))
            if let start = text.baseAddress { Hex.write(spanID, to: start + 36) }
            text[53] = UInt8(ascii: "0")
            text[54] = Hex.digit(flags & 3)
            return 55
        }
    }

    private func writeTraceID(to digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
        guard let start = digits.baseAddress else { return 0 }
        Hex.write(traceHigh, to: start)
        Hex.write(traceLow, to: start + 16)
        return 32
    }

    private init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, flags: UInt8, traceState: String?) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
    }

    /// Reads the headers; nil when `traceparent` is not valid (§3.2.2): the caller then starts a new trace.
    ///
    /// Version 00 is read to the letter. Higher versions are read by their first four fields, as the standard demands.
    /// `tracestate` without a valid `traceparent` means nothing; one that is not valid itself is dropped.
    package init?(traceParent: String, traceState: String? = nil) {
        let bytes = Array(traceParent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xff,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
            let traceHigh = Self.number(bytes[3..<19]), let traceLow = Self.number(bytes[19..<35]),
            let spanID = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
            traceHigh | traceLow != 0, spanID != 0
        else { return nil }
        self.init(
            traceHigh: traceHigh, traceLow: traceLow, spanID: spanID, flags: UInt8(flags & 3),
            traceState: traceState.flatMap(Self.bounded))
    }

    /// Lower-case digits only: the standard refuses upper case.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = Hex.value(digit), digit == Hex.digit(value) else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// At most 512 characters: first members above 128 go, then the last ones (§3.3.1.5). Nil when not valid or empty.
    private static func bounded(_ header: String) -> String? {
        guard header.utf8.count <= 8192, header.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 9 }) else {
            return nil
        }
        var members = header.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
        guard members.count <= 32, members.allSatisfy({ $0.contains("=") && $0.first != "=" }) else { return nil }
        func length() -> Int { members.reduce(members.count - 1) { $0 + $1.utf8.count } }
        if length() > 512 { members.removeAll { $0.utf8.count > 128 } }
        while length() > 512 { members.removeLast() }
        return members.isEmpty ? nil : members.joined(separator: ",")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
