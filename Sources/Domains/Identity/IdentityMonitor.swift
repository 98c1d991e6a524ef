// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
package import Postgres
import SwiftExtensions
import Synchronization

/// Who may come in, in memory, so that knowing a caller never waits: every good key, what each organization chose, and
/// what makes access tokens void.
///
/// The version in the database is read twice a second, and what is newer than it when it went up: a key, session or
/// right that is changed on any node counts on every node within a second. While the database is away the last good
/// snapshot serves.
package final class IdentityMonitor: Sendable {
    private struct Snapshot {
        var version: Int64 = 0
        var keys = APIKeySnapshot()
        var organizations: [UniqueID: OrganizationPolicy] = [:]
        var revocations = RevocationSnapshot()
    }

    private let database: Database
    private let pepper: HMACSHA256
    private let tokenKey: HMACSHA256
    private let snapshot = Locked(Snapshot())
    private let onChange: @Sendable () -> Void

    /// `database` acts as `witan_app`; `pepper` keys the hashes of keys, `tokenKey` signs access tokens; `onChange`
    /// runs after each new snapshot.
    package init(
        database: Database, pepper: HMACSHA256, tokenKey: HMACSHA256, onChange: @escaping @Sendable () -> Void = {}
    ) {
        self.database = database
        self.pepper = pepper
        self.tokenKey = tokenKey
        self.onChange = onChange
    }

    // MARK: Knowing callers

    /// Who holds this credential, an API key or an access token; nil for nobody's, a revoked or an expired one.
    /// Throws `address_not_allowed` for a key that may not be used from there.
    package func principal(of credential: String, from origin: Origin) throws(DomainError) -> Principal? {
        AccessToken.isMeant(by: credential) ? person(credential) : try program(credential, from: origin)
    }

    private func program(_ text: String, from origin: Origin) throws(DomainError) -> Principal? {
        guard let hash = APIKeyToken(given: Secret(text))?.hash(pepper: pepper) else { return nil }
        let found = snapshot.withLock { snapshot -> (HeldKey, OrganizationPolicy)? in
            guard let key = snapshot.keys.keys[hash], let policy = snapshot.organizations[key.organization] else {
                return nil
            }
            return (key, policy)
        }
        guard let (key, policy) = found else { return nil }
        let now = Timestamp.now()
        if let expiresAt = key.expiresAt, expiresAt <= now { return nil }
        guard key.isAllowed(from: origin.address) else {
            throw DomainError(
                .forbidden, code: "address_not_allowed",
                "The key '\(key.name)' may not be used from \(origin.address); its allowed_addresses say from where.",
                shouldRetry: false)
        }
        key.usedAt.store(now.microseconds, ordering: .relaxed)
        return Principal(
            organization: key.organization, caller: .key(key.id), user: key.user, name: key.name, role: key.role,
            permissions: key.permissions, allowedModels: key.allowedModels, allowedAddresses: key.allowedAddresses,
            expiresAt: key.expiresAt, policy: policy)
    }

    private func person(_ text: String) -> Principal? {
        guard let token = AccessToken(text, signedWith: tokenKey) else { return nil }
        let policy = snapshot.withLock { snapshot in
            snapshot.revocations.allows(token) ? snapshot.organizations[token.organization] : nil
        }
        guard let policy else { return nil }
        return Principal(
            organization: token.organization, caller: .person(token.user), session: token.session, user: token.user,
            name: token.role.rawValue, role: token.role, permissions: token.permissions, policy: policy)
    }

    /// Whose credential was refused, as far as memory tells. A key that was revoked is not in memory any more, and is
    /// nobody's here; so is an access token that is just too old, which happens to everybody.
    func refused(_ credential: String) -> RefusedCaller {
        if AccessToken.isMeant(by: credential) {
            guard let token = AccessToken(genuine: credential, signedWith: tokenKey) else { return .unknown }
            guard token.expiresAt > .now() else { return .late }
            return .known(
                KnownCaller(organization: token.organization, caller: .person(token.user), person: token.user))
        }
        guard let token = APIKeyToken(given: Secret(credential)) else { return .unknown }
        let hash = token.hash(pepper: pepper)
        guard let key = snapshot.withLock({ $0.keys.keys[hash] }) else { return .key(hash) }
        return .known(KnownCaller(organization: key.organization, caller: .key(key.id), person: key.user))
    }

    /// How many keys are held.
    package var count: Int { snapshot.withLock { $0.keys.keys.count } }

    /// Keys that were used since the last call, and when.
    func takeUses() -> [(organization: UniqueID, key: UniqueID, at: Timestamp)] {
        let held = snapshot.withLock { Array($0.keys.keys.values) }
        return held.compactMap { key in
            let used = key.usedAt.exchange(0, ordering: .relaxed)
            return used == 0 ? nil : (key.organization, key.id, Timestamp(microseconds: used))
        }
    }

    // MARK: Looking

    /// What the database had that is newer than what a node held: all that was committed up to `version`, at least.
    struct News: Sendable {
        let version: Int64
        let organizations: [(UniqueID, OrganizationPolicy?)]
        let keys: [(Digest, HeldKey?)]
        let revocations: [IdentitySnapshotStore.Revocation]
    }

    /// Reads what is new when the version has gone up.
    package func refresh() async throws {
        guard let news = try await news() else { return }
        take(news)
    }

    /// Nil while the version is the one that is held.
    func news() async throws -> News? {
        let version = try await SnapshotVersionStore.read("identity", from: database)
        let held = snapshot.withLock { $0.version }
        guard version > held else { return nil }
        return News(
            version: version,
            organizations: try await IdentitySnapshotStore.organizations(after: held, from: database),
            keys: try await IdentitySnapshotStore.keys(after: held, from: database),
            revocations: try await IdentitySnapshotStore.revocations(after: held, from: database))
    }

    /// Takes in what was read, unless somebody who began to read later was faster: theirs has all that this has, and
    /// what this still shows as good may have ended since.
    func take(_ news: News) {
        let now = Timestamp.now()
        let isNew = snapshot.withLock { snapshot in
            guard news.version > snapshot.version else { return false }
            if snapshot.version == 0 { snapshot.keys.reserve(news.keys.count) }
            for (id, policy) in news.organizations { snapshot.organizations[id] = policy }
            for (hash, key) in news.keys { snapshot.keys.set(key, hash: hash) }
            for change in news.revocations {
                switch change {
                case .session(let family): snapshot.revocations.end(family: family, at: now)
                case .membership(let organization, let user, let version):
                    snapshot.revocations.require(version: version, of: user, in: organization, at: now)
                }
            }
            snapshot.revocations.forget(before: now - .seconds(7200))
            snapshot.version = news.version
            return true
        }
        if isNew { onChange() }
    }
}
