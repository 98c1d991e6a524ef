// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The header fields of a request, in the order they came (RFC 9110 §5).
///
/// Keeps the bytes of the head and where each field lies in them; a String is made only when one is asked for.
/// Names compare without regard to case. Bytes that are no UTF-8 come out as U+FFFD.
package struct HTTPHeaders: Sendable {
    /// Where one field lies in `bytes`.
    struct Field: Sendable {
        var nameStart: UInt32
        var nameEnd: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    var bytes: [UInt8] = []
    var fields: [Field] = []

    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    /// Fields made by hand, as tests of handlers do.
    package init(_ pairs: [(name: String, value: String)] = []) {
        for pair in pairs {
            let start = UInt32(bytes.count)
            bytes.append(utf8: pair.name)
            let middle = UInt32(bytes.count)
            bytes.append(utf8: pair.value)
            fields.append(
                Field(nameStart: start, nameEnd: middle, valueStart: middle, valueEnd: UInt32(bytes.count)))
        }
    }

    /// The value of the first field of that name; nil when there is none.
    package subscript(name: String) -> String? {
        guard let field = fields.first(where: { isNamed($0, name) }) else { return nil }
        return String(decoding: bytes[field.value], as: UTF8.self)
    }

    /// The values of every field of that name, in order, as they came (lists are not split).
    package func values(_ name: String) -> [String] {
        fields.filter { isNamed($0, name) }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }

    func isNamed(_ field: Field, _ name: String) -> Bool {
        let range = field.name
        guard range.count == name.utf8.count else { return false }
        var position = range.lowerBound
        for byte in name.utf8 {
            guard lowercased(bytes[position]) == lowercased(byte) else { return false }
            position += 1
        }
        return true
    }
}

extension HTTPHeaders: Sequence {
    /// Every field, in order.
    package func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var position = 0
        return AnyIterator {
            guard position < fields.count else { return nil }
            defer { position += 1 }
            let field = fields[position]
            return (
                String(decoding: bytes[field.name], as: UTF8.self), String(decoding: bytes[field.value], as: UTF8.self)
            )
        }
    }
}

/// ASCII lower case; other bytes as they are.
@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
