// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite("What the second factor, and the demand for it, mean for what is there already")
struct SecondFactorRuleTests {
    private func withPerson(
        _ body: @Sendable (Accounts, IssuedSession) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            _ = try await accounts.person("ada@example.org", in: admin.organization)
            try await body(accounts, try await accounts.signIn("ada@example.org"))
        }
    }

    @Test(
        "the right password beside wrong codes forgets no failures, when the factor is removed or the password changed")
    func notForgotten() async throws {
        for isRemoval in [true, false] {
            try await withPerson { accounts, issued in
                let fixture = accounts.fixture
                let principal = try await accounts.principal(issued)
                let (secret, _) = try await accounts.enroll(principal, now: .now() - .seconds(90))
                let wrong = GivenCode.authenticator(Secret("abcdef"))
                for _ in 0..<10 {
                    guard isRemoval else {
                        #expect(
                            await fixture.refusal {
                                try await accounts.passwords.change(
                                    Secret(Accounts.password), to: Secret("short"), by: principal)
                            } == "invalid_password")
                        #expect(
                            await fixture.refusal { try await accounts.signIn("ada@example.org", code: wrong) }
                                == "invalid_code")
                        continue
                    }
                    #expect(
                        await fixture.refusal {
                            try await accounts.secondFactors.remove(
                                password: Secret(Accounts.password), wrong, by: principal)
                        } == "invalid_code")
                }
                let right = GivenCode.authenticator(Secret(secret.code(at: .now())))
                #expect(
                    await fixture.refusal { try await accounts.signIn("ada@example.org", code: right) }
                        == "sign_in_locked")
            }
        }
    }

    @Test("when the organization demands a second factor, tokens issued before are void, and the next ones know")
    func demanded() async throws {
        try await withPerson { accounts, issued in
            let fixture = accounts.fixture
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: issued.accessText.reveal()) != nil)
            try fixture.store.psql("UPDATE auth.organizations SET require_two_factor = true")
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: issued.accessText.reveal()) == nil)
            let renewed = try await fixture.sessions.refresh(issued.refresh.text, from: here)
            #expect(renewed.mustSetUpSecondFactor)
            #expect(fixture.monitor.principal(of: renewed.accessText.reveal())?.permissions == [.manageAccount])
            // Setting anything else voids nothing.
            try fixture.store.psql("UPDATE auth.organizations SET require_two_factor = true, name = 'Two'")
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: renewed.accessText.reveal()) != nil)
        }
    }

    @Test("who takes the factor away has no other session, and where it is demanded no rights until there is another")
    func removed() async throws {
        try await withPerson { accounts, issued in
            let fixture = accounts.fixture
            try fixture.store.psql("UPDATE auth.organizations SET require_two_factor = true")
            let limited = try await fixture.sessions.refresh(issued.refresh.text, from: here)
            let (secret, codes) = try await accounts.enroll(
                try await accounts.principal(limited), now: .now() - .seconds(90))
            let mine = try await fixture.sessions.refresh(limited.refresh.text, from: here)
            let other = try await accounts.signIn(
                "ada@example.org", code: .authenticator(Secret(secret.code(at: .now()))))
            let principal = try await accounts.principal(mine)
            #expect(principal.permissions.contains(.callModels))
            try await accounts.secondFactors.remove(
                password: Secret(Accounts.password), .recoveryCode(codes[0].text), by: principal)
            for token in [mine, other] { #expect(fixture.monitor.principal(of: token.accessText.reveal()) == nil) }
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(other.refresh.text, from: here) }
                    == "session_ended")
            let after = try await fixture.sessions.refresh(mine.refresh.text, from: here)
            #expect(after.access.permissions == [.manageAccount] && after.mustSetUpSecondFactor)
        }
    }

    @Test("an account is not found by letters that are small to PostgreSQL only, and failures are counted for one name")
    func dottedCapital() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            _ = try await accounts.person("ivy@example.org", in: admin.organization)
            #expect(
                await fixture.refusal { try await accounts.signIn("\u{130}vy@example.org") } == "invalid_credentials")
            _ = try await accounts.signIn("IVY@EXAMPLE.ORG")
            let places = [here, Origin(address: "192.0.2.8", userAgent: nil)]
            for (number, email) in ["ivy@example.org", "Ivy@Example.org"].enumerated() {
                #expect(
                    AccountAttempt(email: email, from: places[number]).email == "ivy@example.org")
            }
        }
    }

    @Test("checking a password of nobody costs what it costs for accounts, and always the same for one address")
    func decoys() async throws {
        let (old, new) = (
            Argon2idCost(memoryKiB: 128, passes: 1, lanes: 1), Argon2idCost(memoryKiB: 64, passes: 1, lanes: 1)
        )
        let codes = (0..<400).map { SHA256.hash("\($0)".utf8) }
        #expect(PasswordCosts([], new: new).cost(for: codes[0]) == nil)
        var passed: Set<Int> = []
        for accounts in [0, 10, 50, 90, 100] {
            let costs = PasswordCosts([(old, 100 - accounts), (new, accounts)], new: new)
            let ofNew = codes.indices.filter { costs.cost(for: codes[$0]) == new }
            #expect(abs(ofNew.count - 4 * accounts) <= 40)
            // Who passed to the new one stays there.
            #expect(passed.isSubset(of: ofNew))
            passed = Set(ofNew)
        }
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            let user = try await accounts.person("ada@example.org", in: admin.organization)
            let hash = try await PasswordHashing(cost: old).hash(Secret("x"))
            try fixture.store.psql("UPDATE auth.users SET password_hash = '\(hash)' WHERE id = '\(user)'")
            #expect(try await accounts.signIns.cost(for: "nobody@example.org") == old)
            try await accounts.setPassword(Accounts.password, of: user)
            #expect(try await accounts.signIns.cost(for: "nobody@example.org") == old)
            #expect(try await accounts.signIns.cost(for: "nobody@example.org", now: .now() + .seconds(601)) == new)
        }
        let hashing = PasswordHashing(cost: new)
        #expect(hashing.needsRehash(hashing.decoy(cost: old)) && !hashing.needsRehash(hashing.decoy(cost: new)))
    }
}
