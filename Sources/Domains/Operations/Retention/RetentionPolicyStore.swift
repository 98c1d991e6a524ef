// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions

/// The tables `ops.retention_policies` and `ops.retention_defaults`, as an organization sees them.
enum RetentionPolicyStore {
    static func list(in transaction: borrowing Transaction) async throws -> [RetentionPolicy] {
        try await transaction.query(
            """
            SELECT id, table_name, duty, keep_days, content_days, created_at FROM ops.retention_policies
            WHERE retired_at IS NULL ORDER BY table_name, duty
            """
        ).map { try RetentionPolicy(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> RetentionPolicy? {
        try await transaction.query(
            """
            SELECT id, table_name, duty, keep_days, content_days, created_at FROM ops.retention_policies
            WHERE id = \(id) AND retired_at IS NULL
            """
        ).first.map { try RetentionPolicy(row: $0) }
    }

    static func defaults(in transaction: borrowing Transaction) async throws -> [RetentionDefault] {
        try await transaction.query(
            "SELECT table_name, keep_days, content_days, reason FROM ops.retention_defaults ORDER BY table_name"
        ).map { row in
            RetentionDefault(
                table: try row["table_name"], keepDays: try row["keep_days"], contentDays: try row["content_days"],
                reason: try row["reason"])
        }
    }

    /// Retires the policy of the same table and duty, which the new one replaces.
    static func replace(
        with policy: NewRetentionPolicy, id: UniqueID, organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE ops.retention_policies SET retired_at = now()
            WHERE org_id = \(organization) AND table_name = \(policy.table) AND duty = \(policy.duty)
                AND retired_at IS NULL
            """)
        try await transaction.execute(
            """
            INSERT INTO ops.retention_policies (org_id, id, table_name, duty, keep_days, content_days)
            VALUES (\(organization), \(id), \(policy.table), \(policy.duty), \(policy.keepDays), \(policy.contentDays))
            """)
    }

    /// False when there is no such policy.
    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE ops.retention_policies SET retired_at = now() WHERE id = \(id) AND retired_at IS NULL") == 1
    }
}

extension RetentionPolicy {
    init(row: Row) throws {
        self.init(
            id: try row["id"], table: try row["table_name"], duty: try row["duty"], keepDays: try row["keep_days"],
            contentDays: try row["content_days"], createdAt: try row["created_at"])
    }
}
