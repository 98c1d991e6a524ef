// SPDX-License-Identifier: Apache-2.0
package import Audit
import Core
import Cryptography
import JSON
package import Postgres
import Providers
import SwiftExtensions

/// The three hot tables: one call is one row in each, written in one commit with those of other calls.
package enum CallStore {
    /// In the order in which `append` fills them.
    package static let tables = [
        BatchTable(
            name: "council.requests",
            columns: [
                ("org_id", .uuid), ("id", .uuid), ("api_key_id", .uuid), ("user_id", .uuid), ("status", .text),
                ("model", .text),
                ("stream", .bool), ("http_status", .int4), ("error_code", .text), ("total_cost", .numeric),
                ("total_latency_ms", .int4), ("request_sha256", .bytea), ("response_sha256", .bytea),
                ("request_content", .text), ("response_content", .text),
            ]),
        BatchTable(
            name: "providers.cost_records",
            columns: [
                ("org_id", .uuid), ("request_id", .uuid), ("call", .int4), ("provider", .text), ("model", .text),
                ("input_tokens", .int4), ("cached_tokens", .int4), ("output_tokens", .int4), ("estimated", .bool),
                ("cost", .numeric), ("pricing_version", .text),
            ]),
        BatchTable(
            name: "audits.audit_log",
            columns: [
                ("org_id", .uuid), ("id", .uuid), ("category", .text), ("action", .text), ("outcome", .text),
                ("actor", .text), ("entity", .text), ("payload", .json), ("digest", .bytea),
            ]),
    ]

    /// The call's three rows.
    package static func append(_ record: CallRecord, to rows: inout BatchRows) {
        rows.begin(0)
        rows.uuid(record.organization)
        rows.uuid(record.id)
        switch record.caller {
        case .key(let key):
            rows.uuid(key)
            rows.null()
        case .person(let person):
            rows.null()
            rows.uuid(person)
        }
        rows.text(record.status.rawValue)
        rows.text(record.model)
        rows.bool(record.stream)
        rows.int4(Int32(record.httpStatus))
        if let code = record.errorCode { rows.text(code) } else { rows.null() }
        rows.numeric(record.cost)
        rows.int4(Int32(clamping: record.latency.milliseconds))
        rows.bytea(record.requestDigest.bytes)
        if let digest = record.responseDigest { rows.bytea(digest.bytes) } else { rows.null() }
        if let content = record.requestContent { rows.text(content) } else { rows.null() }
        if let content = record.responseContent { rows.text(content) } else { rows.null() }

        rows.begin(1)
        rows.uuid(record.organization)
        rows.uuid(record.id)
        rows.int4(0)
        rows.text(record.provider)
        rows.text(record.upstreamModel)
        rows.int4(Int32(clamping: record.usage.input))
        rows.int4(Int32(clamping: record.usage.cachedInput))
        rows.int4(Int32(clamping: record.usage.output))
        rows.bool(record.usage.estimated)
        rows.numeric(record.cost)
        rows.text(record.pricingVersion)

        let entry = record.auditEntry
        rows.begin(2)
        rows.uuid(entry.organization)
        rows.uuid(entry.id)
        rows.text(entry.category)
        rows.text(entry.action)
        rows.text(entry.outcome.rawValue)
        rows.text(entry.actor)
        rows.text(entry.entity)
        rows.json(entry.payload)
        rows.bytea(entry.digest.bytes)
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension CallRecord {
    /// The call as the audit log keeps it. The payload's keys are written in order, so that it is canonical JSON.
    package var auditEntry: AuditEntry {
        var payload = ""
        payload.reserveCapacity(384)
        func append(_ key: String, _ value: String) {
            payload += key
            payload += value
        }
        append("{\"cost\":\"", cost.description)
        if let errorCode { append("\",\"error\":", Self.quoted(errorCode)) } else { payload += "\"" }
        append(",\"estimated\":", usage.estimated ? "true" : "false")
        append(",\"http_status\":", String(httpStatus))
        append(",\"input_tokens\":", String(usage.input))
        append(",\"model\":", Self.quoted(model))
        append(",\"output_tokens\":", String(usage.output))
        append(",\"request_sha256\":\"", requestDigest.hex)
        if let responseDigest { append("\",\"response_sha256\":\"", responseDigest.hex) }
        append("\",\"status\":\"", status.rawValue)
        payload += "\"}"
        return AuditEntry(
            organization: organization, id: id, category: "gateway", action: "model.called",
            outcome: status == .completed ? .success : .failure, actor: caller.name,
            entity: "request:" + id.description, payload: payload)
    }

    /// As a JSON string; model names and providers' error codes may hold anything.
    private static func quoted(_ text: String) -> String {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            ? "\"\(text)\"" : JSONValue.string(text).description
    }
}
