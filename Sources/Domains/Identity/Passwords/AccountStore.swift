// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The table `auth.users`, as far as passwords go.
enum AccountStore {
    /// Nil when the organization of the transaction has no such person in use.
    static func find(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> Account? {
        try await transaction.query(
            """
            SELECT u.id, u.email, u.name, u.password_hash, o.name AS organization, o.slug
            FROM auth.users u, auth.organizations o WHERE u.id = \(user) AND u.retired_at IS NULL
            """
        ).first.map { row in
            let (email, name): (String, String) = (try row["email"], try row["name"])
            return Account(
                user: try row["id"], email: email, name: name, passwordHash: try row["password_hash"],
                knownWords: KnownWords(
                    email: email, name: name, organizations: [try row["organization"], try row["slug"]]))
        }
    }

    /// Whether the person belongs to other organizations as well, and was let into this one by its identity provider,
    /// whom its administrators choose: that must not reach what the others rely on, too.
    static func isGuest(_ principal: Principal, in transaction: borrowing Transaction) async throws -> Bool {
        try await !transaction.query(
            """
            SELECT 1 AS found FROM auth.sessions
            WHERE family_id = \(principal.session) AND second_factor = 'sso'
                AND (SELECT count(*) FROM auth.organizations_of(\(principal.user))) > 1 LIMIT 1
            """
        ).isEmpty
    }

    /// Whose an address is; nil for nobody's.
    static func user(with email: EmailAddress, in database: Database) async throws -> UniqueID? {
        try await database.query("SELECT user_id FROM auth.account(\(email.description))").first.map {
            try $0["user_id"]
        }
    }

    /// Sets a password; `known` is the hash that was checked, so that of two changes at once one wins. False for the
    /// other.
    static func setPassword(
        _ hash: String, of user: UniqueID, inPlaceOf known: String?, in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            UPDATE auth.users SET password_hash = \(hash)
            WHERE id = \(user) AND password_hash IS NOT DISTINCT FROM \(known)
            """) == 1
    }

    /// Ends a person's sessions everywhere, but for one family.
    static func endSessions(
        of user: UniqueID, because reason: String, but family: UniqueID?, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute("SELECT auth.end_sessions(\(user), \(reason), \(family))")
    }

    /// Sets a password of somebody who has read their mail, which proves the address.
    static func resetPassword(
        _ hash: String, of user: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE auth.users SET password_hash = \(hash), verified = true WHERE id = \(user)")
    }

    /// The organizations that a person belongs to, by name, whatever the one of the transaction.
    static func organizations(of user: UniqueID, in transaction: borrowing Transaction) async throws -> [UniqueID] {
        try await transaction.query("SELECT org_id FROM auth.organizations_of(\(user))").map { try $0["org_id"] }
    }

    /// The same before an organization is known.
    static func organizations(of user: UniqueID, in database: Database) async throws -> [UniqueID] {
        try await database.query("SELECT org_id FROM auth.organizations_of(\(user))").map { try $0["org_id"] }
    }
}
