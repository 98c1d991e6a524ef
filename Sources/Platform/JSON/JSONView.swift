// SPDX-License-Identifier: Apache-2.0

/// One value in a valid text: where it lies, read on demand.
///
/// Members of the root object are found without another pass; elsewhere a look-up crosses the bytes before its answer.
package struct JSONView: Sendable {
    /// The six kinds of RFC 8259.
    package enum Kind: String, Sendable {
        case object, array, string, number, bool, null
    }

    /// The text the value lies in.
    package let text: JSONText
    /// The value's bytes in the text, with its quotes or brackets.
    package let range: Range<Int>

    /// The value's kind.
    package var kind: Kind {
        switch text.bytes[range.lowerBound] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The value as it is written.
    package var rawBytes: ArraySlice<UInt8> { text.bytes[range] }

    // MARK: Scalars

    /// A string's value, escapes resolved; lone surrogates are U+FFFD. Nil for other kinds.
    package var string: String? { kind == .string ? JSONStrings.decode(text.bytes, range) : nil }

    /// The literal of a number, as it is written. Nil for other kinds.
    package var numberLiteral: String? { kind == .number ? String(decoding: rawBytes, as: UTF8.self) : nil }

    /// A whole number that fits (`7`, also `7.0` and `7e0`); never rounded. Nil for all else.
    package var integer: Int64? { kind == .number ? JSONNumber.integer(rawBytes) : nil }

    /// The nearest finite binary number. Nil for other kinds and beyond 1.8 × 10³⁰⁸.
    package var double: Double? {
        guard let value = numberLiteral.flatMap(Double.init), value.isFinite else { return nil }
        return value
    }

    /// True or false. Nil for other kinds.
    package var bool: Bool? { kind == .bool ? text.bytes[range.lowerBound] == UInt8(ascii: "t") : nil }

    /// Whether this is `null`.
    package var isNull: Bool { kind == .null }

    // MARK: Objects

    /// The value of the first member named `key`, however the name is escaped. Nil when there is none, or no object.
    package subscript(_ key: String) -> JSONView? {
        var key = key
        var found: Range<Int>?
        key.withUTF8 { wanted in
            eachMember { member in
                guard JSONStrings.matches(text.bytes, member.key, wanted) else { return true }
                found = member.value
                return false
            }
        }
        return found.map { JSONView(text: text, range: $0) }
    }

    /// The values of the first member of each name, in the order of `keys`, in one pass; nil where there is none.
    package func members(named keys: [String]) -> [JSONView?] {
        var found = [JSONView?](repeating: nil, count: keys.count)
        var missing = keys.count
        eachMember { member in
            for index in keys.indices where found[index] == nil {
                var key = keys[index]
                guard key.withUTF8({ JSONStrings.matches(text.bytes, member.key, $0) }) else { continue }
                found[index] = JSONView(text: text, range: member.value)
                missing -= 1
            }
            return missing > 0
        }
        return found
    }

    /// Gives `body` each member in order, repeated names too; none when this is no object.
    package func members(_ body: (_ key: String, _ value: JSONView) throws -> Void) rethrows {
        var ranges: [JSONMemberRange] = []
        eachMember {
            ranges.append($0)
            return true
        }
        for member in ranges {
            try body(JSONStrings.decode(text.bytes, member.key), JSONView(text: text, range: member.value))
        }
    }

    /// The first name that an earlier member already has; names are compared by bytes, escapes resolved.
    package func firstDuplicateKey() -> String? {
        var seen: Set<[UInt8]> = []
        var duplicate: String?
        eachMember { member in
            guard seen.insert(JSONStrings.bytes(text.bytes, member.key)).inserted else {
                duplicate = JSONStrings.decode(text.bytes, member.key)
                return false
            }
            return true
        }
        return duplicate
    }

    /// The ranges of the members, until `body` gives false.
    func eachMember(_ body: (JSONMemberRange) -> Bool) {
        guard kind == .object else { return }
        if range == text.rootRange {
            for member in text.rootMembers where !body(member) { return }
            return
        }
        text.bytes.withUnsafeBufferPointer { bytes in
            var position = JSONScan.tokenStart(in: bytes, from: range.lowerBound + 1)
            while bytes[position] != UInt8(ascii: "}") {
                let keyEnd = JSONScan.stringEnd(in: bytes, from: position)
                let start = JSONScan.tokenStart(in: bytes, from: keyEnd)
                let end = JSONScan.valueEnd(in: bytes, from: start)
                guard body(JSONMemberRange(key: position..<keyEnd, value: start..<end)) else { return }
                position = JSONScan.tokenStart(in: bytes, from: end)
            }
        }
    }

    // MARK: Arrays

    /// An array's elements in order; empty when this is no array.
    package var elements: [JSONView] {
        guard kind == .array else { return [] }
        return text.bytes.withUnsafeBufferPointer { bytes in
            var views: [JSONView] = []
            var position = JSONScan.tokenStart(in: bytes, from: range.lowerBound + 1)
            while bytes[position] != UInt8(ascii: "]") {
                let end = JSONScan.valueEnd(in: bytes, from: position)
                views.append(JSONView(text: text, range: position..<end))
                position = JSONScan.tokenStart(in: bytes, from: end)
            }
            return views
        }
    }
}
