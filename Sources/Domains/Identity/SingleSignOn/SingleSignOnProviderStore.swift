// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions

/// The table `auth.sso_providers`.
enum SingleSignOnProviderStore {
    private static let columns: SQL = """
        id, issuer, client_id, encrypted_client_secret IS NOT NULL AS has_secret, name, scopes, allowed_domains,
        trusts_email, group_claim, role_mapping, default_role, is_active, created_at
        """

    static func insert(
        _ provider: NewSingleSignOnProvider, id: UniqueID, secret: Envelope?, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws {
        let rules = provider.rules
        try await transaction.execute(
            """
            INSERT INTO auth.sso_providers
                (org_id, id, name, issuer, client_id, encrypted_client_secret, encrypted_dek, master_key_id,
                 allowed_domains, trusts_email, scopes, group_claim, role_mapping, default_role, is_active)
            VALUES (\(organization), \(id), \(rules.name), \(provider.issuer), \(provider.clientID), \(secret?.sealed),
                    \(secret?.wrappedKey), \(secret?.keyID), \(rules.allowedDomains), \(rules.trustsEmail),
                    \(rules.scopes), \(rules.groupClaim), \(rules.mappingJSON), \(rules.defaultRole?.rawValue),
                    \(rules.isActive))
            """)
    }

    static func update(
        _ id: UniqueID, _ rules: SingleSignOnRules, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.sso_providers
            SET name = \(rules.name), scopes = \(rules.scopes), allowed_domains = \(rules.allowedDomains),
                trusts_email = \(rules.trustsEmail),
                group_claim = \(rules.groupClaim), role_mapping = \(rules.mappingJSON),
                default_role = \(rules.defaultRole?.rawValue), is_active = \(rules.isActive)
            WHERE id = \(id)
            """)
    }

    static func setSecret(_ id: UniqueID, _ secret: Envelope, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE auth.sso_providers
            SET encrypted_client_secret = \(secret.sealed), encrypted_dek = \(secret.wrappedKey),
                master_key_id = \(secret.keyID)
            WHERE id = \(id)
            """)
    }

    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.sso_providers SET retired_at = now() WHERE id = \(id) AND retired_at IS NULL") == 1
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [SingleSignOnProvider]
    {
        try await transaction.query(
            """
            SELECT \(columns) FROM auth.sso_providers
            WHERE retired_at IS NULL AND (\(page.after)::uuid IS NULL OR id < \(page.after))
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try SingleSignOnProvider(row: $0) }
    }

    /// A provider in use; locked against changes until the transaction ends where it is to be changed.
    static func find(
        _ id: UniqueID, locking: Bool = false, in transaction: borrowing Transaction
    ) async throws -> SingleSignOnProvider? {
        let lock: SQL = locking ? "FOR UPDATE" : ""
        return try await transaction.query(
            "SELECT \(columns) FROM auth.sso_providers WHERE id = \(id) AND retired_at IS NULL \(lock)"
        ).first.map { try SingleSignOnProvider(row: $0) }
    }

    /// Its sealed secret; nil for a public client.
    static func secret(of id: UniqueID, in transaction: borrowing Transaction) async throws -> Envelope? {
        try await transaction.query(
            """
            SELECT encrypted_client_secret, encrypted_dek, master_key_id FROM auth.sso_providers
            WHERE id = \(id) AND encrypted_client_secret IS NOT NULL
            """
        ).first.map { row in
            Envelope(
                wrappedKey: try row["encrypted_dek"], sealed: try row["encrypted_client_secret"],
                keyID: try row["master_key_id"])
        }
    }

    /// Whose an active provider is; nil when it is nobody's.
    static func organization(of provider: UniqueID, in database: Database) async throws -> UniqueID? {
        try await database.query("SELECT auth.sso_provider_organization(\(provider)) AS org_id").first?["org_id"]
    }
}

extension SingleSignOnRules {
    fileprivate var mappingJSON: PostgresJSON {
        let members = roleMapping.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value.rawValue)) }
        return PostgresJSON(JSONValue.object(members).description)
    }
}

extension SingleSignOnProvider {
    fileprivate init(row: Row) throws {
        var rules = SingleSignOnRules(name: try row["name"])
        rules.scopes = try row["scopes"]
        rules.allowedDomains = try row["allowed_domains"]
        rules.trustsEmail = try row["trusts_email"]
        rules.groupClaim = try row["group_claim"]
        let mapping: String = try row["role_mapping"]
        for member in try JSONValue(parsing: Array(mapping.utf8)).members ?? [] {
            rules.roleMapping[member.key] = member.value.string.flatMap(Role.init)
        }
        let role: String? = try row["default_role"]
        rules.defaultRole = role.flatMap(Role.init)
        rules.isActive = try row["is_active"]
        self.init(
            id: try row["id"], issuer: try row["issuer"], clientID: try row["client_id"],
            hasSecret: try row["has_secret"], rules: rules, createdAt: try row["created_at"])
    }
}
