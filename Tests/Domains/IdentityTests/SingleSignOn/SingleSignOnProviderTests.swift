// SPDX-License-Identifier: Apache-2.0
import Core
import HTTPClient
import HTTPServer
import JSON
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite struct SingleSignOnProviderTests {
    @Test("a provider is made, listed, shown, changed and retired over the wire, without its secret")
    func wire() async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer())
            let made = try await house.send(
                .post, "/api/v1/sso-providers",
                [
                    "name": "Corp", "issuer": .string(house.issuer.url), "client_id": "witan",
                    "client_secret": "hunter2", "group_claim": "groups", "role_mapping": ["staff": "developer"],
                    "allowed_domains": ["Corp.Example"], "default_role": nil,
                ])
            #expect(made.status == 201)
            let id = try #require(made.body["id"]?.string)
            #expect(made.body["callback_url"] == .string("\(SignOnHouse.publicURL)/api/v1/sso/\(id)/callback"))
            #expect(made.body["allowed_domains"] == ["corp.example"] && made.body["default_role"] == .null)
            #expect(made.body["role_mapping"] == ["staff": "developer"])
            let path = "/api/v1/sso-providers/\(id)"
            let changed = try await house.send(
                .patch, path, ["default_role": "viewer", "client_secret": "hunter3", "is_active": false])
            #expect(changed.status == 200 && changed.body["default_role"] == "viewer")
            #expect(changed.body["is_active"] == false && changed.body["name"] == "Corp")
            #expect(try await house.send(.get, path).body == changed.body)
            #expect(try await house.send(.get, "/api/v1/sso-providers").body["data"]?.elements?.count == 1)
            let again = try await house.send(
                .post, "/api/v1/sso-providers",
                ["name": "Twice", "issuer": .string(house.issuer.url), "client_id": "witan"])
            #expect(again.status == 409 && again.body["code"] == "sso_provider_exists")
            #expect(try await house.send(.delete, path).status == 204)
            #expect(try await house.send(.get, path).status == 404)
            #expect(
                try fixture.actions() == ["sso_provider.created", "sso_provider.updated", "sso_provider.retired"])
            for table in ["auth.sso_providers", "audits.audit_log"] {
                #expect(try !fixture.store.psql("SELECT t::text FROM \(table) t").contains("hunter"))
            }
            #expect(![made, changed].contains { $0.body.description.contains("hunter") })
        }
    }

    static let wrong: [(String, JSONValue, String)] = [
        ("issuer", "http://id.example", "issuer"), ("issuer", "https://id.example/?x", "issuer"),
        ("issuer", "ftp://id.example", "issuer"), ("issuer", "https://user@id.example", "issuer"),
        ("issuer", "https://id.example/#x", "issuer"), ("client_id", "", "client_id"),
        ("client_id", "a b", "client_id"), ("client_secret", "", "client_secret"),
        ("client_secret", "a\nb", "client_secret"), ("name", "", "name"), ("name", "a\u{0}", "name"),
        ("scopes", ["email"], "scopes"), ("scopes", ["openid", "a b"], "scopes"), ("scopes", "openid", "scopes"),
        ("allowed_domains", ["@corp.example"], "allowed_domains"),
        ("allowed_domains", ["bücher.example"], "allowed_domains"),
        ("role_mapping", ["a": "root"], "role_mapping"), ("role_mapping", ["staff": "viewer"], "group_claim"),
        ("role_mapping", [], "role_mapping"), ("default_role", "root", "default_role"),
        ("rolemapping", [:], "rolemapping"),
        ("is_active", "yes", "is_active"), ("trusts_email", true, "trusts_email"),
    ]

    @Test("a wrong field is a 400 that names it")
    func fields() async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer())
            for (name, value, field) in Self.wrong {
                var members = [
                    JSONMember("name", "Corp"), JSONMember("issuer", .string(house.issuer.url)),
                    JSONMember("client_id", "witan"),
                ].filter { $0.key != name }
                members.append(JSONMember(name, value))
                let answer = try await house.send(.post, "/api/v1/sso-providers", .object(members))
                #expect(answer.status == 400 && answer.body["field"]?.string == field, "\(answer.body)")
            }
            #expect(try fixture.count("auth.sso_providers") == "0")
        }
    }

    static let broken: [(String, JSONValue?, String)] = [
        ("issuer", "https://evil.example", "sso_provider_invalid"), ("issuer", nil, "sso_provider_invalid"),
        ("token_endpoint", nil, "sso_provider_invalid"), ("jwks_uri", "ftp://x", "sso_provider_invalid"),
        ("token_endpoint", "http://evil.example/token", "sso_provider_invalid"),
        ("response_types_supported", ["id_token"], "sso_provider_invalid"),
        ("code_challenge_methods_supported", ["plain"], "sso_provider_invalid"),
    ]

    @Test("an issuer whose configuration is another's, or not protected, is refused when it is added")
    func configuration() async throws {
        try await Fixture.with { fixture in
            for (name, value, code) in Self.broken {
                let issuer = try StubIssuer()
                issuer.state.withLock { $0.configuration = [(name, value)] }
                let client = OpenIDClient(client: HTTPClient(loops: [issuer.loop]))
                let error = try await #require(throws: DomainError.self) {
                    try await client.configuration(of: issuer.url)
                }
                #expect(error.code == code, "\(name)")
            }
            let house = try SignOnHouse(fixture, try StubIssuer())
            house.issuer.state.withLock { $0.configuration = [("issuer", nil)] }
            #expect(await code { _ = try await house.provider() } == "sso_provider_invalid")
            #expect(try fixture.count("auth.sso_providers") == "0")
        }
    }

    @Test("nobody lets others in with more than they may do themselves")
    func escalation() throws {
        var rules = SingleSignOnRules(name: "Corp")
        rules.groupClaim = "groups"
        rules.roleMapping = ["staff": .admin]
        let error = try #require(throws: DomainError.self) { try rules.check(by: caller(.manager)) }
        #expect(error.code == "role_too_high")
        try rules.check(by: caller(.admin))
    }

    @Test("an https issuer may not send people or codes to http, nor to this machine")
    func mixedProtection() throws {
        func document(_ token: String) -> [UInt8] {
            Array(
                """
                {"issuer":"https://id.example","authorization_endpoint":"https://id.example/a",
                 "token_endpoint":"\(token)","jwks_uri":"https://keys.example/k",
                 "token_endpoint_auth_methods_supported":["client_secret_post"]}
                """.utf8)
        }
        let good = try OpenIDConfiguration(parsing: document("https://id.example/t"), issuer: "https://id.example")
        #expect(good.takesSecretInBody && !good.namesItself && good.userInfoEndpoint == nil)
        for token in ["http://127.0.0.1:1/t", "http://id.example/t", "https://a@id.example/t", ""] {
            let error = #expect(throws: DomainError.self) {
                try OpenIDConfiguration(parsing: document(token), issuer: "https://id.example")
            }
            #expect(error?.code == "sso_provider_invalid")
        }
    }
}
