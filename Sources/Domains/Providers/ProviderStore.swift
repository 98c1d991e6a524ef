// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The tables `providers.providers`, `providers.models` and `providers.prices`.
enum ProviderStore {
    /// Adds the provider; false when there is one of that name, or will be in a moment.
    static func insert(
        _ provider: NewProvider, id: UniqueID, organization: UniqueID, sealedKey: Envelope?,
        in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO providers.providers
                (org_id, id, name, provider_type, api_endpoint, encrypted_api_key, encrypted_dek, master_key_id,
                 key_last_4_chars, timeout_ms)
            VALUES (\(organization), \(id), \(provider.name), \(provider.kind.rawValue), \(provider.endpoint),
                    \(sealedKey?.sealed), \(sealedKey?.wrappedKey), \(sealedKey?.keyID),
                    \(provider.lastFour), \(provider.timeout.wholeMilliseconds))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Whether a provider that was there is now retired. Its models stay, for the ledger's sake.
    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE providers.providers SET retired_at = now() WHERE id = \(id) AND retired_at IS NULL") == 1
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [Provider] {
        try await transaction.query(
            """
            SELECT id, name, provider_type, api_endpoint, key_last_4_chars, timeout_ms, is_active, created_at
            FROM providers.providers
            WHERE retired_at IS NULL AND (\(page.after)::uuid IS NULL OR id < \(page.after))
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try Provider(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Provider? {
        try await transaction.query(
            """
            SELECT id, name, provider_type, api_endpoint, key_last_4_chars, timeout_ms, is_active, created_at
            FROM providers.providers WHERE id = \(id) AND retired_at IS NULL
            """
        ).first.map { try Provider(row: $0) }
    }

    static func find(named name: String, in transaction: borrowing Transaction) async throws -> UniqueID? {
        try await transaction.query(
            "SELECT id FROM providers.providers WHERE name = \(name) AND retired_at IS NULL"
        ).first.map { try $0["id"] }
    }
}

/// The tables `providers.models` and `providers.prices`.
enum ModelStore {
    /// Adds the model; false when the provider has one of that name.
    static func insert(
        _ name: String, id: UniqueID, provider: UniqueID, maximumOutputTokens: Int64?, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO providers.models (org_id, id, provider_id, name, max_output_tokens)
            VALUES (\(organization), \(id), \(provider), \(name), \(maximumOutputTokens.map { Int32(clamping: $0) }))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    static func find(
        _ name: String, provider: UniqueID, in transaction: borrowing Transaction
    ) async throws -> UniqueID? {
        try await transaction.query(
            "SELECT id FROM providers.models WHERE provider_id = \(provider) AND name = \(name) AND retired_at IS NULL"
        ).first.map { try $0["id"] }
    }

    static func insert(
        _ price: Price, model: UniqueID, organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO providers.prices
                (org_id, model_id, effective_from, id, pricing_version, input_per_token, cached_input_per_token,
                 output_per_token)
            VALUES (\(organization), \(model), \(price.effectiveFrom), \(UniqueID.v7()), \(price.version),
                    \(price.inputPerToken), \(price.cachedInputPerToken), \(price.outputPerToken))
            """)
    }
}

extension Provider {
    init(row: Row) throws {
        guard let kind = Kind(rawValue: try row["provider_type"]) else {
            throw DomainError(.internalFailure, code: "unknown_provider_type", "A stored provider's type is not known.")
        }
        let milliseconds: Int32 = try row["timeout_ms"]
        self.init(
            id: try row["id"], name: try row["name"], kind: kind, endpoint: try row["api_endpoint"],
            keyLastFour: try row["key_last_4_chars"], timeout: .milliseconds(Int64(milliseconds)),
            isActive: try row["is_active"], createdAt: try row["created_at"])
    }
}

extension Duration {
    /// Whole milliseconds, within what the column holds.
    var wholeMilliseconds: Int32 {
        Int32(clamping: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
