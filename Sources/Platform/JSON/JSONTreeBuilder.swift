// SPDX-License-Identifier: Apache-2.0

/// Makes a tree from a valid text in one pass.
struct JSONTreeBuilder {
    let text: JSONText
    private(set) var position: Int

    init(_ view: JSONView) {
        text = view.text
        position = view.range.lowerBound
    }

    mutating func value() -> JSONValue {
        switch text.bytes[position] {
        case UInt8(ascii: "{"): return .object(members())
        case UInt8(ascii: "["): return .array(elements())
        default:
            let end = text.bytes.withUnsafeBufferPointer { JSONScan.valueEnd(in: $0, from: position) }
            let view = JSONView(text: text, range: position..<end)
            position = end
            return switch view.kind {
            case .string: .string(JSONStrings.decode(text.bytes, view.range))
            case .bool: .bool(view.bool == true)
            case .number: .number(JSONNumber(unchecked: String(decoding: view.rawBytes, as: UTF8.self)))
            case .null, .object, .array: .null
            }
        }
    }

    private mutating func members() -> [JSONMember] {
        var members: [JSONMember] = []
        skipToToken(after: 1)
        while text.bytes[position] != UInt8(ascii: "}") {
            let start = position
            position = text.bytes.withUnsafeBufferPointer { JSONScan.stringEnd(in: $0, from: start) }
            let key = JSONStrings.decode(text.bytes, start..<position)
            skipToToken(after: 0)
            members.append(JSONMember(key, value()))
            skipToToken(after: 0)
        }
        position += 1
        return members
    }

    private mutating func elements() -> [JSONValue] {
        var elements: [JSONValue] = []
        skipToToken(after: 1)
        while text.bytes[position] != UInt8(ascii: "]") {
            elements.append(value())
            skipToToken(after: 0)
        }
        position += 1
        return elements
    }

    private mutating func skipToToken(after count: Int) {
        let start = position + count
        position = text.bytes.withUnsafeBufferPointer { JSONScan.tokenStart(in: $0, from: start) }
    }
}
