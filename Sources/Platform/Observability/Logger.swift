// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Writes events: a constant message, the data as fields. The logger of the running task is `Logger.current`.
///
///     Logger.current.info("request refused", [("status", 429), ("key_id", "\(key.id)")])
///
/// Messages are constants so that they can be counted and searched for; whatever varies is a field, named in
/// snake_case. Fields are evaluated only when the level passes.
package struct Logger: Sendable {
    /// The task's logger; child tasks inherit it. Standard error unless something else is bound.
    @TaskLocal package static var current = Logger(.standardError)

    /// Where the lines go, and from which level.
    package let output: LogOutput
    /// The fields of every line.
    package let fields: [(String, LogValue)]

    /// A logger that adds `fields` to every line.
    package init(_ output: LogOutput, fields: [(String, LogValue)] = []) {
        self.output = output
        self.fields = fields
    }

    /// This logger with further fields; a field given again replaces the earlier one.
    package func with(_ added: [(String, LogValue)]) -> Logger {
        Logger(output, fields: Self.merge(fields, added))
    }

    /// Whether a line of `level` would be written.
    package func isEnabled(_ level: LogLevel) -> Bool { output.passes(level) }

    /// Writes one line, if its level passes.
    package func log(
        _ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> [(String, LogValue)] = []
    ) {
        guard output.passes(level) else { return }
        output.write(LogLine(time: .now(), level: level, message: message, fields: Self.merge(self.fields, fields())))
    }

    /// Every step, for the hunt after one fault.
    package func trace(_ message: StaticString, _ fields: @autoclosure () -> [(String, LogValue)] = []) {
        log(.trace, message, fields())
    }

    /// What helps a developer.
    package func debug(_ message: StaticString, _ fields: @autoclosure () -> [(String, LogValue)] = []) {
        log(.debug, message, fields())
    }

    /// What an operator may want to read afterwards.
    package func info(_ message: StaticString, _ fields: @autoclosure () -> [(String, LogValue)] = []) {
        log(.info, message, fields())
    }

    /// What works for now but should be looked at.
    package func warning(_ message: StaticString, _ fields: @autoclosure () -> [(String, LogValue)] = []) {
        log(.warning, message, fields())
    }

    /// What did not work; with the error as the field `error`.
    package func error(
        _ message: StaticString, error: (any Error)? = nil, _ fields: @autoclosure () -> [(String, LogValue)] = []
    ) {
        log(.error, message, fields() + (error.map { [("error", LogValue($0))] } ?? []))
    }

    private static func merge(_ old: [(String, LogValue)], _ new: [(String, LogValue)]) -> [(String, LogValue)] {
        if old.isEmpty { return new }
        if new.isEmpty { return old }
        return old.filter { field in !new.contains { $0.0 == field.0 } } + new
    }
}

/// Runs `body` with `fields` on every line that it and its child tasks log.
package func withLogFields<Result>(
    _ fields: [(String, LogValue)], _ body: () async throws -> Result
) async rethrows -> Result {
    try await Logger.$current.withValue(Logger.current.with(fields)) { try await body() }
}
