// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The tables `auth.sso_identities` and `auth.sso_logins`, and the accounts that people come to by them.
enum SignOnStore {
    /// A person here, as a sign-in needs to know them.
    struct Account: Sendable {
        let user: UniqueID
        let role: RoleChoice
        let hasLeft: Bool
        let isOperator: Bool
    }

    // MARK: People

    /// Who the provider's subject is here; nil for somebody new.
    static func user(
        of subject: String, at provider: UniqueID, in transaction: borrowing Transaction
    ) async throws -> UniqueID? {
        try await transaction.query(
            "SELECT user_id FROM auth.sso_identities WHERE sso_provider_id = \(provider) AND subject = \(subject)"
        ).first?["user_id"]
    }

    /// The organization's member; nil when this person never was one.
    static func account(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> Account? {
        try await transaction.query(
            """
            SELECT m.role, m.custom_role_id,
                   m.retired_at IS NOT NULL OR u.id IS NULL OR u.retired_at IS NOT NULL AS has_left,
                   coalesce(u.role = 'operator', false) AS is_operator
            FROM auth.memberships m LEFT JOIN auth.users u ON u.id = m.user_id
            WHERE m.user_id = \(user)
            """
        ).first.map { row in
            Account(
                user: user, role: RoleChoice(try Role(stored: row["role"]), custom: try row["custom_role_id"]),
                hasLeft: try row["has_left"], isOperator: try row["is_operator"])
        }
    }

    /// Who has the address, in whatever organization; nil for nobody.
    static func user(with email: EmailAddress, in transaction: borrowing Transaction) async throws -> UniqueID? {
        try await transaction.query("SELECT user_id FROM auth.account(\(email.description))").first?["user_id"]
    }

    /// Whom a provider means, if they belong here or did: who was linked, or has the verified address.
    static func known(
        _ person: FederatedPerson, at provider: UniqueID, in transaction: borrowing Transaction
    ) async throws -> UniqueID? {
        if let linked = try await user(of: person.subject, at: provider, in: transaction) { return linked }
        guard let email = try? person.verifiedEmail(), let user = try await user(with: email, in: transaction),
            try await account(user, in: transaction) != nil
        else { return nil }
        return user
    }

    /// An account without password, and its membership. Its address counts as not proven: only the organization's
    /// provider has said so.
    static func insert(
        _ user: UniqueID, _ person: FederatedPerson, email: EmailAddress, role: Role, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "INSERT INTO auth.users (id, email, name) VALUES (\(user), \(email.description), \(person.name))")
        try await transaction.execute(
            """
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES (\(organization), \(user), \(role.rawValue))
            """)
    }

    static func link(
        _ user: UniqueID, to subject: String, at provider: UniqueID, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.sso_identities (org_id, sso_provider_id, subject, user_id)
            VALUES (\(organization), \(provider), \(subject), \(user))
            """)
    }

    static func touch(
        _ person: FederatedPerson, at provider: UniqueID, user: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.sso_identities SET last_used = now(), email = \(person.email?.description)
            WHERE sso_provider_id = \(provider) AND subject = \(person.subject)
            """)
        try await transaction.execute("UPDATE auth.users SET last_login = now() WHERE id = \(user)")
    }

    static func set(_ role: Role, of user: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE auth.memberships SET role = \(role.rawValue), custom_role_id = NULL
            WHERE user_id = \(user) AND retired_at IS NULL
            """)
    }

    // MARK: Returns

    /// Notes that somebody came back with this state; false when somebody did before.
    static func claim(
        _ id: UniqueID, state: String, provider: UniqueID, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO auth.sso_logins (org_id, id, sso_provider_id, state_hash)
            VALUES (\(organization), \(id), \(provider), \(SHA256.hash(state.utf8).bytes)) ON CONFLICT DO NOTHING
            """) == 1
    }

    /// The code that the return gives, good for a minute.
    static func setCode(
        _ code: Digest, challenge: String, user: UniqueID, of login: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.sso_logins
            SET code_hash = \(code.bytes), code_challenge = \(challenge), user_id = \(user),
                code_expires_at = now() + interval '1 minute'
            WHERE id = \(login)
            """)
    }

    /// Whom a code was for, be it good or not; nil for one that was never given.
    static func owner(of code: Digest, in transaction: borrowing Transaction) async throws -> UniqueID? {
        try await transaction.query("SELECT user_id FROM auth.sso_logins WHERE code_hash = \(code.bytes)")
            .first?["user_id"]
    }

    /// Uses a code up; who it is for, nil unless it is good and not used yet.
    static func take(
        _ code: Digest, challenge: String, in transaction: borrowing Transaction
    ) async throws -> UniqueID? {
        try await transaction.query(
            """
            UPDATE auth.sso_logins SET used_at = now()
            WHERE code_hash = \(code.bytes) AND code_challenge = \(challenge) AND used_at IS NULL
                AND code_expires_at > now()
            RETURNING user_id
            """
        ).first?["user_id"]
    }
}
