// SPDX-License-Identifier: Apache-2.0
import Core
import HTTPServer
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// Through the responder, as a client would.
@Suite(.serialized) struct PrivacyRoutesTests {
    @Test("what a body says wrong is answered with the field's name, and nothing is done")
    func wrongFields() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            let ada = try fixture.person("ada", role: .viewer, in: admin.organization)
            for (path, body, field) in [
                ("/api/v1/erasures", "{}", "user"), ("/api/v1/erasures", #"{"user":"x","reason":"objection"}"#, "user"),
                ("/api/v1/erasures", #"{"user":"\#(ada.id)","reason":"Ada asked"}"#, "reason"),
                ("/api/v1/erasures", #"{"user":"\#(ada.id)","reason":"objection","force":true}"#, "force"),
                ("/api/v1/erasures/replay", #"{"certificate":"{}","signature":"AA=="}"#, "certificate"),
                ("/api/v1/erasures/replay", #"{"certificate":"{}"}"#, "signature"),
                ("/api/v1/legal-holds", #"{"user":"\#(ada.id)"}"#, "matter"),
                ("/api/v1/legal-holds", #"{"user":"\#(UniqueID.v7())","matter":"m"}"#, "user"),
                ("/api/v1/legal-holds", #"{"matter":"m","until":"2027"}"#, "until"),
            ] {
                let answer = try await fixture.send(.post, path, body, as: admin)
                #expect(answer.status == 400, "\(path) \(body)")
                #expect(answer.body["field"]?.string == field, "\(path) \(body)")
            }
            #expect(try fixture.base.actions().isEmpty)
        }
    }

    @Test("only administrators erase, hold and export others; a person exports their own, a key does not")
    func permissions() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            let erasure = #"{"user":"\#(admin.id)","reason":"objection"}"#
            for role in [Role.manager, .developer, .viewer] {
                let caller = try fixture.person("\(role)", role: role, in: admin.organization)
                for (method, path, body) in [
                    (HTTPMethod.post, "/api/v1/erasures", erasure), (.get, "/api/v1/erasures", ""),
                    (.post, "/api/v1/users/\(admin.id)/export", ""), (.get, "/api/v1/legal-holds", ""),
                    (.post, "/api/v1/legal-holds", #"{"matter":"m"}"#),
                ] {
                    #expect(try await fixture.send(method, path, body, as: caller).status == 403, "\(role) \(path)")
                }
                #expect(try await fixture.send(.post, "/api/v1/account/export", as: caller).status == 200)
            }
            let key = Principal(
                organization: admin.organization, caller: .key(.v7()), user: admin.id, name: "k", role: .admin,
                policy: admin.policy)
            #expect(try await fixture.send(.post, "/api/v1/account/export", as: key).status == 403)
        }
    }

    @Test("a hold and an erasure are made, listed and shown in their organization, and nowhere else")
    func wholeWay() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .viewer, in: one.organization)
            let hold = try await fixture.send(
                .post, "/api/v1/legal-holds", #"{"matter":"Case 1","user":"\#(ada.id)"}"#, as: one)
            #expect(hold.status == 201)
            let holdID = try #require(hold.body["id"]?.string)
            let body = #"{"user":"\#(ada.id)","reason":"unlawful"}"#
            let blocked = try await fixture.send(.post, "/api/v1/erasures", body, as: one)
            #expect(blocked.status == 409 && blocked.body["code"]?.string == "legal_hold")
            #expect(try await fixture.send(.delete, "/api/v1/legal-holds/\(holdID)", as: two).status == 404)
            #expect(try await fixture.send(.delete, "/api/v1/legal-holds/\(holdID)", as: one).status == 204)
            let shown = try await fixture.send(.get, "/api/v1/legal-holds/\(holdID)", as: one)
            #expect(shown.body["released_by"]?.string == one.id.description)
            let made = try await fixture.send(.post, "/api/v1/erasures", body, as: one)
            #expect(made.status == 201 && made.body["account"]?.string == "erased")
            let id = try #require(made.body["id"]?.string)
            #expect(try await fixture.send(.get, "/api/v1/erasures/\(id)", as: one).body == made.body)
            #expect(try await fixture.send(.get, "/api/v1/erasures/\(id)", as: two).status == 404)
            let (mine, theirs) = (
                try await fixture.send(.get, "/api/v1/erasures", as: one),
                try await fixture.send(.get, "/api/v1/erasures", as: two)
            )
            #expect(mine.body["data"]?.elements == [made.body] && theirs.body["data"]?.elements == [])
        }
    }
}
