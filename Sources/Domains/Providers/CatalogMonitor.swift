// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
package import Cryptography
package import Postgres
import SwiftExtensions

/// The catalog in memory, read anew when its version in the database has gone up.
package final class CatalogMonitor: Sendable {
    private let database: Database
    private let masterKey: MasterKey
    private let state = Locked((version: Int64(0), catalog: Catalog.empty))
    private let onUnreadableKey: @Sendable (_ provider: String, _ reason: String) -> Void
    private let onChange: @Sendable () -> Void

    /// `database` acts as `witan_app`; a provider whose key cannot be opened is left out and reported; `onChange` runs
    /// after each new snapshot.
    package init(
        database: Database, masterKey: MasterKey,
        onUnreadableKey: @escaping @Sendable (_ provider: String, _ reason: String) -> Void,
        onChange: @escaping @Sendable () -> Void = {}
    ) {
        self.onChange = onChange
        self.database = database
        self.masterKey = masterKey
        self.onUnreadableKey = onUnreadableKey
    }

    /// The last snapshot; a caller keeps one for the whole of its call.
    package var catalog: Catalog { state.withLock { $0.catalog } }

    /// Reads the snapshot anew when its version has gone up.
    package func refresh() async throws {
        let version = try await SnapshotVersionStore.read("providers", from: database)
        guard version > state.withLock({ $0.version }) else { return }
        let rows = try await database.query(
            """
            SELECT org_id, provider_id, provider, provider_type, api_endpoint, encrypted_api_key, encrypted_dek,
                   master_key_id, timeout_ms, model_id, model, max_output_tokens, effective_from, pricing_version,
                   input_per_token, cached_input_per_token, output_per_token
            FROM providers.catalog_snapshot()
            """)
        let catalog = try build(rows)
        state.withLock { state in
            if version > state.version { state = (version, catalog) }
        }
        onChange()
    }

    /// Rows come ordered by organization, provider, model and time; one row a price, nulls where there is none.
    private func build(_ rows: [Row]) throws -> Catalog {
        var organizations: [UniqueID: OrganizationCatalog] = [:]
        var providers: [UniqueID: CatalogProvider] = [:]
        var models: [UniqueID: (row: Row, prices: [Price])] = [:]
        for row in rows {
            let organization: UniqueID = try row["org_id"]
            let providerID: UniqueID = try row["provider_id"]
            if providers[providerID] == nil {
                guard let provider = try open(row, organization: organization) else { continue }
                providers[providerID] = provider
                organizations[organization, default: OrganizationCatalog()].add(provider)
            }
            guard let model: UniqueID = try row["model_id"] else { continue }
            var known = models[model] ?? (row, [])
            if let price = try Price(row: row) { known.prices.append(price) }
            models[model] = known
        }
        for (id, known) in models {
            guard let provider = providers[try known.row["provider_id"]] else { continue }
            let limit: Int32? = try known.row["max_output_tokens"]
            organizations[try known.row["org_id"], default: OrganizationCatalog()].add(
                CatalogModel(
                    id: id, upstreamName: try known.row["model"], provider: provider,
                    maximumOutputTokens: limit.map(Int64.init), prices: known.prices))
        }
        return Catalog(organizations: organizations)
    }

    private func open(_ row: Row, organization: UniqueID) throws -> CatalogProvider? {
        let id: UniqueID = try row["provider_id"]
        let name: String = try row["provider"]
        guard let kind = Provider.Kind(rawValue: try row["provider_type"]) else {
            onUnreadableKey(name, "its type is not supported by this program")
            return nil
        }
        var apiKey: Secret<String>?
        if let sealed: [UInt8] = try row["encrypted_api_key"] {
            let envelope = Envelope(
                wrappedKey: try row["encrypted_dek"], sealed: sealed, keyID: try row["master_key_id"])
            do {
                let opened = try masterKey.open(
                    envelope, context: ProviderService.keyContext(organization: organization, provider: id))
                apiKey = Secret(String(decoding: opened.reveal(), as: UTF8.self))
            } catch {
                onUnreadableKey(name, error.description)
                return nil
            }
        }
        let milliseconds: Int32 = try row["timeout_ms"]
        return CatalogProvider(
            id: id, name: name, kind: kind, endpoint: try row["api_endpoint"] ?? "", apiKey: apiKey,
            timeout: .milliseconds(Int64(milliseconds)))
    }
}

extension Price {
    /// Nil for the nulls of a model without a price.
    init?(row: Row) throws {
        guard let effectiveFrom: Timestamp = try row["effective_from"] else { return nil }
        self.init(
            effectiveFrom: effectiveFrom, version: try row["pricing_version"],
            inputPerToken: try row["input_per_token"], cachedInputPerToken: try row["cached_input_per_token"],
            outputPerToken: try row["output_per_token"])
    }
}
