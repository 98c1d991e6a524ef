// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import Glibc
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// The archive of what is held about a person, read with the system's own `tar`.
@Suite(.serialized) struct PersonExportTests {
    /// The archive's files by their names, without the folder.
    private func unpack(_ archive: [UInt8]) throws -> [String: String] {
        var template = Array("/tmp/witan-export-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { _ = system("rm -r '\(folder)'") }
        let path = "\(folder)/export.tar"
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(archive, 1, archive.count, file) == archive.count)
        fclose(file)
        let done = system("tar -C '\(folder)' --strip-components=1 -xf '\(path)'")
        #expect(done == 0)
        var files: [String: String] = [:]
        let listing = try #require(opendir(folder))
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), name != "export.tar" else { continue }
            let stream = try #require(fopen("\(folder)/\(name)", "r"))
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { bytes += buffer.prefix(count) }
            fclose(stream)
            files[name] = String(decoding: bytes, as: UTF8.self)
        }
        return files
    }

    private func export(
        _ person: UniqueID, by principal: Principal, _ fixture: PrivacyFixture
    ) async throws -> [String: String] {
        let archive = Locked<[UInt8]>([])
        let write = try await fixture.exports.export(person, by: principal)
        try await write { bytes in archive.withLock { $0 += bytes } }
        return try unpack(archive.withLock { $0 })
    }

    @Test("everything about the person is in the archive, the log's part opened, and nothing secret or of others")
    func whole() async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada in
            let eve = try fixture.person("eve", role: .developer, in: admin.organization)
            try await fixture.plant(eve)
            let files = try await export(ada.id, by: admin, fixture)
            let all = files.values.joined(separator: "\n")
            for text in [
                "ada@planted.example", "ada planted-name", "planted-laptop", "planted-browser", "planted-message",
                "planted-question", "planted-answer", "planted-opinion", "planted-passkey", "planted@sso.example",
                "planted@mail.example", "planted-agent ada", "planted@log.example", "203.0.113.99",
            ] {
                #expect(all.contains(text), "\(text)")
            }
            for text in ["planted-hash", "planted-totp", "eve planted-name", "planted-agent eve", "planted-body"] {
                #expect(!all.contains(text), "\(text)")
            }
            #expect(!all.contains("planted-agent admin"), "where others acted from is theirs")
            let log = try #require(files["audits.audit_log-0001.ndjson"])
            #expect(log.contains("person.exported"))
            #expect(!log.contains("\"sealed\":"))
        }
    }

    @Test("the manifest lists every file with its digest, and every table with its rows")
    func manifest() async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada in
            let files = try await export(ada.id, by: ada, fixture)
            let manifest = try JSONValue(parsing: Array(try #require(files["manifest.json"]).utf8))
            let listed = manifest["files"]?.elements ?? []
            #expect(Set(listed.compactMap { $0["name"]?.string }) == Set(files.keys).subtracting(["manifest.json"]))
            for file in listed {
                let content = try #require(files[file["name"]?.string ?? ""])
                #expect(file["sha256"]?.string == SHA256.hash(Array(content.utf8)).hex)
                #expect(file["bytes"]?.integer == Int64(content.utf8.count))
            }
            let tables = manifest["tables"]?.elements ?? []
            #expect(
                Set(tables.compactMap { $0["table"]?.string })
                    == Set(PersonalTable.all.map(\.name)).union(["audits.audit_log"]))
            let keys = try #require(tables.first { $0["table"]?.string == "auth.api_keys" })
            #expect(keys["rows"]?.integer == 1)
            #expect(keys["left_out"]?.elements?.contains("key_hash") == true)
            #expect(files["README.txt"]?.contains("manifest.json is the last file") == true)
        }
    }

    @Test("a large table comes in several files, each whole lines")
    func large() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            try fixture.base.store.psql(
                """
                INSERT INTO council.sessions (org_id, id, user_id)
                VALUES ('\(admin.organization)', '\(admin.organization)', '\(admin.id)');
                INSERT INTO council.session_history (org_id, session_id, id, role, content)
                SELECT '\(admin.organization)', '\(admin.organization)', gen_random_uuid(), 'user',
                       repeat('x', CASE n WHEN 50 THEN 6000000 ELSE 100000 END)
                FROM generate_series(1, 100) n
                """)
            let files = try await export(admin.id, by: admin, fixture)
            let parts = files.filter { $0.key.hasPrefix("council.session_history-") }
            #expect(parts.count >= 3)
            #expect(parts.values.allSatisfy { $0.utf8.count < 11_000_000 && $0.hasSuffix("}\n") })
            #expect(parts.values.reduce(0) { $0 + $1.split(separator: "\n").count } == 100)
        }
    }

    @Test("nobody of another organization is exported, and of too many exports at once one is refused")
    func refused() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let stranger = await #expect(throws: DomainError.self) {
                _ = try await fixture.exports.export(two.id, by: one)
            }
            #expect(stranger?.code == "user_not_found")
            do {
                let first = try await fixture.exports.export(one.id, by: one)
                let second = try await fixture.exports.export(one.id, by: one)
                let third = await #expect(throws: DomainError.self) {
                    _ = try await fixture.exports.export(one.id, by: one)
                }
                #expect(third?.code == "exports_busy")
                withExtendedLifetime((first, second)) {}
            }
            _ = try await fixture.exports.export(one.id, by: one)
            #expect(try fixture.base.actions().filter { $0 == "person.exported" }.count == 3)
        }
    }

    @Test("every table that refers to a person is on the reviewed list, by every column that does")
    func reviewed() async throws {
        try await PrivacyFixture.with { fixture in
            // Columns with a foreign key to a person, those that are named like one, and those that hold actors.
            let found = try fixture.base.store.psql(
                """
                SELECT DISTINCT c.oid::regclass || '.' || a.attname FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_|information_schema'
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
                    AND a.attnum = k.conkey[cardinality(k.conkey)]
                    AND k.confrelid IN ('auth.users'::regclass, 'auth.memberships'::regclass)
                WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND (k.oid IS NOT NULL
                    OR a.atttypid = 'uuid'::regtype AND a.attname ~ '^user_id$|_by$|^(owner|person|member)_id$'
                    OR a.atttypid = 'text'::regtype AND a.attname ~ '^actor$|_by$')
                """
            ).split(separator: "\n").map(String.init)
            // Nodes, a way of judging, and the log, which is exported by itself.
            let others: Set = [
                "production.analysis_tasks.claimed_by", "orchestrator.executions.claimed_by",
                "experiments_v1.evaluations.evaluated_by", "audits.audit_log.actor",
                "ops._migration_history.actor",
            ]
            let listed = Set(
                PersonalTable.all.flatMap { table in (table.people + table.actors).map { "\(table.name).\($0)" } })
            #expect(Set(found).subtracting(others).subtracting(listed).sorted() == [])
            #expect(listed.subtracting(["auth.users.id"]).subtracting(found).sorted() == [])
            #expect(Set(PersonalTable.all.map(\.name)).count == PersonalTable.all.count)
        }
    }
}
