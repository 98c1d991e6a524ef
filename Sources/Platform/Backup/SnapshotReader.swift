// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Inventory
import Postgres
import SwiftExtensions

/// One consistent look at a whole database: a read-only transaction of one snapshot, in which everything is read.
struct SnapshotReader {
    let connection: PostgresConnection
    let profile: BackupProfile
    let tables: [CatalogTable]
    let serverVersion: String
    let serverMajor: Int64
    let snapshot: String
    let createdAt: Timestamp
    let inventory: SchemaInventory

    private var excluded: [String] { profile.foreignSchemas + [profile.markerSchema] }

    /// Begins: takes the snapshot, keeps the tables from being changed in form, and becomes the role that reads.
    ///
    /// - Throws: `notReadable` when that role would not see every row.
    init(_ connection: PostgresConnection, _ profile: BackupProfile) async throws {
        self.connection = connection
        self.profile = profile
        // A fixed order of rows gives the same bytes for the same data.
        try await connection.run(
            script: """
                SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s';
                SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET search_path = pg_catalog;
                BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
                """)
        let rows = try await connection.query(
            """
            SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS now,
                current_setting('server_version') AS version,
                current_setting('server_version_num')::int / 10000 AS major, current_user::text AS login
            """)
        guard let row = rows.first else { throw PostgresError.connection("the server sent no row") }
        snapshot = try row["snapshot"]
        createdAt = try row["now"]
        serverVersion = try row["version"]
        serverMajor = Int64(try row["major"] as Int32)
        let excluded = profile.foreignSchemas + [profile.markerSchema]
        inventory = try await SchemaInventory.read(connection, excluding: excluded)
        let role = try await Self.role(connection, profile, login: try row["login"])
        let all = try await CatalogTable.read(connection, role: role, excluding: excluded)
        // What no restore loads is taken along when it can be read, and left out when it cannot.
        tables = all.filter { $0.isReadable || profile.isRestored($0.qualifiedName) }
        try Self.check(tables, role: role, profile)
        if let first = tables.first {
            let list = tables.dropFirst().reduce(first.quoted) { $0 + ", " + $1.quoted }
            try await connection.run(script: "LOCK TABLE \(list.text) IN ACCESS SHARE MODE")
        }
    }

    /// The login itself when nothing is hidden from it, else the profile's reader when the login may become it.
    private static func role(
        _ connection: PostgresConnection, _ profile: BackupProfile, login: String
    ) async throws(PostgresError) -> String {
        guard let reader = profile.readerRole else { return login }
        let rows = try await connection.query(
            """
            SELECT FROM pg_roles login, pg_roles reader
            WHERE login.rolname = \(login) AND NOT login.rolsuper AND NOT login.rolbypassrls
                AND reader.rolname = \(reader) AND pg_has_role(login.oid, reader.oid, 'MEMBER')
            """)
        guard !rows.isEmpty else { return login }
        try await connection.execute("SET LOCAL ROLE \(identifier: reader)")
        return reader
    }

    private static func check(_ tables: [CatalogTable], role: String, _ profile: BackupProfile) throws(BackupError) {
        let advice = profile.readerRole.map {
            $0 == role
                ? "Give \($0) SELECT on it and a policy that shows it every row."
                : "Make \(role) a member of \($0), or use a superuser."
        }
        for table in tables where !table.isReadable {
            throw .notReadable(table: table.qualifiedName, role: role, advice: advice ?? "Use a superuser.")
        }
    }

    /// Hands out a table's rows in the binary form, in the order they lie in.
    func copy(_ table: CatalogTable, _ take: ([UInt8]) async throws -> Void) async throws -> Int64 {
        let expressions = profile.expressions[table.qualifiedName] ?? [:]
        var source: SQL = "\(table.quoted) (\(table.columnList))"
        if table.isPartitioned || !expressions.isEmpty {
            let columns = table.columns.map { column -> SQL in
                guard let expression = expressions[column.name] else { return "\(identifier: column.name)" }
                return "(\(raw: expression))::\(raw: column.type)"
            }
            let list = columns.dropFirst().reduce(columns.first ?? "") { $0 + ", " + $1 }
            source = "(SELECT \(list) FROM \(table.quoted))"
        }
        return Int64(try await connection.copyOut("COPY \(source) TO STDOUT (FORMAT binary)", take))
    }

    func partitions() async throws(PostgresError) -> [BackupManifest.Partition] {
        try await BackupManifest.Partition.read(connection, excluding: excluded)
    }

    func sequences() async throws(PostgresError) -> [BackupManifest.Sequence] {
        try await BackupManifest.Sequence.read(connection, excluding: excluded)
    }

    func heads() async throws(PostgresError) -> [BackupManifest.Head] {
        try await BackupManifest.Head.read(connection, profile.headsQuery)
    }

    func end() async throws(PostgresError) { try await connection.run(script: "COMMIT") }
}
