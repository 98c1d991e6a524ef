// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions
import Testing

@Suite("Master key and envelopes")
struct MasterKeyTests {
    /// A directory that is gone after `body`.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/master-key-XXXXXX".utf8CString)
        let made = mkdtemp(&template)
        let path = try #require(made.map { String(cString: $0) })
        defer {
            for name in ["key", "other", "directory"] {
                unlink("\(path)/\(name)")
                rmdir("\(path)/\(name)")
            }
            // Fails, and so does the test, if anything else was left there.
            #expect(rmdir(path) == 0)
        }
        try body(path)
    }

    private func write(_ count: Int, to path: String, mode: mode_t) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        fchmod(file, mode)
        _ = Glibc.write(file, [UInt8](repeating: 7, count: count), count)
        close(file)
    }

    @Test("the key is made once, readable by its owner only, and read again")
    func create() throws {
        try withDirectory { directory in
            let path = "\(directory)/key"
            #expect(throws: MasterKeyError.missing(path: path)) { try MasterKey.load(path: path) }
            let mask = umask(0)
            let made = try MasterKey.loadOrCreate(path: path)
            umask(mask)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600 && status.st_size == 32)
            #expect(try MasterKey.load(path: path).id == made.id)
            #expect(try MasterKey.loadOrCreate(path: path).id == made.id)
            #expect(try MasterKey.loadOrCreate(path: "\(directory)/other").id != made.id)
        }
    }

    @Test("the id is the beginning of SHA-256 of \"key id\" and the key")
    func id() throws {
        let key = [UInt8](repeating: 7, count: 32)
        let expected = SHA256.hash(Array("key id".utf8) + key).hex.prefix(16)
        #expect(try MasterKey(Secret(key)).id == String(expected))
        #expect(throws: CryptographyError.wrongSize(of: "AES-256 key", expected: 32, found: 31)) {
            try MasterKey(Secret([UInt8](repeating: 7, count: 31)))
        }
    }

    @Test("many who make the key at once all get the same one")
    func race() async throws {
        var template = Array("/tmp/master-key-XXXXXX".utf8CString)
        let made = mkdtemp(&template)
        let directory = try #require(made.map { String(cString: $0) })
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { try MasterKey.loadOrCreate(path: "\(directory)/key").id } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        unlink("\(directory)/key")
        #expect(rmdir(directory) == 0)
    }

    @Test(
        "a file others may read is refused with the remedy",
        arguments: [0o644, 0o640, 0o604, 0o660, 0o602, 0o700, 0o777])
    func mode(mode: Int) throws {
        try withDirectory { directory in
            let path = "\(directory)/key"
            write(32, to: path, mode: mode_t(mode))
            let error = #expect(throws: MasterKeyError.wrongMode(path: path, mode: UInt32(mode))) {
                try MasterKey.loadOrCreate(path: path)
            }
            #expect(error?.description.contains("chmod 600 \(path)") == true)
        }
    }

    @Test("a file of another size is refused and never written over", arguments: [0, 31, 33, 64])
    func size(count: Int) throws {
        try withDirectory { directory in
            let path = "\(directory)/key"
            write(count, to: path, mode: 0o600)
            #expect(throws: MasterKeyError.wrongSize(path: path, bytes: count)) {
                try MasterKey.loadOrCreate(path: path)
            }
            var status = stat()
            #expect(stat(path, &status) == 0 && Int(status.st_size) == count)
        }
    }

    @Test("a file of another user is refused with the remedy", .enabled(if: geteuid() == 0))
    func owner() throws {
        try withDirectory { directory in
            let path = "\(directory)/key"
            write(32, to: path, mode: 0o600)
            #expect(chown(path, 12345, 12345) == 0)
            #expect(throws: MasterKeyError.wrongOwner(path: path, owner: 12345, process: 0)) {
                try MasterKey.load(path: path)
            }
        }
    }

    @Test("what is no ordinary file, and a directory that is not there, are refused")
    func notAFile() throws {
        try withDirectory { directory in
            let path = "\(directory)/directory"
            mkdir(path, 0o700)
            #expect(throws: MasterKeyError.notAFile(path: path)) { try MasterKey.load(path: path) }
            let error = #expect(throws: MasterKeyError.self) {
                try MasterKey.loadOrCreate(path: "\(directory)/none/key")
            }
            #expect(error?.description.contains("No such file or directory") == true)
        }
    }

    @Test("a secret comes back from its envelope; two envelopes of it have nothing in common")
    func envelope() throws {
        let key = try MasterKey(Secret(Memory.random(32)))
        let context = Array("providers.key:7".utf8)
        let secret = Array("sk-secret".utf8)
        let first = key.seal(Secret(secret), context: context)
        let second = key.seal(Secret(secret), context: context)
        #expect(first.keyID == key.id && first.wrappedKey.count == 60 && first.sealed.count == secret.count + 28)
        #expect(first.wrappedKey != second.wrappedKey && first.sealed != second.sealed)
        #expect(try key.open(first, context: context).reveal() == secret)
        let empty = key.seal(Secret([]), context: [])
        #expect(try key.open(empty, context: []).reveal().isEmpty)
    }

    @Test("another master key is named, with the one that is needed")
    func wrongKey() throws {
        let key = try MasterKey(Secret(Memory.random(32)))
        let other = try MasterKey(Secret(Memory.random(32)))
        let envelope = key.seal(Secret([1, 2, 3]), context: [])
        let error = #expect(throws: CryptographyError.wrongKey(needed: key.id, held: other.id)) {
            try other.open(envelope, context: [])
        }
        #expect(error?.description.contains(key.id) == true && error?.description.contains(other.id) == true)
        let lying = Envelope(wrappedKey: envelope.wrappedKey, sealed: envelope.sealed, keyID: other.id)
        #expect(throws: CryptographyError.corrupted) { try other.open(lying, context: []) }
    }

    @Test("a change at any place, another row, or parts of two envelopes are refused")
    func tampered() throws {
        let key = try MasterKey(Secret(Memory.random(32)))
        let context = Array("row 1".utf8)
        let good = key.seal(Secret(Array("secret".utf8)), context: context)
        func refuses(_ wrappedKey: [UInt8], _ sealed: [UInt8], _ context: [UInt8]) {
            #expect(throws: CryptographyError.corrupted) {
                try key.open(Envelope(wrappedKey: wrappedKey, sealed: sealed, keyID: key.id), context: context)
            }
        }
        for index in good.wrappedKey.indices {
            var changed = good.wrappedKey
            changed[index] ^= 0x80
            refuses(changed, good.sealed, context)
        }
        for index in good.sealed.indices {
            var changed = good.sealed
            changed[index] ^= 1
            refuses(good.wrappedKey, changed, context)
        }
        refuses(good.wrappedKey, good.sealed, Array("row 2".utf8))
        refuses([], good.sealed, context)
        refuses(good.wrappedKey, [], context)
        let other = key.seal(Secret(Array("secret".utf8)), context: context)
        refuses(other.wrappedKey, good.sealed, context)
        refuses(good.sealed, good.wrappedKey, context)
    }

    @Test("an envelope moves to a new master key without being opened")
    func rewrap() throws {
        let old = try MasterKey(Secret(Memory.random(32)))
        let new = try MasterKey(Secret(Memory.random(32)))
        let envelope = old.seal(Secret([1, 2, 3]), context: [9])
        let moved = try envelope.rewrapped(from: old, to: new, context: [9])
        #expect(moved.keyID == new.id && moved.sealed == envelope.sealed)
        #expect(try new.open(moved, context: [9]).reveal() == [1, 2, 3])
        #expect(throws: CryptographyError.self) { try old.open(moved, context: [9]) }
        #expect(throws: CryptographyError.corrupted) { try envelope.rewrapped(from: old, to: new, context: [8]) }
    }
}
