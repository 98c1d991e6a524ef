// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension OrganizationDirectoryService {
    private static let plan = Endpoint.Field("plan", "string", "free, professional or enterprise")

    /// For those who run the installation.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/organizations", permission: .manageInstallation,
                summary: "All organizations of the installation, newest first, retired ones included"
            ) { context in
                let page = try context.page()
                return .page(try await list(page).map(\.view), limit: page.limit)
            },
            Endpoint(
                .post, "/api/v1/organizations", permission: .manageInstallation, audit: "organization.created",
                summary: "Makes an organization and invites its first administrator",
                fields: [
                    .init("name", "string", required: true, "1 to 200 characters"),
                    .init("slug", "string", required: true, "1 to 63 of a-z, 0-9 and -; unique for ever"), Self.plan,
                    .init("administrator_email", "string", "whom to invite; the code is mailed there"),
                    .init("show_code", "boolean", "show the code and mail nothing"),
                ]
            ) { context in
                let (organization, invitation, code) = try await create(
                    try Self.new(context), by: try context.caller())
                let members = organization.view.members ?? []
                return .json(.object(members + [JSONMember("invitation", invitation.view(code))]), status: 201)
            },
            Endpoint(
                .get, "/api/v1/organizations/{id}", permission: .manageInstallation, summary: "One organization"
            ) { context in
                .json(try await find(try context.pathID()).view)
            },
            Endpoint(
                .patch, "/api/v1/organizations/{id}", permission: .manageInstallation, audit: "organization.updated",
                summary: "Changes an organization's name and plan",
                fields: [.init("name", "string", "1 to 200 characters"), Self.plan]
            ) { context in
                var fields = try context.fields()
                let (name, plan) = try reading {
                    let (name, plan) = (try fields.optionalString("name"), try fields.optionalPlan())
                    try fields.finish()
                    return (name, plan)
                }
                return .json(
                    try await update(try context.pathID(), name: name, plan: plan, by: try context.caller()).view)
            },
            Endpoint(
                .delete, "/api/v1/organizations/{id}", permission: .manageInstallation, audit: "organization.retired",
                summary: "Retires an organization, everywhere within a second; nothing is deleted"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func new(_ context: RequestContext) throws(DomainError) -> NewOrganization {
        var fields = try context.fields()
        return try reading {
            let (name, slug) = (try fields.string("name"), try fields.string("slug"))
            let plan = try fields.optionalPlan() ?? .free
            let email = try fields.optionalString("administrator_email").map {
                try EmailAddress($0, field: "administrator_email")
            }
            let showsCode = try fields.optionalBool("show_code") ?? false
            try fields.finish()
            return try NewOrganization(
                name: name, slug: slug, plan: plan, administrator: email, showsCode: showsCode)
        }
    }
}

extension JSONFields {
    /// The field `plan`.
    mutating func optionalPlan() throws -> OrganizationPlan? {
        guard let name = try optionalString("plan") else { return nil }
        guard let plan = OrganizationPlan(rawValue: name) else {
            throw error("plan", expected: "one of \(OrganizationPlan.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return plan
    }
}

extension ListedOrganization {
    fileprivate var view: JSONValue {
        [
            "id": .string(id.description), "name": .string(name), "slug": .string(slug),
            "plan": .string(plan.rawValue), "members": .number(JSONNumber(memberCount)),
            "created_at": .string(createdAt.description),
            "retired_at": retiredAt.map { .string($0.description) } ?? .null,
        ]
    }
}
