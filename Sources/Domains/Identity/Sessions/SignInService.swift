// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import Cryptography
import JSON
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

    package init(
        database: Database, passwords: PasswordVerifier, lockout: LockoutService, secondFactors: SecondFactorService,
        sessions: SessionService
    ) {
        self.database = database
        self.passwords = passwords
        self.lockout = lockout
        self.secondFactors = secondFactors
        self.sessions = sessions
    }

    /// Throws `invalid_credentials` (401) for a wrong address or password, `sign_in_locked` (429) after too many,
    /// `organization_required` (409) where the person belongs to several and named none, `second_factor_required` (401)
    /// where the person has one and gave none, `invalid_code` (403), and what the parts throw.
    package func signIn(_ attempt: SignInAttempt, from origin: Origin) async throws -> IssuedSession {
        let started = ContinuousClock.now
        let who = AccountAttempt(email: attempt.email, from: origin)
        try await lockout.check(who)
        for _ in 0..<3 {
            do {
                return try await signIn(attempt, as: who, from: origin, since: started)
            } catch is AccountChanged {
                // A new password or second factor came while the old one was checked: the new one counts.
            }
        }
        throw Self.invalid
    }

    private func signIn(
        _ attempt: SignInAttempt, as who: AccountAttempt, from origin: Origin, since started: ContinuousClock.Instant
    ) async throws -> IssuedSession {
        let account = try await SignInStore.account(attempt.email, in: database)
        let (matches, newHash) = try await passwords.verify(attempt.password, against: account?.passwordHash)
        guard matches, let account, !account.organizations.isEmpty else {
            try await lockout.failed(who)
            if let account { try await record("wrong password", of: account, from: origin) }
            try await Self.waitForTheTick(since: started)
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
        let outcome = try await database.transaction(organization: organization.id, retrying: 3) { transaction in
            try await lockout.settle(who, isWholeProof: true, in: transaction) { transaction in
                if let code { try await secondFactors.prove(code, of: account.user, in: transaction) }
                guard try await SignInStore.succeeded(account, newHash: newHash, in: transaction) else {
                    throw AccountChanged()
                }
                return try await sessions.begin(person, in: transaction)
            }
        }
        if case .failure = outcome { try await record("wrong code", of: account, from: origin) }
        return try outcome.get()
    }

    /// What is written about a failure of somebody known takes a few milliseconds that a failure of nobody does not
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

    /// A failure is in the log of every organization that the account belongs to: any of them may be the target.
    private func record(_ reason: String, of account: SignInAccount, from origin: Origin) async throws {
        for organization in account.organizations {
            try await database.transaction(organization: organization.id) { transaction in
                try await AuditService.append(
                    "session.refused", category: "auth", outcome: .failure, entity: "user:\(account.user)",
                    payload: ["reason": .string(reason)],
                    by: Actor(Caller.person(account.user).name, from: origin), of: organization.id, in: transaction)
            }
        }
    }

    private static let invalid = DomainError(
        .unauthenticated, code: "invalid_credentials", "The address or the password is wrong.", shouldRetry: false)
}
