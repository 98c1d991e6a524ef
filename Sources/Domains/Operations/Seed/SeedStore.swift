// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Puts seeds into a database and takes them out. What is there already stays as it is.
package enum SeedStore {
    private static let rowsAtOnce = 200

    /// The day a seed is told from: that of its first run, so that the second one finds the same rows; `today`
    /// otherwise, which is kept. `owner` acts as `witan_owner`.
    package static func day(of kind: SeedSet.Kind, today: Timestamp, owner: Database) async throws -> Timestamp {
        let name = "seed.\(kind.rawValue).day"
        let midnight = Timestamp(microseconds: today.seconds / 86_400 * 86_400_000_000)
        try await owner.execute(
            "INSERT INTO ops.settings (name, value) VALUES (\(name), \(midnight.description)) ON CONFLICT DO NOTHING")
        let rows = try await owner.query("SELECT value FROM ops.settings WHERE name = \(name)")
        let kept: String = try rows.first?["value"] ?? midnight.description
        let day = Timestamp(kept) ?? midnight
        let organization = SeedSet(kind, slug: "", day: day).organization
        // So that a first start can tell it from the installation's own.
        try await owner.execute(
            """
            INSERT INTO ops.settings (name, value)
            VALUES (\("seed.\(kind.rawValue).organization"), \(organization.description))
            ON CONFLICT DO NOTHING
            """)
        return day
    }

    /// Inserts the rows of a batch that are not there; how many that were. `database` acts as the batch's role.
    package static func insert(
        _ batch: SeedBatch, of seed: SeedSet, in database: Database, progress: (Int) -> Void = { _ in }
    ) async throws -> Int {
        guard let columns = batch.rows.first?.members?.map(\.key) else { return 0 }
        var list: SQL = ""
        for (index, column) in columns.enumerated() {
            list += index == 0 ? "\(identifier: column)" : ", \(identifier: column)"
        }
        let table = ArchiveStore.name(batch.table)
        var inserted = 0
        for start in stride(from: 0, to: batch.rows.count, by: rowsAtOnce) {
            let part = Array(batch.rows[start..<min(start + rowsAtOnce, batch.rows.count)])
            let rows = PostgresJSON(JSONValue.array(part).description, as: .jsonb)
            inserted += try await database.transaction(settings: settings(seed)) { transaction in
                try await transaction.execute(
                    """
                    INSERT INTO \(table) (\(list))
                    SELECT \(list) FROM jsonb_populate_recordset(NULL::\(table), \(rows)) ON CONFLICT DO NOTHING
                    """)
            }
            progress(part.count)
        }
        return inserted
    }

    /// Writes the entries that are not in the log yet; how many that were. `database` acts as `witan_app`.
    package static func log(
        _ seed: SeedSet, in database: Database, progress: (Int) -> Void = { _ in }
    ) async throws -> Int {
        var written = 0
        for start in stride(from: 0, to: seed.entries.count, by: rowsAtOnce) {
            let part = Array(seed.entries[start..<min(start + rowsAtOnce, seed.entries.count)])
            written += try await database.transaction(settings: settings(seed)) { transaction in
                let known: [UniqueID] = try await transaction.query(
                    "SELECT id FROM audits.audit_log WHERE id = ANY(\(part.map(\.id)))"
                ).map { try $0["id"] }
                let new = part.filter { !known.contains($0.id) }
                for entry in new { try await AuditStore.insert(entry, in: transaction) }
                return new.count
            }
            progress(part.count)
        }
        return written
    }

    /// Retires the seed's organization with its teams, keys and models, or takes just that back; false when there was
    /// nothing to do. Rows and log stay: what proves something is never deleted. `database` acts as `witan_app`.
    package static func setRetired(_ isRetired: Bool, _ seed: SeedSet, in database: Database) async throws -> Bool {
        try await database.transaction(settings: settings(seed)) { transaction in
            let rows = try await transaction.query(
                "SELECT retired_at FROM auth.organizations WHERE id = \(seed.organization) FOR UPDATE")
            guard let row = rows.first else { return false }
            let since: Timestamp? = try row["retired_at"]
            guard (since == nil) == isRetired else { return false }
            // What was retired for another reason, at another time, stays so.
            for (table, column) in retirable {
                let key: SQL = table == "auth.organizations" ? "id" : "org_id"
                try await transaction.execute(
                    """
                    UPDATE \(ArchiveStore.name(table))
                    SET \(identifier: column) = CASE WHEN \(isRetired) THEN now() END
                    WHERE \(key) = \(seed.organization)
                        AND \(identifier: column) IS NOT DISTINCT FROM \(since)::timestamptz
                    """)
            }
            try await AuditService.append(
                isRetired ? "organization.retired" : "organization.revived", category: "auth",
                entity: "organization:\(seed.organization)", by: .system, of: seed.organization, in: transaction)
            return true
        }
    }

    /// Not memberships: an organization keeps an administrator, and those of a retired one open nothing.
    private static let retirable = [
        ("auth.organizations", "retired_at"), ("auth.teams", "retired_at"),
        ("auth.api_keys", "revoked_at"), ("providers.providers", "retired_at"), ("providers.models", "retired_at"),
    ]

    /// Tells nodes that keys and models have changed. `database` acts as `witan_app`.
    package static func announce(in database: Database) async throws {
        try await database.transaction { transaction in
            for snapshot in ["identity", "providers"] {
                try await SnapshotVersionStore.raise(snapshot, in: transaction)
            }
        }
    }

    /// Seeds that were put into this database and are not retired. `owner` acts as `witan_owner`.
    package static func present(in owner: Database) async throws -> [SeedSet] {
        var found: [SeedSet] = []
        for kind in SeedSet.Kind.allCases {
            let day = try await owner.query(
                "SELECT value FROM ops.settings WHERE name = \("seed.\(kind.rawValue).day")")
            guard let text: String = try day.first?["value"], let time = Timestamp(text) else { continue }
            let seed = SeedSet.make(kind, day: time)
            let rows = try await owner.query(
                "SELECT slug FROM auth.organizations WHERE id = \(seed.organization) AND retired_at IS NULL")
            if !rows.isEmpty { found.append(seed) }
        }
        return found
    }

    private static func settings(_ seed: SeedSet) -> [(String, String)] {
        // Every team's rows: the seed writes for all of them.
        [("app.org_id", seed.organization.description), ("app.team_id", "*")]
    }
}
