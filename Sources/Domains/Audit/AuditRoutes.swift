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
                let organization = try context.caller().organization
                let entries = try await list(
                    page, category: context.request.queryItem("category"), of: organization)
                return .page(try await views(of: entries, organization), limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/audit-entries/{id}", permission: .readAudit, summary: "One entry"
            ) { context in
                let organization = try context.caller().organization
                let entry = try await find(try context.pathID(), of: organization)
                return .json(try await views(of: [entry], organization).first ?? .null)
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

extension AuditService {
    /// The entries as they are, and beside the payload what it holds of people, opened.
    private func views(of entries: [AuditEntry], _ organization: UniqueID) async throws -> [JSONValue] {
        let personal = try await personalParts(of: entries, organization: organization)
        return zip(entries, personal).map { $0.view(personal: $1) }
    }
}

extension AuditEntry {
    fileprivate func view(personal: [PersonalPart]) -> JSONValue {
        [
            "id": .string(id.description), "time": .string(id.time.description), "category": .string(category),
            "action": .string(action), "outcome": .string(outcome.rawValue), "actor": .string(actor),
            "entity": .string(entity), "payload": (try? JSONValue(parsing: Array(payload.utf8))) ?? .null,
            "personal": .array(personal.map(\.view)), "digest": .string(digest.hex),
        ]
    }
}
