// SPDX-License-Identifier: Apache-2.0

/// A reply (RESP2).
package enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    /// A bulk string: any bytes.
    case string([UInt8])
    /// A simple string such as `OK`.
    case status(String)
    case array([RedisValue])
    /// An error inside an array (of EXEC or a script); an error that is the whole reply is thrown.
    case error(String)

    /// A bulk or simple string as text, or an integer in digits; nil for the rest.
    package var text: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let value): String(value)
        case .null, .array, .error: nil
        }
    }

    /// A bulk string's bytes; nil for the rest.
    package var bytes: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }

    /// An integer, also one that came as a string; nil for the rest.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .null, .status, .array, .error: nil
        }
    }

    /// An array's elements; nil for the rest.
    package var elements: [RedisValue]? { if case .array(let elements) = self { elements } else { nil } }
}

/// One word of a command: any bytes.
package struct RedisArgument: Sendable, Equatable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    /// What is sent, NUL and line ends included.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// The text's UTF-8.
    package init(_ text: String) { bytes = Array(text.utf8) }
    /// The number in decimal digits.
    package init(_ value: Int64) { bytes = Array(String(value).utf8) }
    package init(stringLiteral value: String) { self.init(value) }
    package init(integerLiteral value: Int64) { self.init(value) }
}
