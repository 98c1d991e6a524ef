// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// How much a line of the log matters; a threshold lets its own level and those above pass.
package enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    case trace, debug, info, warning, error

    /// The level's name as written in lines and settings.
    package var name: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The level of that name; nil for any other word.
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// The value of a field. Secrets become `•••` by their type, also inside an interpolated string.
package enum LogValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    /// Written as seconds.
    case duration(Duration)
    /// A secret: written as `•••`.
    case redacted

    /// An integer of any type; larger than 64 bits is written as text.
    package init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map { .integer($0) } ?? .string(String(value))
    }

    /// A secret: its value is not kept.
    package init<Value>(_ secret: Secret<Value>) { self = .redacted }

    /// An error, by its description.
    package init(_ error: any Error) { self = .string(String(describing: error)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}
