// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// One month of a partitioned table.
package struct TablePartition: Sendable, Equatable {
    /// With its schema, as `audits.audit_log_2026_11`.
    package let name: String
    /// The smallest id it takes.
    package let lower: UniqueID
    /// The first id after it.
    package let upper: UniqueID
    /// Whether a concurrent detachment was begun and not finished.
    package let isDetaching: Bool

    package init(name: String, lower: UniqueID, upper: UniqueID, isDetaching: Bool = false) {
        self.name = name
        self.lower = lower
        self.upper = upper
        self.isDetaching = isDetaching
    }

    /// A table that is not divided, as one part with every id.
    static func whole(_ table: String) -> TablePartition {
        TablePartition(name: table, lower: UniqueID(high: 0, low: 0), upper: UniqueID(high: .max, low: .max))
    }
}

/// The partitions of one table that is divided by the time in its ids.
package struct PartitionSet: Sendable, Equatable {
    /// How many months ahead are made.
    package static let monthsAhead: Int32 = 3
    /// Below this many the installation is degraded: somebody must look before inserts fail.
    package static let alarm = 2

    /// The parent, with its schema.
    package let table: String
    /// In order of their bounds.
    package let partitions: [TablePartition]

    package init(table: String, partitions: [TablePartition]) {
        self.table = table
        self.partitions = partitions.sorted { $0.lower < $1.lower }
    }

    /// Partitions after the one of `now`, without a gap; -1 when `now` itself has none.
    package func ahead(of now: Timestamp) -> Int {
        let id = UniqueID.lowest(at: now)
        guard var index = partitions.firstIndex(where: { $0.lower <= id && id < $0.upper }) else { return -1 }
        var count = 0
        while index + 1 < partitions.count, partitions[index + 1].lower == partitions[index].upper {
            index += 1
            count += 1
        }
        return count
    }

    /// What `status` says of it; nil when enough months are made.
    package func problem(at now: Timestamp) -> String? {
        let months = ahead(of: now)
        if months < 0 { return "\(table) has no partition for this month: inserts fail" }
        guard months < Self.alarm else { return nil }
        return "\(table) has partitions for \(months) months ahead, fewer than \(Self.alarm); "
            + "see the job 'partitions', or run SELECT ops.ensure_partitions(\(Self.monthsAhead))"
    }
}
