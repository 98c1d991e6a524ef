// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import Cryptography
import HTTPServer
import JSON
import SwiftExtensions

extension AuditService {
    /// Reading alone: no endpoint writes, changes or removes an entry.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/audit-entries", permission: .readAudit,
                summary: "The log, newest first; ?category= narrows it"
            ) { context in
                let page = try context.page()
                let entries = try await list(
                    page, category: context.request.queryItem("category"), of: try context.caller().organization)
                return .page(entries.map(\.view), limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/audit-entries/{id}", permission: .readAudit, summary: "One entry"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .get, "/api/v1/audit-verification", permission: .readAudit,
                summary: "Recomputes the chain over the whole log and says what does not fit"
            ) { context in
                let (verification, entries) = try await verify(try context.caller().organization)
                return .json([
                    "intact": .bool(verification.isIntact), "entries": .number(JSONNumber(entries)),
                    "sealed": .number(JSONNumber(verification.sealed)),
                    "archived": .number(JSONNumber(verification.archived)),
                    "unsealed": .number(JSONNumber(entries - (verification.sealed - verification.archived))),
                    "links": .number(JSONNumber(verification.links)),
                    "findings": .array(verification.findings.map(JSONValue.string)),
                    "findings_count": .number(JSONNumber(Int64(verification.findingsCount))),
                ])
            },
        ]
    }
}

extension AuditEntry {
    var view: JSONValue {
        [
            "id": .string(id.description), "time": .string(id.time.description), "category": .string(category),
            "action": .string(action), "outcome": .string(outcome.rawValue), "actor": .string(actor),
            "entity": .string(entity), "payload": (try? JSONValue(parsing: Array(payload.utf8))) ?? .null,
            "digest": .string(digest.hex),
        ]
    }
}
