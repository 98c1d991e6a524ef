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
    /// The account's second factor; nil when none was given.
    package let secondFactor: GivenCode?

    /// Throws `invalid_name` for more than 200 characters or control characters.
    package init(
        code: Secret<String>, email: EmailAddress, password: Secret<String>, name: String? = nil,
        secondFactor: GivenCode? = nil
    ) throws(DomainError) {
        if let name { try DisplayName.check(name) }
        self.code = code
        self.email = email
        self.password = password
        self.name = name
        self.secondFactor = secondFactor
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
        /// Somebody who has proven who they are but for the second factor, if they have one.
        case proven(SignInAccount, AccountAttempt, GivenCode?)
        case newcomer(InvitationAcceptance, passwordHash: String)
    }

    /// Who tries, and where else than with the invitation it is written when they are refused.
    private struct Guest: Sendable {
        var actor: Actor
        /// Whose address is used; nil for nobody known.
        var person: UniqueID?
        /// Where the person belongs. What the log keeps of people is sealed under a key that only members have, so that
        /// who is refused is no member where the invitation leads, and their address would be lost.
        var homes: [UniqueID] = []
    }

    private let database: Database
    private let passwords: PasswordVerifier
    private let lockout: LockoutService
    private let secondFactors: SecondFactorService
    private let monitor: IdentityMonitor
    private let refusals: RefusalService

    package init(
        database: Database, passwords: PasswordVerifier, lockout: LockoutService, secondFactors: SecondFactorService,
        monitor: IdentityMonitor, refusals: RefusalService
    ) {
        self.database = database
        self.passwords = passwords
        self.lockout = lockout
        self.secondFactors = secondFactors
        self.monitor = monitor
        self.refusals = refusals
    }

    /// Makes a new account, or takes the one of the address when the password is its own, and makes it a member.
    ///
    /// Throws `invalid_invitation`, `invalid_credentials`, `second_factor_required`, `invalid_code`, `sign_in_locked`,
    /// `already_member`, `account_exists` when somebody makes the account at the same moment, and what `Password`
    /// throws.
    package func accept(_ acceptance: InvitationAcceptance, from origin: Origin) async throws -> AcceptedInvitation {
        // Nobody has proven to be a person yet, so that the address is not one's.
        var guest = Guest(actor: Actor("anonymous", from: origin))
        let offer = try await offer(of: acceptance.code, for: acceptance.email.description, from: origin, to: guest)
        let attempt = AccountAttempt(email: acceptance.email.description, from: origin)
        try await lockout.check(attempt)
        // Before it is known whether there is an account, so that a bad password tells nobody.
        let password = try Password(
            acceptance.password,
            of: KnownWords(
                email: acceptance.email.description, name: acceptance.name, organizations: [offer.name, offer.slug]))
        guard let account = try await SignInStore.account(acceptance.email.description, in: database) else {
            let hash = try await passwords.hash(password)
            return try await join(offer, as: .newcomer(acceptance, passwordHash: hash), guest)
        }
        (guest.person, guest.homes) = (account.user, account.organizations.map(\.id))
        guard try await passwords.verify(acceptance.password, against: account.passwordHash).matches else {
            try await refuse(offer, because: "wrong password", to: guest)
            try await lockout.failed(attempt)
            throw Self.wrongPassword
        }
        // Nobody is told that the password was right once others have used up the attempts.
        try await lockout.confirm(attempt)
        guard acceptance.secondFactor != nil || !account.hasSecondFactor else {
            try await refuse(offer, because: "no second factor", to: guest)
            throw Self.secondFactorRequired
        }
        let given = account.hasSecondFactor ? acceptance.secondFactor : nil
        if given == nil { guest.actor = Actor(Caller.person(account.user).name, from: origin) }
        return try await join(offer, as: .proven(account, attempt, given), guest)
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
        let guest = Guest(actor: principal.actor, person: user, homes: [principal.organization])
        let offer = try await offer(of: code, for: email, from: origin, to: guest)
        return try await join(offer, as: .account(user), guest)
    }

    /// What the code leads to; counts and records what does not.
    private func offer(
        of code: Secret<String>, for email: String?, from origin: Origin, to guest: Guest
    ) async throws -> InvitationOffer {
        // No account is guessed at: what is counted is the place.
        let attempt = AccountAttempt(email: "invitations from \(origin.address)", from: origin)
        do {
            try await lockout.check(attempt)
        } catch {
            refusals.unknown("invitation code", from: origin)
            throw error
        }
        let hash = InvitationCode(given: code)?.hash
        var reason = "unknown code"
        var found: InvitationOffer?
        if let hash, let offer = try await InvitationStore.offer(of: hash, in: database) {
            if offer.isGood, offer.email.map({ $0 == email }) ?? true { return offer }
            reason = offer.isGood ? "another address" : Self.isOver
            found = offer
        }
        if found == nil, guest.person == nil { refusals.unknown("invitation code", from: origin) }
        try await refuse(found, because: reason, to: guest)
        try await lockout.failed(attempt)
        throw Self.invalid
    }

    private func join(
        _ offer: InvitationOffer, as joining: Joining, _ guest: Guest
    ) async throws -> AcceptedInvitation {
        let outcome: Result<AcceptedInvitation, DomainError>
        do {
            outcome = try await database.transaction(organization: offer.organization) { transaction in
                guard case .proven(let account, let attempt, let given) = joining else {
                    return .success(try await Self.join(offer, as: joining, guest.actor, in: transaction))
                }
                return try await lockout.settle(attempt, isWholeProof: true, in: transaction) { transaction in
                    let accepted = try await Self.join(offer, as: joining, guest.actor, in: transaction)
                    // Second: what is a person's own is seen where they are a member.
                    if let given { try await secondFactors.prove(given, of: account.user, in: transaction) }
                    guard try await SignInStore.succeeded(account, newHash: nil, in: transaction) else {
                        throw Self.wrongPassword
                    }
                    return accepted
                }
            }
        } catch let error as DomainError where Self.reasons[error.code] != nil {
            try await refuse(offer, because: Self.reasons[error.code] ?? "", to: guest)
            throw error
        }
        if case .failure(let error) = outcome {
            try await refuse(offer, because: error.code == "invalid_code" ? "wrong code" : "wrong password", to: guest)
        }
        let accepted = try outcome.get()
        try await monitor.refresh()
        return accepted
    }

    /// What the log says of refusals that are found out while joining; the first is that others were faster.
    private static let reasons = [invalid.code: isOver, "already_member": "a member already"]
    private static let isOver = "used, revoked or expired"

    private static func join(
        _ offer: InvitationOffer, as joining: Joining, _ actor: Actor, in transaction: borrowing Transaction
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
            ], by: Actor(Caller.person(user).name, from: actor.origin), of: offer.organization, in: transaction)
        return AcceptedInvitation(
            organization: offer.organization, slug: offer.slug, name: offer.name, user: user, role: invitation.role)
    }

    /// What the inviter may not do any more, nobody becomes by their invitation; nor by that of a key which ended.
    private static func checkInviter(of invitation: Invitation, in transaction: borrowing Transaction) async throws {
        let given = try await CustomRoleStore.permissions(of: invitation.role, in: transaction)
        if let key = invitation.createdByKey {
            guard let own = try await APIKeyStore.permissions(of: key, in: transaction), given.isSubset(of: own)
            else { throw invalid }
        }
        guard let inviter = invitation.createdBy else { return }
        guard let member = try await MemberStore.find(inviter, in: transaction), given.isSubset(of: member.permissions)
        else { throw invalid }
    }

    private static func account(
        _ joining: Joining, isVerified: Bool, in transaction: borrowing Transaction
    ) async throws -> UniqueID {
        switch joining {
        case .account(let user): return user
        case .proven(let account, _, _): return account.user
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

    /// Writes a refusal where the invitation leads, if it leads anywhere, and where the person belongs.
    private func refuse(_ offer: InvitationOffer?, because reason: String, to guest: Guest) async throws {
        if let offer {
            try await refuse("invitation:\(offer.id)", because: reason, by: guest.actor, of: offer.organization)
        }
        guard let person = guest.person else { return }
        let actor = Actor(Caller.person(person).name, from: guest.actor.origin)
        for home in guest.homes where home != offer?.organization {
            try await refuse(actor.name, because: reason, by: actor, of: home)
        }
    }

    private func refuse(
        _ entity: String, because reason: String, by actor: Actor, of organization: UniqueID
    ) async throws {
        try await database.transaction(organization: organization) { transaction in
            try await AuditService.append(
                "invitation.refused", category: "auth", outcome: .failure, entity: entity,
                payload: ["reason": .string(reason)], by: actor, of: organization, in: transaction)
        }
    }

    private static let invalid = DomainError(
        .invalid, code: "invalid_invitation",
        "code is not one of ours, was used up or revoked, is too old, or is for another address; ask for another one.",
        parameter: "code", shouldRetry: false)

    private static let wrongPassword = DomainError(
        .unauthenticated, code: "invalid_credentials",
        "There is an account of this address, and the password is not its own.", shouldRetry: false)

    private static let secondFactorRequired = DomainError(
        .unauthenticated, code: "second_factor_required",
        "You have a second factor: send the same again with second_factor_code, or with recovery_code.",
        parameter: "second_factor_code", shouldRetry: false)
}
