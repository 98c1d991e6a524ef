// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
package import Postgres
package import SwiftExtensions

/// What somebody gives to sign in.
package struct SignInAttempt: Sendable {
    /// As it was typed; at most 320 bytes are looked at.
    package let email: String
    /// As it was typed.
    package let password: Secret<String>
    /// The slug of the organization to sign in to; nil where the person belongs to one only.
    package let organization: String?
    /// What the device calls itself, 1…100 characters.
    package let device: String?
    /// The second factor; nil when it was not given, as by who has none.
    package let code: GivenCode?

    /// What came with the request.
    package init(
        email: String, password: Secret<String>, organization: String?, device: String?, code: GivenCode? = nil
    ) {
        self.email = email
        self.password = password
        self.organization = organization
        self.device = device
        self.code = code
    }
}

/// An account as a sign-in finds it by its address.
struct SignInAccount: Sendable {
    let user: UniqueID
    let passwordHash: String?
    let hasSecondFactor: Bool
    let organizations: [SignInOrganization]
}

/// An organization that an account may sign in to.
struct SignInOrganization: Sendable {
    let id: UniqueID
    let slug: String
}

/// The account is not any more what was checked.
private struct AccountChanged: Error {}

/// Signs people in by their password, and by a second factor where they have one. The same answer, after the same time,
/// for a wrong password and for nobody's address.
package struct SignInService: Sendable {
    private let database: Database
    private let passwords: PasswordVerifier
    private let lockout: LockoutService
    private let secondFactors: SecondFactorService
    private let sessions: SessionService
    private let refusals: RefusalService
    private let decoyKey: HMACSHA256
    private let costs = Locked<(PasswordCosts, until: Timestamp)?>(nil)

    /// `decoyKey` chooses what checking a password of nobody costs.
    package init(
        database: Database, passwords: PasswordVerifier, lockout: LockoutService, secondFactors: SecondFactorService,
        sessions: SessionService, decoyKey: HMACSHA256, refusals: RefusalService
    ) {
        self.database = database
        self.passwords = passwords
        self.lockout = lockout
        self.secondFactors = secondFactors
        self.sessions = sessions
        self.decoyKey = decoyKey
        self.refusals = refusals
    }

    /// Throws `invalid_credentials` (401) for a wrong address or password, `sign_in_locked` (429) after too many,
    /// `organization_required` (409) where the person belongs to several and named none, `second_factor_required` (401)
    /// where the person has one and gave none, `invalid_code` (403), and what the parts throw.
    package func signIn(_ attempt: SignInAttempt, from origin: Origin) async throws -> IssuedSession {
        let started = ContinuousClock.now
        do {
            return try await signIn(attempt, as: AccountAttempt(email: attempt.email, from: origin), from: origin)
        } catch let error as DomainError {
            guard let reason = RefusalReason(error) else { throw error }
            try await record(reason, of: attempt, from: origin)
            try await Self.waitForTheTick(since: started)
            throw error
        }
    }

    private func signIn(
        _ attempt: SignInAttempt, as who: AccountAttempt, from origin: Origin
    ) async throws -> IssuedSession {
        try await lockout.check(who)
        for _ in 0..<3 {
            do {
                return try await prove(attempt, as: who, from: origin)
            } catch is AccountChanged {
                // A new password or second factor came while the old one was checked: the new one counts.
            }
        }
        throw Self.invalid
    }

    private func prove(
        _ attempt: SignInAttempt, as who: AccountAttempt, from origin: Origin
    ) async throws -> IssuedSession {
        let account = try await SignInStore.account(attempt.email, in: database)
        let (matches, newHash) = try await passwords.verify(
            attempt.password, against: account?.passwordHash, orAtCost: try await cost(for: who.email))
        guard matches, let account, !account.organizations.isEmpty else {
            try await lockout.failed(who)
            throw Self.invalid
        }
        // Nobody is told that the password was right once the attempts are used up.
        try await lockout.confirm(who)
        let organization = try choose(attempt.organization, of: account)
        let code = account.hasSecondFactor ? attempt.code : nil
        guard code != nil || !account.hasSecondFactor else { throw SessionService.secondFactorRequired }
        let person = ProvenPerson(
            user: account.user, organization: organization.id, secondFactor: code?.kind, device: attempt.device,
            origin: origin)
        return try await database.transaction(organization: organization.id) { transaction in
            try await lockout.settle(who, isWholeProof: true, in: transaction) { transaction in
                if let code { try await secondFactors.prove(code, of: account.user, in: transaction) }
                guard try await SignInStore.succeeded(account, newHash: newHash, in: transaction) else {
                    throw AccountChanged()
                }
                return try await sessions.begin(person, in: transaction)
            }
        }.get()
    }

    /// What checking a password takes for an address without one; what accounts have is looked at every ten minutes.
    func cost(for email: String, now: Timestamp = .now()) async throws -> Argon2idCost? {
        let known = costs.withLock { held in held.flatMap { now < $0.until ? $0.0 : nil } }
        if let known { return known.cost(for: decoyKey.code(for: email.utf8)) }
        let read = PasswordCosts(try await SignInStore.passwordCosts(in: database), new: passwords.cost)
        costs.withLock { $0 = (read, until: now + .seconds(600)) }
        return read.cost(for: decoyKey.code(for: email.utf8))
    }

    /// What is written about a refusal of somebody known takes a few milliseconds that a refusal of nobody does not
    /// take: both are answered at the next tenth of a second.
    private static func waitForTheTick(since started: ContinuousClock.Instant) async throws {
        let tick = Duration.milliseconds(100)
        let elapsed = ContinuousClock.now - started
        try await Task.sleep(until: started + tick * (Int(elapsed / tick) + 1), clock: .continuous)
    }

    private func choose(_ slug: String?, of account: SignInAccount) throws(DomainError) -> SignInOrganization {
        let known = account.organizations
        guard let slug else {
            guard let only = known.first else { throw Self.invalid }
            guard known.count == 1 else {
                throw DomainError(
                    .conflict, code: "organization_required",
                    "You belong to several organizations; name one of them: "
                        + "\(known.map(\.slug).joined(separator: ", ")).", parameter: "organization")
            }
            return only
        }
        guard let chosen = known.first(where: { $0.slug == slug }) else {
            throw DomainError(
                .forbidden, code: "not_a_member", "You do not belong to an organization of this name.",
                parameter: "organization", shouldRetry: false)
        }
        return chosen
    }

    private func record(_ reason: RefusalReason, of attempt: SignInAttempt, from origin: Origin) async throws {
        guard let account = try await SignInStore.account(attempt.email, in: database) else {
            return refusals.unknown("address", from: origin)
        }
        try await refusals.record(Refusal("session.refused", reason, of: account.user, from: origin))
    }

    private static let invalid = DomainError(
        .unauthenticated, code: "invalid_credentials", "The address or the password is wrong.", shouldRetry: false)
}
