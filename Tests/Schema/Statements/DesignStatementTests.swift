// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct DesignStatementTests {
    /// A copy of its own: statements may wait for locks of others, and are undone.
    private static let seeded = Task { try await SeededStore.make() }

    @Test("what a source design does with its tables is done here", arguments: DesignStatement.all)
    func statement(_ statement: DesignStatement) async throws {
        let seeded = try await Self.seeded.value
        let script = """
            BEGIN; SET LOCAL app.org_id = '\(Tenant.a.id)'; SET LOCAL app.team_id = '*';
            SET LOCAL ROLE \(statement.role);
            """
        let given = try seeded.store.psql(script + seeded.filled(statement.sql) + "ROLLBACK")
        #expect(given == statement.gives)
    }

    @Test("every design has its statements, and the other organization's rows are not in what they give")
    func all() {
        for design in 0...4 { #expect(DesignStatement.all.filter { $0.design == design }.count >= 10, "00\(design)") }
        #expect(!DesignStatement.all.contains { $0.gives.contains("-b0") || $0.gives.contains("-b1") })
    }
}
