// SPDX-License-Identifier: Apache-2.0
import Inventory
import Migrator
import Postgres
import TestSupport
import Testing

/// The files, from an empty database and back.
@Suite struct WayBackTests {
    @Test("from nothing all files apply, and a second time none")
    func fromNothing() async throws {
        let store = try await TestDatabase.make(migrated: false)
        let migrator = Migrator(database: store.open(), programVersion: "test")
        #expect(try await migrator.up().count >= 13)
        #expect(try await migrator.up().isEmpty)
        try await store.close()
    }

    @Test("each way back leads to exactly the catalog that was there before")
    func waysBack() async throws {
        let store = try await TestDatabase.make(migrated: false)
        let files = Migration.embedded.filter { $0.kind == .sql && $0.id <= 13 && $0.isTransactional }
        try await store.open().withConnection { session in
            var before: [Int: SchemaInventory] = [:]
            for file in files {
                if file.down != nil { before[file.id] = try await SchemaInventory.read(session) }
                try await session.run(script: "BEGIN;" + file.text + ";COMMIT")
            }
            let ways = files.reversed().prefix { $0.down != nil }
            #expect(ways.map(\.id) == Array((6...13).reversed()))
            for file in ways {
                guard let down = file.down, let expected = before[file.id] else { continue }
                try await session.run(script: "BEGIN;" + down + ";COMMIT")
                let found = try await SchemaInventory.read(session)
                #expect(found.differences(from: expected).map(\.description) == [], "\(file.name)")
            }
        }
        try await store.close()
    }

    @Test("a way back that would lose rows is refused, and nothing is lost")
    func filled() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(
                """
                INSERT INTO orchestrator.notifications (org_id, id, channel, user_id, subject)
                VALUES ('\(ID.acme)', '\(ID.row(1))', 'in_app', '\(ID.ann)', 'Hello')
                """)
            let file = try #require(Migration.embedded.first { $0.name == "0012_sharing" })
            let down = try #require(file.down)
            // The owner, whom row-level security would show an empty table.
            let error = #expect(throws: PsqlError.self) { try store.psql("BEGIN; SET ROLE witan_owner;" + down) }
            #expect(error?.output.contains("orchestrator.notifications holds rows") == true)
            #expect(try store.psql("SELECT count(*) FROM orchestrator.notifications") == "1")
        }
    }

    @Test("a file that has no way back says why")
    func irreversible() {
        for file in Migration.embedded where file.kind == .sql && file.id <= 5 {
            #expect(file.down == nil)
            #expect(file.irreversibility?.hasPrefix("it has no") == false, "\(file.name)")
        }
    }
}
