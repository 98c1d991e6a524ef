// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Makes, lists and revokes API keys; each act commits together with its entry in the log.
package struct APIKeyService: Sendable {
    private let database: Database
    private let pepper: HMACSHA256
    private let monitor: APIKeyMonitor

    package init(database: Database, pepper: HMACSHA256, monitor: APIKeyMonitor) {
        self.database = database
        self.pepper = pepper
        self.monitor = monitor
    }

    /// A new key; its text is in the result and nowhere else.
    package func create(
        _ key: NewAPIKey, by principal: Principal
    ) async throws -> (id: UniqueID, token: APIKeyToken) {
        try key.checkGrant(by: principal)
        let made = try await database.transaction(organization: principal.organization) { transaction in
            try await Self.create(
                key, organization: principal.organization, by: principal.actor, creator: principal.key, pepper: pepper,
                in: transaction)
        }
        try await monitor.refresh()
        return made
    }

    static func create(
        _ key: NewAPIKey, organization: UniqueID, by actor: String, creator: UniqueID?, pepper: HMACSHA256,
        in transaction: borrowing Transaction
    ) async throws -> (id: UniqueID, token: APIKeyToken) {
        let token = APIKeyToken.generate()
        guard let hash = APIKeyToken.hash(token.text.reveal(), pepper: pepper) else { throw DomainError.unforeseen }
        let id = UniqueID.v7()
        try await APIKeyStore.insert(
            key, id: id, organization: organization, hash: hash, lastFour: token.lastFour, createdBy: creator,
            in: transaction)
        try await SnapshotVersionStore.raise("identity", in: transaction)
        try await AuditService.append(
            "key.created", category: "auth", entity: "key:\(id)",
            payload: [
                "name": .string(key.name), "role": .string(key.role.rawValue),
                "allowed_models": .array(key.allowedModels.map(JSONValue.string)),
                "expires_at": key.expiresAt.map { .string($0.description) } ?? .null,
            ],
            by: actor, of: organization, in: transaction)
        return (id, token)
    }

    /// Newest first, revoked and expired ones included.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [APIKey] {
        try await database.transaction(organization: organization) { try await APIKeyStore.page(page, in: $0) }
    }

    /// Throws when the organization has no key of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> APIKey {
        let found = try await database.transaction(organization: organization) {
            try await APIKeyStore.find(id, in: $0)
        }
        guard let found else { throw Self.notFound }
        return found
    }

    /// Revokes a key for good; refused on every node within a second.
    package func revoke(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await APIKeyStore.find(id, in: transaction) != nil else { throw Self.notFound }
            guard id != principal.key else {
                throw DomainError(
                    .conflict, code: "own_key", "A key cannot revoke itself; use another one, so that one is left.")
            }
            guard try await APIKeyStore.revoke(id, in: transaction) else { return }
            try await SnapshotVersionStore.raise("identity", in: transaction)
            try await AuditService.append(
                "key.revoked", category: "auth", entity: "key:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
    }

    private static let notFound = DomainError(
        .notFound, code: "key_not_found", "There is no key with this id; 'witan keys list' shows those there are.")
}
