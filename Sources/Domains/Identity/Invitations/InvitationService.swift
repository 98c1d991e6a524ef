// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Makes, lists and revokes invitations. Accepting them is `InvitationAcceptanceService`'s.
package struct InvitationService: Sendable {
    private let database: Database
    private let mail: MailService

    package init(database: Database, mail: MailService) {
        self.database = database
        self.mail = mail
    }

    /// A new invitation. The code is in the result, or on its way to the address, and nowhere else.
    ///
    /// Throws `role_too_high` for a role that may do more than the inviter, `role_not_found`, `team_not_found`, and
    /// `permission_denied` for a team when the inviter does not manage teams, and `too_many_invitations` (429) for the
    /// fourth mail to an address within an hour.
    package func create(
        _ new: NewInvitation, by principal: Principal
    ) async throws -> (invitation: Invitation, code: InvitationCode?) {
        if new.team != nil, !principal.may(.manageTeams) {
            throw DomainError(
                .forbidden, code: "permission_denied",
                "\(principal.title) may not invite into a team: it needs the permission "
                    + "\(Permission.manageTeams.name).",
                parameter: "team", shouldRetry: false)
        }
        let (made, organization) = try await database.transaction(organization: principal.organization) { transaction in
            let permissions = try await CustomRoleStore.permissions(of: new.role, in: transaction)
            try principal.checkGrant(permissions, to: "invite a member")
            if let team = new.team, try await TeamStore.find(team, in: transaction) == nil {
                throw DomainError(
                    .invalid, code: "team_not_found", "team must be the id of a team of the organization.",
                    parameter: "team")
            }
            let made = try await Self.create(
                new, organization: principal.organization, by: principal.actor, creator: principal,
                in: transaction)
            let organization = try await OrganizationStore.find(principal.organization, in: transaction)
            return (made, organization?.name ?? "")
        }
        return (
            made.invitation,
            send(made.code, for: new, organization: organization, askedBy: principal.organization)
        )
    }

    /// An invitation in the transaction of another act; `send` must follow once that is committed. `creator` is nil
    /// for who does not belong to the organization.
    static func create(
        _ new: NewInvitation, organization: UniqueID, by actor: Actor, creator: Principal?,
        in transaction: borrowing Transaction
    ) async throws -> (invitation: Invitation, code: InvitationCode) {
        if new.isMailed, let email = new.email {
            try await checkMails(to: email, of: organization, in: transaction)
        }
        let (id, code) = (UniqueID.v7(), InvitationCode.generate())
        try await InvitationStore.insert(
            new, id: id, organization: organization, hash: code.hash, by: creator, in: transaction)
        try await AuditService.append(
            "invitation.created", category: "auth", entity: "invitation:\(id)",
            payload: [
                "role": .string(new.role.role.rawValue), "custom_role": new.role.customName,
                "team": new.team.map { .string("team:\($0)") } ?? .null, "for_one_address": .bool(new.email != nil),
                "mailed": .bool(new.isMailed), "max_uses": .number(JSONNumber(Int64(new.usesMaximum))),
                "expires_at": .string(new.expiresAt.description),
            ], by: actor, of: organization, in: transaction)
        return (try await find(id, in: transaction), code)
    }

    /// Nobody's mailbox is filled, and no queue, by who may invite.
    private static func checkMails(
        to email: EmailAddress, of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        let limit = NewInvitation.mailsPerHour
        let mails = try await InvitationStore.mails(to: email, of: organization, atMost: limit, in: transaction)
        guard mails.count == limit, let oldest = mails.last else { return }
        throw DomainError(
            .rateLimited, code: "too_many_invitations",
            "\(limit) invitations were mailed to this address within the hour; wait, or make one with show_code.",
            parameter: "email", retryAfter: oldest + .seconds(3600) - .now())
    }

    /// Mails the code where that was asked for; otherwise it comes back, to be shown. `asker` is the organization that
    /// has it sent.
    func send(
        _ code: InvitationCode, for new: NewInvitation, organization: String, askedBy asker: UniqueID
    ) -> InvitationCode? {
        guard new.isMailed, let email = new.email else { return code }
        mail.send(
            to: email, subject: "Your invitation to \(organization)",
            text: """
                You are invited to \(organization), on the Witan at \(mail.publicURL).

                To accept, run this until \(new.expiresAt); it asks for the code below and for a password. That is the
                one of your account, if you have one there, and otherwise the one you want:

                    witan invitations accept \(email) --url \(mail.publicURL)

                    \(code.text.reveal())

                If you do not know what this is about, do nothing.

                """, askedBy: asker.description)
        return nil
    }

    /// Newest first, those that are over included.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [Invitation] {
        try await database.transaction(organization: organization) { try await InvitationStore.page(page, in: $0) }
    }

    /// Throws `invitation_not_found` when the organization has none of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> Invitation {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Invitation {
        guard let found = try await InvitationStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "invitation_not_found",
                "There is no invitation with this id; 'witan invitations list' shows those there are.")
        }
        return found
    }

    /// Takes an invitation back; who has accepted it stays.
    package func revoke(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            _ = try await Self.find(id, in: transaction)
            guard try await InvitationStore.revoke(id, in: transaction) else { return }
            try await AuditService.append(
                "invitation.revoked", category: "auth", entity: "invitation:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
    }
}
