// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// That nobody gets by a key what they do not have: through its owner, its limits, or by changing their own.
@Suite struct APIKeyGrantTests {
    private static let longest = Timestamp.now() + .seconds(86_400)

    private func limits(
        models: [String] = [], addresses: [String] = [], expiresAt: Timestamp? = nil
    ) -> APIKeyLimits {
        var limits = APIKeyLimits(models: models, expiresAt: expiresAt)
        limits.allowedAddresses = addresses
        return limits
    }

    /// A key that was made, as a caller.
    private func caller(of text: String, _ fixture: Fixture) throws -> Principal {
        try #require(fixture.monitor.principal(of: text))
    }

    private func make(
        _ fixture: Fixture, by principal: Principal, _ role: Role = .developer, owner: UniqueID? = nil,
        _ limits: APIKeyLimits = APIKeyLimits()
    ) async throws -> (id: UniqueID, text: String) {
        let made = try await fixture.keys.create(
            try NewAPIKey(name: "k", role: RoleChoice(role), owner: owner, limits: limits), by: principal)
        return (made.id, made.token.text.reveal())
    }

    @Test("no administrator gets the installation by an operator's key: not by a new, a changed or a rotated one")
    func operators() async throws {
        try await Fixture.with { fixture in
            let program = try fixture.organization("one")
            let person = try fixture.person("ada", .admin, in: program.organization)
            let root = try fixture.person("root", .admin, in: program.organization)
            try fixture.store.psql("UPDATE auth.users SET role = 'operator' WHERE id = '\(root.id)'")
            let chief = Principal(
                organization: root.organization, caller: root.caller, session: root.session, user: root.id,
                name: "admin", role: .admin, permissions: root.permissions.union([.manageInstallation]),
                policy: root.policy)
            let (id, text) = try await make(fixture, by: chief, .admin, owner: root.id, limits(models: ["a/b"]))
            #expect(try caller(of: text, fixture).may(.manageInstallation))
            for admin in [program, person] {
                for refusal in [
                    await fixture.refusal { try await make(fixture, by: admin, .admin, owner: root.id) },
                    await fixture.refusal { try await fixture.keys.rotate(id, overlap: .zero, by: admin) },
                    await fixture.refusal {
                        try await fixture.keys.update(id, by: admin) { _, limits in limits.allowedModels = [] }
                    },
                ] { #expect(refusal == "role_too_high") }
            }
            #expect(try fixture.count("auth.api_keys") == "2")
            // Of a lesser role it could be, were it not somebody's whom no administrator manages.
            #expect(
                await fixture.refusal { try await make(fixture, by: program, .viewer, owner: root.id) }
                    == "role_too_high")
            _ = try await fixture.keys.rotate(id, overlap: .zero, by: chief)
        }
    }

    @Test("a key's owner is its maker's person; another, or nobody, needs the right over members, and over that one")
    func owners() async throws {
        try await Fixture.with { fixture in
            let program = try fixture.organization("one")
            let admin = try fixture.person("ada", .admin, in: program.organization)
            let manager = try fixture.person("max", .manager, in: program.organization)
            let other = try fixture.person("bob", .developer, in: program.organization)
            let (mine, text) = try await make(fixture, by: manager, .manager, owner: manager.id)
            let keyOfManager = try caller(of: text, fixture)
            for caller in [manager, keyOfManager] {
                for owner in [other.id, nil] {
                    #expect(
                        await fixture.refusal { try await make(fixture, by: caller, owner: owner) }
                            == "permission_denied")
                }
                _ = try await make(fixture, by: caller, owner: manager.id)
            }
            _ = try await make(fixture, by: admin, owner: other.id)
            let (nobodys, _) = try await make(fixture, by: admin)
            #expect(try await fixture.keys.find(nobodys, of: admin.organization).owner == nil)
            // The text of a key is its owner's name; who rotates it has the text.
            #expect(
                await fixture.refusal { try await fixture.keys.rotate(nobodys, overlap: .zero, by: manager) }
                    == "permission_denied")
            _ = try await fixture.keys.rotate(mine, overlap: .zero, by: admin)
            let small = Principal(
                organization: admin.organization, caller: program.caller, name: "small", role: .viewer,
                permissions: Role.viewer.permissions.union([.manageKeys, .manageMembers]), policy: admin.policy)
            #expect(
                await fixture.refusal { try await make(fixture, by: small, .viewer, owner: admin.id) }
                    == "role_too_high")
        }
    }

    @Test(
        "a limited key gives limits within its own only, each of them",
        arguments: [
            ("none", ["a/b"], ["10.1.0.0/16"], -1), ("none", ["a/b", "c/d"], ["10.0.0.0/8", "2001:db8::1"], 0),
            ("allowed_models", [], ["10.1.0.0/16"], -1), ("allowed_models", ["a/b", "x/y"], ["10.1.0.0/16"], -1),
            ("allowed_addresses", ["a/b"], [], -1), ("allowed_addresses", ["a/b"], ["10.0.0.0/7"], -1),
            ("allowed_addresses", ["a/b"], ["10.1.0.0/16", "11.0.0.1"], -1),
            ("allowed_addresses", ["a/b"], ["0.0.0.0/0"], -1), ("allowed_addresses", ["a/b"], ["::/0"], -1),
            ("expires_at", ["a/b"], ["10.1.0.0/16"], 1), ("expires_at", ["a/b"], ["10.1.0.0/16"], nil),
        ] as [(String, [String], [String], Int64?)])
    func within(field: String, models: [String], addresses: [String], seconds: Int64?) throws {
        let own = Principal(
            organization: .v7(), caller: .key(.v7()), name: "limited", role: .manager, allowedModels: ["a/b", "c/d"],
            allowedAddresses: ["10.0.0.0/8", "2001:db8::/64"].compactMap { NetworkRange($0) },
            expiresAt: Self.longest,
            policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
        let given = limits(
            models: models, addresses: addresses, expiresAt: seconds.map { Self.longest + .seconds($0) })
        do {
            try given.check(within: own)
            #expect(field == "none")
        } catch {
            #expect((error.code, error.parameter) == ("limits_too_wide", field))
        }
    }

    @Test("a limited key changes nothing of itself, makes and rotates none that is less limited, and rotates itself")
    func limited() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (wide, _) = try await make(fixture, by: admin)
            let (id, text) = try await make(
                fixture, by: admin, .manager,
                owner: nil, limits(models: ["a/b"], addresses: ["192.0.2.0/24"], expiresAt: Self.longest))
            let own = try caller(of: text, fixture)
            #expect(
                await fixture.refusal { try await fixture.keys.update(id, by: own) { _, limits in limits.scopes = [] } }
                    == "own_key")
            for refusal in [
                await fixture.refusal { try await make(fixture, by: own) },
                await fixture.refusal { try await fixture.keys.rotate(wide, overlap: .zero, by: own) },
                await fixture.refusal { try await fixture.keys.update(wide, by: own) { name, _ in name = "x" } },
            ] { #expect(refusal == "limits_too_wide") }
            let (small, _) = try await make(
                fixture, by: own, owner: nil,
                limits(models: ["a/b"], addresses: ["192.0.2.7"], expiresAt: Self.longest))
            #expect(
                await fixture.refusal {
                    try await fixture.keys.update(small, by: own) { _, limits in limits.allowedAddresses = [] }
                } == "limits_too_wide")
            let made = try await fixture.keys.rotate(id, overlap: .zero, by: own)
            let next = try await fixture.keys.find(made.id, of: admin.organization)
            #expect((next.allowedModels, next.allowedAddresses) == (["a/b"], ["192.0.2.0/24"]))
        }
    }

    @Test("a key narrowed by scopes rotates itself")
    func scoped() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            var scoped = APIKeyLimits()
            scoped.scopes = ["keys.manage"]
            let (id, text) = try await make(fixture, by: admin, .manager, owner: nil, scoped)
            let own = try caller(of: text, fixture)
            let made = try await fixture.keys.rotate(id, overlap: .zero, by: own)
            #expect(fixture.monitor.principal(of: made.token.text.reveal())?.permissions == [.manageKeys])
        }
    }
}
