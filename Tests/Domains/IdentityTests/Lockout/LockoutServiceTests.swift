// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Identity
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite("Counting wrong passwords", .serialized)
struct LockoutServiceTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func attempt(_ email: String, _ address: String) -> AccountAttempt {
        AccountAttempt(email: email, from: Origin(address: address, userAgent: nil))
    }

    private func lockout(_ fixture: Fixture) -> LockoutService {
        LockoutService(database: fixture.database, key: HMACSHA256(key: Secret(Array("lockout".utf8))))
    }

    private func succeed(_ fixture: Fixture, _ attempt: AccountAttempt) async throws {
        try await fixture.database.transaction { transaction in
            try await lockout(fixture).settle(attempt, isWholeProof: true, in: transaction, now: start) { _ in }
        }.get()
    }

    /// The seconds to wait; nil when the attempt may be made.
    private func refusal(
        _ lockout: LockoutService, _ attempt: AccountAttempt, _ now: Timestamp
    ) async throws -> Duration? {
        do {
            try await lockout.check(attempt, now: now)
            return nil
        } catch let error as DomainError {
            #expect(error.code == "sign_in_locked" && error.status == 429)
            return error.retryAfter
        }
    }

    @Test("ten failures lock the account everywhere and the place for everybody, whether the account exists or not")
    func tenFailures() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let there = attempt("nobody@b.example", "192.0.2.1")
            for _ in 0..<10 {
                #expect(try await refusal(lockout, there, start) == nil)
                try await lockout.failed(there, now: start)
            }
            #expect(try await refusal(lockout, there, start) == .seconds(60))
            #expect(try await refusal(lockout, attempt("nobody@b.example", "192.0.2.2"), start) == .seconds(60))
            #expect(try await refusal(lockout, attempt("other@b.example", "192.0.2.1"), start) == .seconds(60))
            #expect(try await refusal(lockout, attempt("other@b.example", "192.0.2.2"), start) == nil)
            #expect(try await refusal(lockout, there, start + .seconds(60)) == nil)
        }
    }

    @Test("of thirty wrong guesses at once ten are called wrong, and the others are refused")
    func parallel() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let there = attempt("ada@b.example", "2001:db8::1")
            let told = await fixture.outcomes(of: 30) { _ in try await lockout.failed(there, now: start) }
            #expect(told == ["none": 10, "sign_in_locked": 20])
            let counts = try fixture.store.psql(
                "SELECT kind, failures FROM auth.lockouts WHERE failures > 0 ORDER BY kind")
            #expect(counts == "account|10\nnetwork|10")
        }
    }

    @Test("the right guess among those that are too many lets nobody in")
    func rightTooLate() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let there = attempt("ada@b.example", "192.0.2.1")
            for _ in 0..<10 { try await lockout.failed(there, now: start) }
            let error = await #expect(throws: DomainError.self) { try await succeed(fixture, there) }
            #expect(error?.code == "sign_in_locked")
            #expect(try await refusal(lockout, there, start) == .seconds(60))
        }
    }

    @Test("a person is not locked out of where they are known by somebody who guesses from elsewhere")
    func known() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let home = attempt("ada@b.example", "192.0.2.1")
            try await succeed(fixture, home)
            let elsewhere = attempt("ada@b.example", "198.51.100.7")
            for _ in 0..<10 { try await lockout.failed(elsewhere, now: start) }
            #expect(try await refusal(lockout, elsewhere, start) != nil)
            #expect(try await refusal(lockout, home, start) == nil)
            // Signing in there does not help who guesses.
            try await succeed(fixture, home)
            #expect(try await refusal(lockout, elsewhere, start) != nil)
            // Neither does a flood from the same network against other accounts refuse the person there.
            for number in 0..<10 { try await lockout.failed(attempt("x\(number)@b.example", "192.0.2.1"), now: start) }
            #expect(try await refusal(lockout, attempt("new@b.example", "192.0.2.1"), start) != nil)
            #expect(try await refusal(lockout, home, start) == nil)
        }
    }

    @Test("a reset by mail opens the account in that place, and not the place for others")
    func reset() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let there = attempt("ada@b.example", "192.0.2.1")
            for _ in 0..<10 { try await lockout.failed(there, now: start) }
            try await lockout.reset(there, now: start)
            #expect(try await refusal(lockout, there, start) == nil)
            #expect(try await refusal(lockout, attempt("other@b.example", "192.0.2.1"), start) != nil)
        }
    }

    @Test("what fails in a transaction is undone, but its count is kept, and success forgets what was before")
    func settle() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            let there = attempt("ada@b.example", "192.0.2.1")
            let outcome = try await fixture.database.transaction { transaction in
                try await lockout.settle(there, isWholeProof: true, in: transaction, now: start) { transaction in
                    try await transaction.execute("UPDATE auth.lockouts SET failures = 7, last_failure = now()")
                    throw DomainError(.forbidden, code: "invalid_code", "Wrong.")
                }
            }
            #expect(#expect(throws: DomainError.self) { try outcome.get() }?.code == "invalid_code")
            let counts = "SELECT string_agg(failures::text, ' ' ORDER BY kind DESC) FROM auth.lockouts"
            #expect(try fixture.store.psql(counts) == "1 1")
            try await fixture.database.transaction { transaction in
                try await lockout.settle(there, isWholeProof: true, in: transaction, now: start) { _ in }
            }.get()
            #expect(try fixture.store.psql(counts) == "1 0")
            // What has nothing to do with guessing is thrown and undoes everything.
            let unforeseen = await #expect(throws: DomainError.self) {
                try await fixture.database.transaction { transaction in
                    try await lockout.settle(
                        there, isWholeProof: true, in: transaction, now: start
                    ) { transaction in
                        try await transaction.execute("UPDATE auth.lockouts SET failures = 7, last_failure = now()")
                        throw DomainError.unforeseen
                    }
                }
            }
            #expect(unforeseen == .unforeseen)
            #expect(try fixture.store.psql(counts) == "1 0")
        }
    }

    @Test("counters of which nothing is left go away, and the table tells nobody who tried")
    func bounded() async throws {
        try await Fixture.with { fixture in
            let lockout = lockout(fixture)
            for number in 0..<30 {
                try await lockout.failed(attempt("x\(number)@b.example", "192.0.2.\(number)"), now: start)
            }
            // Long ago by the database's clock: each further failure takes up to twenty away.
            try fixture.store.psql("UPDATE auth.lockouts SET ends_at = now() - interval '1 second'")
            for number in 0..<6 {
                try await lockout.failed(attempt("y\(number)@b.example", "198.51.100.\(number)"))
            }
            #expect(try fixture.store.psql("SELECT count(*) FROM auth.lockouts WHERE ends_at < now()") == "0")
            #expect(try fixture.store.psql("SELECT count(*) FROM auth.lockouts") == "12")
            #expect(
                try fixture.store.psql("SELECT count(*) FROM auth.lockouts WHERE subject::text LIKE '%example%'") == "0"
            )
        }
    }
}
