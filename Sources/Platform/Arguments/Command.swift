// SPDX-License-Identifier: Apache-2.0

/// A command, or a noun with the commands under it. The program is the root of a tree of these; parsing, help and shell
/// completion are projections of it.
package struct Command: Sendable {
    /// What a command does; it runs when it and its arguments were understood.
    package typealias Action = @Sendable (ParsedArguments) async throws -> ExitCode

    /// The word that is typed.
    package let name: String
    /// One sentence for the list it is in.
    package let summary: String
    /// A command line that works, shown by its help.
    package let example: String
    let options: [Declaration]
    let positionals: [Declaration]
    let subcommands: [Command]
    let action: Action?

    /// A command that does `run`, or without it a noun that needs one of its subcommands. Options are also accepted
    /// after the names of subcommands.
    package init(
        name: String, summary: String, example: String, options: [any Parameter] = [],
        positionals: [any Parameter] = [], subcommands: [Command] = [], run: Action? = nil
    ) {
        precondition(subcommands.isEmpty || positionals.isEmpty, "\(name): either subcommands or positionals")
        precondition(run != nil || !subcommands.isEmpty, "\(name) does nothing")
        self.name = name
        self.summary = summary
        self.example = example
        self.options = options.map(\.declaration)
        self.positionals = positionals.map(\.declaration)
        self.subcommands = subcommands
        action = run
    }

    /// Runs the command line `arguments` (without the program's name) on this tree: the command, or its help, or a
    /// sentence about what is wrong with it.
    package func execute(
        _ arguments: [String], terminal: Terminal = .standard,
        environment: @escaping @Sendable (String) -> String? = Terminal.environment
    ) async -> ExitCode {
        do {
            switch try Parser(root: self, terminal: terminal, environment: environment).parse(arguments) {
            case .help(let path):
                terminal.write(Help(path).text)
                return .done
            case .incomplete(let path):
                terminal.writeError(Help(path).text)
                return .usage
            case .run(let action, let parsed): return try await action(parsed)
            }
        } catch let error as UsageError {
            terminal.writeError("\(error)\nSee '\(error.command) --help'.\n")
            return .usage
        } catch let failure as CommandFailure {
            terminal.writeError("\(name): \(failure.message)\n")
            return failure.code
        } catch {
            terminal.writeError("\(name): \(error)\n")
            return .failed
        }
    }
}

extension Command {
    /// The help of every command of the tree, in order, each under the words that are typed.
    package var manual: [(command: String, help: String)] { Self.manual([self]) }

    private static func manual(_ path: [Command]) -> [(command: String, help: String)] {
        let own = (path.map(\.name).joined(separator: " "), Help(path).text)
        return [own] + (path.last?.subcommands ?? []).flatMap { manual(path + [$0]) }
    }
}

/// What a command was given, by the declarations of its parameters.
package struct ParsedArguments: Sendable {
    /// The words of the command: `["witan", "migrate", "up"]`.
    package let command: [String]
    /// Where the command writes and asks.
    package let terminal: Terminal
    let values: [String: any Sendable]

    /// The option's value. The option must be declared by the command or one above it.
    package subscript<Value>(_ option: Option<Value>) -> Value { value(option.declaration.name) }

    /// The positional's value. It must be declared by the command.
    package subscript<Value>(_ positional: Positional<Value>) -> Value { value(positional.declaration.name) }

    private func value<Value>(_ name: String) -> Value {
        guard let value = values[name] as? Value else {
            preconditionFailure("\(command.joined(separator: " ")) does not declare \(name)")
        }
        return value
    }

    /// The error for arguments that are wrong in a way only the command sees.
    package func usageError(_ message: String) -> UsageError {
        UsageError(command: command.joined(separator: " "), message: message)
    }
}
