// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension CustomRoleService {
    /// Built-in roles and the organization's own in one list: who may do what stands here and nowhere else.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/roles", permission: .readMembers,
                summary: "The roles and what each may do: the built-in ones, then the organization's own, newest first"
            ) { context in
                let page = try context.page()
                let own = try await list(page, of: try context.caller().organization).map(\.view)
                let next = own.count == page.limit ? own.last?["id"] ?? .null : .null
                return .json(
                    ["data": .array((page.after == nil ? Role.allCases.map(\.view) : []) + own), "next": next])
            },
            Endpoint(
                .post, "/api/v1/roles", permission: .manageRoles, audit: "role.created",
                summary: "Makes a role of the organization's own, which may do no more than the caller",
                fields: [
                    .init("name", "string", required: true, "1 to 100 characters, unique"),
                    .init("description", "string", "what it is for"),
                    .init("permissions", "array", required: true, "names of permissions, as the role admin lists them"),
                ]
            ) { context in
                var fields = try context.fields()
                let draft = try reading {
                    let draft = CustomRoleDraft(
                        name: try fields.string("name"), description: try fields.optionalString("description") ?? "",
                        permissions: try CustomRoleDraft.permissions(named: try fields.stringArray("permissions")))
                    try fields.finish()
                    return draft
                }
                return .json(try await create(draft, by: try context.caller()).view, status: 201)
            },
            Endpoint(
                .get, "/api/v1/roles/{id}", permission: .readMembers, summary: "One role; built-in ones by their name"
            ) { context in
                if let role = Role(rawValue: context.parameters["id"] ?? "") { return .json(role.view) }
                return .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .patch, "/api/v1/roles/{id}", permission: .manageRoles, audit: "role.updated",
                summary: "Changes a role for everybody who has it, everywhere within a second",
                fields: [
                    .init("name", "string", "1 to 100 characters, unique"),
                    .init("description", "string", "what it is for"),
                    .init("permissions", "array", "names of permissions, in place of those it has"),
                ]
            ) { context in
                let fields = try context.fields()
                let role = try await update(try context.pathID(), by: try context.caller()) { draft in
                    var fields = fields
                    try reading { try Self.read(&draft, from: &fields) }
                }
                return .json(role.view)
            },
            Endpoint(
                .delete, "/api/v1/roles/{id}", permission: .manageRoles, audit: "role.retired",
                summary: "Retires a role that nobody has any more"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func read(_ draft: inout CustomRoleDraft, from fields: inout JSONFields) throws {
        draft.name = try fields.optionalString("name") ?? draft.name
        draft.description = try fields.optionalString("description") ?? draft.description
        if let names = try fields.optionalStringArray("permissions") {
            draft.permissions = try CustomRoleDraft.permissions(named: names)
        }
        try fields.finish()
    }
}

extension Role {
    fileprivate var view: JSONValue {
        [
            "id": .string(rawValue), "name": .string(rawValue), "built_in": true,
            "description": .string(summary), "permissions": .array(permissions.names.map(JSONValue.string)),
            "created_at": .null, "updated_at": .null,
        ]
    }

    private var summary: String {
        switch self {
        case .admin: "everything in the organization"
        case .manager: "providers, keys, teams and invitations; reads members and the log"
        case .developer: "calls models; reads usage and members"
        case .viewer: "reads models, providers and usage"
        }
    }
}

extension CustomRole {
    fileprivate var view: JSONValue {
        [
            "id": .string(id.description), "name": .string(draft.name), "built_in": false,
            "description": .string(draft.description),
            "permissions": .array(draft.permissions.names.map(JSONValue.string)),
            "created_at": .string(createdAt.description), "updated_at": .string(updatedAt.description),
        ]
    }
}

extension JSONFields {
    /// The fields `role` and `custom_role`, in place of `old`. A built-in role that is named alone counts: it takes a
    /// custom one away. `custom_role` alone keeps the built-in role's name, and `null` goes back to its rights.
    mutating func roleChoice(from old: RoleChoice) throws -> RoleChoice {
        var choice = old
        if let name = try optionalString("role") {
            guard let role = Role(rawValue: name) else {
                throw DomainError(
                    .invalid, code: "invalid_value",
                    "role must be one of \(Role.allCases.map(\.rawValue).joined(separator: ", ")).", parameter: "role")
            }
            choice = RoleChoice(role)
        }
        let isThere = contains("custom_role")
        let custom = try optionalID("custom_role")
        if isThere { choice.custom = custom }
        return choice
    }
}
