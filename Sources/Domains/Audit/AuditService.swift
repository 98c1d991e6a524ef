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
    private let seal: PersonalSeal?

    /// `database` acts as `witan_app`. Records of archived runs are believed when `archiveKey` signed them; without it
    /// none is. `seal` opens what entries hold of people; without it that stays closed.
    package init(database: Database, archiveKey: Ed25519.PublicKey? = nil, seal: PersonalSeal? = nil) {
        self.database = database
        self.archiveKey = archiveKey
        self.seal = seal
    }

    /// Records an act in the transaction that does it.
    ///
    /// `payload` must hold nothing personal: what is known of a person, such as an address, goes into `personal`, which
    /// is sealed under that person's key. So is where a person's request came from; a program's stays readable.
    package static func append(
        _ action: String, id: UniqueID = .v7(), category: String, outcome: AuditEntry.Outcome = .success,
        entity: String,
        payload: JSONValue = [:], personal: PersonalFacts? = nil,
        by actor: Actor, of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        var members = payload.members ?? []
        if actor.person == nil { members += actor.facts }
        let parts = try await PersonalPartService.seal(
            PersonalFacts.of(actor, personal), with: actor.origin?.seal, entry: id, of: organization, in: transaction)
        if !parts.isEmpty { members.append(JSONMember("personal", .array(parts))) }
        try await AuditStore.insert(
            AuditEntry(
                organization: organization, id: id, category: category, action: action, outcome: outcome,
                actor: actor.name, entity: entity,
                payload: String(decoding: try JSONValue.object(members).canonicalBytes(), as: UTF8.self)),
            in: transaction)
    }

    /// What the entries hold of people, in their order, opened as far as it can be.
    package func personalParts(
        of entries: [AuditEntry], organization: UniqueID
    ) async throws -> [[PersonalPart]] {
        let people = Set(entries.flatMap { PersonalPart.Sealed.all(in: $0).map(\.person) })
        guard !people.isEmpty else { return entries.map { _ in [] } }
        let keys = try await database.transaction(organization: organization) { transaction in
            try await personalKeys(of: Array(people), in: transaction)
        }
        return entries.map { personalParts(of: $0, keys: keys) }
    }

    /// The keys of people that are left, to open what the log holds of them.
    package func personalKeys(
        of people: [UniqueID], in transaction: borrowing Transaction
    ) async throws -> [UniqueID: PersonalSeal.Key] {
        try await PersonalKeyStore.find(people, in: transaction)
    }

    /// What one entry holds of people, opened with these keys.
    package func personalParts(of entry: AuditEntry, keys: [UniqueID: PersonalSeal.Key]) -> [PersonalPart] {
        PersonalPart.Sealed.all(in: entry).map { $0.opened(with: seal, keys[$0.person], of: entry.organization) }
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

extension Database {
    /// A transaction that sees and writes one organization's rows only. `body` runs again, three times at most, when
    /// the server asks for it (a deadlock): it should do nothing that a rollback does not undo.
    package func transaction<Value: Sendable>(
        organization: UniqueID, _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        try await transaction(settings: [("app.org_id", organization.description)], retrying: 3, body)
    }
}
