// SPDX-License-Identifier: Apache-2.0
package import Lifecycle
import SwiftExtensions

/// What became of a message; named by its id, since addresses are personal.
package enum MailEvent: Sendable {
    /// The server has it, at this try.
    case sent(id: String, attempt: Int)
    /// It was not delivered and is tried again after the wait.
    case retrying(id: String, error: MailError, wait: Duration)
    /// It was not delivered and never will be.
    case failed(id: String, error: MailError)
    /// The queue is full, or the asker's share of it; it was not taken.
    case overflow(id: String)
    /// The program stopped with this many not delivered.
    case abandoned(count: Int)
}

/// Messages on their way, in memory: taken at once, delivered in the background, tried again while that can help.
///
/// Who submits never waits and learns nothing from how long it took. What waits is lost with the process, so only
/// what can be asked for again should travel this way.
package final class MailQueue: Service {
    /// What all messages wait by.
    package struct Limits: Sendable {
        /// Of all messages that wait, together; more are not taken.
        package var bytes = 16 << 20
        /// Of what one asker has waiting.
        package var bytesOfOne = 1 << 20
        /// Deliveries at once.
        package var concurrency = 2
        /// Tries of a message.
        package var attempts = 10
        /// The wait after the first failure, doubling.
        package var firstWait = Duration.seconds(2)
        /// The longest wait.
        package var longestWait = Duration.seconds(300)

        package init() {}
    }

    private struct Entry {
        let message: MailMessage
        let asker: String
        var attempt = 1
        var due: ContinuousClock.Instant
        var backoff: Backoff
    }

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
        var bytesOf: [String: Int] = [:]

        mutating func add(_ bytes: Int, of asker: String) {
            self.bytes += bytes
            let held = bytesOf[asker, default: 0] + bytes
            bytesOf[asker] = held == 0 ? nil : held
        }
    }

    /// How errors and logs call it.
    package let name = "mail"
    private let sender: any MailSender
    private let limits: Limits
    private let observe: @Sendable (MailEvent) -> Void
    private let state = Locked(State())
    private let bell: Locked<PeriodicTask?> = Locked(nil)

    /// Delivers over `sender`; `observe` hears what became of each message.
    package init(
        sender: any MailSender, limits: Limits = Limits(), observe: @escaping @Sendable (MailEvent) -> Void
    ) {
        self.sender = sender
        self.limits = limits
        self.observe = observe
    }

    /// Takes a message, in microseconds; false when too much waits already, or too much that the same `asker` has sent.
    @discardableResult
    package func submit(_ message: MailMessage, askedBy asker: String) -> Bool {
        let limits = limits
        let isTaken = state.withLock { state in
            guard state.bytes + message.size <= limits.bytes,
                state.bytesOf[asker, default: 0] + message.size <= limits.bytesOfOne
            else { return false }
            state.add(message.size, of: asker)
            state.entries.append(
                Entry(
                    message: message, asker: asker, due: .now,
                    backoff: Backoff(first: limits.firstWait, longest: limits.longestWait)))
            return true
        }
        if isTaken { bell.withLock { $0 }?.wake() } else { observe(.overflow(id: message.id)) }
        return isTaken
    }

    /// How many wait, those on their way not counted.
    package var count: Int { state.withLock { $0.entries.count } }

    /// Delivers until told to stop; then tries once more what waits, as long as the server answers.
    package func run(until shutdown: ShutdownSignal) async throws {
        let clock = PeriodicTask(name: name, every: .seconds(1), onError: { _ in }, body: { await self.deliverDue() })
        bell.withLock { $0 = clock }
        try await clock.run(until: shutdown)
        bell.withLock { $0 = nil }
        await drain()
    }

    private func deliverDue() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<limits.concurrency {
                group.addTask {
                    while !Task.isCancelled, let entry = self.takeDue(.now) { await self.deliver(entry) }
                }
            }
        }
    }

    private func takeDue(_ now: ContinuousClock.Instant) -> Entry? {
        state.withLock { state in
            guard let index = state.entries.firstIndex(where: { $0.due <= now }) else { return nil }
            return state.entries.remove(at: index)
        }
    }

    private func deliver(_ entry: Entry) async {
        do {
            try await sender.send(entry.message)
            finish(entry, .sent(id: entry.message.id, attempt: entry.attempt))
        } catch {
            guard error.isTransient, entry.attempt < limits.attempts else {
                return finish(entry, .failed(id: entry.message.id, error: error))
            }
            var entry = entry
            let wait = entry.backoff.wait()
            entry.attempt += 1
            entry.due = .now + wait
            let later = entry
            state.withLock { $0.entries.append(later) }
            observe(.retrying(id: entry.message.id, error: error, wait: wait))
        }
    }

    private func finish(_ entry: Entry, _ event: MailEvent) {
        state.withLock { $0.add(-entry.message.size, of: entry.asker) }
        observe(event)
    }

    private func drain() async {
        while !Task.isCancelled, let entry = takeDue(.now + .seconds(86_400)) {
            do {
                try await sender.send(entry.message)
                finish(entry, .sent(id: entry.message.id, attempt: entry.attempt))
            } catch {
                finish(entry, .failed(id: entry.message.id, error: error))
                if error.concernsServer { break }
            }
        }
        let left = state.withLock { state in
            defer { state = State() }
            return state.entries.count
        }
        if left > 0 { observe(.abandoned(count: left)) }
    }
}
