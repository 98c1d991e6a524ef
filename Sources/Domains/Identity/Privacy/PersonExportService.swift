// SPDX-License-Identifier: Apache-2.0
package import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Exports what the organization holds about a person, as an archive that is sent while it is read.
package struct PersonExportService: Sendable {
    /// So many exports may be made at once on a node: each has a connection of its own.
    package static let exportsMaximum = 2
    private let database: Database
    private let audit: AuditService
    private let running = Locked(0)

    /// `database` acts as `witan_app`; `audit` opens what the log holds of people.
    package init(database: Database, audit: AuditService) {
        self.database = database
        self.audit = audit
    }

    /// Whose export it is who asks for their own. Throws `password_session_required`: see `AccountStore.isGuest`.
    func own(by principal: Principal) async throws -> UniqueID {
        let person = try principal.person()
        let isGuest = try await database.transaction(organization: principal.organization) {
            try await AccountStore.isGuest(principal, in: $0)
        }
        guard !isGuest else { throw Account.guest }
        return person
    }

    /// Notes the export in the log, and gives what writes the archive: it calls its argument with the archive's bytes,
    /// at most a few megabytes at a time. Throws `user_not_found`, and `exports_busy` when enough are on their way.
    package func export(
        _ person: UniqueID, by principal: Principal
    ) async throws -> @Sendable (_ write: ([UInt8]) async throws -> Void) async throws -> Void {
        let place = try ExportPlace(running)
        let organization = principal.organization
        try await database.transaction(organization: organization) { transaction in
            guard try await LegalHoldStore.isKnown(person, in: transaction) else {
                throw ErasureObstacle.unknown.error
            }
            try await AuditService.append(
                "person.exported", category: "auth", entity: "user:\(person)", by: principal.actor, of: organization,
                in: transaction)
        }
        return { write in
            defer { withExtendedLifetime(place) {} }
            try await database.longTransaction(organization: organization, isolation: .repeatableRead) { transaction in
                try await PersonExportStore.begin(for: person, in: transaction)
                var archive = PersonExport(of: person, in: organization, at: .now())
                try await write(archive.readme())
                for table in PersonalTable.all {
                    try await PersonExportStore.rows(of: table, in: transaction) { line in
                        let full = archive.add(line, of: table.name)
                        if !full.isEmpty { try await write(full) }
                    }
                    let last = archive.end(table.name, leftOut: table.leftOut, erasure: table.erasure.rawValue)
                    if !last.isEmpty { try await write(last) }
                }
                try await log(in: transaction, to: &archive, write)
                try await write(try archive.finish())
            }
        }
    }

    private func log(
        in transaction: borrowing Transaction, to archive: inout PersonExport,
        _ write: ([UInt8]) async throws -> Void
    ) async throws {
        let table = "audits.audit_log"
        let person = archive.person
        let keys = try await audit.personalKeys(of: [person], in: transaction)
        var unfinished = archive
        try await PersonExportStore.entries(in: transaction) { entry in
            let parts = audit.personalParts(of: entry, keys: keys)
            let own = parts.filter { $0.person == person }
            let full = unfinished.add(entry.exported(own).description, of: table)
            if !full.isEmpty { try await write(full) }
        }
        archive = unfinished
        let last = archive.end(
            table, leftOut: ["digest", "transaction_id"], erasure: "kept, its personal parts erased")
        if !last.isEmpty { try await write(last) }
    }
}

/// A place among the exports of this node, free again when nobody holds it any more.
private final class ExportPlace: Sendable {
    private let running: Locked<Int>

    init(_ running: Locked<Int>) throws(DomainError) {
        self.running = running
        let isFree = running.withLock { count in
            count += 1
            return count <= PersonExportService.exportsMaximum
        }
        guard isFree else {
            throw DomainError(
                .rateLimited, code: "exports_busy",
                "\(PersonExportService.exportsMaximum) exports are on their way on this node; retry when one is done.",
                retryAfter: .seconds(10))
        }
    }

    deinit { running.withLock { $0 -= 1 } }
}

extension AuditEntry {
    /// As an archive has it: the payload without the sealed parts, and what it holds of this one person.
    fileprivate func exported(_ parts: [PersonalPart]) -> JSONValue {
        let payload = (try? JSONValue(parsing: Array(payload.utf8)))?.members ?? []
        return [
            "id": .string(id.description), "time": .string(id.time.description), "category": .string(category),
            "action": .string(action), "outcome": .string(outcome.rawValue), "actor": .string(actor),
            "entity": .string(entity), "payload": .object(payload.filter { $0.key != "personal" }),
            "personal": .array(parts.map(\.view)),
        ]
    }
}
