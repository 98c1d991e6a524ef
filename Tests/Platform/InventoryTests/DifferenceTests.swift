// SPDX-License-Identifier: Apache-2.0
import Postgres
import TestSupport
import Testing

@testable import Inventory

@Suite("Differences of catalogs")
struct DifferenceTests {
    @Test("name the object and what changed, each of some eighty changes")
    func named() async throws {
        let test = try await InventoryDatabase(Changes.schema)
        try await test.database.withConnection { connection in
            let before = try await SchemaInventory.read(connection)
            for (statement, expected) in Changes.cases {
                try await connection.run(script: "BEGIN; " + statement)
                let after = try await SchemaInventory.read(connection)
                try await connection.run(script: "ROLLBACK")
                #expect(after.fingerprint != before.fingerprint, "\(statement)")
                let found = after.differences(from: before).map(\.description)
                #expect(found.count == expected.count, "\(statement): \(found)")
                for (sentence, start) in zip(found, expected) { #expect(sentence.hasPrefix(start), "\(statement)") }
            }
            #expect(try await SchemaInventory.read(connection) == before)
        }
        try await test.test.close()
    }

    @Test("are none when partitions come and go in their order")
    func partitions() async throws {
        let test = try await InventoryDatabase(Changes.schema)
        let before = try await test.read()
        try test.test.psql(
            """
            CREATE TABLE s.calls_3 PARTITION OF s.calls FOR VALUES FROM (30) TO (40);
            ALTER TABLE s.calls DETACH PARTITION s.calls_1;
            DROP TABLE s.calls_1;
            """)
        #expect(try await test.read() == before)
        try await test.test.close()
    }

    @Test("tell a role that may do more than it is granted")
    func roles() async throws {
        let test = try await InventoryDatabase(
            "CREATE ROLE plain; CREATE TABLE t (); GRANT SELECT ON t TO plain")
        #expect(
            try await test.differences("ALTER ROLE plain BYPASSRLS")
                == ["role plain changed (attributes: none → BYPASSRLS)"])
        #expect(
            try await test.differences("GRANT pg_read_all_data TO plain")
                == ["role plain changed (member of: none → pg_read_all_data)"])
        try test.test.psql("DROP OWNED BY plain; DROP ROLE plain")
        try await test.test.close()
    }

    @Test("of the other direction are the mirror's")
    func mirror() async throws {
        let test = try await InventoryDatabase(Changes.schema)
        let before = try await test.read()
        try test.test.psql("ALTER TABLE s.people ALTER name SET DEFAULT 'y'; DROP TABLE s.calls")
        let after = try await test.read()
        #expect(
            before.differences(from: after).map(\.description) == [
                "column s.people.name changed (default: 'y'::text → 'x'::text)", "table s.calls is not expected",
            ])
        #expect(
            after.differences(from: before).first?.expected
                == "default: 'x'::text\nnull: refused\ntype: text"
                .replacing("default", with: "comment: What they are called.\ndefault"))
        try await test.test.close()
    }
}
