// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A few threads of our own with a short queue, for work that is meant to be slow and must not hold up a loop or
/// Swift's cooperative threads.
final class WorkerThreads: Sendable {
    private let shared: Shared

    /// `bound` is how much work may wait besides what runs.
    init(threads: Int, bound: Int) {
        shared = Shared(bound: bound)
        for _ in 0..<threads { shared.startThread() }
    }

    // What was taken in is still done, so that nobody waits for ever.
    deinit { shared.stop() }

    /// Runs `body` on one of the threads; nil when the queue is full.
    func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            let isTaken = shared.add { continuation.resume(returning: body()) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    /// What the threads hold on to.
    @safe private final class Shared: @unchecked Sendable {
        // @unchecked: the semaphore is made for sharing, the rest is locked.
        private let available: UnsafeMutablePointer<sem_t>
        private let state: Locked<State>
        private let bound: Int

        private struct State {
            var work: [@Sendable () -> Void] = []
            var isStopping = false
            var idle = 0
        }

        init(bound: Int) {
            self.bound = bound
            state = Locked(State())
            unsafe available = .allocate(capacity: 1)
            unsafe sem_init(available, 0, 0)
        }

        deinit {
            unsafe sem_destroy(available)
            unsafe available.deallocate()
        }

        func add(_ body: @escaping @Sendable () -> Void) -> Bool {
            let isTaken = state.withLock { state in
                guard state.work.count < bound + state.idle else { return false }
                state.work.append(body)
                return true
            }
            if isTaken { unsafe sem_post(available) }
            return isTaken
        }

        func stop() {
            let idle = state.withLock { state in
                state.isStopping = true
                return state.idle
            }
            for _ in 0..<idle { unsafe sem_post(available) }
        }

        func startThread() {
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(self).toOpaque()
            state.withLock { $0.idle += 1 }
            let failure = unsafe pthread_create(
                &thread, nil,
                { context in
                    guard let context = unsafe context else { return nil }
                    unsafe Unmanaged<Shared>.fromOpaque(context).takeRetainedValue().work()
                    return nil
                }, context)
            precondition(failure == 0, "no thread for slow work: errno \(failure)")
            pthread_detach(thread)
        }

        private func work() {
            // Whoever waits for slow work can wait a little longer; what answers at once must not. Measured beside
            // SCHED_IDLE, by which the kernel takes a core for free that is not.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            while let next = next() {
                next()
                state.withLock { $0.idle += 1 }
            }
        }

        private func next() -> (@Sendable () -> Void)? {
            while true {
                let (work, isStopping) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                    guard !state.work.isEmpty else { return (nil, state.isStopping) }
                    state.idle -= 1
                    return (state.work.removeFirst(), false)
                }
                if let work { return work }
                if isStopping { return nil }
                unsafe sem_wait(available)
            }
        }
    }
}
