// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension TeamService {
    private static let drafted: [Endpoint.Field] = [
        .init("name", "string", "1 to 200 characters, unique"), .init("description", "string", "what the team does"),
    ]

    /// Teams, then who is in them.
    package var endpoints: [Endpoint] { teams + members }

    private var teams: [Endpoint] {
        [
            Endpoint(.get, "/api/v1/teams", permission: .readMembers, summary: "The teams, newest first") { context in
                let page = try context.page()
                return .page(try await list(page, of: try context.caller().organization).map(\.view), limit: page.limit)
            },
            Endpoint(
                .post, "/api/v1/teams", permission: .manageTeams, audit: "team.created", summary: "Makes a team",
                fields: [.init("name", "string", required: true, "1 to 200 characters, unique"), Self.drafted[1]]
            ) { context in
                var fields = try context.fields()
                let draft = try reading {
                    let draft = TeamDraft(
                        name: try fields.string("name"), description: try fields.optionalString("description") ?? "")
                    try fields.finish()
                    return draft
                }
                return .json(try await create(draft, by: try context.caller()).view, status: 201)
            },
            Endpoint(.get, "/api/v1/teams/{id}", permission: .readMembers, summary: "One team") { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .patch, "/api/v1/teams/{id}", permission: .manageTeams, audit: "team.updated",
                summary: "Changes a team's name and purpose", fields: Self.drafted
            ) { context in
                let fields = try context.fields()
                let team = try await update(try context.pathID(), by: try context.caller()) { draft in
                    var fields = fields
                    try reading {
                        draft.name = try fields.optionalString("name") ?? draft.name
                        draft.description = try fields.optionalString("description") ?? draft.description
                        try fields.finish()
                    }
                }
                return .json(team.view)
            },
            Endpoint(
                .delete, "/api/v1/teams/{id}", permission: .manageTeams, audit: "team.retired",
                summary: "Retires a team and ends everybody's place in it"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    /// Leads need no permission of their own but to see people: the team says who they are.
    private var members: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/teams/{id}/members", permission: .readMembers,
                summary: "Who is in a team, newest accounts first"
            ) { context in
                let page = try context.page()
                let members = try await members(
                    of: try context.pathID(), page, organization: try context.caller().organization)
                return .page(members.map(\.view), limit: page.limit)
            },
            Endpoint(
                .post, "/api/v1/teams/{id}/members", permission: .readMembers, audit: "team.member_added",
                summary: "Adds a member of the organization; for the team's leads and who has teams.manage",
                fields: [
                    .init("user", "string", required: true, "id of a member of the organization"),
                    .init("role", "string", "member (the default) or lead, which needs teams.manage"),
                ]
            ) { context in
                var fields = try context.fields()
                let (user, role) = try reading {
                    guard let user = try fields.optionalID("user") else {
                        throw JSONFieldError(path: "user", problem: .missing)
                    }
                    let role = try Self.role(from: &fields) ?? .member
                    try fields.finish()
                    return (user, role)
                }
                let member = try await add(user, as: role, to: try context.pathID(), by: try context.caller())
                return .json(member.view, status: 201)
            },
            Endpoint(
                .patch, "/api/v1/teams/{id}/members/{user}", permission: .manageTeams, audit: "team.member_updated",
                summary: "Makes a lead of a member, or a member of a lead",
                fields: [.init("role", "string", required: true, "lead or member")]
            ) { context in
                var fields = try context.fields()
                let role = try reading {
                    guard let role = try Self.role(from: &fields) else {
                        throw JSONFieldError(path: "role", problem: .missing)
                    }
                    try fields.finish()
                    return role
                }
                let member = try await update(
                    try context.pathID("user"), to: role, of: try context.pathID(), by: try context.caller())
                return .json(member.view)
            },
            Endpoint(
                .delete, "/api/v1/teams/{id}/members/{user}", permission: .readMembers, audit: "team.member_removed",
                summary: "Takes somebody out of a team; for the team's leads and who has teams.manage"
            ) { context in
                try await remove(try context.pathID("user"), from: try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func role(from fields: inout JSONFields) throws -> TeamRole? {
        guard let name = try fields.optionalString("role") else { return nil }
        guard let role = TeamRole(rawValue: name) else { throw fields.error("role", expected: "lead or member") }
        return role
    }
}

extension Team {
    fileprivate var view: JSONValue {
        [
            "id": .string(id.description), "name": .string(draft.name), "description": .string(draft.description),
            "members": .number(JSONNumber(memberCount)), "created_at": .string(createdAt.description),
        ]
    }
}

extension TeamMember {
    fileprivate var view: JSONValue {
        [
            "id": .string(id.description), "email": .string(email), "name": .string(name),
            "role": .string(role.rawValue), "joined_at": .string(joinedAt.description),
        ]
    }
}
