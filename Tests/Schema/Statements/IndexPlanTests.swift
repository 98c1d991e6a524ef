// SPDX-License-Identifier: Apache-2.0
import Postgres
import TestSupport
import Testing

/// The indexes that the designs name do their work where it counts: for the program, under row-level security, where
/// only what is leakproof may be an index condition.
@Suite struct IndexPlanTests {
    /// The index alone is left to the planner, which says then whether it can use it and for what.
    private static let explain = """
        CREATE OR REPLACE FUNCTION probe.plan(target regclass, index_name text, acting text, statement text)
            RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            answer json;
            wanted regclass := format('%s.%I', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = target),
                                      index_name)::regclass;
        BEGIN
            UPDATE pg_index SET indisvalid = false
            WHERE indrelid IN (SELECT target UNION SELECT relid FROM pg_partition_tree(target))
                AND indexrelid NOT IN (SELECT wanted UNION SELECT relid FROM pg_partition_tree(wanted));
            PERFORM set_config('enable_seqscan', 'off', true), set_config('role', acting, true);
            EXECUTE 'EXPLAIN (FORMAT JSON, COSTS off) ' || statement INTO answer;
            RAISE EXCEPTION USING ERRCODE = 'PROBE', MESSAGE = answer::text;
        EXCEPTION
            WHEN SQLSTATE 'PROBE' THEN RETURN SQLERRM;
        END
        $$;
        """

    private static let prepared = Task {
        let seeded = try await SeededStore.make()
        try seeded.store.psql(explain)
        return seeded
    }

    static func plan(_ index: DesignIndex) async throws -> String {
        try await plan("SELECT * FROM \(index.table) WHERE \(index.condition)", of: index.table, by: index.index)
    }

    private static func plan(
        _ statement: String, of table: String, by index: String, settings: String = ""
    ) async throws -> String {
        let seeded = try await prepared.value
        return try seeded.store.psql(
            """
            BEGIN; SET LOCAL app.org_id = '\(Tenant.a.id)'; SET LOCAL app.team_id = '*'; \(settings)
            SELECT probe.plan('\(table)', '\(index)', 'witan_app', $witan$\(statement)$witan$); ROLLBACK
            """)
    }

    /// The conditions that an index is searched by in a plan.
    static func conditions(_ plan: String) -> [String] {
        plan.split(separator: "\n").filter { $0.contains("\"Index Cond\":") }.map(String.init)
    }

    @Test(
        "an index that a design names serves its question under row-level security, org_id first",
        arguments: DesignIndex.all)
    func serves(_ index: DesignIndex) async throws {
        let plan = try await Self.plan(index)
        #expect(!plan.contains("Seq Scan"), "\(plan)")
        let conditions = Self.conditions(plan).filter { $0.contains("org_id = ") }
        #expect(!conditions.isEmpty, "\(plan)")
        let isNarrowed = conditions.contains { condition in
            index.columns.allSatisfy { column in
                condition.contains("(\(column) ") || condition.contains(" \(column)")
                    || condition.contains("\(column))")
            }
        }
        #expect(isNarrowed, "\(conditions)")
    }

    @Test(
        "comparing a numeric is not leakproof: indexes on scores give the order, best first, and a bound filters",
        arguments: [
            ("governance.trust_indexes", "trust_indexes_score", "global_score"),
            ("governance.components", "components_quality", "quality_score"),
        ])
    func scores(table: String, index: String, column: String) async throws {
        let best = "SELECT * FROM \(table) WHERE \(column) >= 0.1 ORDER BY \(column) DESC LIMIT 10"
        let plan = try await Self.plan(
            best, of: table, by: index, settings: "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off;")
        #expect(plan.contains("\"\(index)\"") && plan.contains("Backward") && !plan.contains("Sort"), "\(plan)")
        let conditions = Self.conditions(plan)
        #expect(!conditions.isEmpty && conditions.allSatisfy { $0.contains("(org_id = ") && !$0.contains(column) })
    }

    @Test("what is not leakproof is no index condition: the question finds the trap it is there for")
    func trap() async throws {
        let like = DesignIndex(
            name: "trap", table: "governance.rules", index: "rules_category", condition: "category LIKE 'safe%'",
            columns: ["category"])
        let conditions = Self.conditions(try await Self.plan(like))
        #expect(!conditions.isEmpty && conditions.allSatisfy { !$0.contains("category") })
        let missing = DesignIndex(
            name: "none", table: "governance.rules", index: "rules_category", condition: "content = 'x'",
            columns: ["content"])
        #expect(Self.conditions(try await Self.plan(missing)).allSatisfy { !$0.contains("content") })
    }

    @Test("every index that the page of the designs names exists")
    func named() async throws {
        let seeded = try await SeededStore.shared.value
        let indexes = Set(
            try seeded.store.psql("SELECT schemaname || '.' || indexname FROM pg_indexes").split(separator: "\n")
                .map(String.init))
        for index in DesignIndex.all {
            let schema = index.table.prefix { $0 != "." }
            #expect(indexes.contains("\(schema).\(index.index)"), "\(index.name): \(index.index)")
        }
    }
}
