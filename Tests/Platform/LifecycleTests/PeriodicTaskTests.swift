// SPDX-License-Identifier: Apache-2.0
import Lifecycle
import SwiftExtensions
import Testing

@Suite(.timeLimit(.minutes(1))) struct PeriodicTaskTests {
    let journal = Journal()

    @Test("the body runs at the start and at every interval, until shutdown")
    func clock() async throws {
        let shutdown = ShutdownSignal()
        let task = PeriodicTask(name: "tick", every: .milliseconds(2), onError: { _ in }) { [journal] in
            journal.note("run")
            if journal.all.count == 5 { shutdown.trigger() }
        }
        try await task.run(until: shutdown)
        #expect(journal.all.count == 5)
    }

    @Test("a wake runs the body early; wakes during a run are one more run")
    func wake() async throws {
        let shutdown = ShutdownSignal()
        let runs = Locked(0)
        let task = Locked<PeriodicTask?>(nil)
        let periodic = PeriodicTask(name: "long", every: .seconds(3600), onError: { _ in }) {
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 1 { for _ in 0..<10 { task.withLock { $0 }?.wake() } }
        }
        task.withLock { $0 = periodic }
        async let running: Void = periodic.run(until: shutdown)
        while runs.withLock({ $0 }) < 2 { await Task.yield() }
        try await Task.sleep(for: .milliseconds(20))
        #expect(runs.withLock { $0 } == 2)
        periodic.wake()
        while runs.withLock({ $0 }) < 3 { await Task.yield() }
        shutdown.trigger()
        try await running
        #expect(runs.withLock { $0 } == 3)
    }

    @Test("an error is reported and the task goes on")
    func errors() async throws {
        let shutdown = ShutdownSignal()
        let task = PeriodicTask(
            name: "failing", every: .milliseconds(1), jitter: 0, onError: { [journal] in journal.note("\($0)") }
        ) { [journal] in
            if journal.all.count == 3 { shutdown.trigger() }
            throw Recorder.Broken()
        }
        try await task.run(until: shutdown)
        #expect(journal.all.count == 4)
    }

    @Test("shutdown ends a long pause at once")
    func shutdownDuringPause() async throws {
        let shutdown = ShutdownSignal()
        let task = PeriodicTask(name: "idle", every: .seconds(3600), onError: { _ in }) { [journal] in
            journal.note("run")
        }
        async let running: Void = task.run(until: shutdown)
        while journal.all.isEmpty { await Task.yield() }
        shutdown.trigger()
        try await running
    }
}
