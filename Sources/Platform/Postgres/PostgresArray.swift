// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A type whose arrays can be parameters and columns. Arrays have one dimension; `[UInt8]` is `bytea`.
package protocol PostgresArrayElement: Sendable {
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }
    /// Appends PostgreSQL's binary format of the array.
    static func encode(array: [Self], into bytes: inout [UInt8])
    /// Throws with the reason when the value is no such array, NULL, or has more dimensions.
    static func decode(array value: PostgresValue) throws(PostgresMismatch) -> [Self]
}

extension PostgresArrayElement where Self: PostgresEncodable & PostgresDecodable {
    package static var postgresArrayType: PostgresType { postgresType.array }

    /// Dimensions, whether NULLs occur, element type, count, lower bound, then length and bytes of each (`array_send`).
    package static func encode(array: [Self], into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(array.isEmpty ? 0 : 1))
        bytes.appendBigEndian(Int32(array.contains { $0.isNull } ? 1 : 0))
        bytes.appendBigEndian(postgresType.oid)
        guard !array.isEmpty else { return }
        bytes.appendBigEndian(Int32(clamping: array.count))
        bytes.appendBigEndian(Int32(1))
        for element in array {
            let start = bytes.count
            bytes.appendBigEndian(Int32(-1))
            guard !element.isNull else { continue }
            element.encode(into: &bytes)
            let length = UInt32(clamping: bytes.count - start - 4)
            for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index))) }
        }
    }

    package static func decode(array value: PostgresValue) throws(PostgresMismatch) -> [Self] {
        let dimensions = try value.integer(at: 0, as: Int32.self)
        let type = PostgresType(oid: try value.integer(at: 8, as: UInt32.self))
        guard type.array == value.type else { throw value.wrong("an array") }
        guard dimensions > 0 else { return [] }
        guard dimensions == 1 else { throw PostgresMismatch("has \(dimensions) dimensions, and one was asked for") }
        let count = Int(try value.integer(at: 12, as: Int32.self))
        var elements: [Self] = []
        var offset = 20
        for _ in 0..<count {
            let length = Int(try value.integer(at: offset, as: Int32.self))
            elements.append(try Self(try value.part(at: offset + 4, count: length, type: type)))
            offset += 4 + max(0, length)
        }
        return elements
    }
}

extension String: PostgresArrayElement {}
extension UniqueID: PostgresArrayElement {}
extension Int64: PostgresArrayElement {}
extension Int32: PostgresArrayElement {}
extension Int: PostgresArrayElement {}
extension Double: PostgresArrayElement {}
extension Bool: PostgresArrayElement {}
extension Timestamp: PostgresArrayElement {}
extension FixedDecimal: PostgresArrayElement {}
extension PostgresJSON: PostgresArrayElement {}

extension Optional: PostgresArrayElement
where Wrapped: PostgresArrayElement & PostgresEncodable & PostgresDecodable {}

extension UInt8: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .bytea }
    package static func encode(array: [UInt8], into bytes: inout [UInt8]) { bytes += array }
    package static func decode(array value: PostgresValue) throws(PostgresMismatch) -> [UInt8] {
        try value.expect(.bytea)
        return try value.copied()
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package func encode(into bytes: inout [UInt8]) { Element.encode(array: self, into: &bytes) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    package init(_ value: PostgresValue) throws(PostgresMismatch) { self = try Element.decode(array: value) }
}

extension Array: PostgresArrayElement where Element == UInt8 {}
