// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import SwiftExtensions
import Testing

/// Seconds after an arbitrary start.
private func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: (1_800_000_000 + seconds) * 1_000_000) }

@Suite("How long failures lock")
struct FailureCountTests {
    @Test(
        "the tenth failure locks for a minute, each further one for twice as long, up to a quarter of an hour",
        arguments: [(1, 0), (9, 0), (10, 60), (11, 120), (12, 240), (13, 480), (14, 900), (15, 900), (1000, 900)])
    func growth(failures: Int, seconds: Int64) {
        let count = FailureCount(failures: failures, lastFailure: at(0))
        #expect(count.lockedUntil(at: at(0)) == (seconds == 0 ? nil : at(seconds)))
        #expect(count.lockedUntil(at: at(max(0, seconds - 1))) == (seconds == 0 ? nil : at(seconds)))
        #expect(count.lockedUntil(at: at(seconds)) == nil)
    }

    @Test(
        "each quarter of an hour forgives one failure",
        arguments: [(10, 0, 10), (10, 899, 10), (10, 900, 9), (10, 9 * 900, 1), (10, 9000, 0), (3, 100_000, 0)])
    func decay(failures: Int, seconds: Int64, left: Int) {
        #expect(FailureCount(failures: failures, lastFailure: at(0)).remaining(at: at(seconds)) == left)
    }

    @Test("attempts during a lock do not make it longer")
    func notExtended() {
        let locked = FailureCount(failures: 12, lastFailure: at(0))
        #expect(locked.adding(at: at(239)) == locked)
        #expect(locked.adding(at: at(240)).failures == 13)
    }

    @Test("who guesses without end gets four guesses an hour")
    func endless() {
        var (count, guesses, time) = (FailureCount(), 0, Int64(0))
        while time < 86_400 {
            let next = count.adding(at: at(time))
            if next != count { guesses += 1 }
            (count, time) = (next, time + 1)
        }
        #expect((96...14 + 96).contains(guesses))
        #expect(count.failures <= 15)
    }

    @Test("a counter ends when all its failures are forgiven")
    func end() {
        let count = FailureCount(failures: 15, lastFailure: at(0))
        #expect(count.end == at(15 * 900) && count.remaining(at: at(15 * 900)) == 0)
        #expect(count.remaining(at: at(15 * 900 - 1)) == 1)
        #expect(FailureCount().end == nil && FailureCount().lockedUntil(at: at(0)) == nil)
    }

    @Test("a clock that goes back neither traps nor forgives")
    func clock() {
        let count = FailureCount(failures: 10, lastFailure: at(100))
        #expect(count.remaining(at: at(-1_000_000)) == 10 && count.lockedUntil(at: at(0)) == at(160))
        #expect(FailureCount(failures: 1, lastFailure: Timestamp(microseconds: .min)).remaining(at: at(0)) == 0)
        #expect(FailureCount(failures: 1, lastFailure: Timestamp(microseconds: .max)).remaining(at: at(0)) == 1)
    }
}

@Suite("Whom failures lock")
struct LockoutTests {
    private func failed(_ count: Int, _ lockout: Lockout = Lockout()) -> Lockout {
        var lockout = lockout
        for _ in 0..<count { lockout.fail(at: at(0)) }
        return lockout
    }

    @Test("a stranger is counted by account and by place")
    func stranger() {
        let lockout = failed(10)
        #expect(lockout.account.failures == 10 && lockout.network.failures == 10 && lockout.familiar.failures == 0)
        #expect(lockout.lockedUntil(at: at(0)) == at(60))
        #expect(failed(9).lockedUntil(at: at(0)) == nil)
        // Either lock is enough, and the longer one counts.
        let twelve = FailureCount(failures: 12, lastFailure: at(0))
        #expect(Lockout(account: twelve).lockedUntil(at: at(0)) == at(240))
        #expect(Lockout(network: twelve).lockedUntil(at: at(0)) == at(240))
        #expect(Lockout(account: twelve, network: lockout.network).lockedUntil(at: at(0)) == at(240))
    }

    @Test("who is known in a place is not refused there for what strangers did, and is counted alone")
    func familiar() {
        var lockout = failed(10)
        lockout.familiarUntil = at(1000)
        #expect(lockout.lockedUntil(at: at(0)) == nil)
        let own = failed(10, lockout)
        #expect(own.familiar.failures == 10 && own.account == lockout.account && own.network == lockout.network)
        #expect(own.lockedUntil(at: at(0)) == at(60))
        // Familiarity ends, and with it the exception.
        #expect(failed(14, lockout).lockedUntil(at: at(1000)) == nil)
        #expect(
            Lockout(account: FailureCount(failures: 14, lastFailure: at(999)), familiarUntil: at(1000))
                .lockedUntil(at: at(1000)) == at(1899))
    }

    @Test("a success makes the place familiar and ends the account's counter, but not the place's")
    func success() {
        var lockout = failed(9)
        lockout.succeed(at: at(0))
        #expect(lockout.account.failures == 0 && lockout.network.failures == 9)
        #expect(lockout.isFamiliar(at: at(0)) && !lockout.isFamiliar(at: at(0) + Lockout.familiarity))
    }

    @Test("a success in a familiar place does not open the account to strangers again")
    func attackGoesOn() {
        var lockout = failed(10)
        lockout.familiarUntil = at(1000)
        lockout.familiar = FailureCount(failures: 3, lastFailure: at(0))
        lockout.succeed(at: at(1))
        #expect(lockout.account.failures == 10 && lockout.familiar.failures == 0)
    }

    @Test("a reset by mail ends the person's locks and makes the place familiar")
    func reset() {
        var lockout = failed(12)
        lockout.reset(at: at(1))
        #expect(lockout.lockedUntil(at: at(1)) == nil && lockout.account.failures == 0)
        #expect(lockout.network.failures == 10 && lockout.isFamiliar(at: at(1)))
    }

    @Test("a failure during a lock counts nowhere")
    func closed() {
        let lockout = failed(10)
        #expect(failed(5, lockout) == lockout)
    }

    @Test(
        "a place is an IPv4 address, or the /64 around an IPv6 address",
        arguments: [
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false), ("@socket", "@socket", true),
        ])
    func places(first: String, second: String, isSame: Bool) {
        let attempts = [first, second].map {
            AccountAttempt(email: "A@b.example", from: Origin(address: $0, userAgent: nil))
        }
        #expect((attempts[0].network == attempts[1].network) == isSame)
        #expect(attempts[0].email == "a@b.example")
    }
}
