// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Services that live and die together: started in order, drained in reverse order.
///
/// Each service runs to its first suspension before the next starts. It is told to drain only when all services after
/// it have ended, so a service may use those before it until its own end. When one fails, the others are drained, and
/// its error is thrown with its name. A group is a service itself.
package struct ServiceGroup: Service {
    /// What happens to the group, for logs and metrics.
    package enum Event: Sendable {
        /// The service is about to run.
        case starting(service: String)
        /// The drain has begun.
        case draining
        /// The service returned as asked.
        case stopped(service: String)
        /// The service threw or ended early; the drain follows.
        case failed(service: String, error: ServiceError)
        /// The deadline passed; these services are being cancelled.
        case cancelling(services: [String])
    }

    /// How errors and logs call the group.
    package let name: String
    private let services: [any Service]
    private let drainWithin: Duration
    private let observe: @Sendable (Event) -> Void

    /// A group of `services`, which have `drainWithin` to end after the signal before they are cancelled.
    package init(
        _ services: [any Service], name: String = "services", drainWithin: Duration = .seconds(30),
        observe: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.services = services
        self.name = name
        self.drainWithin = drainWithin
        self.observe = observe
    }

    /// Runs all services. Throws `ServiceError`: the first failure, or the names of those that had to be cancelled.
    package func run(until shutdown: ShutdownSignal) async throws {
        let drain = ShutdownSignal()
        let running = Locked<[String]>([])
        drain.onTrigger { observe(.draining) }
        try await withThrowingTaskGroup(of: Part.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await run(services[...], drain: drain, running: running)
                return .services
            }
            group.addTask {
                await shutdown.wait()
                drain.trigger()
                return .relay
            }
            group.addTask {
                await drain.wait()
                try? await Task.sleep(for: drainWithin)
                return .deadline
            }
            while let ended = try await group.next(), ended != .deadline {
                if ended == .services { return }
            }
            guard !Task.isCancelled else { return }
            let late = running.withLock { $0 }
            observe(.cancelling(services: late))
            group.cancelAll()
            while await group.nextResult() != nil {}
            throw ServiceError.drainDeadlineExceeded(services: late)
        }
    }

    /// The tasks of a run, by what their end means.
    private enum Part { case services, relay, deadline }

    /// Runs the first service around the others: its own signal comes when they have ended.
    private func run(
        _ services: ArraySlice<any Service>, drain: ShutdownSignal, running: Locked<[String]>
    ) async throws {
        guard let service = services.first else { return await drain.wait() }
        let signal = ShutdownSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addImmediateTask { try await run(service, until: signal, drain: drain, running: running) }
            group.addImmediateTask {
                defer { signal.trigger() }
                try await run(services.dropFirst(), drain: drain, running: running)
            }
            // A failure cancels nobody: the others drain. The first error is the cause, later ones its consequences.
            var cause: (any Error)?
            while let result = await group.nextResult() {
                if case .failure(let error) = result { cause = cause ?? error }
            }
            if let cause { throw cause }
        }
    }

    private func run(
        _ service: any Service, until signal: ShutdownSignal, drain: ShutdownSignal, running: Locked<[String]>
    ) async throws {
        observe(.starting(service: service.name))
        running.withLock { $0.append(service.name) }
        defer { running.withLock { $0.removeAll { $0 == service.name } } }
        let failure: ServiceError
        do {
            try await service.run(until: signal)
            if drain.isTriggered || Task.isCancelled { return observe(.stopped(service: service.name)) }
            failure = .endedEarly(service: service.name)
        } catch {
            if Task.isCancelled, error is CancellationError { return observe(.stopped(service: service.name)) }
            failure = .failed(service: service.name, underlying: error)
        }
        observe(.failed(service: service.name, error: failure))
        drain.trigger()
        throw failure
    }
}
