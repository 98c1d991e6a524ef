// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import Postgres
import SwiftExtensions

/// Seals committed entries into their organizations' chains. One sealer works at a time, whichever node it is on.
///
/// It takes exactly the transactions that are over (below the snapshot's xmin) and not yet sealed, so that nothing
/// that commits late is passed by, and writers never wait for a chain.
package struct SealerWorker: Sendable {
    private static let entriesPerLink = 1000
    private let database: Database
    private let entriesPerStep: Int

    /// - Parameters:
    ///   - database: Acts as `witan_sealer`.
    ///   - entriesPerStep: What is held in memory and sealed in one transaction; more only when a single transaction
    ///     wrote more, which is sealed whole.
    package init(database: Database, entriesPerStep: Int = 20_000) {
        self.database = database
        self.entriesPerStep = entriesPerStep
    }

    /// Seals everything that is committed now, and says how many entries that were.
    package func sealPending() async throws -> Int {
        var total = 0
        while let step = try await sealStep() {
            total += step.sealed
            if step.isDone { break }
        }
        if total > 0 { try await AuditStore.summarize(in: database) }
        return total
    }

    /// One step; nil while another sealer is at work.
    private func sealStep() async throws -> (sealed: Int, isDone: Bool)? {
        try await database.transaction { transaction in
            guard let position = try await AuditStore.takePosition(in: transaction) else { return nil }
            let horizon = try await AuditStore.horizon(in: transaction)
            guard position < horizon else { return (0, true) }
            let (entries, end) = try await committed(from: position, to: horizon, in: transaction)
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

    /// The entries of the next transactions, by organization and id, and the transaction after them.
    private func committed(
        from position: Int64, to horizon: Int64, in transaction: borrowing Transaction
    ) async throws -> (entries: [UnsealedEntry], end: Int64) {
        var entries = try await AuditStore.unsealed(
            from: position, to: horizon, limit: entriesPerStep + 1, in: transaction)
        var end = horizon
        if entries.count > entriesPerStep, let last = entries.last?.transactionID {
            let isOneTransaction = entries[0].transactionID == last
            end = isOneTransaction ? last + 1 : last
            entries =
                isOneTransaction
                ? try await AuditStore.unsealed(from: last, to: end, limit: nil, in: transaction)
                : entries.filter { $0.transactionID < last }
        }
        return (entries.sorted { ($0.organization, $0.id) < ($1.organization, $1.id) }, end)
    }

    private static func seal(
        _ entries: [UnsealedEntry], in transaction: borrowing Transaction
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
