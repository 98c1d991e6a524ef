// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import ObjectStore
import SwiftExtensions

/// The backups in one place: listed, opened, checked.
package struct BackupLibrary: Sendable {
    private let storage: any ObjectStorage

    package init(_ storage: any ObjectStorage) { self.storage = storage }

    /// The backups by name, which is by time for names given by time; a manifest that cannot be read is left out and
    /// its backup's name is among `broken`, as is that of one without a manifest, which a crash left behind.
    package func list() async throws(BackupError) -> (backups: [BackupManifest], broken: [String]) {
        var backups: [BackupManifest] = []
        var broken: Set<String> = []
        for (name, objects) in try await folders() {
            guard objects.contains(where: { $0.name == "\(name)/\(BackupWriter.manifestName)" }),
                let text = try? await storage.read(
                    "\(name)/\(BackupWriter.manifestName)", limit: BackupManifest.bytesMaximum),
                let manifest = try? BackupManifest(text, name: name)
            else {
                broken.insert(name)
                continue
            }
            backups.append(manifest)
        }
        return (backups.sorted { $0.name < $1.name }, broken.sorted())
    }

    /// The objects of each backup, those included that a crash left half written; nothing else that lies there.
    private func folders() async throws(BackupError) -> [String: [StoredObject]] {
        let objects: [StoredObject]
        do throws(ObjectStoreError) {
            objects = try await storage.list("") + storage.unfinished()
        } catch { throw .storage(error) }
        let ours = objects.filter { object in
            let parts = object.name.split(separator: "/")
            return parts.count == 2 && (parts[1].contains(".sealed") || parts[1].hasPrefix(BackupWriter.manifestName))
        }
        return Dictionary(grouping: ours) { String($0.name.prefix { $0 != "/" }) }
    }

    // MARK: Pruning

    /// What stays and what may go.
    package struct Pruning: Sendable, Equatable {
        /// The newest whole backups, the newest first.
        package let kept: [String]
        /// Older ones, and those whose objects are not all there or not of their size.
        package let surplus: [String]
        /// Without a manifest: a crash left them, or they are being made now.
        package let incomplete: [String]
    }

    /// Decides what may go when the newest `count` whole backups stay, at least 1.
    package func pruning(keeping count: Int) async throws(BackupError) -> Pruning {
        precondition(count > 0, "one backup stays")
        let (backups, broken) = try await list()
        let folders = try await folders()
        let newestFirst = backups.sorted { ($0.createdAt, $0.name) > ($1.createdAt, $1.name) }
        let whole = newestFirst.filter { manifest in
            let sizes = Dictionary((folders[manifest.name] ?? []).map { ($0.name, $0.bytes) }) { first, _ in first }
            return manifest.parts.allSatisfy { sizes["\(manifest.name)/\($0.object)"] == $0.sealedBytes }
        }
        let kept = whole.prefix(count).map(\.name)
        // Without a whole one, what is damaged may be all there is.
        let surplus = kept.isEmpty ? [] : newestFirst.map(\.name).filter { !kept.contains($0) }
        return Pruning(kept: kept, surplus: surplus, incomplete: broken)
    }

    /// Removes a backup: its manifest first, so that it is none from then on.
    package func remove(_ name: String) async throws(BackupError) {
        let objects = try await folders()[name] ?? []
        let manifest = "\(name)/\(BackupWriter.manifestName)"
        do throws(ObjectStoreError) {
            for object in objects where object.name == manifest { try await storage.remove(object.name) }
            for object in objects where object.name != manifest { try await storage.remove(object.name) }
        } catch { throw .storage(error) }
    }

    /// The manifest of a backup, believed; the newest when `name` is nil.
    package func open(
        _ name: String?, by holder: BackupKeyHolder?
    ) async throws(BackupError) -> OpenBackup {
        var wanted = name
        if wanted == nil { wanted = try await list().backups.last?.name }
        guard let wanted else { throw .missing(name: "at all", address: storage.address) }
        let text: [UInt8]
        do throws(ObjectStoreError) {
            text = try await storage.read(
                "\(wanted)/\(BackupWriter.manifestName)", limit: BackupManifest.bytesMaximum)
        } catch {
            switch error {
            case .missing, .invalidName: throw .missing(name: wanted, address: storage.address)
            default: throw .storage(error)
            }
        }
        let manifest = try BackupManifest(text, name: wanted)
        let keys = try await BackupKeys.open(manifest, text: text, by: holder, name: wanted)
        return OpenBackup(name: wanted, manifest: manifest, storage: storage, keys: keys)
    }
}

/// A backup whose manifest is genuine.
package struct OpenBackup: Sendable {
    /// The name it has now.
    package let name: String
    /// What it says of itself.
    package let manifest: BackupManifest
    private let storage: any ObjectStorage
    private let keys: BackupKeys

    init(name: String, manifest: BackupManifest, storage: any ObjectStorage, keys: BackupKeys) {
        self.name = name
        self.manifest = manifest
        self.storage = storage
        self.keys = keys
    }

    /// Reads everything and compares it: sizes, hashes, frames, and the rows of each table.
    package func verify(observe: @Sendable (BackupEvent) -> Void = { _ in }) async throws(BackupError) {
        let total = manifest.sealedBytes
        var done: Int64 = 0
        try await BackupError.translating {
            for (index, table) in manifest.tables.enumerated() {
                observe(.table(table.qualifiedName, number: index + 1, of: manifest.tables.count))
                var counter = CopyRowCounter()
                try await read(table.part) { bytes in
                    counter.add(bytes)
                    done += Int64(bytes.count)
                    observe(.progress(bytes: done, of: max(total, done)))
                }
                guard counter.isWhole else {
                    throw BackupError.corrupted(object: "\(name)/\(table.part.object)", reason: "it is no table's data")
                }
                guard counter.rows == table.rows else {
                    throw BackupError.countMismatch(
                        table: table.qualifiedName, expected: table.rows, found: counter.rows)
                }
            }
            for part in manifest.extras.values { try await read(part) { _ in } }
        }
    }

    /// Hands out the plaintext of a part.
    func read(_ part: BackupManifest.Part, _ take: ([UInt8]) async throws -> Void) async throws {
        let reader = try await SealedObjectReader(part, of: name, in: storage, keys: keys)
        while let bytes = try await reader.next() { try await take(bytes) }
    }

    /// An extra of at most `limit` bytes; nil when the backup has none for this purpose.
    package func extra(_ purpose: String, limit: Int = 1 << 30) async throws(BackupError) -> [UInt8]? {
        guard let part = manifest.extras[purpose] else { return nil }
        return try await BackupError.translating {
            var all: [UInt8] = []
            try await read(part) { bytes in
                guard all.count + bytes.count <= limit else {
                    throw BackupError.corrupted(object: "\(name)/\(part.object)", reason: "it is too large")
                }
                all += bytes
            }
            return all
        }
    }

    /// The pieces of an extra, asked for one after the other; nil when the backup has none for this purpose.
    package func pieces(of purpose: String) async throws -> (() async throws -> [UInt8]?)? {
        guard let part = manifest.extras[purpose] else { return nil }
        let reader = try await reader(part)
        return { try await reader.next() }
    }

    /// A reader of a part, for a COPY that asks for bytes.
    func reader(_ part: BackupManifest.Part) async throws -> SealedObjectReader {
        try await SealedObjectReader(part, of: name, in: storage, keys: keys)
    }
}
