// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
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

    @Test("who may erase erases nobody who may do more, nor by a certificate")
    func erasures() async throws {
        try await PrivacyFixture.with { fixture in
            let boss = try fixture.organization("one")
            let second = try fixture.person("second", role: .admin, in: boss.organization)
            let peer = try fixture.person("peer", role: .viewer, in: boss.organization)
            let clerk = try fixture.person("clerk", role: .viewer, in: boss.organization)
                .with(Role.viewer.permissions.union([.managePrivacy]))
            let erase = { @Sendable (person: UniqueID, by: Principal) in
                await fixture.base.refusal { try await fixture.erasures.erase(person, for: .objection, by: by) }
            }
            #expect(await erase(second.id, clerk) == "role_too_high")
            #expect(try fixture.find("second planted-name").count == 1)
            #expect(await erase(peer.id, clerk) == "none")
            #expect(await erase(second.id, boss) == "none")
            let signer = ErasureSigner(publicKey: fixture.signing.publicKey, masterKeyID: "k") {
                fixture.signing.sign(Array($0.utf8))
            }
            let kept = try signer.certificate(
                .v7(), of: boss.id, in: boss.organization, for: "objection", at: .now(), done: [:])
            #expect(
                await fixture.base.refusal { try await fixture.erasures.replay(kept, by: boss) } == "own_account")
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
