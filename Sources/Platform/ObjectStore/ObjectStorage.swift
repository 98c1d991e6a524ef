// SPDX-License-Identifier: Apache-2.0

/// Where named objects of bytes are kept: a directory, or a bucket. An object is there whole or not at all.
///
/// Names are relative paths of letters, digits and `-_./`, without empty parts and without `..`.
package protocol ObjectStorage: Sendable {
    /// What stands in messages: a path or `s3://bucket/prefix`.
    var address: String { get }
    /// The objects whose names begin with `prefix`, by name.
    func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject]
    /// Begins an object; it is there once `finish` has returned, in place of what had its name.
    func create(_ name: String) async throws(ObjectStoreError) -> any ObjectWriter
    /// Begins to read an object, or `missing`.
    func open(_ name: String) async throws(ObjectStoreError) -> any ObjectReader
    /// What a writer that was killed left of objects, under names that `remove` takes; a writer may still be at work.
    func unfinished() async throws(ObjectStoreError) -> [StoredObject]
    /// Removes an object; nothing happens when there is none.
    func remove(_ name: String) async throws(ObjectStoreError)
}

/// An object in a list.
package struct StoredObject: Sendable, Equatable {
    /// Its name, with the prefix that was asked for.
    package let name: String
    /// Its size in bytes.
    package let bytes: Int64

    package init(name: String, bytes: Int64) {
        self.name = name
        self.bytes = bytes
    }
}

/// An object being written, by one caller.
package protocol ObjectWriter: AnyObject {
    /// Adds bytes. At most a part of them (16 MiB) waits in memory.
    func write(_ bytes: [UInt8]) async throws(ObjectStoreError)
    /// Makes the object visible, once it outlasts a power cut.
    func finish() async throws(ObjectStoreError)
    /// Takes back what was written; best effort.
    func abandon() async
}

/// An object being read, by one caller.
package protocol ObjectReader: AnyObject {
    /// The next bytes, at most 8 MiB; nil at the end.
    func next() async throws(ObjectStoreError) -> [UInt8]?
}

extension ObjectStorage {
    /// Nothing, where objects that are not whole are not kept under a name.
    package func unfinished() async throws(ObjectStoreError) -> [StoredObject] { [] }

    /// Writes a whole object.
    package func write(_ bytes: [UInt8], to name: String) async throws(ObjectStoreError) {
        let writer = try await create(name)
        do {
            try await writer.write(bytes)
            try await writer.finish()
        } catch {
            await writer.abandon()
            throw error
        }
    }

    /// Reads a whole object of at most `limit` bytes, or `tooLarge`.
    package func read(_ name: String, limit: Int) async throws(ObjectStoreError) -> [UInt8] {
        let reader = try await open(name)
        var bytes: [UInt8] = []
        while let piece = try await reader.next() {
            guard bytes.count + piece.count <= limit else { throw .tooLarge(name: name, limit: limit) }
            bytes += piece
        }
        return bytes
    }
}

/// Whether `name` is one that all storages can hold.
func isObjectName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= 512
        && parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || [45, 46, 95].contains(byte)
                }
        }
}
