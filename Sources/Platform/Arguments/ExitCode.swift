// SPDX-License-Identifier: Apache-2.0

/// What a command tells the shell.
package enum ExitCode: Int32, Sendable, CaseIterable {
    /// Done.
    case done = 0
    /// Failed; the reason is on standard error.
    case failed = 1
    /// The command line was wrong; nothing was done.
    case usage = 2
    /// Something is pending, or a dry run would change something.
    case pending = 3
    /// What is there differs from what was declared.
    case drift = 4
    /// A checksum does not match.
    case checksumMismatch = 5
    /// A lock was not obtained.
    case lockNotObtained = 6
    /// A check of style or safety refused.
    case lint = 7
    /// A step was interrupted and waits to be resumed.
    case interrupted = 8
    /// The database was written by a newer version of the program.
    case databaseNewer = 9
    /// The other side cannot be reached.
    case unreachable = 10
}

/// The end of a command with a code of its own and a sentence for standard error.
package struct CommandFailure: Error, CustomStringConvertible {
    /// What the shell is told.
    package let code: ExitCode
    /// What happened and what to do, one sentence or a few.
    package let message: String

    /// A failure with `code`.
    package init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// A command line that cannot be understood.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    /// The words of the command that was reached: `witan migrate`.
    package let command: String
    /// What is wrong.
    package let message: String

    /// An error in the arguments of `command`.
    package init(command: String, message: String) {
        self.command = command
        self.message = message
    }

    package var description: String { "\(command): \(message)" }
}
