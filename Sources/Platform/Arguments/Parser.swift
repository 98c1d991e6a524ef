// SPDX-License-Identifier: Apache-2.0

/// Reads one command line. Touches nothing but the environment variables that options name.
struct Parser {
    enum Outcome {
        case run(Command.Action, ParsedArguments)
        /// Help was asked for; the command is the last of the path.
        case help([Command])
        /// A noun without a verb.
        case incomplete([Command])
    }

    let terminal: Terminal
    private let environment: @Sendable (String) -> String?
    private var path: [Command]
    private var given: [String: [String]] = [:]
    private var places: [String] = []

    init(root: Command, terminal: Terminal, environment: @escaping @Sendable (String) -> String?) {
        path = [root]
        self.terminal = terminal
        self.environment = environment
    }

    private var words: String { path.map(\.name).joined(separator: " ") }
    private var options: [Declaration] { path.flatMap(\.options) }
    private func wrong(_ message: String) -> UsageError { UsageError(command: words, message: message) }

    consuming func parse(_ arguments: [String]) throws(UsageError) -> Outcome {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                places += rest
                break
            } else if argument == "--help" || argument == "-h" {
                return .help(path)
            } else if argument.hasPrefix("--") {
                try takeOption(argument, &rest)
            } else if argument.hasPrefix("-"), argument.count > 1, Double(argument) == nil {
                try takeShort(argument, &rest)
            } else {
                try takeWord(argument)
            }
        }
        guard let command = path.last, let action = command.action else { return .incomplete(path) }
        let parsed = ParsedArguments(
            command: path.map(\.name), terminal: terminal, values: try values(of: command))
        return .run(action, parsed)
    }

    /// A word is a subcommand where there are some, else it has a place.
    private mutating func takeWord(_ word: String) throws(UsageError) {
        guard let command = path.last, !command.subcommands.isEmpty else { return places.append(word) }
        guard let next = command.subcommands.first(where: { $0.name == word }) else {
            throw wrong("there is no command '\(word)'\(suggestion(for: word, among: command.subcommands.map(\.name)))")
        }
        path.append(next)
    }

    private mutating func takeOption(_ argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let option = options.first(where: { $0.name == name }) else {
            let known = options.map(\.name) + ["help"]
            throw wrong("there is no option '--\(name)'\(suggestion(for: name, among: known, prefix: "--"))")
        }
        try take(option, shown: "--\(name)", value: parts.count == 2 ? String(parts[1]) : nil, &rest)
    }

    /// `-n 5`, `-n5`, `-j`; flags are not combined.
    private mutating func takeShort(_ argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        guard let letter = argument.dropFirst().first, let option = options.first(where: { $0.short == letter }) else {
            throw wrong("there is no option '\(argument)'")
        }
        let value = argument.dropFirst(2)
        if !option.takesValue, !value.isEmpty { throw wrong("give '-\(letter)' and '-\(value)' apart") }
        try take(option, shown: "-\(letter)", value: value.isEmpty ? nil : String(value), &rest)
    }

    private mutating func take(
        _ option: Declaration, shown: String, value: String?, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        if option.arity != .many, given[option.name] != nil { throw wrong("'\(shown)' is given twice") }
        guard option.takesValue else {
            if value != nil { throw wrong("'\(shown)' takes no value") }
            given[option.name] = [""]
            return
        }
        if value == nil, let next = rest.first, next.hasPrefix("--") {
            throw wrong("'\(shown)' needs a value; if it is '\(next)', write \(shown)=\(next)")
        }
        guard let value = value ?? rest.popFirst() else {
            throw wrong("'\(shown)' needs a value: \(option.placeholder)")
        }
        given[option.name, default: []].append(value)
    }

    // MARK: Values

    private func values(of command: Command) throws(UsageError) -> [String: any Sendable] {
        var values: [String: any Sendable] = [:]
        var missing: [String] = []
        for option in options {
            let (texts, origin) = texts(of: option)
            if texts.isEmpty, option.isRequired {
                missing.append("--\(option.name)" + (option.environment.map { " (or \($0))" } ?? ""))
            } else {
                values[option.name] = try read(option, texts, from: origin)
            }
        }
        var rest = places[...]
        for place in command.positionals {
            let texts = place.arity == .many ? Array(rest) : Array(rest.prefix(1))
            rest = rest.dropFirst(texts.count)
            if texts.isEmpty, place.isRequired {
                missing.append(place.placeholder)
            } else {
                values[place.name] = try read(place, texts, from: place.placeholder)
            }
        }
        if let unwanted = rest.first { throw wrong("'\(unwanted)' is one argument too many") }
        if !missing.isEmpty { throw wrong("missing: \(missing.joined(separator: ", "))") }
        return values
    }

    private func texts(of option: Declaration) -> (texts: [String], origin: String) {
        if let texts = given[option.name] { return (texts, "--\(option.name)") }
        guard let name = option.environment, let text = environment(name), !text.isEmpty else { return ([], "") }
        return ([text], name)
    }

    private func read(_ parameter: Declaration, _ texts: [String], from origin: String) throws(UsageError)
        -> any Sendable
    {
        if let value = parameter.read(texts) { return value }
        let shown = texts.map { "'\($0)'" }.joined(separator: ", ")
        let meant = suggestion(for: texts.last ?? "", among: parameter.choices)
        throw wrong("\(origin) wants \(parameter.kind), not \(shown)\(meant)")
    }

    private func suggestion(for word: String, among known: [String], prefix: String = "") -> String {
        nearest(to: word, among: known).map { "; did you mean '\(prefix)\($0)'?" } ?? ""
    }
}
