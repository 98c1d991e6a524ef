// SPDX-License-Identifier: Apache-2.0
import Lifecycle
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

struct Broken: Error, CustomStringConvertible { let description = "the disk is full" }

@Suite(.serialized) struct JobSchedulerTests {
    private func scheduler(
        _ database: Database, node: String = "a", jobs: [Job],
        observe: @escaping @Sendable (JobSchedulerWorker.Event) -> Void = { _ in }
    ) -> JobSchedulerWorker {
        JobSchedulerWorker(
            database: database, jobs: jobs, holderName: node, leaseFor: .seconds(300), observe: observe)
    }

    private func job(_ name: String, every: Duration = .seconds(3600), _ count: Locked<Int>) -> Job {
        Job(name: name, every: every) { _ in
            count.withLock { $0 += 1 }
            return "did it"
        }
    }

    @Test("a job runs when it is due, once, and says when it is due again")
    func due() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let count = Locked(0)
            let scheduler = scheduler(database, jobs: [job("tidy", count)])
            #expect(await scheduler.tick() == ["tidy"])
            #expect(await scheduler.tick() == [])
            #expect(count.withLock { $0 } == 1)
            let record = try #require(try await JobStore.list(in: database).first)
            #expect(record.name == "tidy" && record.lastResult == .done && record.lastMessage == "did it")
            let started = try #require(record.lastStartedAt)
            #expect(record.nextRunAt == started + .seconds(3600))
            #expect(!record.isRunning && record.runs == 1 && record.consecutiveFailures == 0)
            try store.makeJobsDue()
            #expect(await scheduler.tick() == ["tidy"])
            #expect(count.withLock { $0 } == 2)
        }
    }

    @Test("of two nodes only the one with the lease runs jobs; the other takes over when the lease runs out")
    func twoNodes() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (first, second) = (Locked(0), Locked(0))
            let one = scheduler(database, node: "one", jobs: [job("tidy", first)])
            let two = scheduler(database, node: "two", jobs: [job("tidy", second)])
            #expect(await one.tick() == ["tidy"])
            try store.makeJobsDue()
            #expect(await two.tick() == [])
            #expect(try await LeaseStore.holderName(of: "scheduler", in: database) == "one")
            try store.expireLeases()
            #expect(await two.tick() == ["tidy"])
            #expect(try await LeaseStore.holderName(of: "scheduler", in: database) == "two")
            #expect(one.lease?.fence == 1 && two.lease?.fence == 2)
        }
    }

    @Test("a lease that is given back can be taken at once")
    func released() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (a, b) = (UniqueID.v7(), UniqueID.v7())
            func take(_ holder: UniqueID) async throws -> Lease? {
                try await LeaseStore.take("x", holder: holder, holderName: "n", for: .seconds(60), in: database)
            }
            let lease = try #require(try await take(a))
            #expect(try await take(b) == nil)
            #expect(try await take(a)?.fence == lease.fence)
            try await LeaseStore.release(lease, in: database)
            #expect(try await take(b)?.fence == lease.fence + 1)
            #expect(try await take(a) == nil)
        }
    }

    @Test("of many that ask at once one gets the lease")
    func race() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await LeaseStore.take(
                            "x", holder: .v7(), holderName: "n", for: .seconds(60), in: database) != nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test("a failure is recorded with its reason, and the next try comes sooner than the interval")
    func failure() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let failing = Job(name: "tidy", every: .seconds(86_400)) { _ in throw Broken() }
            let scheduler = scheduler(database, jobs: [failing])
            for expected in [60, 120, 240] as [Int64] {
                #expect(await scheduler.tick() == ["tidy"])
                let record = try #require(try await JobStore.list(in: database).first)
                #expect(record.lastResult == .failed && record.lastMessage == "the disk is full")
                let started = try #require(record.lastStartedAt)
                #expect(record.nextRunAt == started + .seconds(expected))
                try store.makeJobsDue()
            }
            #expect(try await JobStore.list(in: database).first?.consecutiveFailures == 3)
        }
    }

    @Test("what a dead node left running is noted as interrupted and run again")
    func interrupted() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let count = Locked(0)
            let one = scheduler(database, node: "one", jobs: [job("tidy", count)])
            _ = await one.tick()
            try store.psql("UPDATE ops.jobs SET state = 'running', next_run_at = now() + interval '1 hour'")
            try store.expireLeases()
            let two = scheduler(database, node: "two", jobs: [job("tidy", count)])
            #expect(await two.tick() == ["tidy"])
            #expect(count.withLock { $0 } == 2)
            #expect(try store.psql("SELECT failures FROM ops.jobs") == "1")
        }
    }

    @Test("a holder that lost the lease without noticing cannot write the end of its run")
    func fenced() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let slow = Job(name: "tidy", every: .seconds(60)) { _ in
                try store.expireLeases()
                _ = try await LeaseStore.take(
                    "scheduler", holder: .v7(), holderName: "other", for: .seconds(60), in: database)
                try store.psql("UPDATE ops.jobs SET fence = fence + 1, last_message = 'the other was here'")
                return "too late"
            }
            let scheduler = scheduler(database, jobs: [slow])
            _ = await scheduler.tick()
            let message = try store.psql("SELECT last_message FROM ops.jobs")
            #expect(message == "the other was here")
        }
    }

    @Test("a job is cancelled when its node's lease is gone")
    func cancelled() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let slow = Job(name: "tidy", every: .seconds(60)) { _ in
                try await Task.sleep(for: .seconds(300))
                return "never"
            }
            let failed = Locked<String?>(nil)
            let scheduler = JobSchedulerWorker(
                database: database, jobs: [slow], holderName: "a", leaseFor: .seconds(3)
            ) { event in
                if case .failed(_, let error) = event { failed.withLock { $0 = String(describing: error) } }
            }
            // Nobody renews here, so the lease runs out by itself.
            while await scheduler.tick().isEmpty {}
            #expect(failed.withLock { $0 }?.contains("lease was lost") == true)
        }
    }

    @Test("the service runs what is due, and gives the lease back at the signal")
    func service() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let count = Locked(0)
            let scheduler = scheduler(database, jobs: [job("tidy", every: .seconds(1), count)])
            let shutdown = ShutdownSignal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await scheduler.run(until: shutdown) }
                while count.withLock({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(20)) }
                shutdown.trigger()
                try await group.waitForAll()
            }
            #expect(try await LeaseStore.holderName(of: "scheduler", in: database) == nil)
        }
    }

    @Test("tries after failures come after one minute, then two, then four, at most at the usual interval")
    func delays() {
        let delays = [1, 2, 3, 7, 60].map { Job.retryDelay(afterFailures: $0, every: .seconds(3600)) }
        #expect(delays == [.seconds(60), .seconds(120), .seconds(240), .seconds(3600), .seconds(3600)])
        #expect(Job.retryDelay(afterFailures: 1, every: .seconds(5)) == .seconds(5))
    }
}
