// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// What the schema refuses whatever the program says: illegal moves, changed evidence, lost work.
@Suite struct LifeCycleTests {
    private static let fill = """
        INSERT INTO governance.governance_models (org_id, id, name, version, provider)
        VALUES ('\(ID.acme)', '\(ID.row(1))', 'Scorer', '1', 'acme');
        INSERT INTO governance.kill_switches (org_id, id, scope, model_id, reason, triggered_by, generation)
        VALUES ('\(ID.acme)', '\(ID.row(2))', 'model', '\(ID.row(1))', 'leak', 'user:ann', 1);
        INSERT INTO governance.compliance_checks (org_id, id, model_id, framework, score, compliant, results)
        VALUES ('\(ID.acme)', '\(ID.row(3))', '\(ID.row(1))', 'GDPR', 91.5, true, '{}');
        INSERT INTO experiments_v1.experiments (org_id, id, name, config, config_hash)
        VALUES ('\(ID.acme)', '\(ID.row(4))', 'Try', '{}', sha256('{}'));
        INSERT INTO council.configurations (org_id, id, config_type, config_data, version)
        VALUES ('\(ID.acme)', '\(ID.row(5))', 'council', '{}', 1);
        INSERT INTO auth.payload_keys (org_id, user_id, encrypted_dek, master_key_id)
        VALUES ('\(ID.acme)', '\(ID.ann)', 'x', 'k');
        """

    /// A promotion that somebody has approved.
    private static let approve = """
        INSERT INTO experiments_v1.promotions (org_id, id, experiment_id, config_hash, reason)
        VALUES ('\(ID.acme)', '\(ID.row(8))', '\(ID.row(4))', sha256('{}'), 'better');
        UPDATE experiments_v1.promotions SET status = 'approved', approver_id = '\(ID.ann)', decided_at = now()
        """

    private func filled(_ body: (TestDatabase) throws -> Void) async throws {
        try await withSchema { store in
            try store.settle()
            try store.ask(as: "witan_app", Self.fill)
            try body(store)
        }
    }

    static let refused: [(String, String)] = [
        ("UPDATE governance.kill_switches SET reason = 'none'", "only"),
        (
            "UPDATE governance.governance_models SET status = 'RETIRED'; "
                + "UPDATE governance.governance_models SET status = 'ACTIVE'",
            "does not go from RETIRED to ACTIVE"
        ),
        ("UPDATE experiments_v1.experiments SET status = 'promoted'", "does not go from created to promoted"),
        ("\(approve); UPDATE experiments_v1.promotions SET config_hash = sha256('x')", "may be changed"),
        ("\(approve); UPDATE experiments_v1.promotions SET experiment_id = '\(ID.row(9))'", "may be changed"),
        ("\(approve); UPDATE experiments_v1.promotions SET to_version = 'v3'", "may be changed"),
        ("\(approve); UPDATE experiments_v1.promotions SET status = 'pending'", "does not go from approved to pending"),
        ("UPDATE governance.compliance_checks SET score = 100", "permission denied"),
        ("UPDATE council.configurations SET config_data = '[]'", "only active may be changed"),
        (
            "INSERT INTO council.configurations (org_id, id, config_type, config_data, version) "
                + "VALUES ('\(ID.acme)', '\(ID.row(6))', 'council', '{}', 2)", "configurations_active"
        ),
        ("INSERT INTO quarantine.quarantine_records DEFAULT VALUES", "permission denied"),
        ("UPDATE quarantine.quarantine_records SET reason = 'none'", "permission denied"),
        ("DELETE FROM governance.governance_models", "permission denied"),
        ("INSERT INTO auth.users (id, email, name) VALUES ('\(ID.row(7))', 'no address', 'X')", "users_email_check"),
        ("UPDATE auth.users SET password_hash = '$2b$12$bcrypt'", "users_password_hash_check"),
    ]

    @Test("illegal moves and changed evidence are refused", arguments: refused)
    func refusals(statement: String, complaint: String) async throws {
        try await filled { store in
            let said = store.complaint(statement)
            #expect(said?.contains(complaint) == true, "\(said ?? "it was done")")
        }
    }

    @Test("not even a superuser changes what is added to, or removes what is kept")
    func superuser() async throws {
        try await filled { store in
            for statement in [
                "UPDATE governance.compliance_checks SET score = 100", "DELETE FROM governance.compliance_checks",
                "TRUNCATE governance.compliance_checks", "DELETE FROM governance.kill_switches",
                "DELETE FROM experiments_v1.experiments", "TRUNCATE auth.payload_keys",
            ] {
                let error = #expect(throws: PsqlError.self, "\(statement)") { try store.psql(statement) }
                #expect(error?.output.contains("append-only") == true, "\(statement)")
            }
            let model = "DELETE FROM auth.organizations"
            let error = #expect(throws: PsqlError.self) { try store.psql(model) }
            #expect(error?.output.contains("foreign key") == true)
        }
    }

    @Test("a switch is engaged once and released once, and rows say when they were changed")
    func killSwitch() async throws {
        try await filled { store in
            let release = """
                UPDATE governance.kill_switches
                SET status = 'INACTIVE', deactivated_at = now(), deactivated_by = 'user:ann', generation = 2
                """
            try store.ask(as: "witan_app", release)
            #expect(try store.psql("SELECT updated_at > triggered_at FROM governance.kill_switches") == "t")
            let again = "UPDATE governance.kill_switches SET status = 'ACTIVE', deactivated_at = NULL"
            #expect(store.complaint(again)?.contains("does not go from INACTIVE to ACTIVE") == true)
        }
    }

    @Test("quarantine is written by its procedures, within the caller's organization, and only the review changes")
    func quarantine() async throws {
        try await filled { store in
            let admit = """
                SELECT quarantine.admit('\(ID.row(8))', '\(ID.row(4))', sha256('{}'), '{}', 'leaks', '{}', '{}', NULL)
                """
            #expect(store.complaint(of: nil, admit)?.contains("row-level security") == true)
            #expect(store.complaint(of: ID.other, admit)?.contains("foreign key") == true)
            try store.ask(as: "witan_app", admit)
            let review = "SELECT quarantine.review('\(ID.row(8))', 'under_review', '\(ID.ann)', 'looking')"
            #expect(try store.ask(of: ID.other, review) == "f")
            #expect(try store.ask(as: "witan_app", review) == "t")
            #expect(
                try store.ask(as: "witan_app", "SELECT review_status, records FROM quarantine.statistics")
                    == "under_review|1")
            let error = #expect(throws: PsqlError.self) {
                try store.psql("UPDATE quarantine.quarantine_records SET reason = 'none'")
            }
            #expect(error?.output.contains("only review_status") == true)
        }
    }

    @Test("a legal hold keeps a person's payload key, and a destroyed key does not come back")
    func erasure() async throws {
        try await filled { store in
            let destroy = """
                UPDATE auth.payload_keys SET encrypted_dek = NULL, destroyed_at = now() WHERE user_id = '\(ID.ann)'
                """
            try store.ask(
                as: "witan_app",
                "INSERT INTO auth.legal_holds (org_id, id, matter) VALUES ('\(ID.acme)', '\(ID.row(9))', 'a case')")
            #expect(store.complaint(destroy)?.contains("legal hold") == true)
            let moved = "UPDATE auth.legal_holds SET user_id = '\(ID.ann)', matter = 'another'"
            #expect(store.complaint(moved)?.contains("only released_at, released_by") == true)
            try store.ask(as: "witan_app", "UPDATE auth.legal_holds SET released_at = now()")
            #expect(store.complaint("UPDATE auth.legal_holds SET released_at = NULL")?.contains("only nothing") == true)
            try store.ask(as: "witan_app", destroy)
            let back = "UPDATE auth.payload_keys SET encrypted_dek = 'x', destroyed_at = NULL"
            #expect(store.complaint(back)?.contains("does not come back") == true)
        }
    }

    @Test("compliance keeps what it said before, and is summed up per project")
    func compliance() async throws {
        try await filled { store in
            try store.ask(
                as: "witan_app",
                """
                INSERT INTO projects.projects (org_id, id, name) VALUES ('\(ID.acme)', '\(ID.row(10))', 'P');
                INSERT INTO governance.compliance_data (org_id, id, project_id, compliance_type, score)
                VALUES ('\(ID.acme)', '\(ID.row(11))', '\(ID.row(10))', 'hipaa', 60),
                    ('\(ID.acme)', '\(ID.row(12))', '\(ID.row(10))', 'soc2', NULL);
                UPDATE governance.compliance_data SET status = 'compliant', score = 95 WHERE compliance_type = 'hipaa';
                """)
            let history = "SELECT status, score FROM governance.compliance_history"
            #expect(try store.ask(as: "witan_app", history) == "pending|60.00")
            let summary = """
                SELECT name, compliance_checks, round(avg_compliance_score), compliant_checks
                FROM governance.project_compliance_summary
                """
            #expect(try store.ask(as: "witan_app", summary) == "P|2|95|1")
            #expect(try store.ask(of: ID.other, "SELECT count(*) FROM governance.project_compliance_summary") == "0")
        }
    }

    @Test("work is claimed once, and again when its node is lost")
    func claims() async throws {
        try await filled { store in
            try store.psql(
                """
                INSERT INTO orchestrator.workflows (org_id, id, name, definition)
                VALUES ('\(ID.acme)', '\(ID.row(20))', 'W', '{}');
                INSERT INTO orchestrator.workflow_versions (org_id, id, workflow_id, version, definition)
                VALUES ('\(ID.acme)', '\(ID.row(21))', '\(ID.row(20))', '1', '{}');
                INSERT INTO orchestrator.executions (org_id, id, workflow_id, version_id)
                SELECT '\(ID.acme)', ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, '\(ID.row(20))',
                    '\(ID.row(21))' FROM generate_series(101, 105) n;
                """)
            let claim = { (lease: String) in
                "SELECT count(*), max(attempt) FROM orchestrator.claim_executions('\(ID.row(1))', 3, '\(lease)')"
            }
            #expect(try store.ask(of: nil, claim("1 hour")) == "3|1")
            #expect(try store.ask(of: nil, claim("-1 hour")) == "2|1")
            #expect(try store.ask(of: nil, claim("1 hour")) == "2|2")
            #expect(try store.ask(of: nil, claim("1 hour")) == "0|")
        }
    }

    @Test("the outbox gives each row away once, and an idempotency key is forgotten when it expires")
    func queues() async throws {
        try await filled { store in
            try store.ask(
                as: "witan_app",
                """
                INSERT INTO ops.outbox (org_id, id, entity, entity_key, version, operation)
                VALUES ('\(ID.acme)', '\(ID.row(1))', 'workflow', 'a', 1, 'upsert'),
                    ('\(ID.acme)', '\(ID.row(2))', 'workflow', 'a', 2, 'delete');
                INSERT INTO ops.idempotency_keys (org_id, actor, key, endpoint, request_sha256, expires_at)
                VALUES ('\(ID.acme)', 'key:1', 'a', 'POST /x', sha256('a'), now() - interval '1 s'),
                    ('\(ID.acme)', 'key:1', 'b', 'POST /x', sha256('b'), now() + interval '1 hour');
                """)
            #expect(try store.ask(of: nil, "SELECT version FROM ops.take_outbox(1)") == "1")
            #expect(try store.ask(of: nil, "SELECT version FROM ops.take_outbox(10)") == "2")
            #expect(try store.ask(of: nil, "SELECT count(*) FROM ops.take_outbox(10)") == "0")
            #expect(try store.ask(of: nil, "SELECT ops.forget_idempotency_keys()") == "1")
            #expect(try store.psql("SELECT key FROM ops.idempotency_keys") == "b")
        }
    }
}
