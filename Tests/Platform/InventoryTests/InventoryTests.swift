// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import TestSupport
import Testing

@testable import Inventory

/// A database of its own and the inventory of it.
struct InventoryDatabase {
    let test: TestDatabase
    let database: Database

    init(_ script: String = "") async throws {
        test = try await TestDatabase.make(migrated: false)
        if !script.isEmpty { try test.psql(script) }
        database = test.open()
    }

    func read(schemas: [String]? = nil, excluding: [String] = []) async throws -> SchemaInventory {
        try await database.withConnection {
            try await SchemaInventory.read($0, schemas: schemas, excluding: excluding)
        }
    }

    /// The differences that a script makes, as sentences.
    func differences(_ script: String) async throws -> [String] {
        let before = try await read()
        try test.psql(script)
        let after = try await read()
        #expect(before.fingerprint != after.fingerprint || script.isEmpty)
        return after.differences(from: before).map(\.description)
    }
}

@Suite("The inventory of a catalog")
struct InventoryTests {
    @Test("of the program's schema is the same twice, in JSON and back, and leaves the session as it was")
    func stable() async throws {
        let test = try await TestDatabase.make()
        try await test.open().withConnection { connection in
            try await connection.run(script: "SET search_path = ops, public; SET TimeZone = 'Asia/Tokyo'")
            let first = try await SchemaInventory.read(connection)
            let second = try await SchemaInventory.read(connection)
            #expect(first == second && first.fingerprint == second.fingerprint && first.fingerprint.count == 64)
            #expect(first.differences(from: second).isEmpty)
            #expect(try SchemaInventory(json: first.json) == first)
            #expect(first.objects.count > 100)
            let settings = try await connection.query(
                "SELECT current_setting('search_path') || current_setting('TimeZone') AS both")
            #expect(try settings.first?["both"] == "ops, publicAsia/Tokyo")
        }
        try await test.close()
    }

    @Test("sees what its own transaction did, and nothing of it after the rollback")
    func transaction() async throws {
        let test = try await InventoryDatabase("CREATE TABLE t (n integer)")
        try await test.database.withConnection { connection in
            let before = try await SchemaInventory.read(connection)
            try await connection.run(script: "BEGIN; ALTER TABLE t ADD COLUMN m integer")
            let inside = try await SchemaInventory.read(connection).differences(from: before)
            #expect(inside.map(\.name) == ["public.t.m", "public.t"])
            try await connection.run(script: "ROLLBACK")
            #expect(try await SchemaInventory.read(connection) == before)
        }
        try await test.test.close()
    }

    @Test("is the same for the least of roles")
    func role() async throws {
        let test = try await TestDatabase.make()
        let all = try await test.open().withConnection { try await SchemaInventory.read($0) }
        let least = try await test.open(role: "witan_ingest").withConnection { try await SchemaInventory.read($0) }
        #expect(least.differences(from: all).map(\.description) == [] && least == all)
        try await test.close()
    }

    @Test("is of the schemas asked for")
    func schemas() async throws {
        let test = try await InventoryDatabase(
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (); CREATE TABLE b.t ()")
        func tables(_ inventory: SchemaInventory) -> [String] {
            inventory.objects.filter { $0.kind == .table }.map(\.qualifiedName)
        }
        #expect(tables(try await test.read()) == ["a.t", "b.t"])
        #expect(tables(try await test.read(schemas: ["b"])) == ["b.t"])
        #expect(tables(try await test.read(excluding: ["b"])) == ["a.t"])
        #expect(try await test.read(schemas: []).objects.isEmpty)
        try await test.test.close()
    }

    @Test("refuses JSON that is none of it, and says where")
    func json() throws {
        for (text, reason) in [
            ("[]", "an object"), (#"{"format":2}"#, "its format is not 1"), ("{", "line 1"),
            (#"{"format":1,"server_major":15,"administrators":[],"objects":[{"kind":"cat"}]}"#, #""cat" is no kind"#),
        ] {
            let error = #expect(throws: InventoryError.self) { try SchemaInventory(json: Array(text.utf8)) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
    }

    @Test("read without a connection is an error of this module")
    func failure() async throws {
        let test = try await InventoryDatabase()
        try await test.database.withConnection { connection in
            _ = try? await connection.run(script: "BEGIN; SELECT 1 / 0")
            await #expect(throws: InventoryError.self) { try await SchemaInventory.read(connection) }
        }
        try await test.test.close()
    }
}
