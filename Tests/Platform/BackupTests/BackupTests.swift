// SPDX-License-Identifier: Apache-2.0
import Cryptography
import EmbeddedServers
import Glibc
import ObjectStore
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Backup

/// Harm done to files.
enum Disk {
    static func flip(_ path: String, at offset: Int) throws {
        let file = try #require(fopen(path, "r+"))
        defer { fclose(file) }
        fseek(file, offset, SEEK_SET)
        let byte = fgetc(file)
        fseek(file, offset, SEEK_SET)
        fputc(byte ^ 1, file)
    }
}

@Suite(.serialized) struct BackupTests {
    @Test("a backup is of one instant, whatever is written while it is taken")
    func consistent() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { source, database in
            let manifest = try await fixture.back(up: database) { event in
                guard case .table("shop.chicken", _, _) = event else { return }
                _ = try? source.psql("INSERT INTO shop.chicken VALUES (2); INSERT INTO shop.egg VALUES (11, 2)")
            }
            let rows = Dictionary(uniqueKeysWithValues: manifest.tables.map { ($0.qualifiedName, $0.rows) })
            #expect(rows["shop.chicken"] == 1 && rows["shop.egg"] == 1)
            #expect(try source.psql("SELECT count(*) FROM shop.egg") == "2")
        }
    }

    @Test("what is whole verifies, with a master key and with a passphrase, and lists without either")
    func verified() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            let first = try await fixture.back(up: database)
            try await fixture.back(up: database, as: "two", holder: fixture.passphrase)
            let library = BackupLibrary(fixture.storage)
            let listed = try await library.list()
            #expect(listed.backups.map(\.name) == ["one", "two"] && listed.broken.isEmpty)
            #expect(listed.backups.first == first)
            for (name, holder) in [("one", fixture.masterKey), ("two", fixture.passphrase)] {
                let backup = try await library.open(name, by: holder)
                try await backup.verify()
                #expect(try await backup.extra("extra") == [1, 2, 3])
                #expect(try await backup.extra("nothing") == nil)
            }
            #expect(try await library.open(nil, by: fixture.passphrase).name == "two")
        }
    }

    @Test("a name that is taken, and one that is none, are refused, and what is there stays")
    func names() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            guard case .taken = await failure({ try await fixture.back(up: database) }) else {
                Issue.record("wrote over a backup")
                return
            }
            for name in ["", "a/b", "..", "a b"] {
                let refusal = await failure { try await fixture.back(up: database, as: name) }
                #expect(refusal?.description.contains("is no name") == true, "\(name)")
            }
            try await fixture.open().verify()
        }
    }

    @Test("another key, no key, another passphrase: a sentence each")
    func keys() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            try await fixture.back(up: database, as: "two", holder: fixture.passphrase)
            let library = BackupLibrary(fixture.storage)
            let other = BackupKeyHolder.masterKey(try MasterKey(Secret([UInt8](repeating: 4, count: 32))))
            let sentences = [
                await failure { _ = try await library.open("one", by: other) },
                await failure { _ = try await library.open("one", by: nil) },
                await failure { _ = try await library.open("two", by: .passphrase(Secret("another phrase"))) },
                await failure { _ = try await library.open("two", by: other) },
                await failure { _ = try await library.open("three", by: other) },
            ].compactMap { $0?.description }
            #expect(sentences.count == 5 && Set(sentences).count == 5)
            for (sentence, word) in zip(
                sentences, ["at hand is", "Name its file", "does not open", "--passphrase-file", "no backup"])
            {
                #expect(sentence.contains(word))
            }
        }
    }

    @Test("every object that is changed, exchanged, cut, lengthened or missing is noticed and named")
    func damage() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            let manifest = try await fixture.back(up: database)
            let backup = try await fixture.open()
            for part in manifest.parts {
                let path = "\(fixture.path)/one/\(part.object)"
                for offset in [0, Int(part.sealedBytes) - 1] {
                    try Disk.flip(path, at: offset)
                    guard case .corrupted(let object, _) = await failure({ try await backup.verify() }) else {
                        Issue.record("\(part.object) was changed at \(offset) and verified")
                        return
                    }
                    #expect(object == "one/\(part.object)")
                    try Disk.flip(path, at: offset)
                }
            }
            let (one, two) = (manifest.tables[0].part, manifest.tables[1].part)
            let (first, second) = ("\(fixture.path)/one/\(one.object)", "\(fixture.path)/one/\(two.object)")
            let harms = [
                ("mv '\(first)' x && cp '\(second)' '\(first)'", "mv x '\(first)'"),
                ("mv '\(first)' x", "mv x '\(first)'"),
                ("cp '\(first)' x && truncate -s -1 '\(first)'", "mv x '\(first)'"),
                ("cp '\(first)' x && truncate -s 0 '\(first)'", "mv x '\(first)'"),
                ("cp '\(first)' x && echo more >> '\(first)'", "mv x '\(first)'"),
            ]
            for (harm, cure) in harms {
                #expect(system("cd '\(fixture.path)' && \(harm)") == 0)
                #expect(await failure { try await backup.verify() }?.exitCode == 5, "\(harm)")
                #expect(system("cd '\(fixture.path)' && \(cure)") == 0)
            }
            try await backup.verify()
        }
    }

    @Test("a manifest that was changed is not believed")
    func manifest() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            let manifest = try await fixture.back(up: database)
            let path = "\(fixture.path)/one/manifest.json"
            let rows = try #require(manifest.tables.first { $0.rows == 5000 }?.rows)
            #expect(system("sed -i 's/\"rows\":\(rows)/\"rows\":4999/' '\(path)'") == 0)
            guard case .corrupted(let object, _) = await failure({ _ = try await fixture.open() }) else {
                Issue.record("the manifest was believed")
                return
            }
            #expect(object == "one/manifest.json")
            #expect(system("sed -i 's/\"format\":1,/\"format\":2,/' '\(path)'") == 0)
            #expect(await failure { _ = try await fixture.open() }?.exitCode == 9)
            for text in ["{}", "[1]", "{\"format\":1}", "no json", ""] {
                try await fixture.storage.write(Array(text.utf8), to: "one/manifest.json")
                guard case .malformed = await failure({ _ = try await fixture.open() }) else {
                    Issue.record("read \(text)")
                    return
                }
            }
            let listed = try await BackupLibrary(fixture.storage).list()
            #expect(listed.backups.isEmpty && listed.broken == ["one"])
        }
    }

    @Test("a backup that fails leaves nothing behind")
    func failed() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { source, database in
            let kill =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%TO STDOUT%'"
                + " AND datname = '\(source.name)'"
            let problem = await failure {
                try await fixture.back(up: database) { event in
                    if case .table("shop.orders", _, _) = event { _ = try? source.psql(kill) }
                }
            }
            #expect(problem?.exitCode == 10)
            let left = try await fixture.storage.list("")
            #expect(left.isEmpty)
        }
    }

    @Test("a role that row security hides rows from takes no backup")
    func hidden() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { test, _ in
            let role = "reader_of_\(test.name)"
            let login = PrivatePostgres.loginRole
            try test.psql(
                """
                CREATE ROLE \(role); GRANT \(role) TO \(login); GRANT CONNECT ON DATABASE \(test.name) TO \(login);
                GRANT USAGE ON SCHEMA shop, ops TO \(role); GRANT SELECT ON ALL TABLES IN SCHEMA shop, ops TO \(role);
                GRANT SELECT ON ALL SEQUENCES IN SCHEMA shop TO \(role)
                """)
            defer { _ = try? test.psql("DROP OWNED BY \(role); DROP ROLE \(role)") }
            var profile = Fixture.profile
            profile.readerRole = role
            let database = test.open(role: login)
            let writer = BackupWriter(database: database, storage: fixture.storage, profile: profile)
            let attempt = {
                try await writer.create("x\(UniqueID.v7())", for: fixture.masterKey, migrations: [])
            }
            guard case .notReadable(let table, let reader, _) = await failure({ _ = try await attempt() }) else {
                Issue.record("took a backup without rows")
                return
            }
            #expect(table == "shop.orders" && reader == role)
            try test.psql("CREATE POLICY backup ON shop.orders FOR SELECT TO \(role) USING (true)")
            #expect(try await attempt().tables.first { $0.name == "orders" }?.rows == 5000)
            try test.psql("REVOKE SELECT ON shop.state FROM \(role)")
            guard case .notReadable("shop.state", _, _) = await failure({ _ = try await attempt() }) else {
                Issue.record("took a backup without a table")
                return
            }
        }
    }

    @Test("rows are counted however the data is cut, and what is no table's data is noticed")
    func counter() {
        let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9]
        let row: [UInt8] = [0, 2, 0, 0, 0, 3, 1, 2, 3, 0xFF, 0xFF, 0xFF, 0xFF]
        let data = header + row + row + [0, 0] + [0xFF, 0xFF]
        for size in [1, 2, 3, 5, 100] {
            var counter = CopyRowCounter()
            for start in stride(from: 0, to: data.count, by: size) {
                counter.add(Array(data[start..<min(data.count, start + size)]))
            }
            #expect(counter.isWhole && counter.rows == 3)
        }
        for wrong in [Array(data.dropLast()), data + [0], Array(data.dropFirst()), header + [0x80, 0]] {
            var counter = CopyRowCounter()
            counter.add(wrong)
            #expect(!counter.isWhole)
        }
    }
}
