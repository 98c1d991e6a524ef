// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Runs `body` with a migrated database of its own, and drops it.
func withSchema<Value>(_ body: (TestDatabase) async throws -> Value) async throws -> Value {
    let store = try await TestDatabase.make()
    do {
        let value = try await body(store)
        try await store.close()
        return value
    } catch {
        try? await store.close()
        throw error
    }
}

/// Names for the rows of these tests; the digits of a UUID.
enum ID {
    static let acme = "00000000-0000-7000-8000-00000000000a"
    static let other = "00000000-0000-7000-8000-00000000000b"
    static let ann = "00000000-0000-7000-8000-0000000000a1"
    static let bob = "00000000-0000-7000-8000-0000000000b1"
    static let red = "00000000-0000-7000-8000-0000000000c1"
    static let blue = "00000000-0000-7000-8000-0000000000c2"

    /// Any other row's.
    static func row(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-7000-9000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
}

extension TestDatabase {
    /// Two organizations, Ann in the first, Bob in the second, and two teams of the first.
    func settle() throws {
        try psql(
            """
            INSERT INTO auth.organizations (id, name, slug) VALUES ('\(ID.acme)', 'Acme', 'acme'),
                ('\(ID.other)', 'Other', 'other');
            INSERT INTO auth.users (id, email, name) VALUES ('\(ID.ann)', 'ann@acme.example', 'Ann'),
                ('\(ID.bob)', 'bob@other.example', 'Bob');
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(ID.acme)', '\(ID.ann)', 'admin'),
                ('\(ID.other)', '\(ID.bob)', 'admin');
            INSERT INTO auth.teams (org_id, id, name) VALUES ('\(ID.acme)', '\(ID.red)', 'Red'),
                ('\(ID.acme)', '\(ID.blue)', 'Blue');
            """)
    }

    /// Runs SQL as a role that works for an organization, and perhaps a team of it.
    @discardableResult
    func ask(
        as role: String = "witan_app", of organization: String? = ID.acme, team: String? = nil, _ sql: String
    ) throws -> String {
        var script = "SET ROLE \(role);"
        if let organization { script += "SET app.org_id = '\(organization)';" }
        if let team { script += "SET app.team_id = '\(team)';" }
        return try psql(script + sql)
    }

    /// What PostgreSQL says against it; nil when it does it.
    func complaint(
        as role: String = "witan_app", of organization: String? = ID.acme, team: String? = nil, _ sql: String
    ) -> String? {
        do {
            try ask(as: role, of: organization, team: team, sql)
            return nil
        } catch {
            return (error as? PsqlError)?.output ?? String(describing: error)
        }
    }
}
