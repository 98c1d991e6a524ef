// SPDX-License-Identifier: Apache-2.0
import Glibc
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// Mistakes 1 to 7 of the source designs, each with what is right instead.
@Suite struct FirstMistakesTests {
    static let roles = ["witan_app", "witan_ingest", "witan_sealer", "witan_readonly", "witan_backup"]

    @Test("1. `REVOKE … DROP` is no SQL: who works with the tables owns none, and so can drop and alter none")
    func drop() async throws {
        let seeded = try await SeededStore.shared.value
        let revoke = #expect(throws: PsqlError.self) {
            try seeded.store.psql("REVOKE DELETE, TRUNCATE, DROP ON ALL TABLES IN SCHEMA auth FROM witan_app")
        }
        #expect(revoke?.output.contains(#"unrecognized privilege type "drop""#) == true)
        let probes = seeded.shapes.flatMap { shape in
            ["DROP TABLE \(shape.name) CASCADE", "ALTER TABLE \(shape.name) ADD COLUMN more text"].map {
                Probe(statement: $0)
            }
        }
        for role in Self.roles {
            let answers = try await Probe.run(probes, as: role, .own, in: seeded.database)
            for (probe, answer) in zip(probes, answers) { #expect(answer == "42501", "\(role): \(probe.statement)") }
        }
        let owners = try await SeededStore.with { other in
            try await Probe.run([probes[0]], as: "witan_owner", .own, in: other.database)
        }
        #expect(owners == ["0"])
        let owned = """
            SELECT (SELECT count(*) FROM pg_class WHERE relowner = r.oid) + (SELECT count(*) FROM pg_proc
                WHERE proowner = r.oid) + (SELECT count(*) FROM pg_namespace WHERE nspowner = r.oid)
            FROM pg_roles r WHERE rolname = ANY ('{\(Self.roles.joined(separator: ","))}')
            """
        #expect(Set(try seeded.store.psql(owned).split(separator: "\n")) == ["0"])
    }

    @Test("2. Migrations go past the pooler, by an address of their own; the pooler's flag belongs to the other one")
    func pooler() throws {
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let settings = try text(of: root + "/docs/reference/configuration.md")
        let direct = try #require(settings.split(separator: "\n").first { $0.hasPrefix("| `DIRECT_URL`") })
        #expect(direct.contains("for migrations, past any pooler"))
        let flag = try #require(settings.split(separator: "\n").first { $0.hasPrefix("| `WITAN_PREPARED_STATEMENTS`") })
        #expect(flag.contains("pooler in transaction mode"))
    }

    @Test("3. Evidence does not go with its model: a model that has some cannot be deleted, not even by a superuser")
    func cascade() async throws {
        let evidence = [
            "governance.compliance_checks", "governance.trust_indexes", "governance.kill_switches",
            "governance.circuit_breakers",
        ]
        try await SeededStore.with { seeded in
            let counts = evidence.map { "(SELECT count(*) FROM \($0))" }.joined(separator: " || ',' || ")
            let before = try seeded.store.psql("SELECT \(counts)")
            #expect(before == "4,4,4,4")
            #expect(throws: PsqlError.self) { try seeded.store.psql("DELETE FROM governance.governance_models") }
            // Without the trigger that keeps models, the foreign keys say the same.
            let error = #expect(throws: PsqlError.self) {
                try seeded.store.psql(
                    """
                    ALTER TABLE governance.governance_models DISABLE TRIGGER no_delete;
                    DELETE FROM governance.governance_models
                    """)
            }
            #expect(error?.output.contains("foreign key constraint") == true)
            #expect(try seeded.store.psql("SELECT \(counts)") == before)
            // The right way for a model to end.
            let retired = try seeded.store.ask(
                of: Tenant.a.id, "UPDATE governance.governance_models SET status = 'RETIRED' RETURNING status")
            #expect(retired == "RETIRED\nRETIRED")
        }
    }

    @Test(
        "4. The 29 tables that 001 really lists are there, and its log takes entries in 2026 and in every month to come"
    )
    func partitions() async throws {
        let seeded = try await SeededStore.shared.value
        let listed = """
            auth: users sessions invitations audit_logs password_resets
            projects: projects versions baselines policies project_policies version_history
            experiments_v1: experiments evaluations promotions blacklist comparison_reports
            production: analysis_sessions analysis_tasks artifacts code_review_results
            quarantine: quarantine_records reevaluation_requests
            providers: providers user_providers provider_health user_quotas usage_tracking cost_alerts
            audits: audit_log
            """.split(separator: "\n").flatMap { line in
                let words = line.split(separator: " ")
                return words.dropFirst().map { "\(words[0].dropLast()).\($0)" }
            }
        #expect(listed.count == 29)
        for table in listed {
            #expect(try seeded.store.psql("SELECT to_regclass('\(table)') IS NOT NULL") == "t", "\(table)")
        }
        // Now, at the end of this month and of each of the next three.
        let probes = (0..<4).map { month in
            let moment =
                "date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + "
                + "interval '\(month + 1) month - 1 second'"
            return Probe(
                statement: """
                    INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
                    VALUES ('\(Tenant.a.id)', ops.uuid_at(\(moment)), 'auth', 'x', 'success', 'a', 'b', '{}',
                        sha256('x'))
                    """)
        }
        #expect(
            try await Probe.run(probes, as: "witan_app", .own, in: seeded.database)
                == Array(repeating: "1", count: probes.count))
    }

    @Test("5. Writers do not chain: two at once do not wait for each other, and the chain cannot be forked")
    func fork() async throws {
        try await SeededStore.with { seeded in
            let triggers =
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'audits.audit_log'::regclass AND tgtype & 4 = 4"
            #expect(try seeded.store.psql(triggers) == "0")
            let entry = { () -> SQL in
                """
                INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
                VALUES (\(raw: "'\(Tenant.a.id)'"), \(UniqueID.v7()), 'auth', 'x', 'success', 'a', 'b', '{}',
                    sha256('x'))
                """
            }
            let writers = seeded.store.open(role: "witan_ingest")
            try await writers.transaction { first in
                try await first.execute(entry())
                // With a lock or a chain in between this would wait for ever.
                try await writers.transaction { second in try await second.execute(entry()) }
            }
            let seal = """
                INSERT INTO audits.chain (org_id, sequence, entry_ids, prev_hash, hash)
                VALUES ('\(Tenant.a.id)', 3, ARRAY[gen_random_uuid()], sha256('head'), sha256('next'))
                """
            #expect(seeded.store.complaint(as: "witan_sealer", of: nil, seal) == nil)
            #expect(seeded.store.complaint(as: "witan_sealer", of: nil, seal)?.contains("chain_pkey") == true)
            #expect(seeded.store.complaint(of: Tenant.a.id, seal)?.contains("permission denied") == true)
        }
    }

    @Test("6. Nothing is granted to PUBLIC: who has no role sees no table, calls no function and enters no schema")
    func everybody() async throws {
        let seeded = try await SeededStore.shared.value
        let rows = try await seeded.database.query(
            """
            SELECT format('SELECT %s(%s)', p.oid::regproc, (SELECT string_agg('NULL::' || format_type(a, NULL), ', ')
                FROM unnest(p.proargtypes) a)) AS call
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND \(raw: TableShape.ours)
            WHERE p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype ORDER BY 1
            """)
        let calls: [String] = try rows.map { try $0["call"] }
        #expect(calls.count > 20)
        let probes = (calls + seeded.shapes.map { "SELECT count(*) FROM \($0.name)" }).map { Probe(statement: $0) }
        let answers = try await Probe.run(probes, as: "witan_stranger", .own, in: seeded.database)
        for (probe, answer) in zip(probes, answers) { #expect(answer == "42501", "\(probe.statement)") }
        // The questions find something: a right of PUBLIC shows.
        try await SeededStore.with(
            change: "GRANT USAGE ON SCHEMA ops TO PUBLIC; GRANT EXECUTE ON FUNCTION ops.current_org() TO PUBLIC"
        ) { other in
            let probe = Probe(statement: "SELECT ops.current_org()")
            let answers = try await Probe.run([probe], as: "witan_stranger", .own, in: other.database)
            #expect(answers == [Tenant.a.id])
        }
    }

    @Test("7. On a pooled connection that was somebody's before, a policy shows nothing and raises no error")
    func pooledConnection() async throws {
        let seeded = try await SeededStore.shared.value
        try await seeded.store.open(role: "witan_app").withConnection { connection in
            try await connection.run(
                script: "BEGIN; SELECT set_config('app.org_id', '\(Tenant.a.id)', true); COMMIT")
            let left = try await connection.query("SELECT current_setting('app.org_id', true) AS setting")
            #expect(try left.first?["setting"] == "")
            for shape in seeded.tenantTables {
                let seen = try await connection.query("SELECT count(*) AS n FROM \(raw: shape.name)")
                #expect(try seen.first?["n"] == 0, "\(shape.name)")
            }
            // What the design wrote fails there, which is what this test is about.
            await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT current_setting('app.org_id')::uuid AS id")
            }
        }
    }

    @Test("7. A policy asks for the setting once in a statement, not once for each row")
    func asksOnce() async throws {
        let seeded = try await SeededStore.shared.value
        for table in ["auth.teams", "council.requests", "projects.projects"] {
            let plan = try seeded.store.ask(of: Tenant.a.id, "EXPLAIN (VERBOSE) SELECT * FROM \(table)")
            #expect(plan.contains("InitPlan"), "\(table)")
            let filters = plan.split(separator: "\n").filter { $0.contains("Filter:") || $0.contains("Index Cond:") }
            #expect(!filters.isEmpty && filters.allSatisfy { !$0.contains("current_setting") }, "\(plan)")
        }
    }

    private func text(of path: String) throws -> String {
        let file = try #require(fopen(path, "re"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
