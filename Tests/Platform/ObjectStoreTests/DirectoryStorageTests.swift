// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import ObjectStore

@Suite struct DirectoryStorageTests {
    private func withStorage(_ body: (DirectoryStorage, String) async throws -> Void) async throws {
        var template = Array("/tmp/objects.XXXXXX".utf8CString)
        mkdtemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { system("rm -rf '\(path)'") }
        try await body(DirectoryStorage(path: path + "/deep/er/"), path + "/deep/er")
    }

    @Test("objects are written, listed, read, replaced and removed")
    func life() async throws {
        try await withStorage { storage, path in
            #expect(try await storage.list("") == [])
            let large = [UInt8](repeating: 7, count: 3_000_000)
            try await storage.write(large, to: "b/2")
            try await storage.write([1], to: "b/1")
            try await storage.write([1, 2], to: "b/1")
            try await storage.write([], to: "c")
            #expect(try await storage.list("").map(\.name) == ["b/1", "b/2", "c"])
            #expect(try await storage.list("b/").map(\.bytes) == [2, 3_000_000])
            #expect(try await storage.read("b/2", limit: 4_000_000) == large)
            #expect(try await storage.read("c", limit: 1) == [])
            var status = stat()
            #expect(stat(path + "/b/1", &status) == 0 && status.st_mode & 0o777 == 0o600)
            try await storage.remove("b/1")
            try await storage.remove("b/1")
            try await storage.remove("b/2")
            #expect(try await storage.list("").map(\.name) == ["c"])
            #expect(access(path + "/b", F_OK) != 0)
        }
    }

    @Test("an object is not there before it is finished, and leaves nothing when it is abandoned or let go")
    func unfinished() async throws {
        try await withStorage { storage, path in
            try await storage.write([1], to: "x/kept")
            for abandons in [true, false] {
                let writer = try await storage.create("x/new")
                try await writer.write([1, 2, 3])
                #expect(try await storage.list("").map(\.name) == ["x/kept"])
                if abandons { await writer.abandon() }
            }
            #expect(system("test $(ls '\(path)/x' | wc -l) = 1") == 0)
        }
    }

    @Test("what is missing, too large, or has an odd name is refused with a sentence")
    func refusals() async throws {
        try await withStorage { storage, path in
            await #expect(throws: ObjectStoreError.missing(name: "none", address: path)) {
                try await storage.open("none")
            }
            try await storage.write([1, 2, 3], to: "three")
            await #expect(throws: ObjectStoreError.tooLarge(name: "three", limit: 2)) {
                try await storage.read("three", limit: 2)
            }
            for name in ["", "/x", "x/", "../x", "a/../b", "a//b", "ä", "a b", "a\0"] {
                await #expect(throws: ObjectStoreError.invalidName(name)) { try await storage.create(name) }
                await #expect(throws: ObjectStoreError.invalidName(name)) { try await storage.open(name) }
                await #expect(throws: ObjectStoreError.invalidName(name)) { try await storage.remove(name) }
            }
            await #expect(throws: ObjectStoreError.self) {
                try await DirectoryStorage(path: path + "/three/below").write([1], to: "x")
            }
        }
    }

    @Test("a full disk says so, and nothing half written stays")
    func full() async throws {
        // Every write to this device fails as on a full disk; an ordinary file system of a test's own needs root.
        await #expect(throws: ObjectStoreError.self) {
            try await DirectoryStorage(path: "/dev/full").write([1], to: "x")
        }
        #expect(ObjectStoreError.full(path: "/x").description.contains("Free some"))
    }
}
