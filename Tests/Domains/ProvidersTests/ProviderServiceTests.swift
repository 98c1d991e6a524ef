// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import Providers
import SwiftExtensions
import TestSupport
import Testing

@Suite struct ProviderServiceTests {
    private let everything: PageRequest

    init() throws { everything = try PageRequest(limit: "500", after: nil) }

    @Test("a provider with models and prices can be called at once, its key opened")
    func creates() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let models = [
                try NewModel(name: "small", maximumOutputTokens: 4096, price: try price("0.15", "0.6")),
                try NewModel(name: "meta/big"),
            ]
            let id = try await fixture.service.create(try newProvider(), models: models, by: admin)
            let catalog = fixture.models(of: admin)
            #expect(Set(catalog.keys) == ["local/small", "local/meta/big"])
            let small = try #require(catalog["local/small"])
            #expect(small.maximumOutputTokens == 4096)
            #expect(small.prices.map(\.inputPerToken.description) == ["0.00000015"])
            #expect(small.provider.endpoint == "http://127.0.0.1:9/v1")
            #expect(small.provider.apiKey?.reveal() == "sk-secret-1234")
            #expect(small.provider.timeout == .seconds(10))
            #expect(catalog["local/meta/big"]?.prices == [])
            let provider = try await fixture.service.find(id, of: admin.organization)
            #expect((provider.name, provider.kind) == ("local", .openAICompatible))
            #expect(provider.keyLastFour == "1234")
            #expect(try await fixture.service.list(everything, of: admin.organization) == [provider])
        }
    }

    @Test("a key lies sealed in the table, is in no log, and opens for no other row")
    func sealed() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            _ = try await fixture.service.create(try newProvider("a"), models: [], by: admin)
            _ = try await fixture.service.create(try newProvider("b"), models: [], by: admin)
            for table in ["providers.providers", "audits.audit_log"] {
                let dump = try fixture.store.psql("SELECT t::text FROM \(table) t")
                #expect(!dump.contains("sk-secret"))
                #expect(!dump.contains("736b2d736563726574"), "in hexadecimal")
            }
            #expect(
                try fixture.store.psql("SELECT DISTINCT master_key_id FROM providers.providers") == fixture.masterKey.id
            )
            try fixture.store.psql(
                """
                UPDATE providers.providers t
                SET encrypted_api_key = o.encrypted_api_key, encrypted_dek = o.encrypted_dek
                FROM providers.providers o WHERE t.name = 'a' AND o.name = 'b';
                UPDATE ops.snapshot_versions SET version = version + 1
                """)
            try await fixture.monitor.refresh()
            #expect(fixture.unreadable.withLock { $0.map(\.provider) } == ["a"])
            #expect(fixture.monitor.catalog.organizations[admin.organization]?.providers.keys.sorted() == ["b"])
        }
    }

    @Test("a key that another master key sealed leaves its provider out, and says so; the others stay")
    func otherMasterKey() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let model = try NewModel(name: "m", price: try price())
            _ = try await fixture.service.create(try newProvider("sealed"), models: [model], by: admin)
            _ = try await fixture.service.create(try newProvider("open", key: nil), models: [model], by: admin)
            let reports = Locked<[(String, String)]>([])
            let monitor = CatalogMonitor(
                database: fixture.database, masterKey: try MasterKey(Secret([UInt8](repeating: 8, count: 32)))
            ) { provider, reason in reports.withLock { $0.append((provider, reason)) } }
            try await monitor.refresh()
            #expect(monitor.catalog.organizations[admin.organization]?.models.keys.sorted() == ["open/m"])
            let reported = reports.withLock { $0 }
            #expect(reported.map(\.0) == ["sealed"])
            #expect(reported.first?.1.isEmpty == false)
            #expect(reported.first?.1.contains("sk-secret") == false)
        }
    }

    @Test("each act writes its entry, none holds a secret")
    func audited() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let id = try await fixture.service.create(
                try newProvider(), models: [try NewModel(name: "a", price: try price())], by: admin)
            try await fixture.service.addModel(try NewModel(name: "b"), provider: "local", by: admin)
            try await fixture.service.setPrice(try price("3", "4"), model: "local/b", by: admin)
            try await fixture.service.retire(id, by: admin)
            #expect(
                try fixture.actions() == [
                    "provider.created", "model.created", "price.created", "model.created", "price.created",
                    "provider.retired",
                ])
            #expect(
                try fixture.store.psql("SELECT DISTINCT org_id, actor, category FROM audits.audit_log")
                    == "\(admin.organization)|\(admin.actor.name)|providers")
            let last = try fixture.store.psql(
                "SELECT payload->>'input_per_token', payload->>'output_per_token' FROM audits.audit_log "
                    + "WHERE action = 'price.created' ORDER BY id DESC LIMIT 1")
            #expect(last == "0.000003|0.000004")
        }
    }

    @Test("a provider of whose models one cannot be added is not made, nor is anything logged")
    func allOrNothing() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let twice = [try NewModel(name: "a", price: try price()), try NewModel(name: "a")]
            let error = await #expect(throws: DomainError.self) {
                try await fixture.service.create(try newProvider(), models: twice, by: admin)
            }
            #expect(error?.code == "model_exists")
            for table in ["providers.providers", "providers.models", "providers.prices", "audits.audit_log"] {
                #expect(try fixture.count(table) == "0", "\(table)")
            }
        }
    }

    @Test("when the entry cannot be written nothing is made, priced or retired")
    func neither() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let id = try await fixture.service.create(try newProvider(), models: [try NewModel(name: "a")], by: admin)
            let before = try fixture.actions()
            try fixture.store.psql("REVOKE INSERT ON audits.audit_log FROM witan_app")
            let acts: [() async throws -> Void] = [
                { _ = try await fixture.service.create(try newProvider("other"), models: [], by: admin) },
                { try await fixture.service.addModel(try NewModel(name: "b"), provider: "local", by: admin) },
                { try await fixture.service.setPrice(try price(), model: "local/a", by: admin) },
                { try await fixture.service.retire(id, by: admin) },
            ]
            for act in acts { await #expect(throws: PostgresError.self) { try await act() } }
            #expect(try fixture.count("providers.providers WHERE retired_at IS NULL") == "1")
            #expect(try fixture.count("providers.models") == "1")
            #expect(try fixture.count("providers.prices") == "0")
            #expect(try fixture.actions() == before)
        }
    }

    @Test("a name is taken once, also by two at the same moment, and is free again after retirement")
    func names() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let outcomes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        do {
                            _ = try await fixture.service.create(try newProvider(), models: [], by: admin)
                            return "made"
                        } catch {
                            return (error as? DomainError)?.code ?? String(describing: error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }.sorted()
            }
            #expect(outcomes == ["made", "provider_exists", "provider_exists", "provider_exists"])
            let first = try #require(try await fixture.service.list(everything, of: admin.organization).first)
            try await fixture.service.retire(first.id, by: admin)
            #expect(fixture.monitor.catalog.organizations[admin.organization]?.providers.isEmpty ?? true)
            let second = try await fixture.service.create(try newProvider(), models: [], by: admin)
            #expect(try await fixture.service.list(everything, of: admin.organization).map(\.id) == [second])
            let gone = await #expect(throws: DomainError.self) { try await fixture.service.retire(first.id, by: admin) }
            #expect(gone?.status == 404)
        }
    }

    @Test("models and prices that are there already are refused as conflicts, unknown ones as not found")
    func conflicts() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            _ = try await fixture.service.create(try newProvider(), models: [try NewModel(name: "a")], by: admin)
            let moment = Timestamp.now()
            try await fixture.service.setPrice(try price(from: moment), model: "local/a", by: admin)
            let cases: [(Int, () async throws -> Void)] = [
                (409, { try await fixture.service.addModel(try NewModel(name: "a"), provider: "local", by: admin) }),
                (
                    409,
                    {
                        try await fixture.service.setPrice(
                            try price("9", "9", from: moment), model: "local/a", by: admin)
                    }
                ),
                (404, { try await fixture.service.addModel(try NewModel(name: "a"), provider: "none", by: admin) }),
                (404, { try await fixture.service.setPrice(try price(), model: "local/none", by: admin) }),
                (404, { try await fixture.service.setPrice(try price(), model: "none/a", by: admin) }),
                (404, { try await fixture.service.setPrice(try price(), model: "local", by: admin) }),
                (404, { try await fixture.service.setPrice(try price(), model: "", by: admin) }),
                (404, { _ = try await fixture.service.find(.v7(), of: admin.organization) }),
            ]
            for (status, act) in cases {
                let error = await #expect(throws: DomainError.self) { try await act() }
                #expect(error?.status == status)
            }
            #expect(fixture.models(of: admin)["local/a"]?.prices.map(\.inputPerToken.description) == ["0.000001"])
        }
    }

    @Test("prices of all moments reach the catalog, and the one in force is the newest that has begun")
    func moments() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            _ = try await fixture.service.create(try newProvider(), models: [try NewModel(name: "a")], by: admin)
            let now = Timestamp.now()
            for (input, offset) in [("3", Duration.seconds(3600)), ("1", .seconds(-7200)), ("2", .seconds(-3600))] {
                try await fixture.service.setPrice(try price(input, from: now + offset), model: "local/a", by: admin)
            }
            let model = try #require(fixture.models(of: admin)["local/a"])
            #expect(model.prices.count == 3)
            #expect(try model.price(at: now, ceiling: nil).inputPerToken.description == "0.000002")
            #expect(try model.price(at: now + .seconds(3601), ceiling: nil).inputPerToken.description == "0.000003")
        }
    }

    @Test("organizations do not see, use or change each other's providers")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let id = try await fixture.service.create(try newProvider(), models: [try NewModel(name: "a")], by: mine)
            _ = try await fixture.service.create(try newProvider(), models: [], by: other)
            #expect(fixture.models(of: other).isEmpty)
            #expect(try await fixture.service.list(everything, of: other.organization).map(\.id) != [id])
            let acts: [() async throws -> Void] = [
                { _ = try await fixture.service.find(id, of: other.organization) },
                { try await fixture.service.retire(id, by: other) },
                { try await fixture.service.setPrice(try price(), model: "local/a", by: other) },
            ]
            for act in acts {
                let error = await #expect(throws: DomainError.self) { try await act() }
                #expect(error?.status == 404)
            }
            #expect(fixture.models(of: mine).count == 1)
            for statement: SQL in [
                "UPDATE providers.providers SET org_id = \(mine.organization)",
                """
                INSERT INTO providers.models (org_id, id, provider_id, name)
                VALUES (\(mine.organization), \(UniqueID.v7()), \(id), 'x')
                """,
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await fixture.database.transaction(settings: [("app.org_id", "\(other.organization)")]) {
                        try await $0.execute(statement)
                    }
                }
                #expect(error?.sqlState == "42501")
            }
        }
    }

    @Test("a first start brings the sandbox, priced like any")
    func sandbox() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            try await fixture.database.transaction(settings: [("app.org_id", "\(admin.organization)")]) {
                try await ProviderService.createSandbox(
                    organization: admin.organization, masterKey: fixture.masterKey, in: $0)
            }
            try await fixture.monitor.refresh()
            let models = fixture.models(of: admin)
            #expect(Set(models.keys) == ["sandbox/echo", "sandbox/slow", "sandbox/flaky"])
            for model in models.values {
                let inForce = try model.price(at: .now(), ceiling: nil)
                #expect(inForce.inputPerToken > .zero && inForce.outputPerToken > .zero)
            }
        }
    }
}
