// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// A custom role with one strong permission does not reach those who may do more.
@Suite struct EscalationTests {
    @Test("who may end sessions ends those of who may do no more, and their own")
    func sessions() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let boss = try fixture.person("boss", .admin, in: organization)
            let peer = try fixture.person("peer", .viewer, in: organization)
            let janitor = try fixture.person("janitor", .viewer, in: organization)
                .with(Role.viewer.permissions.union([.manageSessions]))
            for person in [boss, peer, janitor] { _ = try await fixture.signIn(person.id, organization) }
            #expect(await code { try await fixture.sessions.end(of: boss.id, by: janitor) } == "role_too_high")
            #expect(try fixture.store.psql("SELECT count(*) FROM auth.sessions WHERE revoked_at IS NOT NULL") == "0")
            #expect(try await fixture.sessions.end(of: peer.id, by: janitor) == 1)
            #expect(try await fixture.sessions.end(of: janitor.id, by: janitor) == 1)
            #expect(try await fixture.sessions.end(of: janitor.id, by: boss) == 0)
            #expect(try await fixture.sessions.end(of: boss.id, by: boss) == 1)
        }
    }
}

extension Principal {
    /// The same person, as a custom role would have it.
    func with(_ permissions: PermissionSet) -> Principal {
        var changed = Principal(
            organization: organization, caller: caller, session: session, user: user, name: name, role: role,
            permissions: permissions.union([.manageAccount]), policy: policy)
        changed.origin = origin
        return changed
    }
}
