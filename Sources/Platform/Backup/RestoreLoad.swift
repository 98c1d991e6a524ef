// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres
import SwiftExtensions

/// The transaction that fills the new schema. Triggers and the owner's row security are off in it, and the comparison
/// of the whole catalog at its end proves that they are on again.
struct RestoreLoad {
    private let connection: PostgresConnection
    private let backup: OpenBackup
    private let profile: BackupProfile
    private let observe: @Sendable (BackupEvent) -> Void

    private var manifest: BackupManifest { backup.manifest }
    private var excluded: [String] { profile.foreignSchemas + [profile.markerSchema] }

    init(
        _ connection: PostgresConnection, _ backup: OpenBackup, _ profile: BackupProfile,
        _ observe: @escaping @Sendable (BackupEvent) -> Void
    ) {
        self.connection = connection
        self.backup = backup
        self.profile = profile
        self.observe = observe
    }

    func run() async throws {
        try await connection.run(
            script: """
                SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s';
                SET search_path = pg_catalog; BEGIN
                """)
        do {
            try await fill()
            try await connection.run(
                script: SQL("DROP SCHEMA \(identifier: profile.markerSchema); COMMIT").text)
        } catch {
            try? await connection.run(script: "ROLLBACK")
            throw error
        }
    }

    private func fill() async throws {
        let tables = try await targets()
        try await replacePartitions()
        let guards = try await TableGuards.read(connection, tables)
        try await guards.open(connection)
        let order = try await LoadOrder.read(connection, tables)
        try await order.defer(connection)
        let list = tables.dropFirst().reduce(tables.first?.quoted ?? "") { $0 + ", " + $1.quoted }
        try await connection.run(script: "TRUNCATE \(list.text)")
        try await load(order.sorted(tables))
        for sequence in manifest.sequences {
            let name = SQL("\(identifier: sequence.schema).\(identifier: sequence.name)").text
            try await connection.execute(
                "SELECT setval(\(name)::regclass, \(sequence.position), \(sequence.isCalled))")
        }
        try await order.settle(connection)
        guard try await BackupManifest.Head.read(connection, profile.headsQuery) == manifest.heads else {
            throw BackupError.differentHeads
        }
        try await guards.close(connection)
        try await compareCatalogs()
        try await connection.run(script: "ANALYZE \(list.text)")
    }

    /// The tables to load, each found in the new schema with the same columns.
    private func targets() async throws -> [CatalogTable] {
        let role: String = try await connection.query("SELECT current_user::text AS role").first?["role"] ?? ""
        let known = Dictionary(
            try await CatalogTable.read(connection, role: role, excluding: excluded).map { ($0.qualifiedName, $0) }
        ) { first, _ in first }
        var targets: [CatalogTable] = []
        for table in manifest.tables where table.isRestored {
            guard let target = known[table.qualifiedName] else {
                throw BackupError.differentTable(table.qualifiedName, reason: "the new schema does not have it")
            }
            guard
                Set(target.columns.map { "\($0.name) \($0.type)" })
                    == Set(table.columns.map { "\($0.name) \($0.type)" })
            else {
                throw BackupError.differentTable(
                    table.qualifiedName, reason: "its columns are others in the new schema")
            }
            targets.append(target)
        }
        return targets
    }

    /// Gives each partitioned table the partitions that it had; those of a new schema are for other months.
    private func replacePartitions() async throws {
        let present = try await BackupManifest.Partition.read(connection, excluding: excluded)
        for partition in present where !manifest.partitions.contains(partition) {
            try await connection.run(script: SQL("DROP TABLE \(partition.quoted)").text)
        }
        for partition in manifest.partitions where !present.contains(partition) {
            guard partition.hasPlainBounds else {
                throw BackupError.differentTable(partition.name, reason: "its bounds are not those of a range")
            }
            let parent = SQL("\(identifier: partition.schema).\(identifier: partition.parent)")
            try await connection.run(
                script: SQL("CREATE TABLE \(partition.quoted) PARTITION OF \(parent) \(raw: partition.bounds)").text)
            let owner: String? = try await connection.query(
                "SELECT relowner::regrole::text AS owner FROM pg_class WHERE oid = \(parent.text)::regclass"
            ).first?["owner"]
            // The name comes quoted from the server.
            if let owner { try await connection.run(script: "ALTER TABLE \(partition.quoted.text) OWNER TO \(owner)") }
            try await guardLikeParent(partition, parent)
        }
    }

    /// Triggers of statements are not passed on to partitions.
    private func guardLikeParent(_ partition: BackupManifest.Partition, _ parent: SQL) async throws {
        let rows = try await connection.query(
            """
            SELECT replace(pg_get_triggerdef(t.oid), format(' ON %I.%I ', n.nspname, c.relname),
                           ' ON ' || \(partition.quoted.text) || ' ') AS definition
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE t.tgrelid = \(parent.text)::regclass AND t.tgtype & 1 = 0 AND NOT t.tgisinternal
            """)
        for row in rows { try await connection.run(script: try row["definition"]) }
    }

    private func load(_ tables: [CatalogTable]) async throws {
        let saved = Dictionary(manifest.tables.map { ($0.qualifiedName, $0) }) { first, _ in first }
        let total = manifest.tables.reduce(0) { $0 + $1.part.bytes }
        var done: Int64 = 0
        for (index, table) in tables.enumerated() {
            guard let source = saved[table.qualifiedName] else { continue }
            observe(.table(table.qualifiedName, number: index + 1, of: tables.count))
            let reader = try await backup.reader(source.part)
            let columns = source.columns.dropFirst().reduce("\(identifier: source.columns.first?.name ?? "")" as SQL) {
                $0 + ", \(identifier: $1.name)"
            }
            let rows = try await connection.copyIn("COPY \(table.quoted) (\(columns)) FROM STDIN (FORMAT binary)") {
                let bytes = try await reader.next()
                done += Int64(bytes?.count ?? 0)
                observe(.progress(bytes: done, of: max(total, done)))
                return bytes
            }
            guard Int64(rows) == source.rows else {
                throw BackupError.countMismatch(
                    table: table.qualifiedName, expected: source.rows, found: Int64(rows))
            }
        }
    }

    /// Equal to the byte on a server of the same version with the same administrators, else in what is comparable.
    private func compareCatalogs() async throws {
        let found = try await SchemaInventory.read(connection, excluding: excluded)
        guard found.fingerprint != manifest.fingerprint else { return }
        let portable = found.versionIndependent
        guard portable.fingerprint != manifest.portableFingerprint else { return }
        guard let bytes = try await backup.extra("catalog", limit: 64 << 20) else {
            throw BackupError.differentSchema(["its catalog was not saved"])
        }
        let expected = try SchemaInventory(json: bytes).versionIndependent
        throw BackupError.differentSchema(portable.differences(from: expected).map { "\($0)" })
    }
}

extension BackupManifest.Partition {
    var quoted: SQL { "\(identifier: partitionSchema).\(identifier: name)" }

    /// Whether the text is nothing but a range of literals: it becomes part of a statement.
    var hasPlainBounds: Bool {
        bounds.hasPrefix("FOR VALUES FROM (")
            && bounds.unicodeScalars.allSatisfy {
                $0.properties.isASCIIHexDigit || ("A"..."Z").contains($0) || " ()',-:+._".unicodeScalars.contains($0)
            }
    }
}
