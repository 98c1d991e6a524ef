// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Adds, changes and retires the providers that an organization trusts; each act commits with its entry in the log.
package struct SingleSignOnProviderService: Sendable {
    private let database: Database
    private let masterKey: MasterKey
    private let client: OpenIDClient

    package init(database: Database, masterKey: MasterKey, client: OpenIDClient) {
        self.database = database
        self.masterKey = masterKey
        self.client = client
    }

    /// What a sealed secret is bound to: it opens for no other row.
    static func secretContext(organization: UniqueID, provider: UniqueID) -> [UInt8] {
        Array("witan.sso.secret.1".utf8) + organization.bytes + provider.bytes
    }

    /// Adds a provider, after it was asked for its configuration: a wrong address is better found now than by the first
    /// person who wants to come in.
    package func create(
        _ provider: NewSingleSignOnProvider, by principal: Principal
    ) async throws -> SingleSignOnProvider {
        try provider.rules.check(by: principal)
        _ = try await client.configuration(of: provider.issuer)
        let (id, organization) = (UniqueID.v7(), principal.organization)
        let secret = provider.secret.map { seal($0, id, organization) }
        return try await database.transaction(organization: organization) { transaction in
            do {
                try await SingleSignOnProviderStore.insert(
                    provider, id: id, secret: secret, organization: organization, in: transaction)
            } catch let error as PostgresError where error.isUniqueViolation {
                throw DomainError(
                    .conflict, code: "sso_provider_exists",
                    "There is a provider with this issuer and client_id already.",
                    parameter: "issuer")
            }
            try await AuditService.append(
                "sso_provider.created", category: "auth", entity: "sso_provider:\(id)",
                payload: [
                    "issuer": .string(provider.issuer), "client_id": .string(provider.clientID),
                    "rules": provider.rules.json,
                ], by: principal.actor, of: organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    private func seal(_ secret: Secret<String>, _ id: UniqueID, _ organization: UniqueID) -> Envelope {
        masterKey.seal(
            Secret(Array(secret.reveal().utf8)),
            context: Self.secretContext(organization: organization, provider: id))
    }

    /// Changes who may come, and the secret where one is given. Throws `sso_provider_not_found`.
    package func update(
        _ id: UniqueID, secret: Secret<String>?, by principal: Principal,
        _ change: @Sendable (inout SingleSignOnRules) throws -> Void
    ) async throws -> SingleSignOnProvider {
        let organization = principal.organization
        try NewSingleSignOnProvider.check(secret: secret)
        return try await database.transaction(organization: organization) { transaction in
            var rules = try await Self.find(id, locking: true, in: transaction).rules
            try change(&rules)
            try rules.check(by: principal)
            try await SingleSignOnProviderStore.update(id, rules, in: transaction)
            if let secret {
                try await SingleSignOnProviderStore.setSecret(id, seal(secret, id, organization), in: transaction)
            }
            try await AuditService.append(
                "sso_provider.updated", category: "auth", entity: "sso_provider:\(id)",
                payload: ["rules": rules.json, "secret_changed": .bool(secret != nil)], by: principal.actor,
                of: organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Newest first.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [SingleSignOnProvider] {
        try await database.transaction(organization: organization) {
            try await SingleSignOnProviderStore.page(page, in: $0)
        }
    }

    /// Throws `sso_provider_not_found`.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> SingleSignOnProvider {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(
        _ id: UniqueID, locking: Bool = false, in transaction: borrowing Transaction
    ) async throws -> SingleSignOnProvider {
        guard let found = try await SingleSignOnProviderStore.find(id, locking: locking, in: transaction) else {
            throw notFound
        }
        return found
    }

    /// Nobody comes from it any more; sessions go on until they end. Throws `sso_provider_not_found`.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await SingleSignOnProviderStore.retire(id, in: transaction) else { throw Self.notFound }
            try await AuditService.append(
                "sso_provider.retired", category: "auth", entity: "sso_provider:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
    }

    static let notFound = DomainError(
        .notFound, code: "sso_provider_not_found", "There is no identity provider with this id.")
}

extension SingleSignOnRules {
    /// As the API and the log show them.
    var json: JSONValue {
        let mapping = roleMapping.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value.rawValue)) }
        return [
            "name": .string(name), "scopes": .array(scopes.map(JSONValue.string)),
            "allowed_domains": .array(allowedDomains.map(JSONValue.string)),
            "trusts_email": .bool(trustsEmail), "group_claim": groupClaim.map(JSONValue.string) ?? .null,
            "role_mapping": .object(mapping),
            "default_role": defaultRole.map { .string($0.rawValue) } ?? .null, "is_active": .bool(isActive),
        ]
    }
}
