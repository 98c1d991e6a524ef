// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Adds and retires providers, models and prices; each act commits together with its entry in the log.
package struct ProviderService: Sendable {
    private let database: Database
    private let masterKey: MasterKey
    let monitor: CatalogMonitor

    package init(database: Database, masterKey: MasterKey, monitor: CatalogMonitor) {
        self.database = database
        self.masterKey = masterKey
        self.monitor = monitor
    }

    /// What a sealed key is bound to: it opens for no other row.
    static func keyContext(organization: UniqueID, provider: UniqueID) -> [UInt8] {
        Array("witan.provider.key.1".utf8) + organization.bytes + provider.bytes
    }

    /// Adds a provider with its models.
    package func create(
        _ provider: NewProvider, models: [NewModel], by principal: Principal
    ) async throws -> UniqueID {
        let id = try await database.transaction(organization: principal.organization) { transaction in
            try await Self.create(
                provider, models: models, organization: principal.organization, by: principal.actor,
                masterKey: masterKey, in: transaction)
        }
        try await monitor.refresh()
        return id
    }

    static func create(
        _ provider: NewProvider, models: [NewModel], organization: UniqueID, by actor: Actor, masterKey: MasterKey,
        in transaction: borrowing Transaction
    ) async throws -> UniqueID {
        let id = UniqueID.v7()
        let sealed = provider.apiKey.map {
            masterKey.seal(
                Secret(Array($0.reveal().utf8)), context: keyContext(organization: organization, provider: id))
        }
        guard
            try await ProviderStore.insert(
                provider, id: id, organization: organization, sealedKey: sealed, in: transaction)
        else {
            throw DomainError(
                .conflict, code: "provider_exists",
                "There is a provider called \(provider.name) already; remove it first or choose another name.",
                parameter: "name")
        }
        try await AuditService.append(
            "provider.created", category: "providers", entity: "provider:\(id)",
            payload: [
                "name": .string(provider.name), "type": .string(provider.kind.rawValue),
                "api_endpoint": provider.endpoint.map(JSONValue.string) ?? .null,
                "models": .array(models.map { .string($0.name) }),
            ],
            by: actor, of: organization, in: transaction)
        for model in models {
            try await add(model, provider: id, organization: organization, by: actor, in: transaction)
        }
        try await SnapshotVersionStore.raise("providers", in: transaction)
        return id
    }

    private static func add(
        _ model: NewModel, provider: UniqueID, organization: UniqueID, by actor: Actor,
        in transaction: borrowing Transaction
    ) async throws {
        let id = UniqueID.v7()
        guard
            try await ModelStore.insert(
                model.name, id: id, provider: provider, maximumOutputTokens: model.maximumOutputTokens,
                organization: organization, in: transaction)
        else {
            throw DomainError(
                .conflict, code: "model_exists", "The provider has a model called \(model.name) already.",
                parameter: "name")
        }
        try await AuditService.append(
            "model.created", category: "providers", entity: "model:\(id)",
            payload: ["name": .string(model.name), "provider": .string(provider.description)], by: actor,
            of: organization, in: transaction)
        if let price = model.price {
            try await set(price, model: id, organization: organization, by: actor, in: transaction)
        }
    }

    private static func set(
        _ new: NewPrice, model: UniqueID, organization: UniqueID, by actor: Actor,
        in transaction: borrowing Transaction
    ) async throws {
        let price = new.price
        do {
            try await ModelStore.insert(price, model: model, organization: organization, in: transaction)
        } catch let error as PostgresError where error.isUniqueViolation {
            throw DomainError(
                .conflict, code: "price_exists",
                "The model has a price from \(price.effectiveFrom) on; choose another moment.",
                parameter: "effective_from")
        }
        try await AuditService.append(
            "price.created", category: "providers", entity: "model:\(model)",
            payload: [
                "input_per_token": .string(price.inputPerToken.description),
                "cached_input_per_token": price.cachedInputPerToken.map { .string($0.description) } ?? .null,
                "output_per_token": .string(price.outputPerToken.description),
                "effective_from": .string(price.effectiveFrom.description),
                "pricing_version": .string(price.version),
            ],
            by: actor, of: organization, in: transaction)
    }

    /// Adds a model to a provider that is there.
    package func addModel(_ model: NewModel, provider: String, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard let id = try await ProviderStore.find(named: provider, in: transaction) else {
                throw Self.notFound(provider)
            }
            try await Self.add(
                model, provider: id, organization: principal.organization, by: principal.actor, in: transaction)
            try await SnapshotVersionStore.raise("providers", in: transaction)
        }
        try await monitor.refresh()
    }

    /// Sets the price of `provider/model` from a moment on.
    package func setPrice(_ price: NewPrice, model name: String, by principal: Principal) async throws {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        try await database.transaction(organization: principal.organization) { transaction in
            guard parts.count == 2, let provider = try await ProviderStore.find(named: parts[0], in: transaction),
                let model = try await ModelStore.find(parts[1], provider: provider, in: transaction)
            else {
                throw DomainError(
                    .notFound, code: "model_not_found", "There is no model \(name); 'witan models list' shows them.",
                    parameter: "model")
            }
            try await Self.set(
                price, model: model, organization: principal.organization, by: principal.actor, in: transaction)
            try await SnapshotVersionStore.raise("providers", in: transaction)
        }
        try await monitor.refresh()
    }

    /// Newest first, without keys.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [Provider] {
        try await database.transaction(organization: organization) { try await ProviderStore.page(page, in: $0) }
    }

    /// Throws when the organization has no provider of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> Provider {
        let found = try await database.transaction(organization: organization) {
            try await ProviderStore.find(id, in: $0)
        }
        guard let found else { throw Self.notFound(id.description) }
        return found
    }

    /// Retires a provider: it is called no more, and the ledger keeps what it did.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await ProviderStore.retire(id, in: transaction) else { throw Self.notFound(id.description) }
            try await SnapshotVersionStore.raise("providers", in: transaction)
            try await AuditService.append(
                "provider.retired", category: "providers", entity: "provider:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
    }

    /// The sandbox with its three models, priced like any, for an organization's first start.
    package static func createSandbox(
        organization: UniqueID, masterKey: MasterKey, in transaction: borrowing Transaction
    ) async throws {
        let provider = try NewProvider(
            name: "sandbox", kind: .sandbox, endpoint: nil, apiKey: nil, timeout: .seconds(60))
        let price = try NewPrice(inputPerMillion: "0.5", cachedInputPerMillion: nil, outputPerMillion: "1.5")
        let models = try ["echo", "slow", "flaky"].map { try NewModel(name: $0, price: price) }
        _ = try await create(
            provider, models: models, organization: organization, by: .system, masterKey: masterKey, in: transaction)
    }

    private static func notFound(_ provider: String) -> DomainError {
        DomainError(
            .notFound, code: "provider_not_found",
            "There is no provider \(provider.prefix(100)); 'witan providers list' shows those there are.")
    }
}
