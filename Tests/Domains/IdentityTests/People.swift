// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import JSON
import SwiftExtensions
import TestSupport
import Testing

/// People in an organization of a fixture, as the services that manage them see them.
extension Fixture {
    var roles: CustomRoleService { CustomRoleService(database: database, monitor: monitor) }
    var members: MemberService { MemberService(database: database, monitor: monitor) }
    var teams: TeamService { TeamService(database: database) }

    /// A member of the organization, signed in from `here`.
    func person(_ name: String, _ role: Role, in organization: UniqueID) throws -> Principal {
        let id = UniqueID.v7()
        try store.psql(
            """
            INSERT INTO auth.users (id, email, name, verified) VALUES ('\(id)', '\(name)@example.org', '\(name)', true);
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(organization)', '\(id)', '\(role.rawValue)')
            """)
        return signedIn(id, role, in: organization)
    }

    func signedIn(_ id: UniqueID, _ role: Role, in organization: UniqueID) -> Principal {
        var principal = Principal(
            organization: organization, caller: .person(id), session: .v7(), user: id, name: role.rawValue, role: role,
            permissions: role.permissions.union([.manageAccount]),
            policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
        principal.origin = here
        return principal
    }

    /// An access token of a membership as the database has it now.
    func token(of person: Principal) throws -> String {
        let version = try store.psql(
            "SELECT version FROM auth.memberships WHERE org_id = '\(person.organization)' AND user_id = '\(person.id)'")
        return AccessToken(
            organization: person.organization, user: person.id, session: try #require(person.session),
            membershipVersion: try #require(Int(version)), role: person.role, permissions: person.permissions,
            issuedAt: .now(), lifetime: .seconds(600)
        ).text(signedWith: tokenKey).reveal()
    }

    /// Payloads of an action, the oldest first.
    func payloads(_ action: String) throws -> [JSONValue] {
        try store.psql("SELECT payload FROM audits.audit_log WHERE action = '\(action)' ORDER BY id")
            .split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }
}

/// The code of the `DomainError` that `body` throws; fails when it throws none.
func code(of body: () async throws -> Void) async -> String? {
    await #expect(throws: DomainError.self) { try await body() }?.code
}
