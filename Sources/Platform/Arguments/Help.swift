// SPDX-License-Identifier: Apache-2.0

/// The help of the last command of a path.
struct Help {
    private let path: [Command]
    private static let columns = 100

    init(_ path: [Command]) { self.path = path }

    var text: String {
        guard let command = path.last else { return "" }
        let help: [(String, String)] = [("-h, --help", "Shows this help.")]
        var text = Self.wrap(command.summary, indent: 0).joined(separator: "\n") + "\n\n"
        text += Self.wrap("Usage: \(usage(command))", indent: 0, hanging: 7).joined(separator: "\n") + "\n"
        text += "Example: \(command.example)\n"
        text += Self.section("Commands", command.subcommands.map { ($0.name, $0.summary) })
        text += Self.section("Arguments", command.positionals.map { ($0.placeholder, Self.sentence($0)) })
        text += Self.section("Options", command.options.map { (Self.spelling($0), Self.sentence($0)) } + help)
        let inherited = path.dropLast().flatMap(\.options)
        text += Self.section("Options of all commands", inherited.map { (Self.spelling($0), Self.sentence($0)) })
        return text
    }

    private func usage(_ command: Command) -> String {
        var parts = path.map(\.name)
        for option in command.options {
            let spelling = option.takesValue ? "--\(option.name) \(option.placeholder)" : "--\(option.name)"
            let repeated = option.arity == .many ? "…" : ""
            parts.append((option.isRequired ? spelling : "[\(spelling)]") + repeated)
        }
        for place in command.positionals {
            let repeated = place.arity == .many ? "…" : ""
            parts.append((place.isRequired ? place.placeholder : "[\(place.placeholder)]") + repeated)
        }
        if !command.subcommands.isEmpty { parts.append(command.action == nil ? "COMMAND" : "[COMMAND]") }
        return parts.joined(separator: " ")
    }

    private static func spelling(_ option: Declaration) -> String {
        let short = option.short.map { "-\($0), " } ?? ""
        return "\(short)--\(option.name)" + (option.takesValue ? " \(option.placeholder)" : "")
    }

    private static func sentence(_ parameter: Declaration) -> String {
        var sentence = parameter.help.prefix(1).uppercased() + parameter.help.dropFirst()
        if !sentence.hasSuffix(".") { sentence += "." }
        if parameter.arity == .many { sentence += " May be repeated." }
        if parameter.isRequired { sentence += " Required." }
        if let text = parameter.defaultText { sentence += " Default: \(text)." }
        if let name = parameter.environment { sentence += " Environment: \(name)." }
        return sentence
    }

    private static func section(_ title: String, _ rows: [(String, String)]) -> String {
        guard !rows.isEmpty else { return "" }
        // A long spelling gets a line of its own rather than pushing all sentences to the right.
        let indent = 4 + min(30, rows.map { $0.0.count }.max() ?? 0)
        var text = "\n\(title):\n"
        for (left, right) in rows {
            let lines = wrap(right, indent: indent)
            var first = "  \(left)"
            if first.count + 2 > indent {
                text += first + "\n"
                first = ""
            }
            text += first + String(repeating: " ", count: indent - first.count)
            text += lines.joined(separator: "\n" + String(repeating: " ", count: indent)) + "\n"
        }
        return text
    }

    /// Lines that fit the columns right of `indent`; those after the first are `hanging` further in.
    private static func wrap(_ text: String, indent: Int, hanging: Int = 0) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > columns - indent {
                lines.append(line)
                line = String(repeating: " ", count: hanging) + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }
}
