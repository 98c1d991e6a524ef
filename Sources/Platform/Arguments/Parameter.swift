// SPDX-License-Identifier: Apache-2.0

/// What a command accepts: an `Option` or a `Positional`, with its type forgotten.
package protocol Parameter: Sendable {
    /// What parsing, help and completion need to know.
    var declaration: Declaration { get }
}

/// One parameter as a value; the one source of parsing, help and completion.
package struct Declaration: Sendable {
    enum Arity: Sendable { case flag, one, many }

    let name: String
    let short: Character?
    /// How help calls the value: `HOST:PORT`.
    let placeholder: String
    let help: String
    let arity: Arity
    let isRequired: Bool
    let environment: String?
    let choices: [String]
    let kind: String
    /// For help.
    let defaultText: String?
    /// Makes the value from what was given, in order; nil when one of them is not such a value.
    let read: @Sendable (_ given: [String]) -> (any Sendable)?

    var takesValue: Bool { arity != .flag }
}

/// `--name value`, `--name=value`, or `--name` alone for a flag. Declared once, used as the key to its value:
///
///     let listen = Option.value("listen", "Where to listen.", placeholder: "HOST:PORT", default: "127.0.0.1:8080")
///     Command(name: "serve", …, options: [listen]) { arguments in … arguments[listen] … }
package struct Option<Value: Sendable>: Parameter {
    package let declaration: Declaration
}

extension Option where Value == Bool {
    /// Present or absent.
    package static func flag(_ name: String, _ help: String, short: Character? = nil) -> Option {
        Option(
            declaration: Declaration(
                name: name, short: short, placeholder: "", help: help, arity: .flag, isRequired: false,
                environment: nil,
                choices: [], kind: "", defaultText: nil, read: { !$0.isEmpty }))
    }
}

extension Option where Value: ArgumentValue {
    /// Must be given, on the command line or in the environment variable.
    package static func required(
        _ name: String, _ help: String, short: Character? = nil, placeholder: String? = nil, environment: String? = nil
    ) -> Option {
        Option(
            declaration: .one(
                Value.self, name, help, short: short, placeholder: placeholder, environment: environment,
                isRequired: true, read: { $0.last.flatMap(Value.init(argument:)) }))
    }

    /// Has a default, which the environment variable and then the command line replace.
    package static func value(
        _ name: String, _ help: String, short: Character? = nil, placeholder: String? = nil,
        environment: String? = nil, default standard: Value
    ) -> Option {
        Option(
            declaration: .one(
                Value.self, name, help, short: short, placeholder: placeholder, environment: environment,
                defaultText: standard.argument,
                read: { $0.isEmpty ? standard : $0.last.flatMap(Value.init(argument:)) }))
    }
}

extension Option {
    /// May be absent.
    package static func optional<Wrapped: ArgumentValue>(
        _ name: String, _ help: String, short: Character? = nil, placeholder: String? = nil, environment: String? = nil
    ) -> Option where Value == Wrapped? {
        Option(
            declaration: .one(
                Wrapped.self, name, help, short: short, placeholder: placeholder, environment: environment,
                read: {
                    $0.isEmpty ? .some(Wrapped?.none) : $0.last.flatMap(Wrapped.init(argument:)).map(Wrapped?.some)
                }))
    }

    /// May be given any number of times; the values in order.
    package static func repeated<Element: ArgumentValue>(
        _ name: String, _ help: String, short: Character? = nil, placeholder: String? = nil
    ) -> Option where Value == [Element] {
        Option(
            declaration: .one(
                Element.self, name, help, short: short, placeholder: placeholder, arity: .many,
                read: Declaration.readAll(Element.self)))
    }
}

/// An argument known by its place.
package struct Positional<Value: Sendable>: Parameter {
    package let declaration: Declaration
}

extension Positional where Value: ArgumentValue {
    /// Must be given.
    package static func required(_ name: String, _ help: String) -> Positional {
        Positional(
            declaration: .one(
                Value.self, name, help, isRequired: true, read: { $0.last.flatMap(Value.init(argument:)) }))
    }
}

extension Positional {
    /// May be absent; only after those required.
    package static func optional<Wrapped: ArgumentValue>(
        _ name: String, _ help: String
    ) -> Positional where Value == Wrapped? {
        Positional(
            declaration: .one(
                Wrapped.self, name, help,
                read: {
                    $0.isEmpty ? .some(Wrapped?.none) : $0.last.flatMap(Wrapped.init(argument:)).map(Wrapped?.some)
                }))
    }

    /// All that is left, in order; only as the last.
    package static func repeated<Element: ArgumentValue>(
        _ name: String, _ help: String
    ) -> Positional where Value == [Element] {
        Positional(
            declaration: .one(Element.self, name, help, arity: .many, read: Declaration.readAll(Element.self)))
    }
}

extension Declaration {
    fileprivate static func one<Value: ArgumentValue>(
        _ type: Value.Type, _ name: String, _ help: String, short: Character? = nil, placeholder: String? = nil,
        environment: String? = nil, arity: Arity = .one, isRequired: Bool = false, defaultText: String? = nil,
        read: @escaping @Sendable ([String]) -> (any Sendable)?
    ) -> Declaration {
        let standard = type.argumentChoices.isEmpty ? name.uppercased() : type.argumentChoices.joined(separator: "|")
        return Declaration(
            name: name, short: short, placeholder: placeholder ?? standard, help: help, arity: arity,
            isRequired: isRequired, environment: environment, choices: type.argumentChoices, kind: type.argumentKind,
            defaultText: defaultText, read: read)
    }

    fileprivate static func readAll<Element: ArgumentValue>(
        _ type: Element.Type
    ) -> @Sendable ([String]) -> (any Sendable)? {
        { given in
            let values = given.compactMap(Element.init(argument:))
            return values.count == given.count ? values : nil
        }
    }
}
