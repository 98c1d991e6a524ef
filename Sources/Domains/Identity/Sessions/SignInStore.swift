// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
import SwiftExtensions

/// Accounts as sign-ins need them, before an organization is known: by the functions made for it.
enum SignInStore {
    /// Who has the address, and where they belong; nil for nobody.
    ///
    /// What is no address is nobody's without asking: PostgreSQL's small letters are not Swift's (İ is an i to one of
    /// them), and an account is found under the name that failures are counted by or not at all.
    static func account(_ email: String, in database: Database) async throws -> SignInAccount? {
        guard let email = (try? EmailAddress(email))?.description,
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

    /// How many accounts have a hash of which cost.
    static func passwordCosts(in database: Database) async throws -> [(cost: Argon2idCost, accounts: Int)] {
        try await database.query("SELECT cost, accounts FROM auth.password_costs()").compactMap { row in
            let accounts: Int64 = try row["accounts"]
            return Argon2idCost(try row["cost"] as String).map { ($0, Int(accounts)) }
        }
    }

    /// Notes a sign-in, which waits for whoever is changing the account; false when password or second factor are not
    /// those any more that were checked.
    static func succeeded(
        _ account: SignInAccount, newHash: String?, in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            UPDATE auth.users SET last_login = now(), password_hash = coalesce(\(newHash), password_hash)
            WHERE id = \(account.user) AND password_hash = \(account.passwordHash)
                AND (totp_confirmed_at IS NOT NULL) = \(account.hasSecondFactor)
            """) == 1
    }
}
