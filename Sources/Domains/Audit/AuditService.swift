// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import JSON
package import Postgres
package import SwiftExtensions

/// The log of who did what: written with the act, read by page, proven by its chain.
package struct AuditService: Sendable {
    private let database: Database
    private let archiveKey: Ed25519.PublicKey?

    /// `database` acts as `witan_app`. Records of archived runs are believed when `archiveKey` signed them; without it
    /// none is.
    package init(database: Database, archiveKey: Ed25519.PublicKey? = nil) {
        self.database = database
        self.archiveKey = archiveKey
    }

    /// Records an act in the transaction that does it.
    package static func append(
        _ action: String, id: UniqueID = .v7(), category: String, outcome: AuditEntry.Outcome = .success,
        entity: String,
        payload: JSONValue = [:],
        by actor: Actor, of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await AuditStore.insert(
            AuditEntry(
                organization: organization, id: id, category: category, action: action, outcome: outcome,
                actor: actor.name, entity: entity,
                payload: String(decoding: try payload.adding(actor.origin).canonicalBytes(), as: UTF8.self)),
            in: transaction)
    }

    /// Newest first; `category` nil lists all.
    package func list(
        _ page: PageRequest, category: String?, of organization: UniqueID
    ) async throws -> [AuditEntry] {
        try await database.transaction(organization: organization) { transaction in
            try await AuditStore.page(page, category: category, in: transaction)
        }
    }

    /// Throws `audit_entry_not_found`, also for an entry of another organization.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> AuditEntry {
        let found = try await database.transaction(organization: organization) { transaction in
            try await AuditStore.find(id, in: transaction)
        }
        guard let found else {
            throw DomainError(.notFound, code: "audit_entry_not_found", "The log has no entry with this id.")
        }
        return found
    }

    /// Recomputes the whole chain from the entries as they are now, and compares what the log proves: the rows of calls
    /// and the sealed rows of other tables. Entries that were archived are proven by the signed records of their
    /// archives.
    package func verify(_ organization: UniqueID) async throws -> (verification: AuditVerification, entries: Int64) {
        try await database.wholeTransaction(organization: organization) { transaction in
            let recorded = try await AuditStore.archivedRuns(in: transaction)
            let genuine = recorded.filter { run in archiveKey.map { run.isGenuine(under: $0) } ?? false }
            let ofTheLog = genuine.filter { $0.table == AuditStore.table }
            var verification = AuditVerification(archivedRuns: ofTheLog)
            var seals = SealedRows(archivedRuns: genuine)
            var sequence: Int64 = 0
            while let link = try await AuditStore.links(after: sequence, limit: 1, in: transaction).first {
                let entries = try await AuditStore.entries(link.entries, in: transaction)
                verification.check(link, entries: entries)
                seals.note(entries.values.lazy.map(\.entry))
                if entries.values.contains(where: { $0.entry.action == SealedRows.callAction }) {
                    seals.check(try await RowSealStore.brokenCalls(link.entries, in: transaction))
                }
                sequence = link.sequence
            }
            verification.finish()
            seals.check(try await RowSealStore.seals(in: transaction))
            for id in seals.unseen {
                if let entry = try await AuditStore.find(id, in: transaction) { seals.note([entry]) }
            }
            seals.check(try await RowSealStore.brokenRows(in: transaction))
            for finding in seals.findings() { verification.add(finding: finding) }
            for run in recorded where !genuine.contains(run) {
                verification.add(finding: "the record of the archive \(run.archive) has no valid signature")
            }
            for run in genuine where !ofTheLog.contains(where: { $0.covers(run.entry) }) {
                guard try await AuditStore.find(run.entry, in: transaction) == nil else { continue }
                verification.add(finding: "the log has no entry for the archive \(run.archive)")
            }
            return (verification, try await AuditStore.count(in: transaction))
        }
    }
}

extension JSONValue {
    /// The payload with the address and program of who did it, as the views of the log show them.
    fileprivate func adding(_ origin: Origin?) -> JSONValue {
        guard let origin else { return self }
        var members = members ?? []
        members.append(JSONMember("ip_address", .string(origin.address)))
        if let userAgent = origin.userAgent { members.append(JSONMember("user_agent", .string(userAgent))) }
        return .object(members)
    }
}

extension Database {
    /// A transaction that sees and writes one organization's rows only; `body` runs again up to `retrying` times when
    /// the server asks for it.
    package func transaction<Value: Sendable>(
        organization: UniqueID, retrying: Int = 0, _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        try await transaction(settings: [("app.org_id", organization.description)], retrying: retrying, body)
    }
}
