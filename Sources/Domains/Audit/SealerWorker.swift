// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import Postgres
import SwiftExtensions

/// Seals committed entries into their organizations' chains. One sealer works at a time, whichever node it is on.
///
/// It takes exactly the transactions that are over (below the snapshot's xmin) and not yet sealed, so that nothing
/// that commits late is passed by, and writers never wait for a chain.
package struct SealerWorker: Sendable {
    /// Transactions looked at in one step; each may hold a batch of entries.
    private static let transactionsPerStep: Int64 = 1000
    private static let entriesPerLink = 1000
    private let database: Database

    /// `database` acts as `witan_sealer`.
    package init(database: Database) { self.database = database }

    /// Seals everything that is committed now, and says how many entries that were.
    package func sealPending() async throws -> Int {
        var total = 0
        while let step = try await sealStep() {
            total += step.sealed
            if step.isDone { break }
        }
        return total
    }

    /// One transaction's worth; nil while another sealer is at work.
    private func sealStep() async throws -> (sealed: Int, isDone: Bool)? {
        try await database.transaction { transaction in
            guard let position = try await AuditStore.takePosition(in: transaction) else { return nil }
            let horizon = try await AuditStore.horizon(in: transaction)
            guard position < horizon else { return (0, true) }
            guard let first = try await AuditStore.firstTransaction(from: position, in: transaction), first < horizon
            else {
                try await AuditStore.movePosition(to: horizon, in: transaction)
                return (0, true)
            }
            let end = min(horizon, first + Self.transactionsPerStep)
            let entries = try await AuditStore.entries(from: first, to: end, in: transaction)
            var start = 0
            while start < entries.count {
                let organization = entries[start].organization
                let stop = entries[start...].firstIndex { $0.organization != organization } ?? entries.count
                try await Self.seal(Array(entries[start..<stop]), in: transaction)
                start = stop
            }
            try await AuditStore.movePosition(to: end, in: transaction)
            return (entries.count, end == horizon)
        }
    }

    private static func seal(
        _ entries: [(organization: UniqueID, id: UniqueID, digest: Digest)], in transaction: borrowing Transaction
    ) async throws {
        guard let organization = entries.first?.organization else { return }
        var (sequence, hash) = try await AuditStore.head(of: organization, in: transaction) ?? (0, HashChain.origin)
        for start in stride(from: 0, to: entries.count, by: entriesPerLink) {
            let run = entries[start..<min(start + entriesPerLink, entries.count)]
            let next = HashChain.fold(run.map(\.digest), after: hash)
            sequence += 1
            try await AuditStore.insert(
                ChainLink(
                    organization: organization, sequence: sequence, entries: run.map(\.id), previous: hash, hash: next),
                in: transaction)
            hash = next
        }
    }
}
