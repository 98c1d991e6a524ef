// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// The views that show the log and the ledger in the shapes of the source designs.
@Suite struct LogTests {
    private static let entries = """
        INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
        SELECT '\(ID.acme)', overlay(ops.uuid_at(now() - interval '1 minute')::text placing n::text from 36)::uuid,
            category, action, 'success', actor, entity, payload::json, sha256(n::text::bytea)
        FROM (VALUES
            (1, 'auth', 'session.created', 'user:\(ID.ann)', 'session:1', '{"ip_address":"10.0.0.1"}'),
            (2, 'governance', 'model.tested', 'key:1', 'model:\(ID.row(1))', '{}'),
            (3, 'projects', 'project.changed', 'user:x', 'project:\(ID.row(2))', '{"old":1,"new":2}')
        ) e(n, category, action, actor, entity, payload);
        """

    @Test("each design's view shows its part of the log, to its tenant only")
    func shapes() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(Self.entries)
            let views = [
                ("SELECT user_id, status, ip_address FROM auth.audit_logs", "\(ID.ann)|success|10.0.0.1"),
                (
                    "SELECT model_id, user_id, resource FROM audits.governance_audit_log",
                    "\(ID.row(1))||model:\(ID.row(1))"
                ),
                (
                    "SELECT project_id, user_id, resource_type, old_values, new_values FROM audits.audit_logs "
                        + "WHERE resource_type = 'project'", "\(ID.row(2))||project|1|2"
                ),
                ("SELECT sum(entries) FROM audits.statistics", "3"),
                ("SELECT count(*) FROM audits.chained_log WHERE prev_hash IS NULL", "3"),
            ]
            for (query, expected) in views {
                #expect(try store.ask(as: "witan_app", query) == expected, "\(query)")
                #expect(try store.ask(as: "witan_readonly", query) == expected, "\(query)")
                #expect(["", "0"].contains(try store.ask(of: ID.other, query)), "\(query)")
            }
            let minutes = try store.ask(
                as: "witan_app", "SELECT round(extract(epoch FROM now() - created_at) / 60) FROM auth.audit_logs")
            #expect(minutes == "1")
        }
    }

    @Test("a sealed entry shows the hash before it and the signature that covers it")
    func chained() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(Self.entries)
            try store.ask(
                as: "witan_sealer",
                """
                INSERT INTO audits.chain (org_id, sequence, entry_ids, prev_hash, hash)
                SELECT '\(ID.acme)', 1, array_agg(id ORDER BY id), decode(repeat('00', 32), 'hex'),
                    sha256(sha256(sha256(decode(repeat('00', 32), 'hex') || sha256('1')) || sha256('2')) || sha256('3'))
                FROM audits.audit_log;
                INSERT INTO audits.checkpoints (org_id, sequence, entries, hash, key_id, signature)
                SELECT org_id, sequence, 3, hash, 'k', decode(repeat('07', 64), 'hex') FROM audits.chain;
                """)
            let chained = """
                SELECT bool_and(prev_hash = coalesce(before, decode(repeat('00', 32), 'hex'))),
                    bool_and(signature IS NOT NULL),
                    (array_agg(entry_hash ORDER BY id DESC))[1] = (SELECT hash FROM audits.chain)
                FROM (SELECT *, lag(entry_hash) OVER (ORDER BY id) AS before FROM audits.chained_log) l
                """
            #expect(try store.ask(as: "witan_app", chained) == "t|t|t")
        }
    }

    @Test("calls and costs have the times that their ids hold")
    func calls() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(
                """
                INSERT INTO council.requests (org_id, id, api_key_id, status, model, stream, http_status, total_cost,
                    total_latency_ms, request_sha256)
                VALUES ('\(ID.acme)', ops.uuid_at(date_trunc('day', now())), '\(ID.row(1))', 'completed',
                    'a/b', false, 200, 0.01, 1500, sha256('x'));
                """)
            let log =
                "SELECT created_at = date_trunc('day', now()), completed_at - created_at FROM council.request_log"
            #expect(try store.ask(as: "witan_app", log) == "t|00:00:01.5")
            #expect(try store.ask(of: ID.other, "SELECT count(*) FROM council.request_log") == "0")
        }
    }
}
