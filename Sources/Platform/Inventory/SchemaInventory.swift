// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Every object of a database's schemas, in a form that can be compared and kept.
///
/// Partitions by range are made and dropped while the program runs, so they are not in it, except one that is not as
/// its parent: with grants, triggers, constraints or an owner of its own, without the row security of the others, or
/// with a bound that leaves a gap.
package struct SchemaInventory: Sendable, Equatable {
    /// Of the server that was asked, such as 15.
    package let serverMajor: Int
    /// The superusers and the database's owner, whose names differ from server to server.
    package let administrators: [String]
    /// By kind and name.
    package let objects: [SchemaObject]

    package init(serverMajor: Int, administrators: [String], objects: [SchemaObject]) {
        self.serverMajor = serverMajor
        self.administrators = administrators.sorted()
        // Each name is put together once, not at every comparison.
        self.objects = objects.map { ($0.identity, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// SHA-256 over the canonical form of the objects, 64 hexadecimal digits. Equal for equal catalogs on servers of
    /// the same major version; across versions compare `versionIndependent`.
    package var fingerprint: String { Self.fingerprint(of: objectsJSON) }

    /// `json` and `fingerprint`, for little more than one of them.
    package var sealed: (json: [UInt8], fingerprint: String) {
        let objects = objectsJSON
        return (json(around: objects), Self.fingerprint(of: objects))
    }

    private static func fingerprint(of objects: [UInt8]) -> String {
        SHA256.hash(Array("schema inventory 1\n".utf8), objects).hex
    }

    private init(serverMajor: Int, administrators: [String], sorted objects: [SchemaObject]) {
        self.serverMajor = serverMajor
        self.administrators = administrators
        self.objects = objects
    }

    /// The objects that `isIncluded` says yes to.
    package func filter(_ isIncluded: (SchemaObject) -> Bool) -> SchemaInventory {
        SchemaInventory(serverMajor: serverMajor, administrators: administrators, sorted: objects.filter(isIncluded))
    }

    // MARK: JSON

    /// The whole inventory as JSON; the same bytes for the same inventory.
    package var json: [UInt8] { json(around: objectsJSON) }

    private func json(around objects: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(capacity: objects.count + 256)
        writer.object { writer in
            writer.member("format", Int64(1))
            writer.member("server_major", Int64(serverMajor))
            writer.key("administrators")
            writer.array { writer in
                for name in administrators { writer.string(name) }
            }
            writer.key("objects")
            writer.raw(unchecked: objects)
        }
        return writer.finish()
    }

    private var objectsJSON: [UInt8] {
        var writer = JSONWriter(capacity: objects.count * 200)
        writer.array { writer in
            for object in objects {
                writer.object { writer in
                    writer.member("kind", object.kind.rawValue)
                    writer.member("schema", object.schema)
                    writer.member("table", object.table)
                    writer.member("name", object.name)
                    writer.key("facts")
                    writer.object { writer in
                        for (name, value) in object.facts.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
                    }
                }
            }
        }
        return writer.finish()
    }

    /// What `json` wrote, of at most 64 MiB.
    ///
    /// - Throws: `malformed`.
    package init(json: [UInt8]) throws(InventoryError) {
        do {
            let text = try JSONText(validating: json, limits: JSONLimits(maximumBytes: 64 << 20))
            var fields = try JSONFields(text.root)
            guard try fields.integer("format", in: 1...Int64(Int32.max)) == 1 else {
                throw InventoryError.malformed("its format is not 1, which is the one this program knows")
            }
            let major = Int(try fields.integer("server_major", in: 1...999))
            let administrators = try fields.stringArray("administrators")
            let objects = try fields.objectArray("objects", count: 1_000_000).map(Self.object)
            self.init(serverMajor: major, administrators: administrators, objects: objects)
        } catch let error as InventoryError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    private static func object(_ fields: JSONFields) throws -> SchemaObject {
        var fields = fields
        let word = try fields.string("kind")
        guard let kind = SchemaObject.Kind(rawValue: word) else {
            throw InventoryError.malformed("\"\(word)\" is no kind of object that this program knows")
        }
        var facts: [String: String] = [:]
        try fields.value("facts").members { name, value in
            guard let text = value.string else {
                throw InventoryError.malformed("the fact \"\(name)\" is not a string")
            }
            facts[name] = text
        }
        return SchemaObject(
            kind: kind, schema: try fields.string("schema"), table: try fields.optionalString("table"),
            name: try fields.string("name"), facts: facts)
    }
}
