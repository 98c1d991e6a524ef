// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// The manifest as JSON.
extension BackupManifest {
    /// The text of `manifest.json`, authenticated.
    func text(_ code: HMACSHA256) throws(BackupError) -> [UInt8] {
        let value = value
        guard case .object(var members) = value else { return [] }
        members.append(JSONMember("authentication", .string(code.code(for: try Self.canonical(value, name)).hex)))
        return JSONValue.object(members).bytes
    }

    /// Reads the text without believing it: `malformed`, `unknownFormat`.
    init(_ text: [UInt8], name: String) throws(BackupError) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: text, limits: JSONLimits(maximumBytes: Self.bytesMaximum))
        } catch {
            throw .malformed(name: name, reason: "its manifest is no JSON (\(error))")
        }
        guard let format = value["format"]?.integer else {
            throw .malformed(name: name, reason: "its manifest names no format")
        }
        guard format == Self.format else { throw .unknownFormat(name: name, format: format) }
        guard let read = BackupManifest(value) else {
            throw .malformed(name: name, reason: "its manifest lacks something or holds what it should not")
        }
        self = read
    }

    /// Whether the text was written by who has the key.
    static func isGenuine(_ text: [UInt8], _ code: HMACSHA256) -> Bool {
        guard let value = try? JSONValue(parsing: text, limits: JSONLimits(maximumBytes: bytesMaximum)),
            let found = value["authentication"]?.string.flatMap({ Digest(hex: $0) }), let members = value.members,
            let signed = try? canonical(.object(members.filter { $0.key != "authentication" }), "")
        else { return false }
        return code.code(for: signed) == found
    }

    private static func canonical(_ value: JSONValue, _ name: String) throws(BackupError) -> [UInt8] {
        do { return try value.canonicalBytes() } catch {
            throw .malformed(name: name, reason: "its manifest has no canonical form (\(error))")
        }
    }

    private var value: JSONValue {
        [
            "format": .number(JSONNumber(Self.format)), "name": .string(name),
            "created_at_us": .number(JSONNumber(createdAt.microseconds)),
            "created_at": .string(createdAt.description), "program_version": .string(programVersion),
            "server_version": .string(serverVersion), "server_major": .number(JSONNumber(serverMajor)),
            "snapshot": .string(snapshot), "fingerprint": .string(fingerprint),
            "portable_fingerprint": .string(portableFingerprint), "key": key.value,
            "migrations": .array(migrations.map(\.value)), "tables": .array(tables.map(\.value)),
            "partitions": .array(partitions.map(\.value)), "sequences": .array(sequences.map(\.value)),
            "chain_heads": .array(heads.map(\.value)),
            "extras": .object(extras.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.value) }),
            "notes": .object(notes.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) }),
        ]
    }

    private init?(_ value: JSONValue) {
        guard let name = value["name"]?.string, let createdAt = value["created_at_us"]?.integer,
            let programVersion = value["program_version"]?.string,
            let serverVersion = value["server_version"]?.string, let serverMajor = value["server_major"]?.integer,
            let snapshot = value["snapshot"]?.string, let fingerprint = value["fingerprint"]?.string,
            let portable = value["portable_fingerprint"]?.string, let key = value["key"].flatMap(WrappedKey.init),
            let migrations = value.list("migrations", Migration.init), let tables = value.list("tables", Table.init),
            let partitions = value.list("partitions", Partition.init),
            let sequences = value.list("sequences", Sequence.init), let heads = value.list("chain_heads", Head.init),
            let extras = value["extras"]?.members, let notes = value["notes"]?.members
        else { return nil }
        let parts = extras.compactMap { member in Part(member.value).map { (member.key, $0) } }
        guard parts.count == extras.count else { return nil }
        self.init(
            name: name, createdAt: Timestamp(microseconds: createdAt), programVersion: programVersion,
            serverVersion: serverVersion, serverMajor: serverMajor, snapshot: snapshot, migrations: migrations,
            fingerprint: fingerprint, portableFingerprint: portable, tables: tables, partitions: partitions,
            sequences: sequences, heads: heads, extras: Dictionary(parts) { first, _ in first },
            notes: Dictionary(notes.map { ($0.key, $0.value.string ?? "") }) { first, _ in first }, key: key)
    }
}

extension JSONValue {
    fileprivate func list<Element>(_ name: String, _ make: (JSONValue) -> Element?) -> [Element]? {
        guard let values = self[name]?.elements else { return nil }
        let made = values.compactMap(make)
        return made.count == values.count ? made : nil
    }

    fileprivate static func number(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }
}

extension BackupManifest.Part {
    fileprivate var value: JSONValue {
        [
            "object": .string(object), "bytes": .number(bytes), "sha256": .string(sha256.hex),
            "sealed_bytes": .number(sealedBytes), "sealed_sha256": .string(sealedSHA256.hex),
        ]
    }

    fileprivate init?(_ value: JSONValue) {
        guard let object = value["object"]?.string, let bytes = value["bytes"]?.integer,
            let sha256 = value["sha256"]?.string.flatMap({ Digest(hex: $0) }),
            let sealedBytes = value["sealed_bytes"]?.integer,
            let sealedSHA256 = value["sealed_sha256"]?.string.flatMap({ Digest(hex: $0) })
        else { return nil }
        self.init(object: object, bytes: bytes, sha256: sha256, sealedBytes: sealedBytes, sealedSHA256: sealedSHA256)
    }
}

extension BackupManifest.Table {
    fileprivate var value: JSONValue {
        [
            "schema": .string(schema), "name": .string(name), "rows": .number(rows), "restored": .bool(isRestored),
            "columns": .array(columns.map { ["name": .string($0.name), "type": .string($0.type)] }),
            "part": part.value,
        ]
    }

    fileprivate init?(_ value: JSONValue) {
        let columns = value.list("columns") { column -> BackupManifest.Column? in
            guard let name = column["name"]?.string, let type = column["type"]?.string else { return nil }
            return BackupManifest.Column(name: name, type: type)
        }
        guard let schema = value["schema"]?.string, let name = value["name"]?.string, let columns,
            let rows = value["rows"]?.integer, let isRestored = value["restored"]?.bool,
            let part = value["part"].flatMap(BackupManifest.Part.init)
        else { return nil }
        self.init(schema: schema, name: name, columns: columns, rows: rows, part: part, isRestored: isRestored)
    }
}

extension BackupManifest.Partition {
    fileprivate var value: JSONValue {
        [
            "schema": .string(schema), "parent": .string(parent), "partition_schema": .string(partitionSchema),
            "name": .string(name), "bounds": .string(bounds),
        ]
    }

    fileprivate init?(_ value: JSONValue) {
        guard let schema = value["schema"]?.string, let parent = value["parent"]?.string,
            let partitionSchema = value["partition_schema"]?.string, let name = value["name"]?.string,
            let bounds = value["bounds"]?.string
        else { return nil }
        self.init(schema: schema, parent: parent, partitionSchema: partitionSchema, name: name, bounds: bounds)
    }
}

extension BackupManifest.Sequence {
    fileprivate var value: JSONValue {
        [
            "schema": .string(schema), "name": .string(name), "position": .string(String(position)),
            "is_called": .bool(isCalled),
        ]
    }

    fileprivate init?(_ value: JSONValue) {
        guard let schema = value["schema"]?.string, let name = value["name"]?.string,
            let number = value["position"]?.string.flatMap({ Int64($0) }), let isCalled = value["is_called"]?.bool
        else { return nil }
        self.init(schema: schema, name: name, position: number, isCalled: isCalled)
    }
}

extension BackupManifest.Migration {
    fileprivate var value: JSONValue {
        ["id": .number(id), "name": .string(name), "checksum": .string(checksum)]
    }

    fileprivate init?(_ value: JSONValue) {
        guard let id = value["id"]?.integer, let name = value["name"]?.string,
            let checksum = value["checksum"]?.string
        else { return nil }
        self.init(id: id, name: name, checksum: checksum)
    }
}

extension BackupManifest.Head {
    fileprivate var value: JSONValue {
        ["subject": .string(subject), "sequence": .number(sequence), "hash": .string(hash)]
    }

    fileprivate init?(_ value: JSONValue) {
        guard let subject = value["subject"]?.string, let sequence = value["sequence"]?.integer,
            let hash = value["hash"]?.string
        else { return nil }
        self.init(subject: subject, sequence: sequence, hash: hash)
    }
}

extension WrappedKey {
    fileprivate var value: JSONValue {
        switch holder {
        case .passphrase(let salt, let cost):
            [
                "holder": "passphrase", "salt": .string(Hex.encode(salt)), "memory_kib": .number(Int64(cost.memoryKiB)),
                "passes": .number(Int64(cost.passes)), "lanes": .number(Int64(cost.lanes)),
                "wrapped": .string(Hex.encode(wrapped)),
            ]
        case .masterKey(let id, let salt):
            [
                "holder": "master_key", "id": .string(id), "salt": .string(Hex.encode(salt)),
                "wrapped": .string(Hex.encode(wrapped)),
            ]
        }
    }

    fileprivate init?(_ value: JSONValue) {
        guard let wrapped = value["wrapped"]?.string.flatMap(Hex.decode),
            let salt = value["salt"]?.string.flatMap(Hex.decode)
        else { return nil }
        switch value["holder"]?.string {
        case "passphrase":
            let costs = ["memory_kib", "passes", "lanes"].compactMap {
                value[$0]?.integer.flatMap { UInt32(exactly: $0) }
            }
            guard costs.count == 3 else { return nil }
            let cost = Argon2idCost(memoryKiB: costs[0], passes: costs[1], lanes: costs[2])
            self.init(holder: .passphrase(salt: salt, cost: cost), wrapped: wrapped)
        case "master_key":
            guard let id = value["id"]?.string else { return nil }
            self.init(holder: .masterKey(id: id, salt: salt), wrapped: wrapped)
        default: return nil
        }
    }
}
