// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// Delivers to a mail server over SMTP (RFC 5321), on threads of its own.
package final class SMTPSender: MailSender {
    private let settings: SMTPSettings
    private let threads: DeliveryThreads

    /// At most `threads` deliveries at once; more wait for one of them.
    package init(settings: SMTPSettings, threads: Int = 2) {
        precondition(threads > 0, "a sender needs a thread")
        self.settings = settings
        self.threads = DeliveryThreads(threads)
    }

    /// Delivers within the settings' deadline, counted from when a thread is free.
    package func send(_ message: MailMessage) async throws(MailError) {
        let settings = settings
        let failure = await withCheckedContinuation { continuation in
            threads.add { continuation.resume(returning: SMTPTransfer(message, settings).perform()) }
        }
        if let failure { throw failure }
    }
}

/// Threads that live while there is something to deliver. Who adds waits for the result, so the callers bound the work.
private final class DeliveryThreads: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var running = 0
    }

    private let state = Locked(State())
    private let maximum: Int

    init(_ maximum: Int) { self.maximum = maximum }

    func add(_ body: @escaping @Sendable () -> Void) {
        let startsThread = state.withLock { state in
            state.work.append(body)
            guard state.running < maximum else { return false }
            state.running += 1
            return true
        }
        if startsThread { start() }
    }

    private func start() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<DeliveryThreads>.fromOpaque(context).takeRetainedValue().work()
                return nil
            }, context.toOpaque())
        precondition(failure == 0, "no thread for e-mail: errno \(failure)")
        pthread_detach(thread)
    }

    private func work() {
        // A server that hangs up shows as an error, not as a signal.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        while let next = next() { next() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.work.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.work.removeFirst()
        }
    }
}
