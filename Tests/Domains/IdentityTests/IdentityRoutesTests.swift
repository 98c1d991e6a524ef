// SPDX-License-Identifier: Apache-2.0
import Core
import HTTPServer
import Identity
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// Through the responder, as a client would.
@Suite struct IdentityRoutesTests {
    @Test("a key is made, listed, shown and revoked over the wire, its text shown once")
    func keys() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let made = try await fixture.send(
                .post, "/api/v1/keys", #"{"name":"ci","allowed_models":["a/b"]}"#, as: admin)
            #expect(made.status == 201)
            let id = try #require(made.body["id"]?.string)
            let text = try #require(made.body["key"]?.string)
            #expect(fixture.monitor.principal(of: text)?.role == .developer)
            let shown = try await fixture.send(.get, "/api/v1/keys/\(id)", as: admin)
            #expect(shown.body["last_four"]?.string == String(text.suffix(4)))
            #expect(shown.body["allowed_models"]?[0]?.string == "a/b")
            #expect(!shown.body.description.contains(text))
            let listed = try await fixture.send(.get, "/api/v1/keys", as: admin)
            #expect(listed.body["data"]?.elements?.count == 2)
            #expect(try await fixture.send(.delete, "/api/v1/keys/\(id)", as: admin).status == 204)
            #expect(fixture.monitor.principal(of: text) == nil)
        }
    }

    @Test("a key is the caller's person's also when a key of theirs makes it; nobody's it is when that is asked for")
    func owners() async throws {
        try await Fixture.with { fixture in
            let program = try fixture.organization("one")
            let user = try fixture.person("ada", .admin, in: program.organization)
            let own = Principal(
                organization: user.organization, caller: program.caller, user: user.id, name: "ada's", role: .admin,
                policy: user.policy)
            for (caller, body, owner) in [
                (user, #"{"name":"k"}"#, user.id), (own, #"{"name":"k"}"#, user.id), (program, #"{"name":"k"}"#, nil),
                (own, #"{"name":"k","owner":null}"#, nil),
                (program, "{\"name\":\"k\",\"owner\":\"\(user.id)\"}", user.id),
            ] as [(Principal, String, UniqueID?)] {
                let made = try await fixture.send(.post, "/api/v1/keys", body, as: caller)
                let id = try #require(made.body["id"]?.string.flatMap { UniqueID($0) })
                #expect(try await fixture.keys.find(id, of: user.organization).owner == owner, "\(body)")
            }
        }
    }

    @Test(
        "a wrong field is a 400 that names it",
        arguments: [
            (#"{}"#, "name"), (#"{"name":1}"#, "name"), (#"{"name":""}"#, "name"), (#"{"name":null}"#, "name"),
            (#"{"name":"a\u0000b"}"#, "name"), (#"{"name":"a","role":"root"}"#, "role"),
            (#"{"name":"a","rol":"admin"}"#, "rol"), (#"{"name":"a","name":"b"}"#, "name"),
            (#"{"name":"a","allowed_models":"a/b"}"#, "allowed_models"),
            (#"{"name":"a","expires_at":"tomorrow"}"#, "expires_at"),
            (#"{"name":"a","expires_at":"2001-01-01T00:00:00Z"}"#, "expires_at"),
        ])
    func wrongFields(body: String, field: String) async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let answer = try await fixture.send(.post, "/api/v1/keys", body, as: admin)
            #expect(answer.status == 400)
            #expect(answer.body["field"]?.string == field)
            #expect(try fixture.count("auth.api_keys") == "1")
        }
    }

    @Test("the organization's policy is changed field by field, and a ceiling within reason")
    func organization() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let path = "/api/v1/organization"
            let set = try await fixture.send(.patch, path, #"{"unknown_price_ceiling":"0.00002"}"#, as: admin)
            #expect(set.status == 200)
            #expect(set.body["unknown_price_ceiling"]?.string == "0.00002")
            #expect(set.body["durable_answers"]?.bool == true)
            let kept = try await fixture.send(.patch, path, #"{"content_retention":true}"#, as: admin)
            #expect(kept.body["unknown_price_ceiling"]?.string == "0.00002")
            let cleared = try await fixture.send(.patch, path, #"{"unknown_price_ceiling":null}"#, as: admin)
            #expect(cleared.body["unknown_price_ceiling"] == JSONValue.null)
            #expect(cleared.body["content_retention"]?.bool == true)
            // So high a price would overflow the cost of a call.
            for ceiling in ["0", "-1", "1000.000000000001", "90000000000000000000000000"] {
                let refused = try await fixture.send(
                    .patch, path, #"{"unknown_price_ceiling":"\#(ceiling)"}"#, as: admin)
                #expect(refused.status == 400, "\(ceiling)")
                #expect(refused.body["field"]?.string == "unknown_price_ceiling")
            }
        }
    }

    @Test("while the database is away the answer is a 503 with a time to come back")
    func away() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            await fixture.database.close()
            let answer = try await fixture.send(.get, "/api/v1/keys", as: admin)
            #expect(answer.status == 503)
            #expect(answer.body["code"]?.string == "store_unavailable")
        }
    }
}
