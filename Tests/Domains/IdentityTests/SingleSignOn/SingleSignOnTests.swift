// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import HTTPServer
import JSON
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// The way there and back, with a provider that is honest.
@Suite struct SingleSignOnTests {
    @Test("somebody new comes in: account, membership, link and session are made, and the log has it all")
    func firstTime() async throws {
        try await SignOnHouse.with { house, provider in
            let away = try await house.start(provider)
            #expect(away.item("client_id") == "witan" && away.item("response_type") == "code")
            #expect(away.item("scope") == "openid email profile" && away.item("code_challenge_method") == "S256")
            #expect(away.item("redirect_uri") == "\(SignOnHouse.publicURL)/api/v1/sso/\(provider.id)/callback")
            let whole = away.headers.first { $0.name == "set-cookie" }?.value ?? ""
            #expect(whole.contains("HttpOnly") && whole.contains("SameSite=Lax") && whole.contains("Max-Age=600"))

            let (code, state) = house.issuer.authorize(away.location)
            let back = try await house.back(provider, code: code, state: state, cookie: away.cookie)
            #expect(back.status == 302 && back.item("state") == "mine")
            #expect(back.cookie.hasSuffix("="))
            let tokens = try await house.exchange(back.item("code"))
            #expect(tokens.status == 201)
            #expect(tokens.body["role"] == "viewer")
            let access = try #require(tokens.body["access_token"]?.string)
            try await house.fixture.monitor.refresh()
            #expect(house.fixture.monitor.principal(of: access)?.organization == house.admin.organization)
            #expect(
                try house.fixture.store.psql("SELECT email, name, verified, password_hash IS NULL FROM auth.users")
                    == "ada@example.org|Ada Lovelace|f|t")
            #expect(try house.fixture.store.psql("SELECT second_factor FROM auth.sessions") == "sso")
            #expect(
                try house.fixture.actions() == [
                    "sso_provider.created", "member.created", "sso.linked", "sso.signed_in", "session.created",
                ])
            #expect(
                try house.fixture.store.psql(
                    "SELECT DISTINCT ip_address, user_agent FROM auth.audit_logs WHERE action = 'sso.signed_in'")
                    == "|", "where a person came from is nowhere in clear")
            // The client authenticated itself, in the header, both halves encoded.
            let authorization = house.issuer.state.withLock { $0.lastAuthorization }
            #expect(authorization == "Basic \(Base64.encode(Array("witan:s3cret%20%26%2F%C3%A4".utf8)))")
            for secret in ["s3cret", "code-", access] {
                for table in ["auth.sso_providers", "auth.sso_logins", "audits.audit_log"] {
                    #expect(try !house.fixture.store.psql("SELECT t::text FROM \(table) t").contains(secret))
                }
            }
        }
    }

    @Test("a provider that takes the secret in the form alone gets it there, and not in the header")
    func secretInForm() async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer())
            house.issuer.state.withLock {
                $0.configuration = [("token_endpoint_auth_methods_supported", ["client_secret_post"])]
            }
            try await house.expect("none", at: try await house.provider())
            let (authorization, form) = house.issuer.state.withLock { ($0.lastAuthorization, $0.lastForm) }
            #expect(authorization == nil)
            let sent = HTTPRequest(method: .post, path: "/", query: form)
            #expect(sent.queryItem("client_secret") == "s3cret &/ä" && sent.queryItem("client_id") == "witan")
        }
    }

    @Test("who comes again is the same person, whatever the address says by then")
    func again() async throws {
        try await SignOnHouse.with { house, provider in
            try await house.expect("none", at: provider)
            try await house.expect("none", at: provider, [("email", "other@example.org"), ("email_verified", false)])
            try await house.expect("none", at: provider, [("email", nil), ("email_verified", nil)])
            #expect(try house.fixture.count("auth.users") == "1")
            #expect(try house.fixture.count("auth.sso_identities") == "1")
        }
    }

    @Test("a member with the verified address is linked, and keeps the role where no groups count")
    func member() async throws {
        try await SignOnHouse.with { house, provider in
            let user = try house.fixture.person("ada@example.org", in: house.admin.organization, role: "manager")
            let answer = try await house.signIn(provider)
            let tokens = try await house.exchange(answer.item("code"))
            #expect(tokens.body["user"]?.string == user.description)
            #expect(tokens.body["role"] == "manager")
            #expect(try house.fixture.count("auth.users") == "1")
        }
    }

    @Test("roles follow groups at each sign-in, the strongest counts, and without one the default")
    func groups() async throws {
        try await SignOnHouse.with { house, provider in
            try await house.change(provider) { rules in
                rules.groupClaim = "groups"
                rules.roleMapping = ["staff": .developer, "leads": .manager]
            }
            func role(_ groups: JSONValue?) async throws -> String {
                try await house.expect("none", at: provider, [("groups", groups)])
                return try house.fixture.store.psql("SELECT role FROM auth.memberships")
            }
            #expect(try await role(["staff", "leads", "other"]) == "manager")
            #expect(try await role(["staff"]) == "developer")
            #expect(try await role("leads") == "manager")
            #expect(try await role(nil) == "viewer")
            #expect(try await role([1, "Staff"]) == "viewer")
            #expect(try house.fixture.actions().filter { $0 == "member.updated" }.count == 3)
            // A custom role is one, too: who is in none of its groups does not keep it.
            let custom = UniqueID.v7()
            try house.fixture.store.psql(
                """
                INSERT INTO auth.roles (org_id, id, name, permissions)
                VALUES ('\(house.admin.organization)', '\(custom)', 'auditors', '{audit.read,privacy.manage}');
                UPDATE auth.memberships SET role = 'viewer', custom_role_id = '\(custom)'
                """)
            #expect(try await role(["other"]) == "viewer")
            #expect(try house.fixture.store.psql("SELECT custom_role_id IS NULL FROM auth.memberships") == "t")
            #expect(
                try house.fixture.payloads("member.updated").last?["old_custom_role"]?.string == "role:\(custom)")
            try await house.change(provider) { $0.defaultRole = nil }
            try await house.expect("sso_no_role", at: provider, [("groups", ["other"])])
        }
    }

    @Test("claims that the token lacks are asked for, and must be about the same person")
    func userInfo() async throws {
        try await SignOnHouse.with { house, provider in
            let bare: [(String, JSONValue?)] = [("email", nil), ("email_verified", nil), ("name", nil)]
            try await house.expect("sso_email_unverified", at: provider, bare)
            house.issuer.state.withLock { $0.userInfo = ["sub": "somebody-else", "email": "x@example.org"] }
            try await house.expect("sso_token_invalid", at: provider, bare)
            house.issuer.state.withLock {
                $0.userInfo = [
                    "sub": "subject-1", "email": "grace@example.org", "email_verified": true, "name": "Grace",
                    "iss": "https://evil.example",
                ]
            }
            // An address and its proof are not put together from two places.
            try await house.expect("none", at: provider, [("email", "boss@example.org"), ("email_verified", nil)])
            #expect(try house.fixture.store.psql("SELECT email FROM auth.users") == "grace@example.org")
        }
    }

    @Test("keys that are exchanged for others are found, but not looked for all the time")
    func rotation() async throws {
        var freshness = OpenIDClient.Freshness()
        freshness.unknownKey = .seconds(3600)
        try await SignOnHouse.with(freshness) { house, provider in
            try await house.expect("none", at: provider)
            house.issuer.state.withLock { $0.keys.append(("two", .generate())) }
            // Keys were looked for a moment ago.
            try await house.expect("sso_token_invalid", at: provider)
            #expect(house.issuer.state.withLock { $0.keysServed } == 1)
        }
        freshness.unknownKey = .zero
        try await SignOnHouse.with(freshness) { house, provider in
            try await house.expect("none", at: provider)
            house.issuer.state.withLock { $0.keys = [("two", .generate())] }
            try await house.expect("none", at: provider)
            #expect(house.issuer.state.withLock { ($0.keysServed, $0.configurationsServed) } == (2, 1))
        }
    }

    @Test("a code of ours is good once, for a minute, and only with the secret it was asked for with")
    func codes() async throws {
        try await SignOnHouse.with { house, provider in
            let code = try await house.signIn(provider).item("code")
            let wrong = try await house.exchange(code, verifier: String(repeating: "x", count: 43))
            #expect(wrong.status == 401 && wrong.body["code"] == "sso_code_invalid")
            let secret = try #require(code?.split(separator: ".").last)
            #expect(try await house.exchange("").body["field"] == "code")
            for other in [".", "a.b", "\(house.admin.organization).", "\(UniqueID.v7()).\(secret)"] {
                #expect(try await house.exchange(other).body["code"] == "sso_code_invalid", "\(other)")
            }
            #expect(try await house.exchange(code).status == 201)
            #expect(try await house.exchange(code).body["code"] == "sso_code_invalid")
            let late = try await house.signIn(provider).item("code")
            try house.fixture.store.psql("UPDATE auth.sso_logins SET code_expires_at = now() WHERE used_at IS NULL")
            #expect(try await house.exchange(late).body["code"] == "sso_code_invalid")
            // Of many at once one wins.
            try house.forgive()
            let raced = try await house.signIn(provider).item("code")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await house.exchange(raced).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 201 }.count == 1 && statuses.filter { $0 == 401 }.count == 7)
        }
    }

    @Test("two first sign-ins of one person at a time make one account")
    func race() async throws {
        try await SignOnHouse.with { house, provider in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let back = try await house.signIn(provider)
                        #expect(back.item("code") != nil)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try house.fixture.count("auth.users") == "1")
        }
    }
}
