// SPDX-License-Identifier: Apache-2.0
package import Postgres
package import SwiftExtensions

/// What retention has to decide on, over all organizations, and the small things it does in place. As the owner.
package enum RetentionPlanStore {
    /// A partition and what is to become of it.
    package struct Item: Sendable {
        /// The partitioned table.
        package let table: String
        /// The partition.
        package let partition: TablePartition
        /// What is to become of it.
        package let decision: PartitionDecision
    }

    /// Every partition that is over, with the decision, the oldest first.
    package static func plan(now: Timestamp, in database: Database) async throws -> [Item] {
        let defaults = try await self.defaults(in: database)
        var items: [Item] = []
        for set in try await PartitionStore.sets(in: database) {
            guard let standard = defaults.first(where: { $0.table == set.table }) else { continue }
            // A gap between months would look like one that somebody has dropped.
            var staysOlder = false
            for partition in set.partitions where partition.upper.time <= now {
                let keep = try await self.keep(partition, of: standard, in: database)
                let isShared = !RetentionRule.installationTables.contains(set.table)
                let holds = isShared ? try await self.holds(on: partition, in: database) : 0
                let decision = RetentionRule.decide(partition, keep: keep, holds: holds, now: now)
                items.append(
                    Item(
                        table: set.table, partition: partition,
                        decision: staysOlder && decision == .due ? .waits : decision))
                if decision != .due { staysOlder = true }
            }
        }
        return items.sorted { $0.partition.lower < $1.partition.lower }
    }

    /// The tables that retention knows of, and what holds without a policy.
    static func defaults(in database: Database) async throws -> [RetentionDefault] {
        try await database.query(
            "SELECT table_name, keep_days, content_days, reason FROM ops.retention_defaults ORDER BY table_name"
        ).map { row in
            RetentionDefault(
                table: try row["table_name"], keepDays: try row["keep_days"], contentDays: try row["content_days"],
                reason: try row["reason"])
        }
    }

    /// For each organization with rows in the partition, how many days it keeps them.
    private static func keep(
        _ partition: TablePartition, of standard: RetentionDefault, in database: Database
    ) async throws -> [Int32?] {
        if RetentionRule.installationTables.contains(standard.table) { return [standard.keepDays] }
        let rows = try await database.query(
            """
            SELECT coalesce((SELECT max(p.keep_days) FROM ops.retention_policies p
                             WHERE p.org_id = o.id AND p.table_name = \(standard.table) AND p.retired_at IS NULL),
                            \(standard.keepDays)) AS days
            FROM auth.organizations o
            WHERE EXISTS (SELECT FROM \(ArchiveStore.name(partition.name)) r WHERE r.org_id = o.id)
            """)
        // An empty partition belongs to nobody; the default says when it goes.
        return rows.isEmpty ? [standard.keepDays] : try rows.map { try $0["days"] }
    }

    /// How many organizations with rows in the partition, attached or not, are under a legal hold now.
    static func holds(on partition: TablePartition, in database: Database) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT count(DISTINCT h.org_id) AS holds FROM auth.legal_holds h
            WHERE h.released_at IS NULL
                AND EXISTS (SELECT FROM \(ArchiveStore.name(partition.name)) r WHERE r.org_id = h.org_id)
            """)
        return try rows.first?["holds"] ?? 0
    }

    // MARK: Content

    /// Organizations whose content is blanked after some days, and after how many; those under a hold are left out.
    static func contentDays(
        of standard: RetentionDefault, in database: Database
    ) async throws -> [(organization: UniqueID, days: Int32)] {
        let rows = try await database.query(
            """
            SELECT o.id, coalesce((SELECT min(p.content_days) FROM ops.retention_policies p
                                   WHERE p.org_id = o.id AND p.table_name = \(standard.table)
                                       AND p.retired_at IS NULL), \(standard.contentDays)) AS days
            FROM auth.organizations o
            """)
        var found: [(organization: UniqueID, days: Int32)] = []
        for row in rows {
            let (organization, days): (UniqueID, Int32?) = (try row["id"], try row["days"])
            guard let days else { continue }
            if try await isHeld(organization, in: database) { continue }
            found.append((organization, days))
        }
        return found
    }

    private static func isHeld(_ organization: UniqueID, in database: Database) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT EXISTS (SELECT FROM auth.legal_holds WHERE org_id = \(organization) AND released_at IS NULL) AS held
            """)
        return try rows.first?["held"] ?? false
    }

    /// Blanks the content of at most 5,000 rows older than `end`; how many that were.
    static func blank(
        _ content: RetentionRule.Content, of organization: UniqueID, before end: UniqueID,
        in partition: TablePartition, of database: Database
    ) async throws -> Int {
        var assignments: [SQL] = []
        var conditions: [SQL] = []
        for column in content.nullable {
            assignments.append("\(identifier: column) = NULL")
            conditions.append("\(identifier: column) IS NOT NULL")
        }
        for column in content.required {
            assignments.append("\(identifier: column) = ''")
            conditions.append("\(identifier: column) <> ''")
        }
        let name = ArchiveStore.name(partition.name)
        return try await database.execute(
            """
            UPDATE \(name) SET \(joined(assignments, ", ")) WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(name)
                WHERE org_id = \(organization) AND \(identifier: content.key) < \(end)
                    AND (\(joined(conditions, " OR "))) LIMIT 5000))
            """)
    }

    private static func joined(_ parts: [SQL], _ separator: String) -> SQL {
        parts.dropFirst().reduce(parts.first ?? "") { $0 + SQL(raw: separator) + $1 }
    }

    // MARK: Projects

    /// Marks completed projects archived that nobody changed for as long as their organization's policy says.
    static func archiveProjects(_ standard: RetentionDefault, in database: Database) async throws -> Int {
        try await database.execute(
            """
            UPDATE projects.projects p SET status = 'archived', updated_at = now()
            FROM (SELECT o.id, coalesce((SELECT max(r.keep_days) FROM ops.retention_policies r
                      WHERE r.org_id = o.id AND r.table_name = \(standard.table) AND r.retired_at IS NULL),
                      \(standard.keepDays)) AS days FROM auth.organizations o) d
            WHERE p.org_id = d.id AND p.status = 'completed'
                AND p.updated_at < now() - d.days * interval '1 day'
            """)
    }
}
