// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// What is known of one migration, in the program or in the database.
package struct MigrationStatus: Sendable, Equatable {
    /// How the program's file and the database's record compare.
    package enum State: String, Sendable {
        /// In both, and the same.
        case applied
        /// In the program only.
        case pending
        /// In the program, and in the database as far as it went: `up` goes on with it.
        case interrupted
        /// In both, but the file says something else than the one that was applied.
        case changed
        /// In the database only: a newer program was here.
        case unknownToProgram
    }

    /// The digits the file's name begins with.
    package let id: Int
    /// The file's name without its ending.
    package let name: String
    /// The store it is for.
    package let kind: Migration.Kind
    /// Whether it has run, is to run, or does not fit.
    package let state: State
    /// When it was applied.
    package let appliedAt: Timestamp?
    /// What there is to say beyond the state: why a pending step cannot be applied here, how far an interrupted one
    /// went, that an applied one looks different.
    package let note: String?
    /// Whether `up` cannot apply it, because its store is not there.
    package let isDeferred: Bool
}

/// A migration that was just applied.
package struct AppliedMigration: Sendable, Equatable {
    /// The digits the file's name begins with.
    package let id: Int
    /// The file's name without its ending.
    package let name: String
    /// Wall time of the whole file, waiting for locks included.
    package let duration: Duration
}

/// A session that stands in the way of another.
package struct Blocker: Sendable, Equatable, CustomStringConvertible {
    /// The server's process.
    package let processID: Int
    /// What it calls itself; may be empty.
    package let application: String
    /// `active`, `idle in transaction` …; empty when it is not to be seen.
    package let state: String
    /// When its current or last statement began; nil when that is not to be seen.
    package let queryStart: Timestamp?

    package var description: String {
        var text = "session \(processID)"
        if !application.isEmpty { text += " “\(application)”" }
        if !state.isEmpty { text += ", \(state)" }
        if let queryStart { text += ", its statement began \(queryStart)" }
        return text
    }
}

/// What a migration run does, for the log and for progress.
package enum MigrationEvent: Sendable {
    /// How far a statement outside of transactions is.
    package enum Phase: Sendable {
        /// It is written down that it will run.
        case intended
        /// It ran, and that is not written down yet.
        case ran
        /// It is written down that it ran.
        case done
    }

    /// Another program is migrating; told once a wait. Zero and an empty name when it is not to be seen.
    case waiting(processID: Int, application: String)
    /// A file begins, the first of its tries.
    case applying(name: String)
    case applied(AppliedMigration)
    /// A statement of a file that runs outside of transactions, counted from 1.
    case statement(name: String, number: Int, of: Int, phase: Phase)
    /// A file that was interrupted goes on with this statement, counted from 1.
    case resuming(name: String, statement: Int)
    /// An index that an interrupted build left unusable is dropped and built again.
    case rebuilding(index: String)
    /// Somebody holds what a file needs; told again when it is somebody else.
    case blocked(name: String, by: [Blocker])
    /// A file gave up a wait for a lock, has left nothing, and is tried again after this.
    case retrying(name: String, attempt: Int, after: Duration)
    /// A file for another store has to wait, and why.
    case deferred(name: String, reason: String)
    /// Another store had lost what a file put there; it was put there again.
    case restored(name: String)
    /// A file looks different from the one that was applied and says the same.
    case cosmetic(name: String)
}

/// How long a migration waits, and how often it tries.
package struct MigrationPatience: Sendable {
    /// For another program that migrates.
    package var forTheLock: Duration = .seconds(60)
    /// For a table that somebody uses: everybody who comes later queues behind the wait.
    package var forTables: Duration = .seconds(2)
    /// How often a file is begun before it gives up on its locks.
    package var tries = 10
    /// Between tries: from the first to the longest, each with jitter.
    package var pauses: (first: Duration, longest: Duration) = (.milliseconds(500), .seconds(8))

    package init() {}
}
