// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
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

    /// Payloads of an action, the oldest first; what they hold of people is opened and stands among the rest.
    func payloads(_ action: String) throws -> [JSONValue] {
        let audit = AuditService(database: database, seal: testSeal)
        return try store.psql(
            """
            SELECT json_build_object('org', org_id, 'id', id, 'payload', payload::text, 'keys',
                (SELECT json_agg(json_build_array(user_id, replace(encode(encrypted_dek, 'base64'), E'\n', ''),
                                                  master_key_id))
                 FROM auth.payload_keys k WHERE k.org_id = l.org_id AND k.encrypted_dek IS NOT NULL))
            FROM audits.audit_log l WHERE action = '\(action)' ORDER BY id
            """
        ).split(separator: "\n").map { line in
            let row = try JSONValue(parsing: Array(line.utf8))
            let payload = row["payload"]?.string ?? ""
            let entry = AuditEntry(
                organization: row["org"]?.string.flatMap { UniqueID($0) } ?? .v7(),
                id: row["id"]?.string.flatMap { UniqueID($0) } ?? .v7(), category: "", action: action,
                outcome: .success, actor: "", entity: "", payload: payload)
            var keys: [UniqueID: PersonalSeal.Key] = [:]
            for key in row["keys"]?.elements ?? [] {
                guard let person = key[0]?.string.flatMap({ UniqueID($0) }), let id = key[2]?.string else { continue }
                keys[person] = PersonalSeal.Key(
                    wrapped: key[1]?.string.flatMap { Base64.decode($0) } ?? [], masterKeyID: id)
            }
            let opened = audit.personalParts(of: entry, keys: keys).flatMap(\.facts)
            let members = try JSONValue(parsing: Array(payload.utf8)).members ?? []
            return .object(members.filter { $0.key != "personal" } + opened)
        }
    }
}

/// The code of the `DomainError` that `body` throws; fails when it throws none.
func code(of body: () async throws -> Void) async -> String? {
    await #expect(throws: DomainError.self) { try await body() }?.code
}
