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
        ("issuer", "https://evil.example", "of the issuer https://evil.example"),
        ("issuer", nil, "of the issuer of no name"), ("token_endpoint", nil, "lacks"),
        ("jwks_uri", "ftp://x", "jwks_uri"), ("token_endpoint", "http://evil.example/token", "token_endpoint"),
        ("response_types_supported", ["id_token"], "code flow"),
        ("code_challenge_methods_supported", ["plain"], "PKCE"),
    ]

    @Test(
        "an issuer that cannot be used is answered in one way, whatever is wrong, and the program's log has the cause")
    func configuration() async throws {
        try await Fixture.with { fixture in
            var messages: Set<String> = []
            for (name, value, reason) in Self.broken {
                let (issuer, told) = (try StubIssuer(), Locked<[String]>([]))
                issuer.state.withLock { $0.configuration = [(name, value)] }
                let client = OpenIDClient(client: HTTPClient(loops: [issuer.loop]), allowsPrivate: true) { _, why in
                    told.withLock { $0.append(why) }
                }
                let error = try await #require(throws: DomainError.self) {
                    try await client.configuration(of: issuer.url)
                }
                #expect(error.code == "sso_provider_unusable", "\(name)")
                messages.insert(error.message)
                #expect(told.withLock { $0.count == 1 && $0[0].contains(reason) }, "\(name)")
            }
            #expect(messages.count == 1)
            let house = try SignOnHouse(fixture, try StubIssuer())
            house.issuer.state.withLock { $0.configuration = [("issuer", nil)] }
            #expect(await code { _ = try await house.provider() } == "sso_provider_unusable")
            #expect(try fixture.count("auth.sso_providers") == "0")
        }
    }

    @Test("an address of this machine, of a private network or without TLS is not gone to unless that is set")
    func privateNetworks() async throws {
        try await Fixture.with { fixture in
            let stub = try StubIssuer()
            let house = try SignOnHouse(fixture, stub, allowsPrivate: false)
            let port = stub.url.split(separator: ":")[2]
            for issuer in [
                stub.url, "http://localhost:\(port)", "https://127.0.0.1:\(port)", "https://localhost:\(port)",
                "https://10.0.0.1", "https://169.254.169.254/latest", "https://[::1]:\(port)",
                "https://[::ffff:127.0.0.1]:\(port)", "https://2130706433:\(port)",
            ] {
                let answer = try await house.send(
                    .post, "/api/v1/sso-providers",
                    ["name": "Inside", "issuer": .string(issuer), "client_id": "witan"])
                #expect(answer.status == 422 && answer.body["code"] == "sso_provider_unusable", "\(issuer)")
            }
            #expect(stub.state.withLock { $0.configurationsServed } == 0)
            #expect(try fixture.count("auth.sso_providers") == "0")
            // Names and unusual numbers lead there, too, and that shows when they are connected to.
            #expect(house.told.withLock { $0.filter { $0.contains("must not be connected to") }.count } == 2)
            #expect(house.told.withLock { $0.count } == 9)
        }
    }

    @Test("a failure is believed for a moment, so that nobody has an issuer asked all the time")
    func failures() async throws {
        let (issuer, told) = (try StubIssuer(), Locked(0))
        issuer.state.withLock { $0.configuration = [("issuer", nil)] }
        var freshness = OpenIDClient.Freshness()
        func client() -> OpenIDClient {
            OpenIDClient(client: HTTPClient(loops: [issuer.loop]), allowsPrivate: true, freshness: freshness) { _, _ in
                told.withLock { $0 += 1 }
            }
        }
        freshness.failure = .seconds(600)
        let patient = client()
        for _ in 0..<5 { await #expect(throws: DomainError.self) { try await patient.configuration(of: issuer.url) } }
        #expect(issuer.state.withLock { $0.configurationsServed } == 1)
        #expect(told.withLock { $0 } == 1)
        freshness.failure = .zero
        let eager = client()
        for _ in 0..<5 { await #expect(throws: DomainError.self) { try await eager.configuration(of: issuer.url) } }
        #expect(issuer.state.withLock { $0.configurationsServed } == 6)
        issuer.state.withLock { $0.configuration = [] }
        _ = try await eager.configuration(of: issuer.url)
    }

    @Test("everybody at a provider comes in only where that is said; those of its domains are viewers")
    func openness() async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer())
            func make(_ client: String, _ members: [JSONMember]) async throws -> SignOnHouse.Answer {
                try await house.send(
                    .post, "/api/v1/sso-providers",
                    .object(
                        [
                            JSONMember("name", "Corp"), JSONMember("issuer", .string(house.issuer.url)),
                            JSONMember("client_id", .string(client)),
                        ] + members))
            }
            #expect(try await make("a", []).body["default_role"] == .null)
            let said = try await make("b", [JSONMember("default_role", "developer")])
            #expect(said.body["default_role"] == "developer")
            let bound = try await make("c", [JSONMember("allowed_domains", ["corp.example"])])
            #expect(bound.body["default_role"] == "viewer")
            let path = "/api/v1/sso-providers/\(bound.body["id"]?.string ?? "")"
            let opened = try await house.send(.patch, path, ["allowed_domains": []])
            #expect(opened.status == 400 && opened.body["field"] == "default_role")
            #expect(try await house.send(.get, path).body["allowed_domains"] == ["corp.example"])
            let meant = try await house.send(.patch, path, ["allowed_domains": [], "default_role": "viewer"])
            #expect(meant.status == 200)
            #expect(try await house.send(.patch, path, ["name": "Other"]).status == 200)
        }
    }

    @Test("only who may do all that an administrator may chooses whom to believe, whatever roles would be given")
    func escalation() async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer())
            let provider = try await house.provider()
            let clerk = try fixture.person("clerk", .viewer, in: house.admin.organization)
                .with(Role.viewer.permissions.union([.manageSingleSignOn]))
            let almost = clerk.with(Permission.grantable.subtracting([.manageHolds]))
            for person in [clerk, almost] {
                #expect(
                    await fixture.refusal {
                        try await house.providers.create(
                            try NewSingleSignOnProvider(
                                issuer: house.issuer.url, clientID: "mine", secret: nil,
                                rules: SingleSignOnRules(name: "Mine")), by: person)
                    } == "role_too_high")
                #expect(
                    await fixture.refusal {
                        try await house.providers.update(provider.id, secret: Secret("mine"), by: person) { _ in }
                    } == "role_too_high")
            }
            _ = try await house.providers.update(
                provider.id, secret: nil, by: clerk.with(Permission.grantable)
            ) { $0.roleMapping = [:] }
        }
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
        let good = try OpenIDConfiguration(
            parsing: document("https://id.example/t"), issuer: "https://id.example", allowsPrivate: false)
        #expect(good.takesSecretInBody && !good.namesItself && good.userInfoEndpoint == nil)
        func isRefused(_ token: String, allowsPrivate: Bool) -> Bool {
            (try? OpenIDConfiguration(
                parsing: document(token), issuer: "https://id.example", allowsPrivate: allowsPrivate)) == nil
        }
        for token in ["http://127.0.0.1:1/t", "http://id.example/t", "https://a@id.example/t", ""] {
            #expect(isRefused(token, allowsPrivate: true))
        }
        for token in ["https://10.0.0.1/t", "https://[fd00::1]/t", "https://169.254.169.254/t"] {
            #expect(isRefused(token, allowsPrivate: false) && !isRefused(token, allowsPrivate: true))
        }
    }
}
