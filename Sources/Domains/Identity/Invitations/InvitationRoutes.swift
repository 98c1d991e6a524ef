// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension InvitationService {
    /// A code is in the answer to the invitation's creation, or in the e-mail, and nowhere else.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/invitations", permission: .manageInvitations, audit: "invitation.created",
                summary: "Invites into the organization; the code is mailed, or in the answer and not shown again",
                fields: [
                    .init("role", "string", "admin, manager, developer (the default) or viewer; at most the caller's"),
                    .init("custom_role", "string", "id of one of the organization's own roles, in its place"),
                    .init("team", "string", "id of a team to join; needs teams.manage"),
                    .init("email", "string", "the only address that may accept; the code is mailed there"),
                    .init("show_code", "boolean", "show the code and mail nothing; the address is then not proven"),
                    .init("max_uses", "integer", "1 (the default) to 10000; 1 with an address"),
                    .init("expires_at", "string", "RFC 3339, at most 90 days ahead; in 7 days unless set"),
                ]
            ) { context in
                let (invitation, code) = try await create(try Self.new(context), by: try context.caller())
                return .json(invitation.view(code), status: 201)
            },
            Endpoint(
                .get, "/api/v1/invitations", permission: .manageInvitations,
                summary: "The invitations, newest first, those that are over included"
            ) { context in
                let page = try context.page()
                let invitations = try await list(page, of: try context.caller().organization)
                return .page(invitations.map(\.view), limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/invitations/{id}", permission: .manageInvitations, summary: "One invitation"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .delete, "/api/v1/invitations/{id}", permission: .manageInvitations, audit: "invitation.revoked",
                summary: "Takes an invitation back; who has accepted it stays"
            ) { context in
                try await revoke(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func new(_ context: RequestContext) throws(DomainError) -> NewInvitation {
        var fields = try context.fields()
        return try reading {
            let role = try fields.roleChoice(from: RoleChoice(.developer))
            let team = try fields.optionalID("team")
            let email = try fields.optionalString("email").map { try EmailAddress($0) }
            let showsCode = try fields.optionalBool("show_code") ?? false
            let uses = try fields.optionalInteger("max_uses", in: 1...10_000) ?? 1
            let expiresAt = try fields.optionalTime("expires_at")
            try fields.finish()
            return try NewInvitation(
                email: email, role: role, team: team, usesMaximum: Int(uses), expiresAt: expiresAt,
                showsCode: showsCode)
        }
    }
}

extension InvitationAcceptanceService {
    /// One for everybody who has a code, and one for people who are signed in elsewhere already.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/invitations/accept", permission: nil, audit: "invitation.accepted",
                summary: "Joins an organization with a new account, or with the one of the address",
                fields: [
                    .init("code", "string", required: true, "the invitation's"),
                    .init("email", "string", required: true, "the account's address, or the one of a new account"),
                    .init("password", "string", required: true, "the account's, or the one a new account is to have"),
                    .init("name", "string", "what a new person is called, 1 to 200 characters"),
                    .init("second_factor_code", "string", "six digits, for an account with a second factor"),
                    .init("recovery_code", "string", "in place of second_factor_code"),
                ]
            ) { context in
                var fields = try context.fields()
                let acceptance = try reading {
                    let secondFactor = try GivenCode(&fields, named: "second_factor_code")
                    let acceptance = try InvitationAcceptance(
                        code: Secret(try fields.string("code")), email: try EmailAddress(try fields.string("email")),
                        password: Secret(try fields.string("password")), name: try fields.optionalString("name"),
                        secondFactor: secondFactor)
                    try fields.finish()
                    return acceptance
                }
                return .json(try await accept(acceptance, from: context.origin).view, status: 201)
            },
            Endpoint(
                .post, "/api/v1/account/organizations", permission: .manageAccount, audit: "invitation.accepted",
                summary: "Joins another organization with the code of an invitation",
                fields: [.init("code", "string", required: true, "the invitation's")]
            ) { context in
                var fields = try context.fields()
                let code = try reading {
                    let code = Secret(try fields.string("code"))
                    try fields.finish()
                    return code
                }
                return .json(try await accept(code, by: try context.caller()).view, status: 201)
            },
        ]
    }
}

extension Invitation {
    /// Without the code.
    var view: JSONValue {
        [
            "id": .string(id.description), "state": .string(state(at: .now()).rawValue),
            "role": .string(role.role.rawValue), "custom_role": Self.reference(role.custom),
            "team": Self.reference(team), "email": email.map(JSONValue.string) ?? .null, "mailed": .bool(isMailed),
            "max_uses": .number(JSONNumber(Int64(usesMaximum))), "uses": .number(JSONNumber(Int64(uses))),
            "created_by": Self.reference(createdBy), "created_at": .string(createdAt.description),
            "expires_at": .string(expiresAt.description),
            "revoked_at": revokedAt.map { .string($0.description) } ?? .null,
        ]
    }

    /// With the code, null where it was mailed.
    func view(_ code: InvitationCode?) -> JSONValue {
        .object((view.members ?? []) + [JSONMember("code", code.map { .string($0.text.reveal()) } ?? .null)])
    }

    private static func reference(_ id: UniqueID?) -> JSONValue { id.map { .string($0.description) } ?? .null }
}

extension AcceptedInvitation {
    fileprivate var view: JSONValue {
        [
            "organization": .string(organization.description), "slug": .string(slug), "name": .string(name),
            "user": .string(user.description), "role": .string(role.role.rawValue),
            "custom_role": role.custom.map { .string($0.description) } ?? .null,
        ]
    }
}
