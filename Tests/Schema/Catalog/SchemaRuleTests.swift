// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct SchemaRuleTests {
    private static let store = Task { try await TestDatabase.make() }

    @Test("the rules of the design hold for every object", arguments: SchemaRule.all)
    func holds(_ rule: SchemaRule) async throws {
        let found = try await Self.store.value.psql(rule.query)
        #expect(found.isEmpty, "\(found)")
    }

    @Test("what breaks a rule is found", arguments: SchemaRule.all.filter { !$0.breach.isEmpty })
    func finds(_ rule: SchemaRule) async throws {
        let store = try await Self.store.value
        #expect(try !store.psql("BEGIN; \(rule.breach); \(rule.query); ROLLBACK").isEmpty)
    }

    @Test("every function that runs as its owner and is listed exists")
    func ownerFunctions() async throws {
        let store = try await Self.store.value
        for name in OwnerFunctions.names {
            #expect(
                try store.psql("SELECT count(*) >= 1 FROM pg_proc WHERE oid = '\(name)'::regproc") == "t", "\(name)")
        }
    }
}
