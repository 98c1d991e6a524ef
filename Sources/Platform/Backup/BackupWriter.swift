// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Inventory
package import ObjectStore
package import Postgres
import SwiftExtensions

/// Takes a backup: one snapshot, table after table, sealed as it comes. Memory stays below some megabytes whatever the
/// database's size. The manifest comes last: until then there is no backup, and what was written is taken back when
/// something fails.
package struct BackupWriter: Sendable {
    private let database: Database
    private let storage: any ObjectStorage
    private let profile: BackupProfile
    private let observe: @Sendable (BackupEvent) -> Void

    /// `database` is the server itself or a pooler in session mode; its calls run on the caller's thread and block it
    /// when `storage` does.
    package init(
        database: Database, storage: any ObjectStorage, profile: BackupProfile,
        observe: @escaping @Sendable (BackupEvent) -> Void = { _ in }
    ) {
        self.database = database
        self.storage = storage
        self.profile = profile
        self.observe = observe
    }

    /// What goes into a backup besides the database.
    package struct Extra: Sendable {
        /// What it is for, such as `redis`.
        package let purpose: String
        /// Its bytes, piece by piece; nil after the last one.
        package let next: @Sendable () async throws -> [UInt8]?

        package init(purpose: String, next: @escaping @Sendable () async throws -> [UInt8]?) {
            self.purpose = purpose
            self.next = next
        }

        /// All of it in memory, at most some megabytes.
        package init(purpose: String, bytes: [UInt8]) {
            let rest = Locked<[UInt8]?>(bytes)
            self.init(purpose: purpose) { rest.withLock { $0.take() } }
        }
    }

    /// Takes a backup under `name`, or `taken` when something has it.
    ///
    /// - Parameters:
    ///   - migrations: The steps that made the schema.
    ///   - notes: Sentences and facts for the manifest, readable without the key.
    package func create(
        _ name: String, for holder: BackupKeyHolder, migrations: [BackupManifest.Migration],
        extras: [Extra] = [], notes: [String: String] = [:]
    ) async throws(BackupError) -> BackupManifest {
        let keys = try await BackupKeys.make(for: holder)
        return try await BackupError.translating {
            guard !name.contains("/") else { throw ObjectStoreError.invalidName(name) }
            guard try await storage.list("\(name)/").isEmpty else {
                throw BackupError.taken(name: name, address: storage.address)
            }
            var written: [String] = []
            do {
                return try await database.withConnection(queryTimeout: .seconds(24 * 3600)) { connection in
                    let reader = try await SnapshotReader(connection, profile)
                    return try await write(
                        name, reader, keys, migrations: migrations, extras: extras, notes: notes, &written)
                }
            } catch {
                for object in written { try? await storage.remove("\(name)/\(object)") }
                throw error
            }
        }
    }

    private func write(
        _ name: String, _ reader: SnapshotReader, _ keys: BackupKeys, migrations: [BackupManifest.Migration],
        extras: [Extra], notes: [String: String], _ written: inout [String]
    ) async throws -> BackupManifest {
        let total = reader.tables.reduce(0) { $0 + $1.size }
        var done: Int64 = 0
        var tables: [BackupManifest.Table] = []
        for (index, table) in reader.tables.enumerated() {
            observe(.table(table.qualifiedName, number: index + 1, of: reader.tables.count))
            let object = Self.object(index + 1)
            written.append(object)
            var rows: Int64 = 0
            let part = try await seal(object, of: name, keys) { take in
                rows = try await reader.copy(table) { chunk in
                    try await take(chunk)
                    done += Int64(chunk.count)
                    observe(.progress(bytes: done, of: max(total, done)))
                }
            }
            tables.append(
                BackupManifest.Table(
                    schema: table.schema, name: table.name, columns: table.columns, rows: rows, part: part,
                    isRestored: profile.isRestored(table.qualifiedName)))
        }
        var parts: [String: BackupManifest.Part] = [:]
        for extra in extras + [Extra(purpose: "catalog", bytes: reader.inventory.json)] {
            let object = "\(extra.purpose).sealed"
            written.append(object)
            parts[extra.purpose] = try await seal(object, of: name, keys) { write in
                while let piece = try await extra.next() { try await write(piece) }
            }
        }
        let manifest = BackupManifest(
            name: name, createdAt: reader.createdAt, programVersion: profile.programVersion,
            serverVersion: reader.serverVersion, serverMajor: reader.serverMajor, snapshot: reader.snapshot,
            migrations: migrations, fingerprint: reader.inventory.fingerprint,
            portableFingerprint: reader.inventory.versionIndependent.fingerprint, tables: tables,
            partitions: try await reader.partitions(), sequences: try await reader.sequences(),
            heads: try await reader.heads(), extras: parts, notes: notes, key: keys.wrapped)
        try await reader.end()
        try await storage.write(try manifest.text(keys.manifestCode), to: "\(name)/\(Self.manifestName)")
        return manifest
    }

    /// Writes one object with what `body` gives.
    private func seal(
        _ object: String, of name: String, _ keys: BackupKeys,
        _ body: ((_ bytes: [UInt8]) async throws -> Void) async throws -> Void
    ) async throws -> BackupManifest.Part {
        let writer = try await SealedObjectWriter(object, of: name, in: storage, keys: keys)
        do {
            try await body { try await writer.write($0) }
            return try await writer.finish()
        } catch {
            await writer.abandon()
            throw error
        }
    }

    static let manifestName = "manifest.json"

    static func object(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".sealed"
    }
}
