// SPDX-License-Identifier: Apache-2.0
import Lifecycle
import SwiftExtensions
import Testing

@testable import Mail

/// A sender that fails as it is told.
private final class Script: MailSender {
    let failures: Locked<[MailError]>
    let sent = Locked<[String]>([])
    private let gate: ShutdownSignal?

    init(_ failures: [MailError] = [], gate: ShutdownSignal? = nil) {
        self.failures = Locked(failures)
        self.gate = gate
    }

    func send(_ message: MailMessage) async throws(MailError) {
        await gate?.wait()
        let failure = failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let failure { throw failure }
        sent.withLock { $0.append(message.subject) }
    }
}

@Suite struct QueueTests {
    private let events = Locked<[String]>([])

    private func queue(_ sender: any MailSender, _ change: (inout MailQueue.Limits) -> Void = { _ in }) -> MailQueue {
        var limits = MailQueue.Limits()
        limits.firstWait = .milliseconds(10)
        limits.longestWait = .milliseconds(20)
        change(&limits)
        return MailQueue(sender: sender, limits: limits) { [events] event in
            let word =
                switch event {
                case .sent(_, let attempt): "sent \(attempt)"
                case .retrying(_, let error, _): "retrying \(error)"
                case .failed(_, let error): "failed \(error)"
                case .overflow: "overflow"
                case .abandoned(let count): "abandoned \(count)"
                }
            events.withLock { $0.append(word) }
        }
    }

    /// Runs the queue until `condition` holds.
    private func run(_ queue: MailQueue, until condition: @escaping @Sendable ([String]) -> Bool) async throws {
        let shutdown = ShutdownSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run(until: shutdown) }
            for _ in 0..<2000 where !condition(events.withLock { $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            shutdown.trigger()
            try await group.waitForAll()
        }
    }

    @Test("what may end better is tried again, and what cannot is not")
    func retries() async throws {
        let sender = Script([.timeout, .refused(reply: 451)])
        let mails = queue(sender)
        #expect(mails.submit(try sample(), askedBy: "one"))
        try await run(mails) { $0.contains("sent 3") }
        #expect(sender.sent.withLock { $0 } == ["Hello"])
        #expect(
            events.withLock { $0 } == [
                "retrying \(MailError.timeout)", "retrying \(MailError.refused(reply: 451))", "sent 3",
            ])

        let hopeless = queue(Script([.refused(reply: 550)]))
        hopeless.submit(try sample(), askedBy: "one")
        try await run(hopeless) { $0.contains("failed \(MailError.refused(reply: 550))") }
        #expect(hopeless.count == 0)
    }

    @Test("tries are bounded")
    func bounded() async throws {
        let mails = queue(Script(Array(repeating: .cut, count: 100))) { $0.attempts = 3 }
        mails.submit(try sample(), askedBy: "one")
        try await run(mails) { $0.contains("failed \(MailError.cut)") }
        #expect(events.withLock { $0.filter { $0.hasPrefix("retrying") }.count } == 2)
    }

    @Test("a full queue takes nothing more, says so, and takes again once there is room")
    func full() async throws {
        let sender = Script()
        let mails = queue(sender) { $0.bytes = 3000 }
        let message = try sample()
        #expect((0..<3).map { mails.submit(message, askedBy: "\($0)") } == [true, true, false])
        #expect(events.withLock { $0 } == ["overflow"])
        try await run(mails) { $0.filter { $0 == "sent 1" }.count == 2 }
        #expect(mails.submit(message, askedBy: "one"))
    }

    @Test("one asker's mails take no more than its share, and it has it again when they are sent")
    func shares() async throws {
        let mails = queue(Script()) {
            $0.bytes = 6000
            $0.bytesOfOne = 3000
        }
        let message = try sample()
        let taken = (0..<3).map { _ in mails.submit(message, askedBy: "one") }
        #expect(taken == [true, true, false])
        #expect(mails.submit(message, askedBy: "another"))
        try await run(mails) { $0.filter { $0 == "sent 1" }.count == 3 }
        #expect(mails.submit(message, askedBy: "one"))
    }

    @Test("at the stop what waits is tried once more; what is left is counted")
    func drain() async throws {
        let sender = Script(Array(repeating: .refused(reply: 451), count: 1))
        let mails = queue(sender) {
            $0.firstWait = .seconds(1000)
            $0.longestWait = .seconds(1000)
        }
        mails.submit(try sample(subject: "one"), askedBy: "one")
        try await run(mails) { $0.contains { $0.hasPrefix("retrying") } }
        #expect(sender.sent.withLock { $0 } == ["one"])

        let away = queue(Script(Array(repeating: .timeout, count: 100))) {
            $0.firstWait = .seconds(1000)
            $0.longestWait = .seconds(1000)
            $0.concurrency = 1
        }
        for _ in 0..<5 { away.submit(try sample(), askedBy: "one") }
        try await run(away) { $0.filter { $0 == "retrying \(MailError.timeout)" }.count == 5 }
        #expect(events.withLock { $0.last } == "abandoned 4")
    }

    @Test("taking a message does not wait for the sender")
    func doesNotWait() async throws {
        let gate = ShutdownSignal()
        let mails = queue(Script(gate: gate))
        for _ in 0..<100 { #expect(mails.submit(try sample(), askedBy: "one")) }
        // Nobody sends yet: the 100 calls above have returned without a sender at work.
        #expect(mails.count == 100)
        gate.trigger()
        try await run(mails) { $0.count == 100 }
        #expect(events.withLock { $0 } == Array(repeating: "sent 1", count: 100))
    }
}
