// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Testing

@testable import Lifecycle

@Suite(.timeLimit(.minutes(1))) struct SignalTests {
    @Test("a triggered signal is seen by who waits, who asks, and who registers late")
    func trigger() async {
        let signal = ShutdownSignal()
        let journal = Journal()
        signal.onTrigger { journal.note("early") }
        #expect(!signal.isTriggered)
        async let first: Void = signal.wait()
        async let second: Void = signal.wait()
        signal.trigger()
        signal.trigger()
        _ = await (first, second)
        await signal.wait()
        signal.onTrigger { journal.note("late") }
        #expect(signal.isTriggered)
        #expect(journal.all == ["early", "late"])
    }

    @Test("a cancelled wait returns, before it began and during it")
    func cancelledWait() async {
        let signal = ShutdownSignal()
        for _ in 0..<200 {
            let waiting = Task { await signal.wait() }
            if Bool.random() { await Task.yield() }
            waiting.cancel()
            await waiting.value
        }
        #expect(!signal.isTriggered)
    }

    @Test("handlers registered while the signal is triggered run exactly once")
    func race() async {
        for _ in 0..<200 {
            let signal = ShutdownSignal()
            let journal = Journal()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { signal.trigger() }
                for _ in 0..<4 { group.addTask { signal.onTrigger { journal.note("ran") } } }
            }
            #expect(journal.all.count == 4)
        }
    }

    @Test("the first SIGTERM triggers, the second insists")
    func unixSignals() async {
        let shutdown = ShutdownSignal()
        let insisted = ShutdownSignal()
        let number = Locked<Int32>(0)
        // The new thread inherits the mask, so a signal sent to it never ends this process.
        UnixSignals.block()
        let thread = UnixSignals.startListening(triggering: shutdown) { signal in
            number.withLock { $0 = signal }
            insisted.trigger()
        }
        pthread_kill(thread, SIGTERM)
        await shutdown.wait()
        #expect(!insisted.isTriggered)
        pthread_kill(thread, SIGINT)
        await insisted.wait()
        #expect(number.withLock { $0 } == SIGINT)
    }

    @Test("once blocked and listening, a process ignores SIGPIPE and ends with 143 at the second SIGTERM")
    func process() async {
        await #expect(processExitsWith: .exitCode(143)) {
            UnixSignals.block()
            let shutdown = ShutdownSignal()
            raise(SIGPIPE)
            let thread = UnixSignals.startListening(triggering: shutdown) { _exit(128 + $0) }
            pthread_kill(thread, SIGTERM)
            await shutdown.wait()
            pthread_kill(thread, SIGTERM)
            while true { usleep(1000) }
        }
    }
}
