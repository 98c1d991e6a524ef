// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The table `auth.legal_holds`.
enum LegalHoldStore {
    /// Waits until no erasure is going on, and keeps the next one waiting: who places a hold knows that it came in
    /// time.
    static func waitForErasures(in transaction: borrowing Transaction) async throws {
        try await transaction.query("SELECT auth.begin_erasure()")
    }

    static func insert(
        _ hold: NewLegalHold, id: UniqueID, organization: UniqueID, by person: UniqueID?,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.legal_holds (org_id, id, user_id, matter, placed_by)
            VALUES (\(organization), \(id), \(hold.person), \(hold.matter), \(person))
            """)
    }

    /// Newest first.
    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [LegalHold] {
        try await transaction.query(
            """
            SELECT id, user_id, matter, placed_by, placed_at, released_at, released_by FROM auth.legal_holds
            WHERE \(page.after)::uuid IS NULL OR id < \(page.after) ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try LegalHold(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> LegalHold? {
        try await transaction.query(
            """
            SELECT id, user_id, matter, placed_by, placed_at, released_at, released_by FROM auth.legal_holds
            WHERE id = \(id)
            """
        ).first.map { try LegalHold(row: $0) }
    }

    /// False when it had ended before.
    static func release(
        _ id: UniqueID, by person: UniqueID?, in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            UPDATE auth.legal_holds SET released_at = now(), released_by = \(person)
            WHERE id = \(id) AND released_at IS NULL
            """) == 1
    }

    /// Whether the person belongs to the organization or did once.
    static func isKnown(_ person: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await !transaction.query("SELECT user_id FROM auth.memberships WHERE user_id = \(person)").isEmpty
    }
}

extension LegalHold {
    init(row: Row) throws {
        self.init(
            id: try row["id"], person: try row["user_id"], matter: try row["matter"], placedBy: try row["placed_by"],
            placedAt: try row["placed_at"], releasedAt: try row["released_at"], releasedBy: try row["released_by"])
    }
}
