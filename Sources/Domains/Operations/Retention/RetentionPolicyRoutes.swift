// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension RetentionPolicyService {
    /// Policies, what holds by them, and the run. `plan` says what a run would do now.
    package func endpoints(
        plan: @escaping @Sendable () async throws -> [(partition: String, decision: PartitionDecision)]
    ) -> [Endpoint] {
        policyEndpoints + [
            Endpoint(
                .get, "/api/v1/retention", permission: .readRetention,
                summary: "For each table: what holds, by the organization's policies or the default"
            ) { context in
                let found = try await inForce(of: try context.caller().organization)
                return .json([
                    "data": .array(
                        found.map { row in
                            [
                                "table": .string(row.standard.table), "keep_days": .days(row.keepDays),
                                "content_days": .days(row.contentDays),
                                "duties": .array(row.duties.map(JSONValue.string)),
                                "default_reason": .string(row.standard.reason),
                            ]
                        })
                ])
            },
            Endpoint(
                .post, "/api/v1/retention-runs", permission: .manageRetention, audit: "retention.requested",
                summary: "Says what a run would archive, or has the retention job run now",
                fields: [.init("dry_run", "boolean", "only say what would be done; true unless given")]
            ) { context in
                var fields = try context.fields()
                let isDry = try reading {
                    let value = try fields.optionalBool("dry_run") ?? true
                    try fields.finish()
                    return value
                }
                if !isDry { guard try await runNow(by: try context.caller()) else { throw Self.noJob } }
                let items: [JSONValue] = try await plan().map {
                    ["partition": .string($0.partition), "decision": .string($0.decision.description)]
                }
                return .json(
                    ["dry_run": .bool(isDry), "partitions": .array(items)], status: isDry ? 200 : 202)
            },
        ]
    }

    private static let noJob = DomainError(
        .unavailable, code: "job_not_started", "No server has started the retention job yet; retry in a moment.",
        retryAfter: .seconds(5))

    private var policyEndpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/retention-policies", permission: .readRetention,
                summary: "The organization's policies, by table and duty"
            ) { context in
                let found = try await list(of: try context.caller().organization)
                return .json(["data": .array(found.map(\.view)), "next": .null])
            },
            Endpoint(
                .get, "/api/v1/retention-policies/{id}", permission: .readRetention, summary: "One policy"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .post, "/api/v1/retention-policies", permission: .manageRetention, audit: "retention.set",
                summary: "Sets what a duty asks of a table, in place of what the same duty asked before",
                fields: [
                    .init("table", "string", required: true, "with its schema, such as council.requests"),
                    .init("duty", "string", required: true, "the law, contract or rule, 1 to 100 characters"),
                    .init("keep_days", "integer", "days rows must stay; of several duties the longest holds"),
                    .init("content_days", "integer", "days until content is blanked; the shortest holds"),
                ]
            ) { context in
                .json(try await set(try Self.newPolicy(context), by: try context.caller()).view, status: 201)
            },
            Endpoint(
                .delete, "/api/v1/retention-policies/{id}", permission: .manageRetention, audit: "retention.retired",
                summary: "Ends a policy; what only it kept may go at the next run"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func newPolicy(_ context: RequestContext) throws(DomainError) -> NewRetentionPolicy {
        var fields = try context.fields()
        return try reading {
            let table = try fields.string("table", bytes: 1...130)
            let duty = try fields.string("duty", bytes: 1...400)
            let keep = try fields.optionalInteger("keep_days", in: NewRetentionPolicy.days)
            let content = try fields.optionalInteger("content_days", in: NewRetentionPolicy.days)
            try fields.finish()
            return try NewRetentionPolicy(table: table, duty: duty, keepDays: keep, contentDays: content)
        }
    }
}

extension RetentionPolicy {
    var view: JSONValue {
        [
            "id": .string(id.description), "table": .string(table), "duty": .string(duty),
            "keep_days": .days(keepDays), "content_days": .days(contentDays),
            "created_at": .string(createdAt.description),
        ]
    }
}

extension JSONValue {
    fileprivate static func days(_ value: Int32?) -> JSONValue {
        value.map { .number(JSONNumber(Int64($0))) } ?? .null
    }
}
