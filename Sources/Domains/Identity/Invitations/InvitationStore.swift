// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.invitations`.
enum InvitationStore {
    static func insert(
        _ new: NewInvitation, id: UniqueID, organization: UniqueID, hash: Digest, by creator: Principal?,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.invitations
                (org_id, id, code_hash, email, role, custom_role_id, team_id, max_uses, mailed, created_by,
                 created_by_key, expires_at)
            VALUES (\(organization), \(id), \(hash.bytes), \(new.email?.description), \(new.role.role.rawValue),
                    \(new.role.custom), \(new.team), \(Int32(new.usesMaximum)), \(new.isMailed),
                    \(creator?.user), \(creator?.key), \(new.expiresAt))
            """)
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [Invitation] {
        try await transaction.query(
            """
            SELECT id, email, role, custom_role_id, team_id, max_uses, uses, mailed, created_by, created_by_key,
                   created_at, expires_at, revoked_at
            FROM auth.invitations WHERE \(page.after)::uuid IS NULL OR id < \(page.after)
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try Invitation(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Invitation? {
        try await transaction.query(
            """
            SELECT id, email, role, custom_role_id, team_id, max_uses, uses, mailed, created_by, created_by_key,
                   created_at, expires_at, revoked_at
            FROM auth.invitations WHERE id = \(id) FOR UPDATE
            """
        ).first.map { try Invitation(row: $0) }
    }

    /// Whether an invitation that was not revoked before is now.
    static func revoke(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.invitations SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL") == 1
    }

    /// Takes back the open invitations that a key made, and says how many there were.
    static func revoke(madeBy key: UniqueID, in transaction: borrowing Transaction) async throws -> Int {
        try await transaction.execute(
            """
            UPDATE auth.invitations SET revoked_at = now()
            WHERE created_by_key = \(key) AND revoked_at IS NULL AND uses < max_uses AND expires_at > now()
            """)
    }

    /// When the organization last mailed invitations to the address, at most so many within the last hour, the newest
    /// first. Until the transaction ends nobody else of the organization looks.
    static func mails(
        to email: EmailAddress, of organization: UniqueID, atMost limit: Int, in transaction: borrowing Transaction
    ) async throws -> [Timestamp] {
        try await transaction.execute("SELECT FROM auth.organizations WHERE id = \(organization) FOR NO KEY UPDATE")
        return try await transaction.query(
            """
            SELECT created_at FROM auth.invitations
            WHERE email = \(email.description) AND mailed AND created_at > now() - interval '1 hour'
            ORDER BY created_at DESC LIMIT \(limit)
            """
        ).map { try $0["created_at"] }
    }

    /// Counts one use; nil when the invitation is not good, or not any more. Of several at once each waits for the
    /// one before, so that no more are counted than there may be.
    static func claim(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Invitation? {
        try await transaction.query(
            """
            UPDATE auth.invitations SET uses = uses + 1
            WHERE id = \(id) AND revoked_at IS NULL AND uses < max_uses AND expires_at > now()
            RETURNING id, email, role, custom_role_id, team_id, max_uses, uses, mailed, created_by,
                      created_by_key, created_at, expires_at, revoked_at
            """
        ).first.map { try Invitation(row: $0) }
    }

    /// The invitation of a code, good or not, before its organization is known.
    static func offer(of hash: Digest, in database: Database) async throws -> InvitationOffer? {
        try await database.query(
            """
            SELECT org_id, id, email, organization, slug, is_good FROM auth.invitation_by_code(\(hash.bytes))
            """
        ).first.map { row in
            InvitationOffer(
                organization: try row["org_id"], id: try row["id"], email: try row["email"],
                name: try row["organization"], slug: try row["slug"], isGood: try row["is_good"])
        }
    }
}

/// What a code leads to, as far as it must be known to accept it.
struct InvitationOffer: Sendable {
    let organization: UniqueID
    let id: UniqueID
    let email: String?
    /// The organization's name.
    let name: String
    /// The organization's name in addresses.
    let slug: String
    /// Whether it is neither used up, nor revoked, nor expired, nor its organization retired.
    let isGood: Bool
}

extension Invitation {
    init(row: Row) throws {
        let (usesMaximum, uses): (Int32, Int32) = (try row["max_uses"], try row["uses"])
        self.init(
            id: try row["id"], email: try row["email"],
            role: RoleChoice(try Role(stored: row["role"]), custom: try row["custom_role_id"]),
            team: try row["team_id"], usesMaximum: Int(usesMaximum), uses: Int(uses), isMailed: try row["mailed"],
            createdBy: try row["created_by"], createdByKey: try row["created_by_key"],
            createdAt: try row["created_at"], expiresAt: try row["expires_at"], revokedAt: try row["revoked_at"])
    }
}
