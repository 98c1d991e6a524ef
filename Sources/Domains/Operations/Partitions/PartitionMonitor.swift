// SPDX-License-Identifier: Apache-2.0
import Observability
package import Postgres
import SwiftExtensions

/// How many months of partitions there are ahead, as of the last look: for readiness and metrics, which do not wait.
package final class PartitionMonitor: Sendable {
    private let database: Database
    private let known = Locked<[PartitionSet]>([])

    /// `database` may act as any role.
    package init(database: Database) { self.database = database }

    /// Looks again.
    package func refresh() async throws {
        let sets = try await PartitionStore.sets(in: database)
        known.withLock { $0 = sets }
        for set in sets { OperationsMetrics.monthsAhead[set.table].set(Double(set.ahead(of: .now()))) }
    }

    /// As of the last look; empty before the first.
    package var sets: [PartitionSet] { known.withLock { $0 } }

    /// What is wrong with them now, a sentence each.
    package var problems: [String] { sets.compactMap { $0.problem(at: .now()) } }
}
