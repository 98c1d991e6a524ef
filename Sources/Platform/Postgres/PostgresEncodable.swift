// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A value that can be a parameter.
package protocol PostgresEncodable: Sendable {
    /// The type it is bound as.
    static var postgresType: PostgresType { get }
    /// The type this value is bound as; differs from `postgresType` only for values that choose.
    var boundType: PostgresType { get }
    /// Whether it is NULL; then it is not encoded.
    var isNull: Bool { get }
    /// Appends PostgreSQL's binary format of the type.
    func encode(into bytes: inout [UInt8])
}

extension PostgresEncodable {
    package var boundType: PostgresType { Self.postgresType }
    package var isNull: Bool { false }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }
}

extension Bool: PostgresEncodable {
    package static var postgresType: PostgresType { .bool }
    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

extension Int16: PostgresEncodable {
    package static var postgresType: PostgresType { .int2 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

extension Int32: PostgresEncodable {
    package static var postgresType: PostgresType { .int4 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

extension Int64: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

extension Int: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(Int64(self)) }
}

extension Double: PostgresEncodable {
    package static var postgresType: PostgresType { .float8 }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
}

extension String: PostgresEncodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension UniqueID: PostgresEncodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(high)
        bytes.appendBigEndian(low)
    }
}

extension Timestamp: PostgresEncodable {
    /// Microseconds from 1970 to 2000, where PostgreSQL's timestamps begin.
    static let postgresEpoch: Int64 = 946_684_800_000_000

    package static var postgresType: PostgresType { .timestamptz }
    package func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(microseconds &- Self.postgresEpoch) }
}

extension FixedDecimal: PostgresEncodable {
    package static var postgresType: PostgresType { .numeric }
    package func encode(into bytes: inout [UInt8]) {
        let digits = NumericDigits(self)
        digits.forEachWord { bytes.appendBigEndian($0) }
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var boundType: PostgresType { self?.boundType ?? Wrapped.postgresType }
    package var isNull: Bool { self?.isNull ?? true }
    package func encode(into bytes: inout [UInt8]) { self?.encode(into: &bytes) }
}

extension RawRepresentable where RawValue == String, Self: PostgresEncodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into bytes: inout [UInt8]) { rawValue.encode(into: &bytes) }
}

/// JSON text, written and read as it is.
package struct PostgresJSON: Sendable, Hashable, PostgresEncodable {
    /// The JSON itself; only the server checks it.
    package let text: String
    package let boundType: PostgresType

    /// `json` keeps the bytes exactly, `jsonb` (the default) is searchable and keeps the meaning.
    package init(_ text: String, as type: PostgresType = .jsonb) {
        self.text = text
        boundType = type == .json ? .json : .jsonb
    }

    package static var postgresType: PostgresType { .jsonb }
    package func encode(into bytes: inout [UInt8]) {
        if boundType == .jsonb { bytes.append(1) }  // jsonb's binary format starts with its version
        bytes.append(utf8: text)
    }
}
