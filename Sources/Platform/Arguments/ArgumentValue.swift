// SPDX-License-Identifier: Apache-2.0

/// A type that can be written on a command line.
package protocol ArgumentValue: Sendable {
    /// What is wanted, for error messages: `a whole number`.
    static var argumentKind: String { get }
    /// The words allowed, when they are few; completion offers them, help lists them.
    static var argumentChoices: [String] { get }
    /// Reads one argument; nil when it is not such a value.
    init?(argument: String)
    /// The argument that reads as this value, for help.
    var argument: String { get }
}

extension ArgumentValue {
    package static var argumentChoices: [String] { [] }
    package var argument: String { String(describing: self) }
}

extension String: ArgumentValue {
    package static var argumentKind: String { "text" }
    package init?(argument: String) { self = argument }
}

extension Int: ArgumentValue {
    package static var argumentKind: String { "a whole number" }
    package init?(argument: String) { self.init(argument) }
}

extension Double: ArgumentValue {
    package static var argumentKind: String { "a number" }
    package init?(argument: String) {
        guard let value = Double(argument), value.isFinite else { return nil }
        self = value
    }
}

extension Bool: ArgumentValue {
    package static var argumentKind: String { "true or false" }
    package static var argumentChoices: [String] { ["true", "false"] }
    package init?(argument: String) { self.init(argument) }
}

extension Duration: ArgumentValue {
    package static var argumentKind: String { "a duration such as 500ms, 30s, 5m, 12h or 7d" }

    /// A whole number, from zero, and a unit: `ms`, `s`, `m`, `h` or `d`.
    package init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": self = .milliseconds(count)
        case "s": self = .seconds(count)
        case "m": self = .seconds(count * 60)
        case "h": self = .seconds(count * 3600)
        case "d": self = .seconds(count * 86_400)
        default: return nil
        }
    }

    package var argument: String {
        let (seconds, attoseconds) = components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] as [(String, Int64)]
        where seconds != 0 && seconds.isMultiple(of: length) {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
}

/// An enumeration of words is a value when it declares this conformance; its words are its raw values.
extension ArgumentValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    package static var argumentKind: String { "one of \(argumentChoices.joined(separator: ", "))" }
    package static var argumentChoices: [String] { allCases.map(\.rawValue) }
    package init?(argument: String) { self.init(rawValue: argument) }
    package var argument: String { rawValue }
}
