// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import Postgres
package import SwiftExtensions

/// Counts wrong passwords and codes, and refuses who has had too many (`sign_in_locked`, 429), alike whether there is
/// such an account or not.
///
/// A sign-in calls `check` first, and then either `failed` or `settle`, which decide anew under a lock: of a thousand
/// guesses that were all let in at once no more than ten are answered with right or wrong.
package struct LockoutService: Sendable {
    private let database: Database
    private let key: HMACSHA256

    /// `key` makes the codes under which accounts and places are counted.
    package init(database: Database, key: HMACSHA256) {
        self.database = database
        self.key = key
    }

    /// Throws `sign_in_locked` while the attempt must not be made.
    package func check(_ attempt: AccountAttempt, now: Timestamp = .now()) async throws {
        try Self.admit(try await LockoutStore(attempt, key: key).read(from: database), now)
    }

    /// Counts a wrong password or code. Throws `sign_in_locked` instead when others have used up the attempts by now:
    /// the caller must then not say that it was wrong.
    package func failed(_ attempt: AccountAttempt, now: Timestamp = .now()) async throws {
        try await change(attempt, now) { $0.fail(at: now) }
    }

    /// Throws `sign_in_locked` when others have used up the attempts by now, and otherwise changes nothing: for who has
    /// given one right proof and must give another.
    package func confirm(_ attempt: AccountAttempt, now: Timestamp = .now()) async throws {
        try await change(attempt, now) { _ in }
    }

    /// Ends the locks of who has set a new password by mail.
    package func reset(_ attempt: AccountAttempt, now: Timestamp = .now()) async throws {
        let store = LockoutStore(attempt, key: key)
        try await database.transaction { transaction in
            let old = try await store.lock(at: now, all: true, in: transaction)
            var lockout = old
            lockout.reset(at: now)
            try await store.write(lockout, over: old, in: transaction)
        }
    }

    /// Runs `body`, a check that takes no time, and counts what comes of it in the same transaction: nobody else's
    /// check of the account or from the place runs meanwhile. Throws `sign_in_locked` without running it.
    ///
    /// What `body` does is undone when it throws. An error whose code is in `LockoutService.failures` counts as a
    /// failure and is returned, so that the count is committed; others are thrown. `isWholeProof` says that nothing
    /// more is asked of who passes, so that the failures before it are forgotten and the place is familiar.
    package func settle<Value: Sendable>(
        _ attempt: AccountAttempt, isWholeProof: Bool, in transaction: borrowing Transaction, now: Timestamp = .now(),
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Result<Value, DomainError> {
        let store = LockoutStore(attempt, key: key)
        let old = try await store.lock(at: now, in: transaction)
        try Self.admit(old, now)
        var lockout = old
        do {
            let value = try await transaction.savepoint(body)
            if isWholeProof {
                lockout.succeed(at: now)
                try await store.write(lockout, over: old, in: transaction)
            }
            return .success(value)
        } catch let error as DomainError where Self.failures.contains(error.code) {
            lockout.fail(at: now)
            try await store.write(lockout, over: old, in: transaction)
            return .failure(error)
        }
    }

    /// Codes of errors that say that somebody guessed wrong.
    static let failures: Set = ["invalid_credentials", "invalid_code", "wrong_password"]

    private func change(
        _ attempt: AccountAttempt, _ now: Timestamp, _ body: (inout Lockout) -> Void
    ) async throws {
        let store = LockoutStore(attempt, key: key)
        try await database.transaction { transaction in
            let old = try await store.lock(at: now, in: transaction)
            try Self.admit(old, now)
            var lockout = old
            body(&lockout)
            try await store.write(lockout, over: old, in: transaction)
        }
    }

    private static func admit(_ lockout: Lockout, _ now: Timestamp) throws(DomainError) {
        guard let until = lockout.lockedUntil(at: now) else { return }
        throw DomainError(
            .rateLimited, code: "sign_in_locked",
            "There were too many wrong passwords or codes. Wait, or set a new password by mail.",
            retryAfter: until - now)
    }
}
