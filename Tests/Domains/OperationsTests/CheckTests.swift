// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import JSON
import Migrator
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

@Suite struct CheckTests {
    private static let good = ServerFacts(
        versionNumber: 160_003, login: "app", path: .network, tls: "TLSv1.3 X", isSuperuser: false,
        mayCreateRoles: true,
        mayCreateSchemas: true, isStandby: false, isReadOnly: false, encoding: "UTF8", collation: "C",
        hasOldCollations: false, clockSkew: .milliseconds(3),
        roles: ["witan_owner", "witan_app", "witan_ingest", "witan_sealer"].map {
            ServerFacts.RoleFact(name: $0, exists: true, mayAct: true)
        }, sharesBackends: false, connectionsMax: 100, missingRights: [])
    private static let program = ConnectionRule.Purpose.program(connections: 11)

    private func results(
        _ purpose: ConnectionRule.Purpose = program, _ change: (inout ServerFacts) -> Void = { _ in }
    ) -> [CheckResult] {
        var facts = Self.good
        change(&facts)
        return ConnectionRule.results("X", facts, for: purpose)
    }

    @Test("a good server has nothing to complain of, for the program and for migrations")
    func good() {
        for purpose in [Self.program, .migrations] {
            #expect(results(purpose).allSatisfy { $0.level == .ok && $0.advice.isEmpty })
        }
    }

    @Test("each thing that is wrong is named, with what to do")
    func wrong() {
        func expect(
            _ check: String, _ level: CheckResult.Level, advice: String,
            _ purpose: ConnectionRule.Purpose = Self.program,
            _ change: (inout ServerFacts) -> Void
        ) {
            let found = results(purpose, change).filter { $0.level != .ok }
            #expect(found.map(\.check) == [check] && found.first?.level == level, "\(found)")
            #expect(found.first?.advice.contains(advice) == true, "\(found)")
        }
        expect("version", .fail, advice: "15 to 18") { $0.versionNumber = 140_011 }
        expect("version", .warn, advice: "tested") { $0.versionNumber = 190_000 }
        expect("tls", .fail, advice: "sslmode=verify-full") { $0.tls = nil }
        expect("clock", .warn, advice: "NTP") { $0.clockSkew = .seconds(-3) }
        expect("clock", .fail, advice: "NTP") { $0.clockSkew = .seconds(61) }
        expect("writable", .fail, advice: "primary") { $0.isStandby = true }
        expect("writable", .fail, advice: "default_transaction_read_only") { $0.isReadOnly = true }
        expect("encoding", .fail, advice: "UTF8") { $0.encoding = "SQL_ASCII" }
        expect("encoding", .warn, advice: "REINDEX") { $0.hasOldCollations = true }
        expect("pooler", .fail, advice: "DATABASE_URL") { $0.sharesBackends = true }
        expect("pooler", .fail, advice: "DIRECT_URL", .migrations) { $0.sharesBackends = true }
        expect("roles", .warn, advice: "witan init") {
            $0.roles = [] + $0.roles.map { .init(name: $0.name, exists: false, mayAct: false) }
        }
        expect("roles", .fail, advice: "GRANT witan_app, witan_ingest, witan_sealer TO \"app\"") {
            $0.roles = $0.roles.map { .init(name: $0.name, exists: true, mayAct: false) }
        }
        expect("privileges", .fail, advice: "GRANT SELECT ON auth.organizations TO witan_app") {
            $0.missingRights = ["witan_app SELECT ON auth.organizations"]
        }
        expect("connections", .warn, advice: "max_connections") { $0.connectionsMax = 12 }
        expect("rights", .fail, advice: "GRANT CREATE ON DATABASE", .migrations) { $0.mayCreateSchemas = false }
    }

    @Test("a socket and the loopback need no TLS")
    func fine() {
        #expect(results { ($0.tls, $0.path) = (nil, .socket) }.allSatisfy { $0.level == .ok })
        #expect(results { ($0.tls, $0.path) = (nil, .loopback) }.allSatisfy { $0.level == .ok })
    }

    @Test("a real server's facts are read, and a right that is taken away is missed")
    func real() async throws {
        try await withStore { store in
            let program = store.open(role: "witan")
            var facts = try await ConnectionCheckStore.facts(of: program)
            #expect(facts.login == "witan" && facts.path == .socket && !facts.sharesBackends && !facts.isSuperuser)
            #expect(facts.missingRights.isEmpty && facts.encoding == "UTF8")
            #expect(facts.roles.first { $0.name == "witan_app" }?.mayAct == true)
            #expect(ConnectionRule.results("X", facts, for: Self.program).allSatisfy { $0.level == .ok })
            try store.psql("REVOKE INSERT ON council.requests FROM witan_ingest")
            facts = try await ConnectionCheckStore.facts(of: program)
            #expect(facts.missingRights == ["witan_ingest INSERT ON council.requests"])
            let root = try await ConnectionCheckStore.facts(of: store.open())
            #expect(root.isSuperuser)
        }
    }

    @Test(
        "roles that somebody else made: from PostgreSQL 16 on CREATEROLE is not enough, what helps is said, and it does",
        arguments: TestCluster.allPrograms)
    func outOfReach(programs: String?) async throws {
        let cluster = try TestCluster(durable: false, programs: programs)
        defer { try? cluster.end() }
        let roles = ["owner", "migrator", "app", "ingest", "sealer", "readonly", "backup"].map { "witan_\($0)" }
        try cluster.psql(roles.map { "CREATE ROLE \($0);" }.joined() + "GRANT witan_owner TO witan_migrator")
        try cluster.psql("ALTER ROLE witan CREATEROLE")
        try cluster.psql("CREATE DATABASE mine OWNER witan")
        let address = cluster.postgres.connectionString(role: PrivatePostgres.loginRole, database: "mine")
        let database = Database(
            configuration: PostgresConfiguration(connectionString: Secret(address)), loops: [TestDatabase.loop]
        ) { _ in }
        func rights() async throws -> CheckResult? {
            let facts = try await ConnectionCheckStore.facts(of: database)
            return ConnectionRule.results("X", facts, for: .migrations).first { $0.check == "rights" }
        }
        let major = try cluster.psql("SHOW server_version_num").prefix(2)
        var found = try await rights()
        if major >= "16" {
            let advice = "GRANT \(roles.filter { $0 != "witan_migrator" }.joined(separator: ", ")) TO \"witan\""
            #expect(found?.level == .fail && found?.advice == advice, "\(String(describing: found))")
            await #expect(throws: MigrationError.self) {
                try await Migrator(database: database, programVersion: "test").up()
            }
            try cluster.psql(advice)
            found = try await rights()
        }
        #expect(found?.level == .ok, "\(String(describing: found))")
        _ = try await Migrator(database: database, programVersion: "test").up()
        await database.close()
    }

    @Test("Redis: its version, its eviction, its way")
    func redis() {
        #expect(RedisRule.version("R", "7.0.15").level == .ok && RedisRule.version("R", "6.2").level == .warn)
        #expect(RedisRule.eviction("R", "volatile-lru").level == .ok)
        #expect(RedisRule.eviction("R", "allkeys-lru").level == .warn && RedisRule.eviction("R", nil).level == .warn)
        #expect(RedisRule.transport("R", "unix:///run/r.sock").level == .ok)
        #expect(RedisRule.transport("R", "redis://user:x@127.0.0.1:6379/0").level == .ok)
        #expect(RedisRule.transport("R", "redis://user:x@cache.example:6379").level == .warn)
    }

    @Test("Elasticsearch: from 8.11, and by its own word")
    func search() {
        func level(_ status: Int, _ product: String?, _ version: String?) -> CheckResult.Level {
            SearchRule.version("E", status: status, product: product, version: version).level
        }
        #expect(level(200, "Elasticsearch", "8.11.0") == .ok && level(200, "Elasticsearch", "9.0.1") == .ok)
        #expect(level(200, "Elasticsearch", "8.10.4") == .fail && level(200, nil, "8.11.0") == .fail)
        #expect(level(401, "Elasticsearch", nil) == .fail)
    }

    @Test("every query of the report runs, and has the columns it says")
    func report() async throws {
        try await withStore { store in
            try store.psql(
                """
                CREATE TABLE public.t (a int, b int);
                CREATE INDEX one ON public.t (a); CREATE INDEX two ON public.t (a);
                INSERT INTO public.t SELECT g, g FROM generate_series(1, 30000) g; DELETE FROM public.t WHERE a > 10000;
                SELECT pg_stat_force_next_flush()
                """)
            let database = store.open()
            var found: [String: [JSONValue]] = [:]
            for section in ReportSection.all {
                let rows = try await ReportStore.rows(of: section, in: database)
                for row in rows {
                    #expect(row.members.map { Set(section.columns).isSubset(of: $0.map(\.key)) } == true)
                }
                found[section.name] = rows
            }
            #expect(found["duplicate"]?.first?["indexes"]?.string?.contains("two") == true)
            #expect(found["size"]?.isEmpty == false && found["cache"]?.count == 1)
            #expect(found["vacuum"]?.contains { $0["hint"]?.string == "VACUUM (ANALYZE) public.t" } == true)
        }
    }

    @Test("slow queries are kept by text, the slowest first, and never more than the bound")
    func slow() {
        let queries = SlowQueries()
        for number in 0..<200 {
            queries.note("SELECT  \(number)", .milliseconds(number), at: Timestamp(microseconds: Int64(number)))
        }
        queries.note("SELECT 199", .seconds(9))
        #expect(queries.top(1000).count == SlowQueries.maximum)
        #expect(queries.top(1).first?.longest == .seconds(9) && queries.top(1).first?.count == 2)
    }
}
