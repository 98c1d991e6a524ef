// SPDX-License-Identifier: Apache-2.0
import Glibc

/// SIGTERM and SIGINT as a `ShutdownSignal`.
///
/// One thread waits for them with `sigwait`, so nothing ever runs inside a signal handler. For this every thread must
/// block them: call `block()` first in `main`, before anything starts a thread.
///
/// Blocked signals are inherited by child processes: who starts some gives them an empty mask
/// (`POSIX_SPAWN_SETSIGMASK`) and default actions.
package enum UnixSignals {
    private static var shutdownSet: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }

    /// Blocks SIGTERM and SIGINT in this thread and all it will start, and ignores SIGPIPE in the process.
    package static func block() {
        var set = shutdownSet
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts the thread. The first signal triggers `shutdown`; each later one calls `insist` with its number, which by
    /// default ends the process with the status shells give a killed one (128 + number).
    package static func listen(
        triggering shutdown: ShutdownSignal, insist: @escaping @Sendable (Int32) -> Void = { _exit(128 + $0) }
    ) {
        _ = startListening(triggering: shutdown, insist: insist)
    }

    private final class Listener {
        let shutdown: ShutdownSignal
        let insist: @Sendable (Int32) -> Void

        init(shutdown: ShutdownSignal, insist: @escaping @Sendable (Int32) -> Void) {
            self.shutdown = shutdown
            self.insist = insist
        }

        func listen() {
            var set = UnixSignals.shutdownSet
            pthread_sigmask(SIG_BLOCK, &set, nil)
            var number: Int32 = 0
            while sigwait(&set, &number) == 0 {
                if shutdown.isTriggered { insist(number) } else { shutdown.trigger() }
            }
        }
    }

    /// The thread, for tests to signal: other threads of a test process do not block.
    static func startListening(
        triggering shutdown: ShutdownSignal, insist: @escaping @Sendable (Int32) -> Void
    ) -> pthread_t {
        var thread = pthread_t()
        let listener = Unmanaged.passRetained(Listener(shutdown: shutdown, insist: insist))
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Listener>.fromOpaque(context).takeRetainedValue().listen()
                return nil
            }, listener.toOpaque())
        precondition(failure == 0, "no thread for signals: errno \(failure)")
        pthread_detach(thread)
        return thread
    }
}
