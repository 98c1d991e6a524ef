// SPDX-License-Identifier: Apache-2.0
import Audit
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

@Suite(.serialized) struct SeedTests {
    /// Puts the seed into the store, each batch as its role; how many rows were new.
    private func run(_ seed: SeedSet, in store: TestDatabase) async throws -> Int {
        try store.psql("GRANT witan_owner TO witan")
        var inserted = 0
        for batch in seed.batches {
            inserted += try await SeedStore.insert(batch, of: seed, in: store.open(role: batch.role))
        }
        let app = store.open(role: "witan_app")
        return try await inserted + SeedStore.log(seed, in: app)
    }

    private var today: Timestamp { Timestamp(microseconds: Timestamp.now().seconds / 86_400 * 86_400_000_000) }

    @Test("a seed is the same each time it is made, and another one on another day or of another kind")
    func deterministic() {
        let day = Timestamp(microseconds: 1_795_000_000_000_000)
        for kind in SeedSet.Kind.allCases {
            let (first, second) = (SeedSet.make(kind, day: day), SeedSet.make(kind, day: day))
            #expect(first.entries == second.entries && first.count == second.count)
            #expect(first.batches.map(\.rows) == second.batches.map(\.rows))
            let next = SeedSet.make(kind, day: day + .seconds(86_400))
            #expect(Set(next.entries.map(\.id)).isDisjoint(with: first.entries.map(\.id)))
        }
        let kinds = SeedSet.Kind.allCases.map { SeedSet.make($0, day: day).organization }
        #expect(Set(kinds).count == kinds.count)
    }

    @Test(
        "run twice, the second time adds nothing; all rows are there and the log verifies",
        arguments: SeedSet.Kind.allCases)
    func twice(kind: SeedSet.Kind) async throws {
        try await withStore { store in
            let seed = SeedSet.make(kind, day: today)
            #expect(try await run(seed, in: store) == seed.count)
            #expect(try await run(seed, in: store) == 0)
            for (table, batches) in Dictionary(grouping: seed.batches, by: \.table) {
                let rows = try store.psql("SELECT count(*) FROM \(table)")
                #expect(rows == String(batches.reduce(0) { $0 + $1.rows.count }), "\(table)")
            }
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            var sealed = 0
            while sealed < seed.entries.count { sealed += try await sealer.sealPending() }
            let (verification, entries) = try await AuditService(database: store.open(role: "witan_app"))
                .verify(seed.organization)
            #expect(verification.isIntact && entries == Int64(seed.entries.count))
        }
    }

    @Test("the costs of the calls add up, and each call is in the log")
    func consistent() async throws {
        try await withStore { store in
            _ = try await run(SeedSet.make(.demo, day: today), in: store)
            let wrong = try store.psql(
                """
                SELECT count(*) FROM council.requests r
                LEFT JOIN (SELECT org_id, request_id, sum(cost) AS cost FROM providers.cost_records GROUP BY 1, 2) c
                    ON c.org_id = r.org_id AND c.request_id = r.id
                LEFT JOIN audits.audit_log a ON a.org_id = r.org_id AND a.id = r.id
                WHERE coalesce(c.cost, 0) <> r.total_cost OR a.id IS NULL
                """)
            #expect(wrong == "0")
            let unpriced = try store.psql(
                "SELECT count(*) FROM providers.cost_records WHERE cost = 0 AND output_tokens > 0")
            #expect(unpriced == "0")
            let story = try store.psql(
                """
                SELECT (SELECT count(*) FROM council.requests WHERE status = 'failed') > 0,
                    (SELECT review_status FROM quarantine.quarantine_records),
                    (SELECT from_version || to_version || status FROM experiments_v1.promotions),
                    (SELECT status FROM governance.kill_switches)
                """)
            #expect(story == "t|quarantined|v1v2completed|INACTIVE")
        }
    }

    @Test("the day a seed is told from is kept, so that a later run finds the same rows")
    func keptDay() async throws {
        try await withStore { store in
            try store.psql("GRANT witan_owner TO witan")
            let owner = store.open(role: "witan_owner")
            let first = try await SeedStore.day(of: .demo, today: .now(), owner: owner)
            let later = try await SeedStore.day(of: .demo, today: .now() + .seconds(40 * 86_400), owner: owner)
            #expect(first == later && first == today)
        }
    }

    @Test("cleaning retires the organization and revokes its keys; a run brings back just that")
    func clean() async throws {
        try await withStore { store in
            let seed = SeedSet.make(.testing, day: today)
            _ = try await run(seed, in: store)
            try store.psql(
                "GRANT witan_owner TO witan; UPDATE auth.api_keys SET revoked_at = '2020-01-01' WHERE role = 'admin'")
            let (app, owner) = (store.open(role: "witan_app"), store.open(role: "witan_owner"))
            _ = try await SeedStore.day(of: .testing, today: .now(), owner: owner)
            #expect(try await SeedStore.present(in: owner).map(\.slug) == [seed.slug])
            let live = "SELECT count(*) FROM auth.api_keys WHERE revoked_at IS NULL"
            #expect(try await SeedStore.setRetired(true, seed, in: app))
            #expect(try await !SeedStore.setRetired(true, seed, in: app))
            #expect(try store.psql(live) == "0")
            #expect(try await SeedStore.present(in: owner).isEmpty)
            #expect(try await SeedStore.setRetired(false, seed, in: app))
            // The one revoked for another reason stays revoked.
            #expect(try store.psql(live) == "1")
        }
    }
}
