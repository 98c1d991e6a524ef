// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// What a key may do, from where, and how that is changed.
@Suite struct APIKeyLimitTests {
    private func make(
        _ fixture: Fixture, by admin: Principal, role: Role = .developer, _ set: (inout APIKeyLimits) -> Void = { _ in }
    ) async throws -> (id: UniqueID, text: String) {
        var limits = APIKeyLimits()
        set(&limits)
        let made = try await fixture.keys.create(
            try NewAPIKey(name: "k", role: RoleChoice(role), limits: limits), by: admin)
        return (made.id, made.token.text.reveal())
    }

    @Test("scopes narrow a role and never widen it")
    func scopes() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let narrow = try await make(fixture, by: admin) { $0.scopes = ["models.call", "keys.manage"] }
            #expect(fixture.monitor.principal(of: narrow.text)?.permissions == [.callModels])
            let wide = try await make(fixture, by: admin)
            #expect(fixture.monitor.principal(of: wide.text)?.permissions == Role.developer.permissions)
        }
    }

    @Test("no key holds a person's own account, nor the installation unless an operator's administrator key")
    func personal() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("op@example.org", in: admin.organization, role: "admin")
            try fixture.store.psql("UPDATE auth.users SET role = 'operator'")
            for (role, owner, isIn) in [
                (Role.admin, user, true), (.admin, nil, false), (.manager, user, false),
            ] as [(Role, UniqueID?, Bool)] {
                let chief = Principal(
                    organization: admin.organization, caller: admin.caller, name: "chief", role: .admin,
                    permissions: admin.permissions.union([.manageInstallation]), policy: admin.policy)
                let (_, token) = try await fixture.keys.create(
                    try NewAPIKey(name: "k", role: RoleChoice(role), owner: owner), by: chief)
                let principal = try #require(fixture.monitor.principal(of: token.text.reveal()))
                #expect(!principal.may(.manageAccount))
                #expect(principal.may(.manageInstallation) == isIn)
            }
            let scoped = try await make(fixture, by: admin, role: .admin) { $0.scopes = ["models.call"] }
            #expect(fixture.monitor.principal(of: scoped.text)?.may(.manageInstallation) == false)
        }
    }

    @Test("a key with addresses is refused from elsewhere, and says so")
    func addresses() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let key = try await make(fixture, by: admin) { $0.allowedAddresses = ["10.0.0.0/8", "2001:db8::1"] }
            for (address, isAllowed) in [
                ("10.255.0.1", true), ("::ffff:10.1.1.1", true), ("2001:db8::1", true), ("2001:DB8:0::1", true),
                ("11.0.0.1", false), ("2001:db8::2", false), ("", false), ("localhost", false),
            ] {
                let origin = Origin(address: address, userAgent: nil)
                if isAllowed {
                    #expect(try fixture.monitor.principal(of: key.text, from: origin) != nil, "\(address)")
                } else {
                    let error = #expect(throws: DomainError.self, "\(address)") {
                        try fixture.monitor.principal(of: key.text, from: origin)
                    }
                    #expect(error?.code == "address_not_allowed")
                }
            }
            #expect(
                try await fixture.keys.find(key.id, of: admin.organization).allowedAddresses == [
                    "10.0.0.0/8", "2001:db8::1/128",
                ])
        }
    }

    @Test("a rotated key has the same rights, the old one goes on for the overlap and never longer than it had")
    func rotates() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let old = try await make(fixture, by: admin) {
                $0.scopes = ["models.call"]
                $0.allowedModels = ["a/b"]
                $0.allowedAddresses = ["192.0.2.0/24"]
                $0.expiresAt = .now() + .seconds(3600)
            }
            let made = try await fixture.keys.rotate(old.id, overlap: .seconds(60), by: admin)
            let new = try await fixture.keys.find(made.id, of: admin.organization)
            let kept = try await fixture.keys.find(old.id, of: admin.organization)
            #expect(new.rotatedFrom == old.id)
            #expect((new.scopes, new.allowedModels) == (kept.scopes, kept.allowedModels))
            #expect(new.allowedAddresses == kept.allowedAddresses)
            #expect(try #require(kept.expiresAt) <= made.oldExpiresAt)
            #expect(fixture.monitor.principal(of: old.text) != nil)
            #expect(fixture.monitor.principal(of: made.token.text.reveal())?.permissions == [.callModels])
            let again = try await fixture.keys.rotate(old.id, overlap: .seconds(7200), by: admin)
            #expect(try await fixture.keys.find(old.id, of: admin.organization).expiresAt == kept.expiresAt)
            try await fixture.keys.revoke(again.id, by: admin)
            #expect(
                await fixture.refusal { try await fixture.keys.rotate(again.id, overlap: .zero, by: admin) }
                    == "key_revoked")
            _ = try await fixture.keys.rotate(made.id, overlap: .zero, by: admin)
            #expect(fixture.monitor.principal(of: made.token.text.reveal()) == nil)
            #expect(try fixture.actions().filter { $0 == "key.rotated" }.count == 3)
        }
    }

    @Test("a change counts at once here, and on another node as soon as it looks")
    func updates() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let key = try await make(fixture, by: admin)
            let elsewhere = IdentityMonitor(
                database: fixture.store.open(role: "witan_app"), pepper: pepper, tokenKey: tokenKey)
            try await elsewhere.refresh()
            let updated = try await fixture.keys.update(key.id, by: admin) { name, limits in
                name = "other"
                limits.allowedModels = ["x/y"]
            }
            #expect((updated.name, updated.allowedModels) == ("other", ["x/y"]))
            #expect(fixture.monitor.principal(of: key.text)?.allowedModels == ["x/y"])
            #expect(elsewhere.principal(of: key.text)?.allowedModels == [])
            try await elsewhere.refresh()
            #expect(elsewhere.principal(of: key.text)?.allowedModels == ["x/y"])
            #expect(elsewhere.count == 2)
        }
    }

    @Test("who may do less than a key neither changes nor rotates it")
    func higher() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let key = try await make(fixture, by: admin, role: .admin)
            let manager = caller(.manager, organization: admin.organization)
            #expect(
                await fixture.refusal { try await fixture.keys.update(key.id, by: manager) { _, _ in } }
                    == "role_too_high")
            #expect(
                await fixture.refusal { try await fixture.keys.rotate(key.id, overlap: .zero, by: manager) }
                    == "role_too_high")
        }
    }

    @Test(
        "limits out of bounds are refused, naming the field",
        arguments: [
            ("invalid_scopes", ["models.cal"], []), ("invalid_scopes", ["account.manage"], []),
            ("invalid_scopes", ["installation.manage"], []), ("invalid_addresses", [], ["10.0.0.1/8"]),
            ("invalid_addresses", [], ["10.0.0.0/33"]), ("invalid_addresses", [], ["example.org"]),
            ("invalid_addresses", [], [""]), ("invalid_addresses", [], [String](repeating: "10.0.0.1", count: 101)),
        ])
    func bounds(code: String, scopes: [String], addresses: [String]) {
        var limits = APIKeyLimits()
        limits.scopes = scopes
        limits.allowedAddresses = addresses
        #expect(#expect(throws: DomainError.self) { try limits.check() }?.code == code)
    }

    @Test("a key names members and roles of its own organization only")
    func references() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let stranger = try fixture.person("eve@example.org", in: other.organization)
            let role = UniqueID.v7()
            try fixture.store.psql(
                "INSERT INTO auth.roles (org_id, id, name) VALUES ('\(other.organization)', '\(role)', 'r')")
            #expect(
                await fixture.refusal {
                    try await fixture.keys.create(
                        try NewAPIKey(name: "k", role: RoleChoice(.viewer), owner: stranger), by: mine)
                } == "user_not_found")
            #expect(
                await fixture.refusal {
                    try await fixture.keys.create(
                        try NewAPIKey(name: "k", role: RoleChoice(.viewer, custom: role)), by: mine)
                } == "role_not_found")
        }
    }

    @Test("the last use is written to the minute, once for many uses, and only for keys that were used")
    func usage() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (used, unused) = (try await make(fixture, by: admin), try await make(fixture, by: admin))
            let worker = APIKeyUsageWorker(database: fixture.database, monitor: fixture.monitor)
            for _ in 0..<3 { _ = fixture.monitor.principal(of: used.text) }
            try await worker.write()
            let version = "SELECT version FROM ops.snapshot_versions WHERE snapshot = 'identity'"
            let before = try fixture.store.psql(version)
            #expect(try await fixture.keys.find(unused.id, of: admin.organization).lastUsed == nil)
            let last = try #require(try await fixture.keys.find(used.id, of: admin.organization).lastUsed)
            #expect(last.seconds % 60 == 0)
            _ = fixture.monitor.principal(of: used.text)
            try await worker.write()
            #expect(try fixture.store.psql(version) == before, "a use is no change that nodes must read")
            for _ in 0..<3 { _ = fixture.monitor.principal(of: used.text) }
            #expect(fixture.monitor.takeUses().map(\.key) == [used.id])
            #expect(fixture.monitor.takeUses().isEmpty)
        }
    }
}
