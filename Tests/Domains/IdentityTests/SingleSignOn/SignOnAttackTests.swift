// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import HTTPServer
import JSON
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// What attackers try: in the browser, on the way, and as a provider.
@Suite struct SignOnAttackTests {
    static let lies: [(String, JSONValue?)] = [
        ("nonce", "another"), ("nonce", nil), ("iss", "https://evil.example"), ("aud", "another-client"),
        ("aud", ["witan", "other"]), ("azp", "other"), ("exp", 1_000_000_000), ("exp", nil), ("nbf", 4_000_000_000),
        ("iat", 4_000_000_000), ("sub", nil), ("sub", ""), ("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
    ]

    @Test("a token that is not for this sign-in is refused, and the log says so")
    func claims() async throws {
        try await SignOnHouse.with { house, provider in
            for lie in Self.lies {
                try await house.expect("sso_token_invalid", at: provider, [lie])
            }
            #expect(try house.fixture.count("auth.users") == "0")
            #expect(
                try house.fixture.store.psql(
                    """
                    SELECT DISTINCT status, ip_address, user_agent FROM auth.audit_logs WHERE action = 'sso.refused'
                    """) == "failure|127.0.0.1|browser/1")
            // The left half of the SHA-512 of the access token, as EdDSA has it.
            try await house.expect("none", at: provider, [("at_hash", "4J8UayM9qUGnNqHaqK2rpChA_M6CMUIfl5gcZqvthBE")])
        }
    }

    @Test("keys of others, tokens without signature and tokens of another alphabet are refused")
    func signatures() async throws {
        try await SignOnHouse.with { house, provider in
            house.issuer.state.withLock { $0.signing = .generate() }
            try await house.expect("sso_token_invalid", at: provider)
            house.issuer.state.withLock {
                $0.signing = nil; $0.keyID = "unknown"
            }
            try await house.expect("sso_token_invalid", at: provider)
            let now = Timestamp.now().seconds
            let payload = Base64.encode(
                Array(
                    #"{"iss":"\#(house.issuer.url)","aud":"witan","sub":"a","nonce":"n","exp":\#(now + 9)}"#
                        .utf8),
                .url)
            for token in ["eyJhbGciOiJub25lIn0.\(payload).", "eyJhbGciOiJIUzI1NiJ9.\(payload).AAAA", "", "a.b.c"] {
                house.issuer.state.withLock { $0.tokenText = token }
                try await house.expect("sso_token_invalid", at: provider)
            }
        }
    }

    @Test("a state counts once, in the browser it was given to, at the provider it was for, and for ten minutes")
    func states() async throws {
        try await SignOnHouse.with { house, provider in
            let away = try await house.start(provider)
            let (code, state) = house.issuer.authorize(away.location)
            func status(_ provider: SingleSignOnProvider, _ state: String, _ cookie: String) async throws -> Int {
                let answer = try await house.back(provider, code: code, state: state, cookie: cookie)
                #expect(answer.status == 302 || answer.body["code"] == "sso_state_invalid")
                return answer.status
            }
            let other = try await house.start(provider)
            let twin = try await house.twin(of: provider)
            #expect(try await status(provider, state, "") == 400)
            #expect(try await status(provider, state, other.cookie) == 400)
            #expect(try await status(provider, other.item("state") ?? "", away.cookie) == 400)
            #expect(try await status(provider, state + "x", away.cookie) == 400)
            #expect(try await status(provider, "", away.cookie) == 400)
            #expect(try await status(provider, state, String(away.cookie.dropLast())) == 400)
            #expect(try await status(twin, state, away.cookie) == 400)
            #expect(try await status(provider, state, away.cookie) == 302)
            #expect(try await status(provider, state, away.cookie) == 400)

            let value = String(other.cookie.drop { $0 != "=" }.dropFirst())
            let kept = other.item("state") ?? ""
            let later = Timestamp.now() + SignOnState.lifetime
            #expect(
                SignOnState(opening: value, state: kept, provider: provider.id, key: house.masterKey) != nil)
            #expect(
                SignOnState(opening: value, state: kept, provider: provider.id, key: house.masterKey, now: later) == nil
            )
        }
    }

    @Test("a provider's code that was used, or stolen for another sign-in, is not exchanged")
    func codes() async throws {
        try await SignOnHouse.with { house, provider in
            let first = try await house.start(provider)
            let (code, state) = house.issuer.authorize(first.location)
            let second = try await house.start(provider)
            let (_, otherState) = house.issuer.authorize(second.location)
            // Injected into another sign-in: the verifier of that one does not fit.
            let injected = try await house.back(provider, code: code, state: otherState, cookie: second.cookie)
            #expect(injected.item("error_description") == "sso_code_refused")
            let used = try await house.back(provider, code: code, state: state, cookie: first.cookie)
            #expect(used.item("error_description") == "sso_code_refused")
        }
    }

    @Test("an answer in another issuer's name is refused, and so is one without a name where there should be one")
    func mixUp() async throws {
        try await SignOnHouse.with { house, provider in
            for name in ["https://evil.example", house.issuer.url + "/", ""] {
                let away = try await house.start(provider)
                let (code, state) = house.issuer.authorize(away.location)
                let back = try await house.back(provider, code: code, state: state, cookie: away.cookie, issuer: name)
                #expect(back.item("error_description") == "sso_issuer_mismatch")
            }
            let away = try await house.start(provider)
            let (code, state) = house.issuer.authorize(away.location)
            let back = try await house.send(
                .get, "/api/v1/sso/\(provider.id)/callback?code=\(code)&state=\(state)", cookie: away.cookie)
            #expect(back.item("error_description") == "sso_issuer_mismatch")
            #expect(house.issuer.state.withLock { $0.lastForm } == "")
        }
    }

    @Test("an address that is not verified, or not of an allowed domain, finds and makes no account")
    func addresses() async throws {
        try await SignOnHouse.with { house, provider in
            _ = try house.fixture.person("ada@example.org", in: house.admin.organization)
            for unproven in [false, "false", "yes", 1, nil] as [JSONValue?] {
                try await house.expect("sso_email_unverified", at: provider, [("email_verified", unproven)])
            }
            try await house.expect("sso_email_unverified", at: provider, [("email", "аda@example.org")])
            try await house.change(provider) { $0.allowedDomains = ["corp.example"] }
            try await house.expect("sso_domain_not_allowed", at: provider)
            for email in ["ada@sub.corp.example", "ada@corp.example.evil.example", "ada@evilcorp.example"] {
                try await house.expect("sso_domain_not_allowed", at: provider, [("email", .string(email))])
            }
            #expect(try house.fixture.count("auth.sso_identities") == "0")
            try await house.expect("none", at: provider, [("email", "Ada@Corp.Example")])
        }
    }

    @Test(
        "an address that the provider says nothing of counts where that is trusted, and never against its word"
    )
    func trusted() async throws {
        try await SignOnHouse.with { house, provider in
            _ = try house.fixture.person("ada@example.org", in: house.admin.organization)
            try await house.change(provider) { rules in
                rules.allowedDomains = ["example.org"]
                rules.trustsEmail = true
            }
            for said in [false, "false", "no", .null] as [JSONValue] {
                try await house.expect("sso_domain_not_allowed", at: provider, [("email_verified", said)])
            }
            try await house.expect(
                "sso_domain_not_allowed", at: provider, [("email_verified", nil), ("email", "ada@evil.example")])
            #expect(try house.fixture.count("auth.sso_identities") == "0")
            try await house.expect("none", at: provider, [("email_verified", nil)])
            #expect(try house.fixture.count("auth.users") == "1")
        }
    }

    @Test("an organization's provider gets at no account of others, of operators, or of who has left")
    func takeover() async throws {
        try await SignOnHouse.with { house, provider in
            let other = try house.fixture.organization("two")
            _ = try house.fixture.person("eve@example.org", in: other.organization)
            try await house.expect("sso_account_elsewhere", at: provider, [("email", "eve@example.org")])
            let gone = try house.fixture.person("gone@example.org", in: house.admin.organization)
            try house.fixture.store.psql("UPDATE auth.memberships SET retired_at = now() WHERE user_id = '\(gone)'")
            try await house.expect("not_a_member", at: provider, [("email", "gone@example.org")])
            let operatorID = try house.fixture.person("root@example.org", in: house.admin.organization)
            try house.fixture.store.psql("UPDATE auth.users SET role = 'operator' WHERE id = '\(operatorID)'")
            try await house.expect("sso_account_protected", at: provider, [("email", "root@example.org")])
            #expect(try house.fixture.count("auth.sso_identities") == "0")
            // Linked before, and gone or grown mighty since.
            try await house.expect("none", at: provider)
            try house.fixture.store.psql("UPDATE auth.users SET role = 'operator' WHERE email = 'ada@example.org'")
            try await house.expect("sso_account_protected", at: provider)
            try house.fixture.store.psql(
                """
                UPDATE auth.users SET role = 'user' WHERE email = 'ada@example.org';
                UPDATE auth.memberships m SET retired_at = now() FROM auth.users u
                WHERE u.id = m.user_id AND u.email = 'ada@example.org'
                """)
            try await house.expect("not_a_member", at: provider)
        }
    }

    static let strangers = [
        "https://evil.example/", "http://127.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1:5555",
        "http://127.0.0.1.evil.example:80/", "http://127.0.0.1:80@evil.example/", "http://localhost:5555/",
        "http://127.0.0.1:8080.evil.example/", "//evil.example", "javascript:alert(1)", "http://127.0.0.1:5555/#x",
        "http://127.0.0.1:5555/\r\nset-cookie: a=b", "http://127.0.0.1:5555/../x", "http://0.0.0.0:5555/", "",
        "http://127.0.0.1:99999/", "http://2130706433:5555/", "https://127.0.0.1:5555/", "HTTP://127.0.0.1:5555/",
    ]

    @Test("people are sent back to this machine or to the installation's own pages, nowhere else")
    func redirects() async throws {
        try await SignOnHouse.with { house, provider in
            for address in Self.strangers {
                let answer = try await house.start(provider, redirect: address)
                #expect(answer.status == 400 && answer.body["field"] == "redirect_uri", "\(address)")
            }
            for address in [
                "http://127.0.0.1:1/", "http://[::1]:5555/back?x=1", "\(SignOnHouse.publicURL)/signed-in",
            ] {
                #expect(try await house.start(provider, redirect: address).status == 302)
            }
            let plain = try await house.send(
                .get, "/api/v1/sso/\(provider.id)/start?redirect_uri=http://127.0.0.1:1/&code_challenge=abc")
            #expect(plain.body["field"] == "code_challenge")
        }
    }

    @Test("a provider that is switched off, retired, another's or none at all is not found")
    func unknown() async throws {
        try await SignOnHouse.with { house, provider in
            let away = try await house.start(provider)
            let (code, state) = house.issuer.authorize(away.location)
            try await house.change(provider) { $0.isActive = false }
            #expect(try await house.start(provider).status == 404)
            #expect(try await house.back(provider, code: code, state: state, cookie: away.cookie).status == 404)
            try await house.change(provider) { $0.isActive = true }
            #expect(try await house.start(provider).status == 302)
            try await house.providers.retire(provider.id, by: house.admin)
            #expect(try await house.start(provider).status == 404)
            #expect(try await house.send(.get, "/api/v1/sso/nothing/callback").status == 404)
        }
    }
}

extension SignOnHouse {
    /// Another provider with the same issuer.
    func twin(of provider: SingleSignOnProvider) async throws -> SingleSignOnProvider {
        try await providers.create(
            try NewSingleSignOnProvider(
                issuer: provider.issuer, clientID: "twin", secret: nil, rules: SingleSignOnRules(name: "Twin")),
            by: admin)
    }
}
