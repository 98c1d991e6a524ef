// SPDX-License-Identifier: Apache-2.0
import Observability
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

@Suite struct PartitionTests {
    /// Months by number, from the one of `id(1)`.
    private func partition(_ month: UInt64) -> TablePartition {
        TablePartition(name: "s.t_\(month)", lower: id(month), upper: id(month + 1))
    }

    private func id(_ month: UInt64) -> UniqueID { UniqueID.lowest(at: time(month)) }
    private func time(_ month: UInt64) -> Timestamp { Timestamp(microseconds: Int64(month) * 2_592_000_000_000) }

    @Test("months ahead are counted from the one that holds now, as far as there is no gap")
    func ahead() {
        let set = PartitionSet(table: "s.t", partitions: [5, 4, 6, 8].map(partition))
        #expect(set.ahead(of: time(4) + .seconds(1)) == 2)
        #expect(set.ahead(of: time(6)) == 0)
        #expect(set.ahead(of: time(7)) == -1)
        #expect(PartitionSet(table: "s.t", partitions: []).ahead(of: time(1)) == -1)
    }

    @Test("fewer than two months ahead is a problem that names the table and the cure, two are none")
    func alarm() {
        func problem(_ months: [UInt64]) -> String? {
            PartitionSet(table: "s.t", partitions: months.map(partition)).problem(at: time(4))
        }
        #expect(problem([4, 5, 6]) == nil)
        #expect(problem([4, 5])?.contains("s.t has partitions for 1 months ahead") == true)
        #expect(problem([4])?.contains("ops.ensure_partitions") == true)
        #expect(problem([5, 6, 7])?.contains("no partition for this month") == true)
    }

    @Test("the catalog's partitions are read with their bounds, and the hot tables have three months ahead")
    func catalog() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sets = try await PartitionStore.sets(in: database)
            for table in ["audits.audit_log", "council.requests", "providers.cost_records"] {
                let set = try #require(sets.first { $0.table == table })
                #expect(set.ahead(of: .now()) == 3)
                #expect(set.problem(at: .now()) == nil)
            }
        }
    }

    @Test("a month that is taken away is noticed, and made again by the job")
    func repaired() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let monitor = PartitionMonitor(database: database)
            try await monitor.refresh()
            #expect(monitor.problems.isEmpty)
            let set = try #require(monitor.sets.first { $0.table == "council.requests" })
            let next = try #require(set.partitions.dropFirst(2).first)
            try store.psql("DROP TABLE \(next.name)")
            try await monitor.refresh()
            #expect(monitor.problems.count == 1 && monitor.problems[0].contains("council.requests"))
            #expect(OperationsMetrics.monthsAhead["council.requests"].value == 0)
            #expect(try await PartitionStore.ensure(in: database) == 1)
            try await monitor.refresh()
            #expect(monitor.problems.isEmpty)
        }
    }
}
