// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
package import Postgres
import SwiftExtensions

/// Every valid key in memory, so that knowing a caller never waits.
///
/// The version in the database is read twice a second and the snapshot anew when it went up, so that a key revoked on
/// any node is refused on every node within a second. While the database is away the last good snapshot serves.
package final class APIKeyMonitor: Sendable {
    private struct Entry: Sendable {
        let principal: Principal
        let expiresAt: Timestamp?
    }

    private struct Snapshot: Sendable {
        var version: Int64 = 0
        var entries: [Digest: Entry] = [:]
    }

    private let database: Database
    private let pepper: HMACSHA256
    private let snapshot = Locked(Snapshot())
    private let onChange: @Sendable () -> Void

    /// `database` acts as `witan_app`; `pepper` keys the hashes; `onChange` runs after each new snapshot.
    package init(database: Database, pepper: HMACSHA256, onChange: @escaping @Sendable () -> Void = {}) {
        self.database = database
        self.pepper = pepper
        self.onChange = onChange
    }

    /// Who holds this key; nil for no key of ours, a revoked or an expired one.
    package func principal(of key: String) -> Principal? {
        guard let hash = APIKeyToken.hash(key, pepper: pepper),
            let entry = snapshot.withLock({ $0.entries[hash] })
        else { return nil }
        if let expiresAt = entry.expiresAt, expiresAt <= .now() { return nil }
        return entry.principal
    }

    /// How many keys are held.
    package var count: Int { snapshot.withLock { $0.entries.count } }

    /// Reads the snapshot anew when its version has gone up.
    package func refresh() async throws {
        let version = try await SnapshotVersionStore.read("identity", from: database)
        guard version > snapshot.withLock({ $0.version }) else { return }
        let rows = try await database.query(
            """
            SELECT org_id, id, name, role, key_hash, allowed_models, expires_at, content_retention, durable_answers,
                   unknown_price_ceiling
            FROM auth.key_snapshot()
            """)
        var entries: [Digest: Entry] = [:]
        entries.reserveCapacity(rows.count)
        for row in rows {
            guard let hash = Digest(try row["key_hash"] as [UInt8]) else { continue }
            let policy = OrganizationPolicy(
                contentRetention: try row["content_retention"], durableAnswers: try row["durable_answers"],
                unknownPriceCeiling: try row["unknown_price_ceiling"])
            let principal = Principal(
                organization: try row["org_id"], key: try row["id"], name: try row["name"],
                role: try Role(stored: row["role"]), allowedModels: try row["allowed_models"], policy: policy)
            entries[hash] = Entry(principal: principal, expiresAt: try row["expires_at"])
        }
        let read = entries
        snapshot.withLock { snapshot in
            if version > snapshot.version { snapshot = Snapshot(version: version, entries: read) }
        }
        onChange()
    }
}
