// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Tasks that wait for something to happen. A wait ends when it happens or when the waiting task is cancelled.
final class WaitList: Sendable {
    private struct State {
        var happened = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Locked(State())
    /// Whether one wait uses up one happening (a bell) or all waits ever after return (a latch).
    private let isConsumedByWait: Bool

    init(isConsumedByWait: Bool) { self.isConsumedByWait = isConsumedByWait }

    /// It happened: resumes who waits. False when it had happened before.
    @discardableResult
    func signal() -> Bool {
        let resumed: (first: Bool, waiters: [CheckedContinuation<Void, Never>]) = state.withLock { state in
            let first = !state.happened
            let waiters = Array(state.waiters.values)
            state.waiters = [:]
            state.happened = !(isConsumedByWait && !waiters.isEmpty)
            return (first, waiters)
        }
        for waiter in resumed.waiters { waiter.resume() }
        return resumed.first
    }

    func wait() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if !park(continuation, as: id) { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// False when there is nothing to wait for.
    ///
    /// The flag of cancellation is read with the lock held: it is set before the handler runs, so either it is seen
    /// here or the handler finds the waiter.
    private func park(_ continuation: CheckedContinuation<Void, Never>, as id: UInt64) -> Bool {
        state.withLock { state in
            if state.happened {
                if isConsumedByWait { state.happened = false }
                return false
            }
            guard !Task.isCancelled else { return false }
            state.waiters[id] = continuation
            return true
        }
    }
}
