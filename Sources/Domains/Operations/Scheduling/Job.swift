// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Background work of the installation, by the clock, on one node at a time.
package struct Job: Sendable {
    /// One word, shown in `status`.
    package let name: String
    /// From one run to the next.
    package let every: Duration
    /// Does the work, and says in a sentence what that was. Takes no input, may be run again at any time, and ends at
    /// its next statement when cancelled. The lease is the one it runs under.
    package let run: @Sendable (Lease) async throws -> String

    /// `every` is at least a second.
    package init(name: String, every: Duration, run: @escaping @Sendable (Lease) async throws -> String) {
        precondition(every >= .seconds(1), "\(name) runs at most every second")
        self.name = name
        self.every = every
        self.run = run
    }

    /// How long after a failure the next try is due: a minute, doubled each time, at most the usual interval.
    package static func retryDelay(afterFailures failures: Int, every: Duration) -> Duration {
        min(every, .seconds(60) * (1 << min(max(failures - 1, 0), 20)))
    }
}

/// What is known of a job: its last run and its next.
package struct JobRecord: Sendable, Equatable {
    /// How a run ended.
    package enum Result: String, Sendable { case done, failed, interrupted }

    /// The job's name.
    package let name: String
    /// Whether it runs now.
    package let isRunning: Bool
    /// When it is due.
    package let nextRunAt: Timestamp
    /// When the last run began; nil before the first.
    package let lastStartedAt: Timestamp?
    /// When the last run ended.
    package let lastFinishedAt: Timestamp?
    /// How the last run ended.
    package let lastResult: Result?
    /// What the last run did or why it failed.
    package let lastMessage: String?
    /// Runs so far.
    package let runs: Int64
    /// Failures since the last run that went well.
    package let consecutiveFailures: Int32
}
