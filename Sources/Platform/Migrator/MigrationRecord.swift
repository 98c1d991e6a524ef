// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres
import SwiftExtensions

/// What a run writes down, and the catalog it compares with.
extension MigrationRun {
    /// The live catalog of our schemas, without the migrator's own tables.
    func catalog() async throws(InventoryError) -> Catalog {
        let inventory = try await SchemaInventory.read(session, schemas: ours).filter { object in
            object.schema != HistoryTable.schema
                || !(object.table ?? object.name).hasPrefix(HistoryTable.prefix)
        }
        return Catalog(inventory)
    }

    /// Adds the row of a step to the history, with the catalog as it is now.
    ///
    /// - Returns: That catalog.
    func record(
        _ event: HistoryRow.Event, _ migration: Migration, body: String, began: ContinuousClock.Instant,
        before: Catalog?
    ) async throws -> Catalog {
        // The file may have become somebody who may not write here.
        try await session.run(script: "RESET ROLE")
        let after = try await catalog()
        var row = row(event, migration, began: began)
        if event == .rolledBack {
            row.algorithm = MigrationChecksum.sqlTokens
            row.checksum = MigrationChecksum.tokens(body)
            row.rawChecksum = MigrationChecksum.raw(body)
        }
        row.fingerprintBefore = before?.fingerprint
        row.fingerprint = after.fingerprint
        try await keep(after)
        try await append(&row, body: body)
        return after
    }

    /// A row of our own, without its place.
    func row(_ event: HistoryRow.Event, _ migration: Migration?, began: ContinuousClock.Instant) -> HistoryRow {
        HistoryRow(
            event: event, step: migration?.id ?? 0, name: migration?.name ?? "", kind: migration?.kind ?? .sql,
            algorithm: migration?.algorithm ?? "", checksum: migration?.checksum ?? "",
            rawChecksum: migration?.rawChecksum ?? "", actor: migrator.actor, login: server.login,
            programVersion: migrator.programVersion, serverVersion: server.version, occurredAt: Timestamp.now(),
            milliseconds: (ContinuousClock.now - began).milliseconds)
    }

    /// Gives the row its place at the end, and the server's time, and writes it.
    func append(_ row: inout HistoryRow, body: String?) async throws(PostgresError) {
        let rows = try await session.query(
            """
            SELECT clock_timestamp() AS now, last.sequence, last.hash
            FROM (VALUES (1)) AS one LEFT JOIN
                (SELECT sequence, hash FROM ops._migration_history ORDER BY sequence DESC LIMIT 1) AS last ON true
            """)
        var last: (sequence: Int64, hash: String)?
        if let found = rows.first {
            row.occurredAt = try found["now"]
            if let sequence: Int64 = try found["sequence"] { last = (sequence, try found["hash"]) }
        }
        row.follow(last)
        _ = try await session.execute(row.insertion(body: body))
    }

    /// Keeps a catalog under its fingerprint, so that a later difference can be named.
    func keep(_ catalog: Catalog) async throws(PostgresError) {
        _ = try await session.execute(
            """
            INSERT INTO ops._migration_inventories (server_major, fingerprint, inventory)
            VALUES (\(Int32(catalog.inventory.serverMajor)), \(catalog.fingerprint),
                \(String(decoding: catalog.json, as: UTF8.self)))
            ON CONFLICT DO NOTHING
            """)
    }

    /// The catalog that a fingerprint stands for; nil when it is not there, or another.
    func kept(_ fingerprint: String) async throws -> SchemaInventory? {
        let rows = try await session.query(
            "SELECT inventory FROM ops._migration_inventories WHERE fingerprint = \(fingerprint) LIMIT 1")
        guard let text: String = try rows.first?["inventory"] else { return nil }
        guard let found = try? SchemaInventory(json: Array(text.utf8)), found.fingerprint == fingerprint else {
            return nil
        }
        return found
    }
}

/// What is there, as it is kept, and the sum of it, which take a while to make.
struct Catalog {
    let inventory: SchemaInventory
    let json: [UInt8]
    let fingerprint: String

    init(_ inventory: SchemaInventory) {
        self.inventory = inventory
        (json, fingerprint) = inventory.sealed
    }
}

/// What a run must know of its server.
struct ServerFacts {
    /// `server_version_num`.
    let version: Int
    let login: String
    let role: String
    let database: String
    let mayCreate: Bool
    let isInRecovery: Bool
    let isReadOnly: Bool

    static func read(_ session: PostgresConnection) async throws(PostgresError) -> ServerFacts {
        let rows = try await session.query(
            """
            SELECT current_setting('server_version_num')::bigint AS version, session_user::text AS login,
                quote_ident(current_user) AS role, quote_ident(current_database()) AS database,
                has_database_privilege(current_database(), 'CREATE') AS may_create,
                pg_is_in_recovery() AS is_in_recovery, current_setting('transaction_read_only')::bool AS is_read_only
            """)
        guard let row = rows.first else { throw .decoding(column: "version", reason: "is not there") }
        return ServerFacts(
            version: try row["version"], login: try row["login"], role: try row["role"],
            database: try row["database"], mayCreate: try row["may_create"],
            isInRecovery: try row["is_in_recovery"], isReadOnly: try row["is_read_only"])
    }

    /// Throws where nothing could be done.
    func check() throws(MigrationError) {
        guard version >= 150_000 else { throw .serverTooOld(version: version) }
        if isInRecovery { throw .readOnly(reason: "it is a replica (in recovery)") }
        if isReadOnly { throw .readOnly(reason: "default_transaction_read_only is on") }
        guard mayCreate else { throw .missingPrivilege(role: role, database: database, privilege: "CREATE") }
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
