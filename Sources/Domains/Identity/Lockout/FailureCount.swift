// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Wrong passwords and codes of one subject, and what follows from their number.
///
/// The tenth failure locks for a minute, each further one for twice as long, up to 15 minutes. A quarter of an hour
/// without a failure forgives one. Guessing for ever gets 96 guesses a day, and who mistypes is soon forgiven.
package struct FailureCount: Sendable, Equatable {
    /// How many failures lock.
    package static let limit = 10
    /// The first lock.
    package static let shortestLock = Duration.seconds(60)
    /// No lock is longer, and one failure is forgiven for each time as long without another.
    package static let longestLock = Duration.seconds(15 * 60)
    /// No more are counted: from there on every lock is the longest.
    static let most = 15

    /// As of the last failure.
    package let failures: Int
    /// When that was; nil when there was none.
    package let lastFailure: Timestamp?

    /// None, or what was stored.
    package init(failures: Int = 0, lastFailure: Timestamp? = nil) {
        self.failures = failures
        self.lastFailure = lastFailure
    }

    /// What is left of the failures at a time. A clock that went back forgives nothing.
    package func remaining(at now: Timestamp) -> Int {
        guard let lastFailure else { return 0 }
        let elapsed = max(0, now.seconds - lastFailure.seconds)
        return max(0, failures - Int(clamping: elapsed / Self.longestLock.components.seconds))
    }

    /// Until when nothing is tried; nil when there is no lock now.
    package func lockedUntil(at now: Timestamp) -> Timestamp? {
        guard let lastFailure, failures >= Self.limit else { return nil }
        let doublings = min(failures - Self.limit, 4)
        let end = lastFailure + min(Self.shortestLock * (1 << doublings), Self.longestLock)
        return end > now ? end : nil
    }

    /// One failure more. While there is a lock nothing is added, so that it does not become longer by trying.
    package func adding(at now: Timestamp) -> FailureCount {
        guard lockedUntil(at: now) == nil else { return self }
        return FailureCount(failures: min(remaining(at: now) + 1, Self.most), lastFailure: now)
    }

    /// From then on nothing is left of it, and it can be forgotten.
    package var end: Timestamp? { lastFailure.map { $0 + Self.longestLock * failures } }
}
