// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import Providers
import SwiftExtensions
import TestSupport

/// The providers domain on a database of its own.
struct Fixture: Sendable {
    let store: TestDatabase
    let database: Database
    let masterKey: MasterKey
    let monitor: CatalogMonitor
    let service: ProviderService
    /// What the monitor could not read: the provider and why.
    let unreadable = Locked<[(provider: String, reason: String)]>([])

    init(_ store: TestDatabase) throws {
        self.store = store
        database = store.open(role: "witan_app")
        masterKey = try MasterKey(Secret([UInt8](repeating: 7, count: 32)))
        monitor = CatalogMonitor(database: database, masterKey: masterKey) { [unreadable] provider, reason in
            unreadable.withLock { $0.append((provider, reason)) }
        }
        service = ProviderService(database: database, masterKey: masterKey, monitor: monitor)
    }

    static func with<Value>(_ body: (Fixture) async throws -> Value) async throws -> Value {
        let store = try await TestDatabase.make()
        do {
            let value = try await body(try Fixture(store))
            try await store.close()
            return value
        } catch {
            try? await store.close()
            throw error
        }
    }

    /// An organization, and an administrator of it.
    func organization(_ slug: String) throws -> Principal {
        let principal = caller()
        try store.psql(
            "INSERT INTO auth.organizations (id, name, slug) VALUES ('\(principal.organization)', '\(slug)', '\(slug)')"
        )
        return principal
    }

    /// The organization's models in the catalog, by name.
    func models(of principal: Principal) -> [String: CatalogModel] {
        monitor.catalog.organizations[principal.organization]?.models ?? [:]
    }

    /// The actions in the log, the oldest first.
    func actions() throws -> [String] {
        try store.psql("SELECT action FROM audits.audit_log ORDER BY id").split(separator: "\n").map(String.init)
    }

    func count(_ table: String) throws -> String { try store.psql("SELECT count(*) FROM \(table)") }
}

func caller() -> Principal {
    Principal(
        organization: .v7(), caller: .key(.v7()), name: "first", role: .admin, allowedModels: [],
        policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
}

/// A provider that would be called at an address where nobody is.
func newProvider(_ name: String = "local", key: String? = "sk-secret-1234") throws -> NewProvider {
    try NewProvider(
        name: name, kind: .openAICompatible, endpoint: "http://127.0.0.1:9/v1", apiKey: key.map { Secret($0) },
        timeout: .seconds(10))
}

func price(_ input: String = "1", _ output: String = "2", from: Timestamp = .now()) throws -> NewPrice {
    try NewPrice(inputPerMillion: input, cachedInputPerMillion: nil, outputPerMillion: output, effectiveFrom: from)
}
