// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// What somebody gives to accept an invitation without being signed in.
package struct InvitationAcceptance: Sendable {
    /// As it came.
    package let code: Secret<String>
    /// Of the account that there is, or is to be.
    package let email: EmailAddress
    /// The account's, or the one that a new account is to have.
    package let password: Secret<String>
    /// What a new person is called; what stands before the `@` where it is nil.
    package let name: String?

    /// Throws `invalid_name` for more than 200 characters or control characters.
    package init(
        code: Secret<String>, email: EmailAddress, password: Secret<String>, name: String? = nil
    ) throws(DomainError) {
        if let name { try DisplayName.check(name) }
        self.code = code
        self.email = email
        self.password = password
        self.name = name
    }
}

/// Where somebody has become a member.
package struct AcceptedInvitation: Sendable, Equatable {
    /// The organization.
    package let organization: UniqueID
    /// Its name in addresses, by which people sign in.
    package let slug: String
    /// Its name.
    package let name: String
    /// Who they are, in every organization.
    package let user: UniqueID
    /// What they are here.
    package let role: RoleChoice
}

/// Makes members of those who have a good code, each use of which counts once.
///
/// Codes that are wrong, used up, revoked, expired or meant for another address are answered alike. Whether an address
/// has an account shows only in whether a password is wrong, which counts as a wrong sign-in.
package struct InvitationAcceptanceService: Sendable {
    private enum Joining: Sendable {
        case account(UniqueID)
        case newcomer(InvitationAcceptance, passwordHash: String)
    }

    private let database: Database
    private let passwords: PasswordVerifier
    private let lockout: LockoutService
    private let monitor: IdentityMonitor

    package init(database: Database, passwords: PasswordVerifier, lockout: LockoutService, monitor: IdentityMonitor) {
        self.database = database
        self.passwords = passwords
        self.lockout = lockout
        self.monitor = monitor
    }

    /// Makes a new account, or takes the one of the address when the password is its own, and makes it a member.
    ///
    /// Throws `invalid_invitation`, `invalid_credentials`, `sign_in_locked`, `already_member`, `account_exists` when
    /// somebody makes the account at the same moment, and what `Password` throws.
    package func accept(_ acceptance: InvitationAcceptance, from origin: Origin) async throws -> AcceptedInvitation {
        let offer = try await offer(of: acceptance.code, for: acceptance.email.description, from: origin)
        let attempt = AccountAttempt(email: acceptance.email.description, from: origin)
        try await lockout.check(attempt)
        // Before it is known whether there is an account, so that a bad password tells nobody.
        let password = try Password(
            acceptance.password,
            of: KnownWords(
                email: acceptance.email.description, name: acceptance.name, organizations: [offer.name, offer.slug]))
        guard let account = try await SignInStore.account(acceptance.email.description, in: database) else {
            let hash = try await passwords.hash(password)
            return try await join(offer, as: .newcomer(acceptance, passwordHash: hash), from: origin)
        }
        guard try await passwords.verify(acceptance.password, against: account.passwordHash).matches else {
            let actor = Actor(Caller.person(account.user).name, from: origin)
            try await refuse(offer, because: "wrong password", by: actor)
            try await lockout.failed(attempt)
            throw Self.wrongPassword
        }
        // Nobody is told that the password was right once others have used up the attempts.
        try await lockout.confirm(attempt)
        return try await join(offer, as: .account(account.user), from: origin)
    }

    /// Makes the person who is signed in a member of the code's organization.
    package func accept(_ code: Secret<String>, by principal: Principal) async throws -> AcceptedInvitation {
        guard case .person(let user) = principal.caller, let origin = principal.origin else {
            throw DomainError(
                .forbidden, code: "person_required", "Only a person who signed in joins an organization; a key cannot.")
        }
        let email = try await database.transaction(organization: principal.organization) { transaction in
            try await MemberStore.find(user, in: transaction)?.email
        }
        let offer = try await offer(of: code, for: email, from: origin)
        return try await join(offer, as: .account(user), from: origin)
    }

    /// What the code leads to; counts and records what does not.
    private func offer(
        of code: Secret<String>, for email: String?, from origin: Origin
    ) async throws -> InvitationOffer {
        // No account is guessed at: what is counted is the place.
        let attempt = AccountAttempt(email: "invitations from \(origin.address)", from: origin)
        try await lockout.check(attempt)
        if let hash = InvitationCode(given: code)?.hash,
            let offer = try await InvitationStore.offer(of: hash, in: database)
        {
            let isMeant = offer.email.map { $0 == email } ?? true
            if offer.isGood, isMeant { return offer }
            try await refuse(
                offer, because: offer.isGood ? "another address" : "used, revoked or expired",
                by: Actor("anonymous", from: origin))
        }
        try await lockout.failed(attempt)
        throw Self.invalid
    }

    private func join(
        _ offer: InvitationOffer, as joining: Joining, from origin: Origin
    ) async throws -> AcceptedInvitation {
        let accepted: AcceptedInvitation
        do {
            accepted = try await database.transaction(organization: offer.organization) { transaction in
                try await Self.join(offer, as: joining, from: origin, in: transaction)
            }
        } catch let error as DomainError where error == Self.invalid {
            // Others were faster.
            try await refuse(offer, because: "used, revoked or expired", by: Actor("anonymous", from: origin))
            throw error
        }
        try await monitor.refresh()
        return accepted
    }

    private static func join(
        _ offer: InvitationOffer, as joining: Joining, from origin: Origin, in transaction: borrowing Transaction
    ) async throws -> AcceptedInvitation {
        // First the snapshot's counter, as everywhere where memberships change.
        try await SnapshotVersionStore.raise("identity", in: transaction)
        guard let invitation = try await InvitationStore.claim(offer.id, in: transaction) else { throw invalid }
        try await checkInviter(of: invitation, in: transaction)
        let user = try await account(joining, isVerified: invitation.isMailed, in: transaction)
        guard
            try await MemberStore.join(user, organization: offer.organization, as: invitation.role, in: transaction)
        else {
            throw DomainError(.conflict, code: "already_member", "You belong to this organization; just sign in.")
        }
        if invitation.isMailed { try await MemberStore.verify(user, in: transaction) }
        if let team = invitation.team, try await TeamStore.find(team, in: transaction) != nil {
            _ = try await TeamStore.add(
                user, as: .member, to: team, organization: offer.organization, in: transaction)
        }
        try await AuditService.append(
            "invitation.accepted", category: "auth", entity: "invitation:\(offer.id)",
            payload: [
                "user": .string("user:\(user)"), "role": .string(invitation.role.role.rawValue),
                "custom_role": invitation.role.customName,
                "team": invitation.team.map { .string("team:\($0)") } ?? .null,
            ], by: Actor(Caller.person(user).name, from: origin), of: offer.organization, in: transaction)
        return AcceptedInvitation(
            organization: offer.organization, slug: offer.slug, name: offer.name, user: user, role: invitation.role)
    }

    /// What the inviter may not do any more, nobody becomes by their invitation.
    private static func checkInviter(of invitation: Invitation, in transaction: borrowing Transaction) async throws {
        let given = try await CustomRoleStore.permissions(of: invitation.role, in: transaction)
        guard let inviter = invitation.createdBy else { return }
        guard let member = try await MemberStore.find(inviter, in: transaction), given.isSubset(of: member.permissions)
        else { throw invalid }
    }

    private static func account(
        _ joining: Joining, isVerified: Bool, in transaction: borrowing Transaction
    ) async throws -> UniqueID {
        switch joining {
        case .account(let user): return user
        case .newcomer(let acceptance, let passwordHash):
            let user = UniqueID.v7()
            do {
                try await MemberStore.insert(
                    user, email: acceptance.email, name: acceptance.name ?? acceptance.email.spec.localPart,
                    passwordHash: passwordHash, isVerified: isVerified, in: transaction)
            } catch let error as PostgresError where error.isUniqueViolation {
                throw DomainError(
                    .conflict, code: "account_exists",
                    "An account of this address was made at this very moment; send the same again.", parameter: "email")
            }
            return user
        }
    }

    private func refuse(_ offer: InvitationOffer, because reason: String, by actor: Actor) async throws {
        try await database.transaction(organization: offer.organization) { transaction in
            try await AuditService.append(
                "invitation.refused", category: "auth", outcome: .failure, entity: "invitation:\(offer.id)",
                payload: ["reason": .string(reason)], by: actor, of: offer.organization, in: transaction)
        }
    }

    private static let invalid = DomainError(
        .invalid, code: "invalid_invitation",
        "code is not one of ours, was used up or revoked, is too old, or is for another address; ask for another one.",
        parameter: "code", shouldRetry: false)

    private static let wrongPassword = DomainError(
        .unauthenticated, code: "invalid_credentials",
        "There is an account of this address, and the password is not its own.", shouldRetry: false)
}
