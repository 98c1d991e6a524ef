// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Synchronization

/// The word to drain. Triggered once, for good; seen by everybody who waits, asks or registered.
package final class ShutdownSignal: Sendable {
    private let waiting = WaitList(isConsumedByWait: false)
    private let triggered = Atomic<Bool>(false)
    private let handlers = Locked<[@Sendable () -> Void]?>([])

    /// A signal not yet triggered.
    package init() {}

    /// Asks for the drain. The first call runs the handlers on the caller's thread; later calls do nothing.
    package func trigger() {
        guard !triggered.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let registered = handlers.withLock { handlers in
            defer { handlers = nil }
            return handlers ?? []
        }
        for handler in registered { handler() }
        waiting.signal()
    }

    /// Whether the drain was asked for; a relaxed atomic read, fit for hot paths.
    package var isTriggered: Bool { triggered.load(ordering: .relaxed) }

    /// Returns when the drain is asked for, or when the waiting task is cancelled.
    package func wait() async { await waiting.wait() }

    /// Runs `handler` once, when the drain is asked for; at once if it was already. Kept until then: register per
    /// service, not per request.
    package func onTrigger(_ handler: @escaping @Sendable () -> Void) {
        let isLate = handlers.withLock { handlers in
            handlers?.append(handler)
            return handlers == nil
        }
        if isLate { handler() }
    }
}
