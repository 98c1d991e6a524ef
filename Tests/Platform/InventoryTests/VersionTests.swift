// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Inventory

@Suite("Inventories of several major versions", .serialized)
struct VersionTests {
    /// What the versions write in their own ways.
    static let more = """
        CREATE POLICY more ON s.people USING (EXISTS (SELECT FROM s.calls c JOIN s.names n ON n.name = c.name
            WHERE c.name = people.name AND c.id = ANY (ARRAY[1, 2]) AND c.id IN (SELECT id FROM s.calls)));
        CREATE VIEW s.counts AS SELECT p.name, p.age, 1.5 AS f,
            (SELECT count(*) FROM s.calls WHERE calls.name = p.name) AS n
            FROM s.people p WHERE age BETWEEN 1 AND 2 AND name LIKE 'a.b%' OR name IN ('x', 'y');
        CREATE FUNCTION s.age() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT age FROM s.people; END;
        CREATE RULE more AS ON UPDATE TO s.calls DO ALSO INSERT INTO s.people (id, age) VALUES (NULL, new.id);
        GRANT ALL ON s.people TO pg_read_all_data;
        """

    /// The catalog of a cluster of its own.
    private func inventory(programs: String?, _ script: String) async throws -> SchemaInventory {
        let cluster = try TestCluster(durable: false, programs: programs)
        let test = script.isEmpty ? try await TestDatabase.make(in: cluster) : try TestDatabase(in: cluster)
        if !script.isEmpty { try test.psql(script) }
        let inventory = try await test.open().withConnection { try await SchemaInventory.read($0) }
        try await test.close()
        try cluster.end()
        return inventory
    }

    @Test("are equal in what can be compared", arguments: ["", Changes.schema + more])
    func versions(script: String) async throws {
        var seen: [SchemaInventory] = []
        for programs in TestCluster.allPrograms {
            let found = try await inventory(programs: programs, script)
            let expected = seen.first ?? found
            seen.append(found)
            let differences = found.versionIndependent.differences(from: expected.versionIndependent)
            #expect(differences.map(\.description) == [], "\(found.serverMajor) after \(expected.serverMajor)")
            #expect(found.versionIndependent.fingerprint == expected.versionIndependent.fingerprint)
        }
        #expect(Set(seen.map(\.serverMajor)).count == seen.count)
    }

    @Test("tell a view that shows something else, and not who the administrator is")
    func independent() async throws {
        let test = try await InventoryDatabase(Changes.schema + Self.more)
        let before = try await test.read().versionIndependent
        try test.test.psql("CREATE OR REPLACE VIEW s.names AS SELECT name FROM s.people WHERE age > 3")
        let after = try await test.read().versionIndependent
        #expect(after.differences(from: before).map(\.name) == ["s.names"])
        #expect(after.objects.allSatisfy { !$0.definition.contains("witan_root") })
        try await test.test.close()
    }
}
