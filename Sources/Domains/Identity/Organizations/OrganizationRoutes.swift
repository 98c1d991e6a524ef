// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension OrganizationService {
    /// The caller's own organization only; the list of all is in OrganizationDirectoryRoutes.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/organization", permission: .readStatus, summary: "The caller's organization"
            ) { context in
                .json(try await find(try context.caller().organization).view)
            },
            Endpoint(
                .patch, "/api/v1/organization", permission: .manageOrganization, audit: "organization.updated",
                summary: "Changes the organization's policy, name and settings",
                fields: [
                    .init("name", "string", "1 to 200 characters"),
                    .init("plan", "string", "free, professional or enterprise; for operators"),
                    .init("settings", "object", "whatever else it chooses, at most 16 KB, in place of what there is"),
                    .init("content_retention", "boolean", "whether prompts and answers are stored"),
                    .init("durable_answers", "boolean", "whether an answer waits for its committed record"),
                    .init("require_two_factor", "boolean", "whether people need a second factor"),
                    .init(
                        "unknown_price_ceiling", "string",
                        "dollars per token assumed where no price is known; null refuses"),
                ]
            ) { context in
                .json(try await update(try Self.change(context), by: try context.caller()).view)
            },
        ]
    }

    private static func change(_ context: RequestContext) throws(DomainError) -> OrganizationChange {
        var fields = try context.fields()
        return try reading {
            var change = OrganizationChange()
            change.contentRetention = try fields.optionalBool("content_retention")
            change.durableAnswers = try fields.optionalBool("durable_answers")
            change.requiresTwoFactor = try fields.optionalBool("require_two_factor")
            change.clearsCeiling = fields.contains("unknown_price_ceiling")
            change.ceiling = try fields.optionalDecimal("unknown_price_ceiling")
            if change.ceiling != nil { change.clearsCeiling = false }
            if let ceiling = change.ceiling, !OrganizationChange.ceilings.contains(ceiling) {
                throw DomainError(
                    .invalid, code: "invalid_value",
                    "unknown_price_ceiling must be above 0 and at most 1000 dollars per token.",
                    parameter: "unknown_price_ceiling")
            }
            change.name = try fields.optionalString("name")
            change.plan = try fields.optionalPlan()
            change.settings = fields.optional("settings").map(JSONValue.init)
            try fields.finish()
            return change
        }
    }
}

extension Organization {
    var view: JSONValue {
        [
            "id": .string(id.description), "name": .string(name), "slug": .string(slug), "plan": .string(plan),
            "settings": settings,
            "require_two_factor": .bool(requiresTwoFactor),
            "content_retention": .bool(policy.contentRetention), "durable_answers": .bool(policy.durableAnswers),
            "unknown_price_ceiling": policy.unknownPriceCeiling.map { .string($0.description) } ?? .null,
        ]
    }
}
