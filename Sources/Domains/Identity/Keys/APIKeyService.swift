// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Makes, lists, changes, rotates and revokes API keys; each act commits together with its entry in the log.
package struct APIKeyService: Sendable {
    private let database: Database
    private let pepper: HMACSHA256
    private let monitor: IdentityMonitor

    package init(database: Database, pepper: HMACSHA256, monitor: IdentityMonitor) {
        self.database = database
        self.pepper = pepper
        self.monitor = monitor
    }

    /// A new key; its text is in the result and nowhere else.
    ///
    /// Throws `role_too_high` and `limits_too_wide` for one that may do more than the caller's own, and for an owner
    /// other than the caller's person `permission_denied`, `role_too_high`, `user_not_found`.
    package func create(
        _ key: NewAPIKey, by principal: Principal
    ) async throws -> (id: UniqueID, token: APIKeyToken) {
        let made = try await database.transaction(organization: principal.organization) { transaction in
            // First the snapshot's counter, then who is locked: as everywhere where memberships change.
            try await SnapshotVersionStore.raise("identity", in: transaction)
            try await Self.checkGrant(key, by: principal, in: transaction)
            return try await Self.create(
                key, organization: principal.organization, by: principal.actor, creator: principal.id, pepper: pepper,
                in: transaction)
        }
        try await monitor.refresh()
        return made
    }

    /// Nobody makes a key that may do more than they may themselves or is bound by less, nor one of somebody else's
    /// whom they do not manage: a key acts in its owner's name.
    private static func checkGrant(
        _ key: NewAPIKey, by principal: Principal, in transaction: borrowing Transaction
    ) async throws {
        let owner = try await owner(key.owner, in: transaction)
        if owner?.id != principal.user {
            guard principal.may(.manageMembers) else {
                throw DomainError(
                    .forbidden, code: "permission_denied",
                    "\(principal.title) may not make a key that is somebody else's, or nobody's: it needs the "
                        + "permission \(Permission.manageMembers.name).", parameter: "owner", shouldRetry: false)
            }
            try owner?.checkManaged(by: principal)
        }
        try await checkRights(key.role, of: owner, by: principal, in: transaction)
        try key.limits.check(within: principal)
    }

    /// Compares what the key may do at most, whatever narrows it now: scopes are lifted and owners are promoted.
    private static func checkRights(
        _ role: RoleChoice, of owner: Member?, by principal: Principal, in transaction: borrowing Transaction
    ) async throws {
        let given = try await CustomRoleStore.permissions(of: role, in: transaction)
        try principal.checkGrant(
            role.role.permissions(custom: role.custom.map { _ in given }, isOperator: owner?.isOperator ?? false),
            to: "make or change a key")
    }

    /// The person, who stays one of the organization until the transaction ends; nil for nobody.
    private static func owner(_ id: UniqueID?, in transaction: borrowing Transaction) async throws -> Member? {
        guard let id else { return nil }
        guard try await MemberStore.isMember(id, in: transaction),
            let owner = try await MemberStore.find(id, in: transaction)
        else {
            throw DomainError(
                .invalid, code: "user_not_found", "owner must be the id of a member of the organization.",
                parameter: "owner")
        }
        return owner
    }

    static func create(
        _ key: NewAPIKey, organization: UniqueID, by actor: Actor, creator: UniqueID?, rotating old: UniqueID? = nil,
        pepper: HMACSHA256, in transaction: borrowing Transaction
    ) async throws -> (id: UniqueID, token: APIKeyToken) {
        let token = APIKeyToken.generate()
        let id = UniqueID.v7()
        try await APIKeyStore.insert(
            key, id: id, organization: organization, hash: token.hash(pepper: pepper), lastFour: token.lastFour,
            createdBy: creator,
            rotatedFrom: old, in: transaction)
        try await AuditService.append(
            old == nil ? "key.created" : "key.rotated", category: "auth", entity: "key:\(id)",
            payload: key.payload(rotating: old), personal: key.personal, by: actor, of: organization, in: transaction)
        return (id, token)
    }

    /// Newest first, revoked and expired ones included.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [APIKey] {
        try await database.transaction(organization: organization) { try await APIKeyStore.page(page, in: $0) }
    }

    /// Throws when the organization has no key of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> APIKey {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> APIKey {
        guard let found = try await APIKeyStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "key_not_found",
                "There is no key with this id; 'witan keys list' shows those there are."
            )
        }
        return found
    }

    /// A key that is still good; a revoked one does not come back, and is not changed.
    private static func good(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> APIKey {
        let key = try await find(id, in: transaction)
        guard key.revokedAt == nil else {
            throw DomainError(.conflict, code: "key_revoked", "The key is revoked; make another one.")
        }
        return key
    }

    /// Changes the name and limits; `change` gets them as they are. Effective on every node within a second. Throws
    /// `own_key` for a key that would change itself, and `limits_too_wide` for limits wider than the caller's.
    package func update(
        _ id: UniqueID, by principal: Principal,
        change: @Sendable (_ name: inout String, _ limits: inout APIKeyLimits) throws -> Void
    ) async throws -> APIKey {
        guard id != principal.id else { throw Self.ownKey("change itself; use another one.") }
        let updated = try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let key = try await Self.good(id, in: transaction)
            // Who may do less than the key must not open it further.
            let owner = try await Self.owner(key.owner, in: transaction)
            try await Self.checkRights(key.role, of: owner, by: principal, in: transaction)
            var (name, limits) = (key.name, key.limits)
            try change(&name, &limits)
            try DisplayName.check(name)
            if limits != key.limits { try limits.check() }
            try limits.check(within: principal)
            try await APIKeyStore.update(id, name: name, limits: limits, in: transaction)
            let new = try await Self.find(id, in: transaction)
            try await AuditService.append(
                "key.updated", category: "auth", entity: "key:\(id)", payload: new.asNew(name: name).payload(),
                personal: new.asNew(name: name).personal, by: principal.actor, of: principal.organization,
                in: transaction)
            return new
        }
        try await monitor.refresh()
        return updated
    }

    /// A new key in the place of an old one, with the same rights; the old one is good for `overlap` more, so that
    /// programs can be moved without a gap. A key may do it for itself; for another one it throws as `create`.
    package func rotate(
        _ id: UniqueID, overlap: Duration, by principal: Principal
    ) async throws -> (id: UniqueID, token: APIKeyToken, oldExpiresAt: Timestamp) {
        let ends = Timestamp.now() + overlap
        let made = try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let key = try await Self.good(id, in: transaction)
            let new = try key.asNew(name: key.name)
            if id != principal.id { try await Self.checkGrant(new, by: principal, in: transaction) }
            try await APIKeyStore.expire(id, at: ends, in: transaction)
            return try await Self.create(
                new, organization: principal.organization, by: principal.actor, creator: principal.id, rotating: id,
                pepper: pepper, in: transaction)
        }
        try await monitor.refresh()
        return (made.id, made.token, ends)
    }

    /// Revokes a key for good, and with it the open invitations that it made; refused on every node within a second.
    /// Keys that it made go on.
    package func revoke(_ id: UniqueID, by principal: Principal) async throws {
        guard id != principal.id else { throw Self.ownKey("revoke itself; use another one, so that one is left.") }
        try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            _ = try await Self.find(id, in: transaction)
            guard try await APIKeyStore.revoke(id, in: transaction) else { return }
            let invitations = try await InvitationStore.revoke(madeBy: id, in: transaction)
            try await AuditService.append(
                "key.revoked", category: "auth", entity: "key:\(id)",
                payload: ["invitations_revoked": .number(JSONNumber(Int64(invitations)))], by: principal.actor,
                of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
    }

    private static func ownKey(_ what: String) -> DomainError {
        DomainError(.conflict, code: "own_key", "A key cannot \(what)", shouldRetry: false)
    }
}

extension APIKey {
    var limits: APIKeyLimits {
        var limits = APIKeyLimits()
        limits.scopes = scopes
        limits.allowedModels = allowedModels
        limits.allowedAddresses = allowedAddresses
        limits.expiresAt = expiresAt
        return limits
    }

    /// What a key would be made from that is like this one; refused for one that has expired.
    func asNew(name: String) throws(DomainError) -> NewAPIKey {
        try NewAPIKey(name: name, role: role, owner: owner, limits: limits)
    }
}

extension NewAPIKey {
    fileprivate func payload(rotating old: UniqueID? = nil) -> JSONValue {
        let said: [JSONMember] = [
            JSONMember("role", .string(role.role.rawValue)),
            JSONMember("custom_role", role.custom.map { .string($0.description) } ?? .null),
            JSONMember("scopes", Self.texts(limits.scopes)),
            JSONMember("allowed_models", Self.texts(limits.allowedModels)),
            JSONMember("owner", owner.map { .string("user:\($0)") } ?? .null),
            JSONMember("rotated_from", old.map { .string("key:\($0)") } ?? .null),
            JSONMember("expires_at", limits.expiresAt.map { .string($0.description) } ?? .null),
        ]
        return .object(owner == nil ? said + ownersWords : said)
    }

    /// What a person calls a key of theirs, and where they are when they use it, are theirs; a program's are nobody's.
    fileprivate var personal: PersonalFacts? { owner.map { PersonalFacts(of: $0, ownersWords) } }

    private var ownersWords: [JSONMember] {
        [
            JSONMember("name", .string(name)),
            JSONMember("allowed_addresses", Self.texts(limits.allowedAddresses)),
        ]
    }

    private static func texts(_ items: [String]) -> JSONValue { .array(items.map(JSONValue.string)) }
}
