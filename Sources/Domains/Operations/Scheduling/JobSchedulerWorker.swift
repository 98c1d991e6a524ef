// SPDX-License-Identifier: Apache-2.0
package import Lifecycle
package import Postgres
import SwiftExtensions

/// Runs the installation's jobs by the clock, on the one node that holds the lease.
///
/// The lease is a row with a fencing number, so it works through poolers; when its node dies another takes over after
/// `leaseFor`, and what the dead one still writes is refused. Jobs run beside each other, each at most once at a time.
package final class JobSchedulerWorker: Service {
    /// What happens, for logs.
    package enum Event: Sendable {
        case leading(Lease)
        case lost(Lease)
        case finished(job: String, message: String)
        case failed(job: String, any Error)
        /// The lease could not be asked for.
        case away(any Error)
    }

    /// The name of its lease.
    package static let leaseName = "scheduler"
    package let name = "scheduler"
    private let database: Database
    private let jobs: [Job]
    private let holder = UniqueID.v7()
    private let holderName: String
    private let leaseFor: Duration
    private let observe: @Sendable (Event) -> Void
    /// The lease as of the last renewal, and until when this node may rely on it.
    private let held = Locked<(lease: Lease, until: ContinuousClock.Instant)?>(nil)

    /// `database` acts as `witan_app`; `holderName` is the node for people; `leaseFor` is at least three seconds.
    package init(
        database: Database, jobs: [Job], holderName: String, leaseFor: Duration = .seconds(15),
        observe: @escaping @Sendable (Event) -> Void
    ) {
        precondition(leaseFor >= .seconds(3), "a lease is renewed every third of its length")
        self.database = database
        self.jobs = jobs
        self.holderName = holderName
        self.leaseFor = leaseFor
        self.observe = observe
    }

    /// The lease, while this node may rely on it.
    package var lease: Lease? { held.withLock { $0 }.flatMap { $0.until > .now ? $0.lease : nil } }

    /// Works until the signal, then gives up what runs, which the next node resumes, and the lease.
    package func run(until shutdown: ShutdownSignal) async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    await renew()
                    try? await Task.sleep(for: leaseFor / 3)
                }
            }
            for job in jobs {
                group.addTask { [self] in
                    while !Task.isCancelled {
                        _ = await runIfDue(job)
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
            }
            await shutdown.wait()
            group.cancelAll()
        }
        if let lease { try? await LeaseStore.release(lease, in: database) }
    }

    /// One look at everything, for tests: takes the lease when it is free and runs what is due. The names of the jobs
    /// that ran, in order.
    package func tick() async -> [String] {
        await renew()
        return await withTaskGroup(of: String?.self) { group in
            for job in jobs { group.addTask { [self] in await runIfDue(job) ? job.name : nil } }
            return await group.reduce(into: []) { if let name = $1 { $0.append(name) } }.sorted()
        }
    }

    private func renew() async {
        let asked = ContinuousClock.now
        do {
            let taken = try await LeaseStore.take(
                Self.leaseName, holder: holder, holderName: holderName, for: leaseFor, in: database)
            let before = held.withLock { held in
                defer { held = taken.map { ($0, asked + leaseFor) } }
                return held?.lease
            }
            if let taken, taken != before { try await lead(taken) }
            if let before, taken != before { observe(.lost(before)) }
        } catch {
            if !Task.isCancelled { observe(.away(error)) }
        }
    }

    private func lead(_ lease: Lease) async throws {
        observe(.leading(lease))
        for job in jobs { try await JobStore.register(job, in: database) }
        try await JobStore.noteInterrupted(under: lease, in: database)
    }

    private func runIfDue(_ job: Job) async -> Bool {
        guard let lease else { return false }
        do {
            guard try await JobStore.begin(job.name, under: lease, in: database) else { return false }
        } catch {
            if !Task.isCancelled { observe(.away(error)) }
            return false
        }
        do {
            let message = try await whileLeading(lease) { try await job.run(lease) }
            observe(.finished(job: job.name, message: message))
            try? await JobStore.finish(job, .done, message: message, under: lease, in: database)
        } catch {
            // At the end of this process the row stays as it is: the next holder of the lease finds and repeats it.
            guard !Task.isCancelled else { return true }
            observe(.failed(job: job.name, error))
            try? await JobStore.finish(
                job, .failed, message: String(describing: error), under: lease, in: database)
        }
        return true
    }

    /// Runs `body`, and cancels it when the lease is lost under it.
    private func whileLeading(
        _ lease: Lease, _ body: @escaping @Sendable () async throws -> String
    ) async throws -> String {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await body() }
            group.addTask { [self] in
                while self.lease == lease { try await Task.sleep(for: .milliseconds(500)) }
                throw LeaseLost()
            }
            defer { group.cancelAll() }
            while let message = try await group.next() {
                if let message { return message }
            }
            throw CancellationError()
        }
    }
}

/// Another node may have the lease now.
struct LeaseLost: Error, CustomStringConvertible {
    var description: String { "the lease was lost while the job ran; its new holder runs it again" }
}
