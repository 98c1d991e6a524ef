// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Decides whether a service in trouble is asked at all ("Release It!", M. Nygard): closed lets everything through,
/// open nothing, half-open one probe. Pure: the owner keeps the time and makes the probe.
package struct CircuitBreaker: Sendable {
    /// What it lets through.
    package enum State: Sendable, Equatable {
        /// All is well, or there were some failures in a row, fewer than the threshold.
        case closed(failures: Int)
        case open(reason: String)
        /// A probe is under way.
        case halfOpen(reason: String)
    }

    /// Changed only by `failed`, `probe` and `succeeded`.
    package private(set) var state = State.closed(failures: 0)
    /// Failures in a row that open it.
    package let threshold: Int
    private var backoff: Backoff

    package init(threshold: Int, backoff: Backoff) {
        self.threshold = threshold
        self.backoff = backoff
    }

    /// Why nothing is let through; nil when closed.
    package var refusal: String? {
        switch state {
        case .closed: nil
        case .open(let reason), .halfOpen(let reason): reason
        }
    }

    /// Counts a failure. Returns after what time to probe when this one has opened it (again); else nil.
    package mutating func failed(_ reason: String) -> Duration? {
        switch state {
        case .closed(let failures) where failures + 1 < threshold:
            state = .closed(failures: failures + 1)
            return nil
        case .closed, .halfOpen:
            state = .open(reason: reason)
            return backoff.wait()
        case .open:
            return nil
        }
    }

    /// A probe begins; nothing unless open.
    package mutating func probe() { if case .open(let reason) = state { state = .halfOpen(reason: reason) } }

    /// A success, of a probe too: closed, with all failures forgotten. Nothing while open: it is then a late one.
    package mutating func succeeded() {
        if case .open = state { return }
        state = .closed(failures: 0)
        backoff.reset()
    }
}
