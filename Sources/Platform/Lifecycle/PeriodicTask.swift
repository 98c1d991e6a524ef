// SPDX-License-Identifier: Apache-2.0

/// Background work by clock and by event: runs `body` at the start, then every `interval`, and early after `wake()`.
///
/// The body takes no input and is idempotent. It never overlaps itself. Its errors go to `onError` and do not end the
/// task; the next run is the next try.
package final class PeriodicTask: Service {
    /// How errors and logs call the task.
    package let name: String
    private let interval: Duration
    private let jitter: Double
    private let onError: @Sendable (any Error) -> Void
    private let body: @Sendable () async throws -> Void
    private let bell = WaitList(isConsumedByWait: true)

    /// `jitter` is the part of the interval (0…1) that each wait may randomly be shorter or longer, so that many nodes
    /// do not work in step.
    package init(
        name: String, every interval: Duration, jitter: Double = 0.1,
        onError: @escaping @Sendable (any Error) -> Void, body: @escaping @Sendable () async throws -> Void
    ) {
        precondition(interval > .zero && (0...1).contains(jitter), "\(name): an interval above zero, a jitter in 0…1")
        self.name = name
        self.interval = interval
        self.jitter = jitter
        self.onError = onError
        self.body = body
    }

    /// Runs the body now, or once more after the run in progress. Many calls before a run are one.
    package func wake() { bell.signal() }

    /// Returns after the run in progress, when triggered or cancelled.
    package func run(until shutdown: ShutdownSignal) async throws {
        while !shutdown.isTriggered, !Task.isCancelled {
            do {
                try await body()
            } catch {
                if Task.isCancelled { break }
                onError(error)
            }
            await pause(until: shutdown)
        }
    }

    private func pause(until shutdown: ShutdownSignal) async {
        let delay = interval * (1 + Double.random(in: -jitter...jitter))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: delay) }
            group.addTask { [bell] in await bell.wait() }
            group.addTask { await shutdown.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
