// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Compares what the log says of rows elsewhere with what is there. Pure: it is fed what the tables hold.
struct SealedRows {
    /// Of the entry that every call has.
    static let callAction = "model.called"

    private let runs: [ArchivedRun]
    /// What entries say of seals: the digest.
    private var said: [UniqueID: (table: String, digest: String?)] = [:]
    private var seals: [RowSealStore.Seal] = []
    private var broken: [String] = []

    /// `runs` are the records whose signatures were found genuine: what they cover may be gone.
    init(archivedRuns runs: [ArchivedRun]) { self.runs = runs }

    /// Entries of the log, of which those about seals are kept.
    mutating func note(_ entries: some Sequence<AuditEntry>) {
        for entry in entries where entry.action == RowSealWorker.action {
            let digest = (try? JSONValue(parsing: Array(entry.payload.utf8)))?["digest"]?.string
            said[entry.id] = (entry.entity, digest)
        }
    }

    /// Calls whose rows are gone or say something else.
    mutating func check(_ calls: [(call: UniqueID, row: RowSealStore.BrokenRow)]) {
        for (call, row) in calls where !(row.isMissing && isArchived(call, from: row.table)) {
            broken.append("\(row.table) \(row.isMissing ? "has no row of" : "says something else of") call \(call)")
        }
    }

    /// All seals that there are.
    mutating func check(_ seals: [RowSealStore.Seal]) { self.seals = seals }

    /// Seals whose entry did not come by: it may be in no chain yet.
    var unseen: [UniqueID] { seals.map(\.id).filter { said[$0] == nil } }

    /// Sealed rows that are gone or were changed.
    mutating func check(_ rows: [RowSealStore.BrokenRow]) {
        for row in rows {
            let name = row.key.isEmpty ? row.table : "row \(row.key) of \(row.table)"
            broken.append("\(name) \(row.isMissing ? "is gone" : "was changed") after it was sealed")
        }
    }

    /// What does not fit, a sentence each.
    func findings() -> [String] {
        var found = broken
        for seal in seals {
            if let entry = said[seal.id] {
                guard entry.digest != seal.digest.hex || entry.table != "table:\(seal.table)" else { continue }
                found.append("seal \(seal.id) over \(seal.table) is not the one in the log")
            } else if !isArchived(seal.id, from: AuditStore.table) {
                found.append("seal \(seal.id) over \(seal.table) has no entry in the log")
            }
        }
        let known = Set(seals.map(\.id))
        for (id, entry) in said.sorted(by: { $0.key < $1.key }) where !known.contains(id) {
            found.append("seal \(id) over \(entry.table.dropFirst("table:".count)) is gone")
        }
        return found
    }

    private func isArchived(_ id: UniqueID, from table: String) -> Bool {
        runs.contains { $0.table == table && $0.covers(id) }
    }
}
