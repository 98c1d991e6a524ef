// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension MemberService {
    /// The members of the caller's organization.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/users", permission: .readMembers, summary: "The members, newest accounts first"
            ) { context in
                let page = try context.page()
                return .page(try await list(page, of: try context.caller().organization).map(\.view), limit: page.limit)
            },
            Endpoint(.get, "/api/v1/users/{id}", permission: .readMembers, summary: "One member") { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .patch, "/api/v1/users/{id}", permission: .manageMembers, audit: "member.updated",
                summary: "Gives a member another role, everywhere within a second",
                fields: [
                    .init("role", "string", "admin, manager, developer or viewer; alone it ends a custom role"),
                    .init("custom_role", "string", "id of one of the organization's own roles, which counts instead"),
                ]
            ) { context in
                let fields = try context.fields()
                let member = try await update(try context.pathID(), by: try context.caller()) { role in
                    var fields = fields
                    return try reading {
                        let choice = try fields.roleChoice(from: role)
                        try fields.finish()
                        return choice
                    }
                }
                return .json(member.view)
            },
            Endpoint(
                .delete, "/api/v1/users/{id}", permission: .manageMembers, audit: "member.removed",
                summary: "Ends a membership with its sessions, keys and open invitations, everywhere within a second"
            ) { context in
                try await remove(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }
}

extension Member {
    fileprivate var view: JSONValue {
        [
            "id": .string(id.description), "email": .string(email), "name": .string(name),
            "role": .string(role.role.rawValue),
            "custom_role": role.custom.map { .string($0.description) } ?? .null,
            "permissions": .array(permissions.names.map(JSONValue.string)), "operator": .bool(isOperator),
            "verified": .bool(isVerified), "second_factor": .bool(hasSecondFactor),
            "last_login": lastLogin.map { .string($0.description) } ?? .null,
            "joined_at": .string(joinedAt.description),
        ]
    }
}
