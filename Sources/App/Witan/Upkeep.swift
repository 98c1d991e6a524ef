// SPDX-License-Identifier: Apache-2.0
import API
import Audit
import Core
import Cryptography
import EventLoop
import Lifecycle
import Operations
import Postgres

/// What keeps the installation running by itself: partitions, retention, the scheduler; and what `status` knows of it.
struct Upkeep: Sendable {
    let partitions: PartitionMonitor
    let schema: SchemaMonitor
    let audit: AuditService
    private let database: Database
    private let jobs: BackgroundJobs
    private let scheduler: JobSchedulerWorker
    private let loop = EventLoop(name: "jobs")

    init(
        _ configuration: Configuration, stores: Stores, database: Database, masterKey: MasterKey, observer: Observer
    ) throws {
        let keys = try ArchiveKeys(masterKey)
        self.database = database
        partitions = PartitionMonitor(database: database)
        schema = SchemaMonitor(stores: stores, loop: loop)
        audit = AuditService(
            database: database, archiveKey: keys.publicKey, seal: PersonalSeal(masterKey))
        jobs = BackgroundJobs(
            configuration: configuration, stores: stores, database: database, keys: keys, loop: loop)
        scheduler = JobSchedulerWorker(
            database: database, jobs: jobs.all, holderName: BackgroundJobs.node, observe: observer.jobs)
    }

    var endpoints: [Endpoint] {
        audit.endpoints + RetentionPolicyService(database: database).endpoints(plan: jobs.plan)
    }

    /// Before the first request.
    func prepare() async throws {
        try await PartitionStore.ensure(in: database)
        try await partitions.refresh()
        try await schema.refresh()
    }

    func services(onError failed: (String) -> @Sendable (any Error) -> Void) -> [any Service] {
        let (partitions, schema) = (partitions, schema)
        return [
            PeriodicTask(name: "partitions", every: .seconds(60), onError: failed("partitions")) {
                try await partitions.refresh()
            },
            PeriodicTask(name: "schema", every: .seconds(600), onError: failed("schema")) {
                try await schema.refresh()
            },
            LoopService(scheduler, on: loop),
        ]
    }

    func close() { loop.stop() }
}
