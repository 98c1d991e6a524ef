// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
package import EventLoop
import Migrator
package import Postgres
package import SwiftExtensions
import Synchronization

/// A database for one test: a copy of a template, dropped by `close` or with the object.
package final class TestDatabase: Sendable {
    /// Its name in the cluster.
    package let name: String
    private let cluster: TestCluster
    private let state = Locked(State())

    private struct State: Sendable {
        var opened: [Database] = []
        var isDropped = false
    }

    /// The loop of all tests that do not bring their own.
    package static let loop = EventLoop(name: "test")

    /// Makes one in the shared cluster: with all of the program's migrations, or empty.
    package static func make(migrated: Bool = true) async throws -> TestDatabase {
        let cluster = try TestCluster.shared
        let template = migrated ? try await Template.shared.name(in: cluster) : "template1"
        return try TestDatabase(cluster, copying: template)
    }

    /// Makes one with all of the program's migrations in another cluster.
    package static func make(in cluster: TestCluster) async throws -> TestDatabase {
        try TestDatabase(cluster, copying: try await Template.make(in: cluster))
    }

    /// Makes an empty one in another cluster.
    package convenience init(in cluster: TestCluster) throws {
        try self.init(cluster, copying: "template1")
    }

    fileprivate init(_ cluster: TestCluster, copying template: String) throws {
        self.cluster = cluster
        name = "test_\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue)"
        try cluster.psql("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY \(Self.strategy)")
    }

    private static let count = Atomic<Int>(0)
    private static let strategy = "FILE_COPY"

    /// The libpq address for the program's login role, or for the superuser.
    package func connectionString(superuser: Bool = false) -> Secret<String> {
        let role = superuser ? PrivatePostgres.superuser : PrivatePostgres.loginRole
        return Secret(cluster.postgres.connectionString(role: role, database: name))
    }

    /// How to connect: as the superuser when `role` is nil, else logged in as the program and acting as `role`.
    package func configuration(role: String? = nil) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connectionString: connectionString(superuser: role == nil))
        configuration.role = role == PrivatePostgres.loginRole ? nil : role
        configuration.applicationName = "tests"
        // Many tests run at once, perhaps on a machine that has more to do: none fails for having waited.
        configuration.waitTimeout = .seconds(60)
        return configuration
    }

    /// Connections to it, closed by `close`.
    package func open(role: String? = nil, loops: [EventLoop] = [TestDatabase.loop]) -> Database {
        let database = Database(configuration: configuration(role: role), loops: loops) { _ in }
        state.withLock { $0.opened.append(database) }
        return database
    }

    /// Runs SQL as the superuser by `psql`; see `TestCluster.psql`.
    @discardableResult
    package func psql(_ sql: String) throws -> String { try cluster.psql(sql, database: name) }

    /// Closes what `open` gave and drops the database.
    package func close() async throws {
        let opened = state.withLock { state in
            defer { state.opened = [] }
            return state.opened
        }
        for database in opened { await database.close() }
        try drop()
    }

    private func drop() throws {
        let isFirst = state.withLock { state in
            defer { state.isDropped = true }
            return !state.isDropped
        }
        if isFirst { try cluster.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
    }

    /// After the cluster has ended there is nothing left to drop.
    deinit { try? drop() }
}

/// The database that the others are copies of; made once in a process.
private actor Template {
    static let shared = Template()
    private var making: Task<String, any Error>?

    func name(in cluster: TestCluster) async throws -> String {
        if let making { return try await making.value }
        let task = Task { try await Self.make(in: cluster) }
        making = task
        return try await task.value
    }

    static func make(in cluster: TestCluster) async throws -> String {
        let name = "witan_template"
        try cluster.psql("CREATE DATABASE \(name)")
        let address = cluster.postgres.connectionString(role: PrivatePostgres.superuser, database: name)
        let database = Database(
            configuration: PostgresConfiguration(connectionString: Secret(address)), loops: [TestDatabase.loop]
        ) { _ in }
        _ = try await Migrator(database: database, programVersion: "test").up()
        await database.close()
        // Nobody may be connected to a database that is copied.
        try cluster.psql("ALTER DATABASE \(name) ALLOW_CONNECTIONS false IS_TEMPLATE true")
        return name
    }
}
