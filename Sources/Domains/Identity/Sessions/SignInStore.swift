// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions

/// Accounts as sign-ins need them, before an organization is known: by the functions made for it.
enum SignInStore {
    /// Who has the address, and where they belong; nil for nobody.
    static func account(_ email: String, in database: Database) async throws -> SignInAccount? {
        guard email.utf8.count <= 320, !email.utf8.contains(0) else { return nil }
        guard
            let row = try await database.query(
                "SELECT user_id, password_hash, has_second_factor FROM auth.account(\(email))"
            ).first
        else { return nil }
        let user: UniqueID = try row["user_id"]
        let organizations = try await database.query("SELECT org_id, slug FROM auth.organizations_of(\(user))").map {
            SignInOrganization(id: try $0["org_id"], slug: try $0["slug"])
        }
        return SignInAccount(
            user: user, passwordHash: try row["password_hash"], hasSecondFactor: try row["has_second_factor"],
            organizations: organizations)
    }

    static func succeeded(
        _ user: UniqueID, newHash: String?, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.users SET last_login = now(), password_hash = coalesce(\(newHash), password_hash)
            WHERE id = \(user)
            """)
    }
}
