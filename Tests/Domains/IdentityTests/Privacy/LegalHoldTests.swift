// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite(.serialized) struct LegalHoldTests {
    @Test(
        "a hold on a person or on the whole organization blocks erasure until it is released", arguments: [true, false])
    func blocks(isOnPerson: Bool) async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada in
            let hold = try await fixture.holds.place(
                try NewLegalHold(person: isOnPerson ? ada.id : nil, matter: "a case"), by: admin)
            let error = await #expect(throws: DomainError.self) {
                try await fixture.erasures.erase(ada.id, for: .objection, by: admin)
            }
            #expect(error?.code == "legal_hold" && error?.status == 409)
            #expect(try fixture.find("planted-message").count == 1)
            // The database itself, should a program forget to ask.
            let refused = #expect(throws: PsqlError.self) {
                try fixture.base.store.psql(
                    "UPDATE auth.payload_keys SET encrypted_dek = NULL, destroyed_at = now() "
                        + "WHERE user_id = '\(ada.id)'"
                )
            }
            #expect(refused?.output.contains("a legal hold keeps this person's data") == true)
            try await fixture.holds.release(hold.id, by: admin)
            try await fixture.holds.release(hold.id, by: admin)
            _ = try await fixture.erasures.erase(ada.id, for: .objection, by: admin)
            #expect(try fixture.find("planted-message").isEmpty)
            let actions = try fixture.base.actions().filter { $0.hasPrefix("hold.") }
            #expect(actions == ["hold.placed", "hold.released"])
        }
    }

    @Test("a hold on somebody else, or of another organization, blocks nothing, and is not seen from there")
    func others() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .developer, in: one.organization)
            let hold = try await fixture.holds.place(try NewLegalHold(person: nil, matter: "theirs"), by: two)
            _ = try await fixture.holds.place(try NewLegalHold(person: one.id, matter: "hers"), by: one)
            #expect(await code { _ = try await fixture.holds.find(hold.id, of: one.organization) } == "hold_not_found")
            #expect(await code { _ = try await fixture.holds.release(hold.id, by: one) } == "hold_not_found")
            #expect(try await fixture.holds.find(hold.id, of: two.organization).releasedAt == nil)
            let page = try PageRequest(limit: nil, after: nil)
            #expect(try await fixture.holds.list(page, of: one.organization).map(\.matter) == ["hers"])
            let stranger = await code {
                _ = try await fixture.holds.place(try NewLegalHold(person: two.id, matter: "case"), by: one)
            }
            #expect(stranger == "user_not_found")
            _ = try await fixture.erasures.erase(ada.id, for: .objection, by: one)
        }
    }

    @Test("another organization's hold keeps the account, not what this one has")
    func heldElsewhere() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .developer, in: one.organization)
            _ = try fixture.person("ada", role: .viewer, in: two.organization, id: ada.id)
            try fixture.base.store.psql(
                "UPDATE auth.memberships SET retired_at = now() "
                    + "WHERE org_id = '\(two.organization)' AND user_id = '\(ada.id)'"
            )
            _ = try await fixture.holds.place(try NewLegalHold(person: ada.id, matter: "case"), by: two)
            try await fixture.plant(ada)
            let certificate = try await fixture.erasures.erase(ada.id, for: .objection, by: one)
            #expect(certificate.said["account"]?.string == "kept")
            #expect(try fixture.find("planted-message").isEmpty)
            #expect(try fixture.find("ada planted-name") == ["auth.users: 1"])
        }
    }

    @Test("a matter has bounds", arguments: ["", "a\u{0}b", String(repeating: "x", count: 2001)])
    func bounds(matter: String) {
        let error = #expect(throws: DomainError.self) { try NewLegalHold(person: nil, matter: matter) }
        #expect(error?.parameter == "matter")
    }
}
