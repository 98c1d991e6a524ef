// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A server that can be looked at and started again; what `Supervisor` needs to know of one.
protocol SupervisedServer: AnyObject, Sendable {
    var kind: EmbeddedServer { get }

    /// The process that should be running; nil while none should (stopped, or already being restarted).
    var running: RunningServer? { get }

    /// Starts it after a death, or adopts one that is there.
    func restart() throws(EmbeddedServerError)
}

/// A thread that notices the death of a server within 50 ms and starts it again, ever more slowly while that fails.
///
/// A thread and not a task, because starting a server blocks. Polling, because an adopted server is not our child and
/// cannot be waited for; one look costs two microseconds.
final class Supervisor: @unchecked Sendable {
    // @unchecked: `thread` is written once, before anyone else has this object; the rest is immutable or locked.
    private let server: any SupervisedServer
    private let observe: @Sendable (EmbeddedServerEvent) -> Void
    private let ending = Locked(false)
    private var thread = pthread_t()

    private static let interval: useconds_t = 50_000

    init(_ server: any SupervisedServer, observe: @escaping @Sendable (EmbeddedServerEvent) -> Void) {
        self.server = server
        self.observe = observe
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Supervisor>.fromOpaque(context).takeRetainedValue().watch()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(failure == 0, "no thread to watch a server: errno \(failure)")
    }

    /// Ends the thread and waits for it; a restart that is under way is finished first.
    func end() {
        let already = ending.withLock { ending in
            defer { ending = true }
            return ending
        }
        if !already { pthread_join(thread, nil) }
    }

    private var isEnding: Bool { ending.withLock { $0 } }

    private func watch() {
        var backoff = Backoff(first: .milliseconds(50), longest: .seconds(30))
        var quiet = 0
        while !isEnding {
            usleep(Self.interval)
            guard let running = server.running, !running.isAlive else {
                quiet += 1
                // Two seconds of work: the start was good, and the next death is a new story.
                if quiet == 40 { backoff.reset() }
                continue
            }
            quiet = 0
            let wait = backoff.wait()
            observe(.died(server: server.kind, processID: running.processID, restartAfter: wait))
            pause(wait)
            restart(&backoff)
        }
    }

    private func restart(_ backoff: inout Backoff) {
        while !isEnding {
            do {
                return try server.restart()
            } catch {
                let wait = backoff.wait()
                observe(.restartFailed(server: server.kind, error: error, retryAfter: wait))
                pause(wait)
            }
        }
    }

    private func pause(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while !isEnding, ContinuousClock.now < end { usleep(Self.interval / 5) }
    }
}
