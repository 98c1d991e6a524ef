// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Postgres
package import SwiftExtensions

/// What a person who is signed in does with their password.
package struct PasswordService: Sendable {
    private let database: Database
    private let verifier: PasswordVerifier
    private let lockout: LockoutService
    private let monitor: IdentityMonitor
    let refusals: RefusalService

    package init(
        database: Database, verifier: PasswordVerifier, lockout: LockoutService, monitor: IdentityMonitor,
        refusals: RefusalService
    ) {
        self.database = database
        self.verifier = verifier
        self.lockout = lockout
        self.monitor = monitor
        self.refusals = refusals
    }

    /// Sets a new password and ends all the person's other sessions. Throws `wrong_password` (403), `sign_in_locked`
    /// (429), what `Password` throws, and `no_password` (409) for who has none to change.
    package func change(_ old: Secret<String>, to new: Secret<String>, by principal: Principal) async throws {
        let account = try await account(of: principal)
        guard let known = account.passwordHash else {
            throw DomainError(
                .conflict, code: "no_password",
                "You have no password, since you sign in elsewhere; POST /api/v1/password-resets gives you one.")
        }
        try await refusals.watching("password.refused", principal) {
            try await check(old, of: account, by: principal)
        }
        let password = try Password(new, of: account.knownWords, field: "new_password")
        guard try await !verifier.verify(new, against: known).matches else {
            throw DomainError(
                .invalid, code: "weak_password", "new_password is the one that you have; choose another.",
                parameter: "new_password")
        }
        let hash = try await verifier.hash(password)
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await AccountStore.setPassword(hash, of: account.user, inPlaceOf: known, in: transaction) else {
                throw DomainError(
                    .conflict, code: "password_changed_meanwhile",
                    "The password was changed by somebody else at the same time; sign in with the new one.")
            }
            try await AccountStore.endSessions(
                of: account.user, because: "the password was changed", but: principal.session, in: transaction)
            try await PersonAuditService.append(
                "password.changed", of: account.user, by: principal.actor, home: principal.organization,
                in: transaction)
        }
        try await monitor.refresh()
    }

    /// Asks who is signed in for the password once more. Nothing is asked of who has none. Throws `wrong_password` and
    /// `sign_in_locked`.
    ///
    /// The right one forgets no failures: who knows it and has not the second factor could otherwise guess at that
    /// without end.
    func check(_ password: Secret<String>?, of account: Account, by principal: Principal) async throws {
        guard let known = account.passwordHash else { return }
        let attempt = attempt(account, principal)
        try await lockout.check(attempt)
        if let password, try await verifier.verify(password, against: known).matches {
            return try await lockout.confirm(attempt)
        }
        try await lockout.failed(attempt)
        throw DomainError(
            .forbidden, code: "wrong_password", "password is not the one that you have.", parameter: "password")
    }

    /// Runs a cheap check of something that who is signed in gave, and counts a wrong one; see `LockoutService.settle`.
    func counting<Value: Sendable>(
        _ account: Account, _ principal: Principal, isWholeProof: Bool = false,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        let attempt = attempt(account, principal)
        return try await database.transaction(organization: principal.organization) { transaction in
            try await lockout.settle(attempt, isWholeProof: isWholeProof, in: transaction, body)
        }.get()
    }

    private func attempt(_ account: Account, _ principal: Principal) -> AccountAttempt {
        AccountAttempt(email: account.email, from: principal.origin ?? Origin(address: "", userAgent: nil))
    }

    /// The account of who makes the request and may act on all of it. Throws `password_session_required`: see
    /// `AccountStore.isGuest`.
    func account(of principal: Principal) async throws -> Account {
        let user = try principal.person()
        let found = try await database.transaction(organization: principal.organization) { transaction in
            guard try await !AccountStore.isGuest(principal, in: transaction) else { throw Account.guest }
            return try await AccountStore.find(user, in: transaction)
        }
        // Who has a session is a member; one that was retired a moment ago has none soon.
        guard let found else { throw DomainError.unforeseen }
        return found
    }
}
