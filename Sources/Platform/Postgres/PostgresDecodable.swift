// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Why a value is not what was asked for.
package struct PostgresMismatch: Error, Sendable {
    /// What follows the column's name in a sentence: `is NULL, and a value was asked for`.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }
}

/// A value as the server sent it: type and binary bytes. Valid only during the call that it is passed to.
@safe package struct PostgresValue {
    package let type: PostgresType
    private let bytes: UnsafeRawBufferPointer?

    init(type: PostgresType, bytes: UnsafeRawBufferPointer?) {
        self.type = type
        unsafe self.bytes = unsafe bytes
    }

    /// Whether it is SQL's NULL.
    package var isNull: Bool { unsafe bytes == nil }

    /// Bytes of the value; 0 for NULL.
    package var count: Int { unsafe bytes?.count ?? 0 }

    /// A copy of the bytes; throws for NULL.
    package func copied() throws(PostgresMismatch) -> [UInt8] { unsafe Array(try present()) }

    /// Text of any character type, `json` or `jsonb`.
    package func string() throws(PostgresMismatch) -> String {
        let bytes = unsafe try present()
        switch type {
        case .text, .varchar, .bpchar, .name, .json, .unknown: return unsafe String(decoding: bytes, as: UTF8.self)
        case .jsonb: return unsafe String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: throw wrong("text")
        }
    }

    /// A whole number of `int2`, `int4`, `int8` or `oid`.
    package func integer() throws(PostgresMismatch) -> Int64 {
        switch type {
        case .int2: Int64(try integer(at: 0, as: Int16.self))
        case .int4: Int64(try integer(at: 0, as: Int32.self))
        case .int8: try integer(at: 0, as: Int64.self)
        case .objectID: Int64(try integer(at: 0, as: UInt32.self))
        default: throw wrong("a whole number")
        }
    }

    /// A big-endian number inside the bytes.
    func integer<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as: Number.Type
    ) throws(PostgresMismatch) -> Number {
        let bytes = unsafe try present()
        guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else {
            throw PostgresMismatch("is too short")
        }
        return unsafe Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// The bytes at `offset` as a value of their own.
    func part(at offset: Int, count: Int, type: PostgresType) throws(PostgresMismatch) -> PostgresValue {
        guard count >= 0 else { return unsafe PostgresValue(type: type, bytes: nil) }
        let bytes = unsafe try present()
        guard offset + count <= bytes.count else { throw PostgresMismatch("is too short") }
        return unsafe PostgresValue(type: type, bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
    }

    /// Throws unless the value has this type.
    package func expect(_ expected: PostgresType) throws(PostgresMismatch) {
        guard type == expected else { throw wrong(expected.description) }
    }

    func wrong(_ wanted: String) -> PostgresMismatch { PostgresMismatch("is \(type), and \(wanted) was asked for") }

    private func present() throws(PostgresMismatch) -> UnsafeRawBufferPointer {
        guard let bytes = unsafe bytes else { throw PostgresMismatch("is NULL, and a value was asked for") }
        return unsafe bytes
    }
}

/// A value that can be read from a column.
package protocol PostgresDecodable {
    /// Throws with the reason when the value is of another type, out of range, or NULL.
    init(_ value: PostgresValue) throws(PostgresMismatch)
}

extension Bool: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        try value.expect(.bool)
        self = try value.integer(at: 0, as: UInt8.self) != 0
    }
}

extension FixedWidthInteger where Self: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        let wide = try value.integer()
        guard let number = Self(exactly: wide) else { throw PostgresMismatch("\(wide) is out of range") }
        self = number
    }
}

extension Int16: PostgresDecodable {}
extension Int32: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension Int: PostgresDecodable {}

extension Double: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        if value.type == .float4 {
            self = Double(Float(bitPattern: try value.integer(at: 0, as: UInt32.self)))
        } else {
            try value.expect(.float8)
            self = Double(bitPattern: try value.integer(at: 0, as: UInt64.self))
        }
    }
}

extension String: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) { self = try value.string() }
}

extension UniqueID: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        try value.expect(.uuid)
        self.init(high: try value.integer(at: 0, as: UInt64.self), low: try value.integer(at: 8, as: UInt64.self))
    }
}

extension Timestamp: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        try value.expect(.timestamptz)
        let (microseconds, overflow) = try value.integer(at: 0, as: Int64.self)
            .addingReportingOverflow(Self.postgresEpoch)
        // infinity and -infinity are the extremes of Int64.
        guard !overflow, microseconds > Int64.min + Self.postgresEpoch else { throw PostgresMismatch("is infinity") }
        self.init(microseconds: microseconds)
    }
}

extension FixedDecimal: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        if [.int2, .int4, .int8].contains(value.type) {
            self.init(units: Int128(try value.integer()) * Self.scale)
        } else {
            try value.expect(.numeric)
            try self.init(numeric: value)
        }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        self = value.isNull ? nil : try Wrapped(value)
    }
}

extension RawRepresentable where RawValue == String, Self: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        let text = try value.string()
        guard let known = Self(rawValue: text) else {
            throw PostgresMismatch("holds \"\(text)\", which is not one of \(Self.self)")
        }
        self = known
    }
}

extension PostgresJSON: PostgresDecodable {
    package init(_ value: PostgresValue) throws(PostgresMismatch) {
        guard value.type == .json || value.type == .jsonb else { throw value.wrong("json") }
        self.init(try value.string(), as: value.type)
    }
}
