// SPDX-License-Identifier: Apache-2.0
import Lifecycle
import SwiftExtensions
import Testing

/// What happened, in order.
final class Journal: Sendable {
    private let lines = Locked<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

struct Recorder: Service {
    enum End { case onSignal, onCancellationOnly, failing, returning }
    struct Broken: Error {}

    let name: String
    let journal: Journal
    var end = End.onSignal

    func run(until shutdown: ShutdownSignal) async throws {
        journal.note("start \(name)")
        switch end {
        case .onSignal:
            await shutdown.wait()
            await Task.yield()
        case .onCancellationOnly: try await Task.sleep(for: .seconds(60))
        case .failing:
            try await Task.sleep(for: .milliseconds(5))
            throw Broken()
        case .returning: try await Task.sleep(for: .milliseconds(5))
        }
        journal.note("stop \(name)")
    }
}

@Suite(.timeLimit(.minutes(1))) struct ServiceGroupTests {
    let journal = Journal()

    func group(_ ends: [(String, Recorder.End)], drainWithin: Duration = .seconds(30)) -> ServiceGroup {
        ServiceGroup(
            ends.map { Recorder(name: $0.0, journal: journal, end: $0.1) }, drainWithin: drainWithin,
            observe: { [journal] event in
                switch event {
                case .draining: journal.note("drain")
                case .cancelling(let services): journal.note("cancel \(services.joined(separator: " "))")
                case .failed(let service, _): journal.note("fail \(service)")
                case .starting, .stopped: break
                }
            })
    }

    @Test("services start in order and stop in reverse order")
    func order() async throws {
        let shutdown = ShutdownSignal()
        let group = group([("a", .onSignal), ("b", .onSignal), ("c", .onSignal)])
        async let run: Void = group.run(until: shutdown)
        while journal.all.count < 3 { await Task.yield() }
        shutdown.trigger()
        try await run
        #expect(journal.all == ["start a", "start b", "start c", "drain", "stop c", "stop b", "stop a"])
    }

    @Test("an error in one drains the others in order and is thrown with the service's name")
    func failure() async {
        let error = await #expect(throws: ServiceError.self) {
            try await group([("a", .onSignal), ("b", .failing), ("c", .onSignal)]).run(until: ShutdownSignal())
        }
        guard case .failed("b", let underlying) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(underlying is Recorder.Broken)
        #expect(journal.all == ["start a", "start b", "start c", "fail b", "drain", "stop c", "stop a"])
    }

    @Test("a service that returns unasked is a failure")
    func early() async {
        let error = await #expect(throws: ServiceError.self) {
            try await group([("a", .returning), ("b", .onSignal)]).run(until: ShutdownSignal())
        }
        #expect(error?.description == "service a ended although it was not asked to")
        #expect(journal.all.last == "stop b")
    }

    @Test("what does not drain within the deadline is cancelled and named, also after a failure")
    func deadline() async {
        for others in [[("b", Recorder.End.onSignal)], [("b", .failing)]] {
            let shutdown = ShutdownSignal()
            if case .onSignal = others[0].1 { shutdown.trigger() }
            let group = group([("stuck", .onCancellationOnly)] + others, drainWithin: .milliseconds(500))
            let error = await #expect(throws: ServiceError.self) { try await group.run(until: shutdown) }
            #expect(error?.description == "not drained in time and cancelled: stuck")
        }
        #expect(!journal.all.contains("stop stuck"))
    }

    @Test("cancellation stops the group without a drain")
    func cancellation() async throws {
        let group = group([("a", .onSignal), ("stuck", .onCancellationOnly)])
        let run = Task { try await group.run(until: ShutdownSignal()) }
        while journal.all.count < 2 { await Task.yield() }
        run.cancel()
        try await run.value
        #expect(!journal.all.contains("stop stuck"))
    }

    @Test("a group in a group drains as one service")
    func nested() async throws {
        let shutdown = ShutdownSignal()
        let outer = ServiceGroup([
            Recorder(name: "a", journal: journal), group([("b", .onSignal), ("c", .onSignal)]),
            Recorder(name: "d", journal: journal),
        ])
        async let run: Void = outer.run(until: shutdown)
        while journal.all.count < 4 { await Task.yield() }
        shutdown.trigger()
        try await run
        #expect(journal.all.filter { $0.hasPrefix("stop") } == ["stop d", "stop c", "stop b", "stop a"])
    }

    @Test("a group without services waits for the signal")
    func empty() async throws {
        let shutdown = ShutdownSignal()
        async let run: Void = ServiceGroup([]).run(until: shutdown)
        shutdown.trigger()
        try await run
    }
}
