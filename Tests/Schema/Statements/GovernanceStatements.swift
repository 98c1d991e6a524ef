// SPDX-License-Identifier: Apache-2.0

/// 000, ACE governance.
extension DesignStatement {
    static let governance = [
        DesignStatement(
            0, "make a user first, if there is none (sample data)",
            """
            INSERT INTO auth.users (id, email, name, password_hash)
            SELECT ops.uuid_at(now()), 'test@ailydian.com', 'Test User', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA'
            WHERE NOT EXISTS (SELECT FROM auth.account('test@ailydian.com'));
            INSERT INTO auth.memberships (org_id, user_id, role)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'developer');
            SELECT email, name FROM auth.users WHERE email = 'test@ailydian.com';
            """, gives: "test@ailydian.com|Test User"),
        DesignStatement(
            0, "create a governance model that is being tested (sample data)",
            """
            INSERT INTO governance.governance_models (org_id, id, name, version, provider, owner_id, status)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'GPT-4 Test', '1.0.0', 'OpenAI', {auth.users.id.0},
                'TESTING')
            RETURNING name, status;
            """, gives: "GPT-4 Test|TESTING"),
        DesignStatement(
            0, "find a model's checks for a framework (the guide's query)",
            """
            INSERT INTO governance.compliance_checks (org_id, id, model_id, framework, score, compliant, results)
            VALUES (ops.current_org(), ops.uuid_at(now()), {governance.governance_models.id.0}, 'GDPR', 87, true, '{}');
            SELECT framework, score, compliant FROM governance.compliance_checks
            WHERE model_id = {governance.governance_models.id.0} AND framework = 'GDPR';
            """, gives: "GDPR|87.00|t"),
        DesignStatement(
            0, "the newest result of each framework for a model",
            """
            SELECT count(*), bool_and(compliant) FROM governance.latest_compliance_checks
            WHERE model_id = {governance.governance_models.id.1};
            """, gives: "1|f"),
        DesignStatement(
            0, "rate a model in five dimensions, until a date",
            """
            INSERT INTO governance.trust_indexes (org_id, id, model_id, global_score, tier, transparency,
                accountability, fairness, privacy, robustness, expires_at)
            VALUES (ops.current_org(), ops.uuid_at(now()), {governance.governance_models.id.0}, 91.2, 'PLATINUM',
                90, 92,
                91, 93, 90, now() + interval '30 days');
            SELECT tier, global_score FROM governance.trust_indexes
            WHERE model_id = {governance.governance_models.id.0} AND tier = 'PLATINUM' AND global_score > 90
                AND expires_at > now();
            """, gives: "PLATINUM|91.20"),
        DesignStatement(
            0, "stop a model at once, and let it go again",
            """
            INSERT INTO governance.kill_switches (org_id, id, scope, model_id, reason, triggered_by, generation)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'model', {governance.governance_models.id.0}, 'leak',
                'user:1', 7);
            SELECT status, reason FROM governance.kill_switches WHERE model_id = {governance.governance_models.id.0};
            UPDATE governance.kill_switches SET status = 'INACTIVE', deactivated_at = now(), deactivated_by = 'user:2',
                deactivation_reason = 'fixed', generation = 8
            WHERE model_id = {governance.governance_models.id.0} RETURNING status, deactivated_at IS NOT NULL;
            """, gives: "ACTIVE|leak\nINACTIVE|t"),
        DesignStatement(
            0, "trip a circuit breaker when its failures reach the threshold, and try again",
            """
            UPDATE governance.circuit_breakers SET failure_count = threshold, state = 'OPEN', opened_at = now(),
                generation = generation + 1, trips = trips || '[{"to": "OPEN"}]'
            WHERE id = {governance.circuit_breakers.id.0} RETURNING state, failure_count, jsonb_array_length(trips);
            UPDATE governance.circuit_breakers SET state = 'HALF_OPEN' WHERE state = 'OPEN' RETURNING state;
            """, gives: "OPEN|1|1\nHALF_OPEN"),
        DesignStatement(
            0, "the complete trail of a model",
            """
            INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'governance', 'model.stopped', 'success',
                'user:' || {auth.users.id.0}, 'model:' || {governance.governance_models.id.0},
                '{"ip_address": "192.0.2.7", "user_agent": "curl"}', sha256('x'));
            SELECT action, user_id = {auth.users.id.0}, ip_address, user_agent, "timestamp" <= now()
            FROM audits.governance_audit_log WHERE model_id = {governance.governance_models.id.0};
            """, gives: "model.stopped|t|192.0.2.7|curl|t"),
        DesignStatement(
            0, "grant the program only what it needs (GRANT SELECT, INSERT, UPDATE)", as: "witan_owner",
            """
            SELECT bool_and(has_schema_privilege('witan_app', nspname, 'USAGE')),
                bool_or(has_schema_privilege('witan_app', nspname, 'CREATE'))
            FROM pg_namespace n WHERE nspname IN ('auth', 'providers', 'council', 'governance', 'projects',
                'experiments_v1', 'production', 'quarantine', 'orchestrator', 'audits', 'ops');
            """, gives: "t|f"),
        DesignStatement(
            0, "deny dangerous operations (REVOKE DELETE, TRUNCATE)", as: "witan_owner",
            """
            REVOKE DELETE, TRUNCATE ON ALL TABLES IN SCHEMA governance FROM witan_app;
            SELECT count(*) FROM information_schema.role_table_grants
            WHERE grantee = 'witan_app' AND privilege_type IN ('DELETE', 'TRUNCATE');
            """, gives: "0"),
    ]
}
