// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where a command writes and asks: standard output for what was asked for, standard error for everything else.
package struct Terminal: Sendable {
    /// How a piece of text may look. Only on a terminal, and not when `NO_COLOR` is set (no-color.org).
    package enum Style: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    /// Whether standard output is a terminal.
    package let isInteractive: Bool
    /// Whether standard error is a terminal.
    package let isErrorInteractive: Bool
    /// Whether styles are shown.
    package let isColored: Bool
    private let output: @Sendable (String) -> Void
    private let errorOutput: @Sendable (String) -> Void
    private let input: (@Sendable () -> String?)?

    /// A terminal made of functions. `input` reads a line; nil when nobody is there to answer.
    package init(
        isInteractive: Bool, isErrorInteractive: Bool, isColored: Bool, output: @escaping @Sendable (String) -> Void,
        errorOutput: @escaping @Sendable (String) -> Void, input: (@Sendable () -> String?)?
    ) {
        self.isInteractive = isInteractive
        self.isErrorInteractive = isErrorInteractive
        self.isColored = isColored
        self.output = output
        self.errorOutput = errorOutput
        self.input = input
    }

    /// The process's own three descriptors.
    package static let standard: Terminal = {
        let isInteractive = isatty(STDOUT_FILENO) == 1
        let answer: @Sendable () -> String? = { readLine() }
        let refusesColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        return Terminal(
            isInteractive: isInteractive, isErrorInteractive: isatty(STDERR_FILENO) == 1,
            isColored: isInteractive && !refusesColor && environment("TERM") != "dumb",
            output: { writeAll($0, to: STDOUT_FILENO) }, errorOutput: { writeAll($0, to: STDERR_FILENO) },
            input: isatty(STDIN_FILENO) == 1 ? answer : nil)
    }()

    /// A variable of the process's environment.
    @Sendable package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Writes what was asked for, as it is: end lines yourself.
    package func write(_ text: String) { output(text) }

    /// Writes a message about the work, as it is: end lines yourself.
    package func writeError(_ text: String) { errorOutput(text) }

    /// `text` in a style, where styles are shown.
    package func styled(_ text: String, _ style: Style) -> String {
        isColored ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Asks for yes or no on standard error. Nobody there, or an answer that is neither, means `standard`.
    package func confirm(_ question: String, default standard: Bool = false) -> Bool {
        guard let input else { return standard }
        errorOutput("\(question) [\(standard ? "Y/n" : "y/N")] ")
        switch input()?.lowercased() {
        case "y", "yes": return true
        case "n", "no": return false
        default: return standard
        }
    }

    /// Asks for a line on standard error; nil when nobody is there to answer.
    package func ask(_ question: String) -> String? {
        guard let input else { return nil }
        errorOutput("\(question) ")
        return input()
    }

    /// Asks for something that must not be seen: on a terminal what is typed is not shown; without one the next line of
    /// standard input is taken, so that scripts can pipe it. It never comes from the arguments: `ps` shows those.
    package func askSecret(_ question: String) -> String? {
        guard input != nil else { return readLine() }
        errorOutput("\(question) ")
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return input?() }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            errorOutput("\n")
        }
        return input?()
    }

    private static func writeAll(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: position), bytes.count - position)
            }
            if count < 0, errno != EINTR { return }
            position += max(0, count)
        }
    }
}
