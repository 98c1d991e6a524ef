// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Audit
import Core
import Cryptography
import EmbeddedServers
import EventLoop
import Gateway
import Glibc
import HTTPClient
import HTTPServer
import Identity
import JSON
import Journal
import Lifecycle
import Observability
import Operations
import Postgres
import Providers
import Redis
import SwiftExtensions

/// The composition root: every part, made once, in order, by hand.
struct Server: Sendable {
    let configuration: Configuration
    let stores: Stores
    let logger: Logger
    let loops: [EventLoop]
    let database: Database
    let sealerDatabase: Database
    let redis: Redis?
    let masterKey: MasterKey
    let writer: BatchWriter
    let journal: SlotJournal
    let identity: IdentityParts
    let catalog: CatalogMonitor
    let ledger: CallLedgerService
    let endpoints: [Endpoint]
    let http: HTTPServer
    let readiness = Readiness()
    let upkeep: Upkeep

    init(_ configuration: Configuration, stores: Stores, loops: [EventLoop], logger: Logger) throws {
        self.configuration = configuration
        self.stores = stores
        self.logger = logger
        self.loops = loops
        let observer = Observer(logger: logger, configuration: configuration)
        let settings = { (role: String) in configuration.postgres(stores.databaseURL, role: role) }
        let database = Database(configuration: settings("witan_app"), loops: loops, observe: observer.postgres)
        sealerDatabase = Database(
            configuration: settings("witan_sealer"), loops: [loops[0]], observe: observer.postgres)
        let redis = try stores.redisURL.map {
            try Redis(configuration: RedisConfiguration(url: $0), loops: [loops[0]], observe: observer.redis)
        }
        let masterKey = try Self.masterKey(configuration)

        let announce = { @Sendable (snapshot: String) in
            guard let redis else { return }
            loops[0].spawn { _ = try? await redis.publish("witan:snapshot", Array(snapshot.utf8)) }
        }
        let client = Self.client(configuration, loops: loops)
        let identity = try IdentityParts(
            configuration, database: database, masterKey: masterKey, federation: Self.federation(configuration, loops),
            observer: observer
        ) { _ = announce("identity") }
        let catalog = CatalogMonitor(
            database: database, masterKey: masterKey, onUnreadableKey: observer.unreadableKey
        ) { _ = announce("providers") }

        var limits = BatchLimits()
        limits.answerWithin = configuration.duration("WITAN_RECORD_TIMEOUT")
        let writer = BatchWriter(
            configuration: settings("witan_ingest"), loop: loops[0], tables: CallStore.tables, limits: limits,
            observe: observer.postgres, repair: { _ = try? await PartitionStore.ensure(in: database) })
        let journal = try Self.journal(configuration, stores: stores)
        let ledger = CallLedgerService(writer: writer, journal: journal)

        let providers = ProviderService(database: database, masterKey: masterKey, monitor: catalog)
        let chat = ModelCalls(
            catalog: catalog, ledger: ledger, upstream: ProviderClient(client: client), sandbox: SandboxProvider())

        let upkeep = try Upkeep(
            configuration, stores: stores, database: database, masterKey: masterKey, observer: observer)
        let status = SystemStatus(
            stores: stores, database: database, sealerDatabase: sealerDatabase, writer: writer, redis: redis,
            identity: identity.monitor, readiness: readiness, upkeep: upkeep, slowQueries: observer.slowQueries)
        let domains =
            chat.endpoints + identity.endpoints + providers.endpoints(discovery: ModelDiscoveryClient(client: client))
            + upkeep.endpoints
        let endpoints = domains + SystemRoutes.endpoints(status: status, readiness: readiness, others: domains)
        let clients = ClientAddress(trusted: configuration.trustedProxies, seal: PersonalSeal(masterKey))
        let responder = Responder(
            endpoints: endpoints, logger: logger, clients: clients, refused: identity.refusedRequests.note
        ) { (credential, origin) throws(DomainError) in
            try identity.monitor.principal(of: credential, from: origin)
        }

        self.database = database
        self.redis = redis
        self.masterKey = masterKey
        self.writer = writer
        self.journal = journal
        self.identity = identity
        self.catalog = catalog
        self.ledger = ledger
        self.endpoints = endpoints
        self.upkeep = upkeep
        http = HTTPServer(configuration: configuration.http, loops: loops, observe: observer.http) {
            await responder.respond(to: $0)
        }
    }

    private static func client(
        _ configuration: Configuration, loops: [EventLoop], publicOnly: Bool = false
    ) -> HTTPClient {
        var settings = HTTPClientConfiguration(
            caFile: configuration["WITAN_UPSTREAM_CA_FILE"], userAgent: "witan/\(Version.current)",
            isProxied: Proxies.areNamed)
        if publicOnly { settings.admits = { $0.isPublic } }
        return HTTPClient(configuration: settings, loops: loops)
    }

    /// Goes to identity providers, whom administrators of tenants name.
    private static func federation(_ configuration: Configuration, _ loops: [EventLoop]) -> HTTPClient {
        client(configuration, loops: loops, publicOnly: !configuration.boolean("WITAN_SSO_PRIVATE_ISSUERS"))
    }

    private static func masterKey(_ configuration: Configuration) throws -> MasterKey {
        do {
            return try MasterKey.loadOrCreate(path: configuration.masterKeyFile)
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }

    private static func journal(_ configuration: Configuration, stores: Stores) throws -> SlotJournal {
        do {
            return try SlotJournal(
                path: "\(stores.directory.path)/calls.journal", slots: configuration.integer("WITAN_MAX_IN_FLIGHT"))
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }

    /// Everything that must be true before the first request: the right master key, partitions, the first
    /// organization, the snapshots, and no call of a dead process left open. Returns the first key on a first start.
    func prepare() async throws -> Secret<String>? {
        try await RoleCheck.run([("witan_app", database), ("witan_sealer", sealerDatabase)])
        try await MasterKeyCheck.run(masterKey, in: database)
        try await upkeep.prepare()
        let masterKey = masterKey
        let keyFile = FirstCall.keyFile(in: stores.directory)
        let token = try await identity.organizations.bootstrap { organization, token, transaction in
            try await ProviderService.createSandbox(
                organization: organization, masterKey: masterKey, in: transaction)
            try FirstCall.keep(token.text, in: keyFile)
        }
        try await identity.monitor.refresh()
        try await catalog.refresh()
        writer.start()
        try await waitForWriter()
        let closed = try await ledger.closeInterrupted()
        if closed > 0 { logger.warning("closed interrupted calls", [("calls", LogValue(closed))]) }
        return token?.text
    }

    private func waitForWriter() async throws {
        for _ in 0..<1000 where !writer.isReady { try await Task.sleep(for: .milliseconds(5)) }
        guard writer.isReady else {
            throw CommandFailure(.unreachable, "PostgreSQL does not accept the record's connection; see the log.")
        }
    }

    /// What runs until the signal; drained from the last to the first.
    var services: ServiceGroup {
        let sealer = SealerWorker(database: sealerDatabase)
        let identity = identity
        let catalog = catalog
        let ledger = ledger
        let failed = { @Sendable (name: String) in
            { @Sendable (error: any Error) in
                logger.warning("background work failed", [("work", .string(name)), ("error", LogValue(error))])
            }
        }
        let callers = PeriodicTask(name: "identity", every: .milliseconds(500), onError: failed("identity")) {
            try await identity.monitor.refresh()
        }
        let models = PeriodicTask(name: "catalog", every: .milliseconds(500), onError: failed("catalog")) {
            try await catalog.refresh()
        }
        redis?.subscribe("witan:snapshot") { message in
            if message == Array("identity".utf8) { callers.wake() } else { models.wake() }
        }
        return ServiceGroup(
            [
                RecordService(writer: writer, journal: journal),
                PeriodicTask(name: "sealer", every: .milliseconds(500), onError: failed("sealer")) {
                    _ = try await sealer.sealPending()
                },
                PeriodicTask(name: "journal", every: .seconds(1), onError: failed("journal")) {
                    ledger.reclaim()
                },
                callers, models, identity.mailQueue,
                PeriodicTask(name: "password resets", every: .milliseconds(500), onError: failed("password resets")) {
                    try await identity.resetMails.work()
                },
                PeriodicTask(name: "refused requests", every: .seconds(1), onError: failed("refused requests")) {
                    try await identity.refusedRequests.write()
                    try await identity.refusals.writeHeldBack()
                },
                PeriodicTask(name: "key usage", every: .seconds(30), onError: failed("key usage")) {
                    try await identity.keyUsage.write()
                }, StorageService(stores: stores, database: database),
            ] + upkeep.services(onError: failed) + [
                FrontDoor(http: http, readiness: readiness, drainWithin: configuration.duration("WITAN_DRAIN_TIMEOUT"))
            ], drainWithin: configuration.duration("WITAN_DRAIN_TIMEOUT") + .seconds(10))
    }

    func close() async {
        await redis?.close()
        await sealerDatabase.close()
        await database.close()
        upkeep.close()
        for loop in loops { loop.stop() }
    }
}
