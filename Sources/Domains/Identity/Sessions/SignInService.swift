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

    /// What came with the request.
    package init(email: String, password: Secret<String>, organization: String?, device: String?) {
        self.email = email
        self.password = password
        self.organization = organization
        self.device = device
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

/// Signs people in by their password: the same answer, after the same time, for a wrong password and for nobody's
/// address.
package struct SignInService: Sendable {
    private let database: Database
    private let passwords: PasswordVerifier
    private let sessions: SessionService

    package init(database: Database, passwords: PasswordVerifier, sessions: SessionService) {
        self.database = database
        self.passwords = passwords
        self.sessions = sessions
    }

    /// Throws `invalid_credentials` (401) for a wrong address or password, `organization_required` (409) where the
    /// person belongs to several and named none, and what the parts throw.
    package func signIn(_ attempt: SignInAttempt, from origin: Origin) async throws -> IssuedSession {
        let account = try await SignInStore.account(attempt.email, in: database)
        let (matches, newHash) = try await passwords.verify(attempt.password, against: account?.passwordHash)
        guard matches, let account else {
            if let account { try await record("wrong password", of: account, from: origin) }
            throw Self.invalid
        }
        let organization = try choose(attempt.organization, of: account)
        let person = ProvenPerson(
            user: account.user, organization: organization.id, secondFactor: nil, device: attempt.device,
            origin: origin)
        return try await database.transaction(organization: organization.id, retrying: 3) { transaction in
            try await SignInStore.succeeded(account.user, newHash: newHash, in: transaction)
            return try await sessions.begin(person, in: transaction)
        }
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
