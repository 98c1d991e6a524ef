// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Postgres
package import SwiftExtensions

/// Sets passwords that were forgotten, by the token that was sent to the person's address.
package struct PasswordResetService: Sendable {
    private let database: Database
    private let verifier: PasswordVerifier
    private let lockout: LockoutService
    private let monitor: IdentityMonitor
    private let worker: PasswordResetWorker
    private let refusals: RefusalService

    /// `worker` sends the mails.
    package init(
        database: Database, verifier: PasswordVerifier, lockout: LockoutService, monitor: IdentityMonitor,
        worker: PasswordResetWorker, refusals: RefusalService
    ) {
        self.database = database
        self.verifier = verifier
        self.lockout = lockout
        self.monitor = monitor
        self.worker = worker
        self.refusals = refusals
    }

    /// Has a mail sent if there is such an account; says nothing of that. Throws `too_many_password_resets` (503) when
    /// too many wait, be there such an account or not.
    package func request(_ email: String, from origin: Origin) throws(DomainError) {
        // Longer is no address; it is answered like one that nobody has.
        guard email.utf8.count <= 320 else { return }
        guard worker.submit(PasswordResetRequest(email: email, origin: origin)) else {
            throw DomainError(
                .unavailable, code: "too_many_password_resets",
                "Too many passwords are being reset at once; retry in a few seconds.", retryAfter: .seconds(5))
        }
    }

    /// Sets a new password, ends all the person's sessions and locks, and takes their address for proven. Throws
    /// `invalid_reset_token` (400), and what `Password` throws, which leaves the token good.
    package func confirm(_ token: Secret<String>, password: Secret<String>, from origin: Origin) async throws {
        guard let hash = PasswordResetToken(given: token)?.hash,
            let (user, refusal) = try await PasswordResetStore.find(hash, in: database)
        else {
            refusals.unknown("token of a password reset", from: origin)
            throw Self.invalid
        }
        if let refusal { throw try await refused(user, because: refusal, from: origin) }
        guard let first = try await AccountStore.organizations(of: user, in: database).first,
            let account = try await database.transaction(
                organization: first,
                { transaction in
                    try await AccountStore.find(user, in: transaction)
                })
        else { throw Self.invalid }
        let checked = try Password(password, of: account.knownWords, field: "new_password")
        let newHash = try await verifier.hash(checked)
        let isClaimed = try await database.transaction(organization: first) { transaction in
            guard try await PasswordResetStore.claim(hash, of: user, in: transaction) else { return false }
            try await AccountStore.resetPassword(newHash, of: user, in: transaction)
            try await AccountStore.endSessions(
                of: user, because: "the password was reset", but: nil, in: transaction)
            try await PersonAuditService.append(
                "password.reset", of: user, by: Actor(Caller.person(user).name, from: origin), home: first,
                in: transaction)
            return true
        }
        guard isClaimed else { throw try await refused(user, because: .tokenUsed, from: origin) }
        try await lockout.reset(AccountAttempt(email: account.email, from: origin))
        try await monitor.refresh()
    }

    /// The answer is the same whatever was wrong; the log says more.
    private func refused(
        _ user: UniqueID, because reason: RefusalReason, from origin: Origin
    ) async throws -> DomainError {
        try await refusals.record(Refusal("password_reset.refused", reason, of: user, from: origin))
        return Self.invalid
    }

    private static let invalid = DomainError(
        .invalid, code: "invalid_reset_token",
        "token is not one of ours, was used already, or is too old; ask for another mail.", parameter: "token")
}
