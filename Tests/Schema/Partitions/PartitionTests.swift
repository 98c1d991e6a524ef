// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// Months are made ahead by the clock, never by the rows, and there is always one for a row of now.
@Suite struct PartitionTests {
    /// What grows like a log, with the column whose time divides it.
    static let tables = [
        "audits.audit_log": "id", "audits.system_logs": "id", "council.requests": "id",
        "council.council_responses": "request_id", "council.deliberation_exchanges": "request_id",
        "providers.cost_records": "request_id",
    ]

    private static let bounds = """
        SELECT (inhparent::regclass || ' ' || (m)[1] || ' ' || (m)[2]) COLLATE "C"
        FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid AND c.relkind = 'r', regexp_match(
            pg_get_expr(relpartbound, c.oid), 'FROM \\(''(.*)''\\) TO \\(''(.*)''\\)') m ORDER BY 1
        """

    @Test("every table that grows like a log has last month, this one and three ahead, without a gap or an overlap")
    func ahead() async throws {
        try await withSchema { store in
            let parents = "SELECT partrelid::regclass::text COLLATE \"C\" FROM pg_partitioned_table ORDER BY 1"
            #expect(try store.psql(parents).split(separator: "\n").map(String.init) == Self.tables.keys.sorted())
            let months = try store.psql(
                """
                SELECT ops.uuid_at(m AT TIME ZONE 'UTC') FROM generate_series(date_trunc('month',
                    now() AT TIME ZONE 'UTC')
                    - interval '1 month', date_trunc('month', now() AT TIME ZONE 'UTC') + interval '4 months',
                    interval '1 month') m
                """
            ).split(separator: "\n").map(String.init)
            #expect(months.count == 6)
            let expected = Self.tables.keys.sorted().flatMap { table in
                zip(months, months.dropFirst()).map { "\(table) \($0) \($1)" }
            }
            #expect(try store.psql(Self.bounds).split(separator: "\n").map(String.init) == expected)
            for table in Self.tables.keys {
                #expect(
                    try store.psql("SELECT pg_get_partkeydef('\(table)'::regclass)")
                        == "RANGE (\(Self.tables[table] ?? ""))")
            }
        }
    }

    private func entry(at moment: String) -> String {
        """
        INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
        VALUES ('\(ID.acme)', ops.uuid_at(\(moment)), 'auth', 'x', 'success', 'a', 'b', '{}', sha256('x'))
        """
    }

    @Test("the month that is missing is error 23514; whoever meets it makes it and tries once more")
    func missingMonth() async throws {
        try await withSchema { store in
            let program = store.open(role: "witan_app")
            let late = SQL(raw: entry(at: "now() + interval '5 months'"))
            let settings = [("app.org_id", ID.acme)]
            let error = await #expect(throws: PostgresError.self) {
                try await program.transaction(settings: settings) { try await $0.execute(late) }
            }
            #expect(error?.sqlState == "23514")
            let made = try await program.query("SELECT ops.ensure_partitions(6) AS made")
            #expect(try made.first?["made"] == 3 * Self.tables.count)
            let written = try await program.transaction(settings: settings) { try await $0.execute(late) }
            #expect(written == 1)
            let again = try await program.query("SELECT ops.ensure_partitions(6) AS made")
            #expect(try again.first?["made"] == 0)
        }
    }

    @Test("an id of a far future is refused, and makes no partition, however often it is tried")
    func farFuture() async throws {
        try await withSchema { store in
            let count = "SELECT count(*) FROM pg_inherits"
            let before = try store.psql(count)
            for moment in ["'2097-01-01'", "'1970-01-01'", "now() + interval '3 years'"] {
                #expect(store.complaint(entry(at: moment))?.contains("no partition of relation") == true)
                try store.ask(as: "witan_app", "SELECT ops.ensure_partitions(3)")
            }
            #expect(try store.psql(count) == before)
            for months in ["-1", "25", "1000000"] {
                let said = store.complaint("SELECT ops.ensure_partitions(\(months))")
                #expect(said?.contains("months_ahead must be 0 to 24") == true)
            }
            #expect(try store.psql(count) == before)
        }
    }

    @Test("programs that make the same months at once make each of them once")
    func atOnce() async throws {
        try await withSchema { store in
            let program = store.open(role: "witan_app")
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await program.query("SELECT ops.ensure_partitions(9) AS made").first?["made"] ?? -1
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(made.sorted() == Array(repeating: 0, count: 7) + [6 * Self.tables.count])
        }
    }

    @Test("a partition that is made later is protected like its parent: by it alone, without rights of its own")
    func protected() async throws {
        try await withSchema { store in
            try store.ask(as: "witan_app", "SELECT ops.ensure_partitions(12)")
            let own = """
                SELECT c.oid::regclass FROM pg_class c JOIN pg_inherits ON inhrelid = c.oid
                WHERE c.relkind = 'r' AND (c.relacl IS NOT NULL OR c.relowner <> 'witan_owner'::regrole)
                """
            #expect(try store.psql(own) == "")
            let unguarded = """
                SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
                WHERE i.inhparent = 'audits.audit_log'::regclass AND NOT EXISTS (
                    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only')
                """
            #expect(try store.psql(unguarded) == "0")
        }
    }

    @Test("the smallest id of an instant is not above any id that is made then, to the part of a millisecond")
    func bounds() async throws {
        let store = try await SeededStore.shared.value.store
        for part in ["000000", "000400", "000600", "000999", "999600", "999999"] {
            let moment = "timestamptz '2026-03-04 05:06:07.\(part)+00'"
            let floor = "timestamptz '2026-03-04 05:06:07.\(part.prefix(3))+00'"
            let same =
                "SELECT ops.uuid_at(\(moment)) = ops.uuid_at(\(floor)), ops.time_of(ops.uuid_at(\(moment))) = \(floor)"
            #expect(try store.psql(same) == "t|t", "\(part)")
        }
        // What the program makes is inside of the instant that it is made in.
        let id = UniqueID.v7()
        let inside = """
            SELECT '\(id)' >= ops.uuid_at('\(id.time)'),
                abs(extract(epoch FROM ops.time_of('\(id)') - '\(id.time)')) < 0.001
            """
        #expect(try store.psql(inside) == "t|t")
    }
}
