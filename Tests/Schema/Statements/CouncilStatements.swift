// SPDX-License-Identifier: Apache-2.0

/// 002, the council proxy.
extension DesignStatement {
    static let council = [
        DesignStatement(
            2, "requests of a conversation, in order",
            """
            SELECT count(*) FROM council.request_log WHERE session_id = {council.sessions.id.0};
            """, gives: "0"),
        DesignStatement(
            2, "requests of a time (idx_requests_created_at), by their ids",
            """
            SELECT count(*), bool_and(created_at BETWEEN now() - interval '1 day' AND now()) FROM council.request_log
            WHERE id >= ops.uuid_at(now() - interval '1 day');
            """, gives: "2|t"),
        DesignStatement(
            2, "record a council's request with its configuration", as: "witan_ingest",
            """
            INSERT INTO council.requests (org_id, id, api_key_id, status, model, stream, http_status, total_cost,
                total_latency_ms, request_sha256, session_id, user_id, consensus_decision, agreement_level,
                    config_snapshot)
            VALUES ({auth.organizations.id.0}, {fresh}, {auth.api_keys.id.0}, 'completed', 'council/default',
                false, 200, 0.0421, 2310, sha256('q'), {council.sessions.id.0}, {auth.users.id.0}, 'yes', 0.83, '{}');
            RESET ROLE; SET LOCAL ROLE witan_app;
            SELECT status, consensus_decision, agreement_level, total_cost, completed_at - created_at
            FROM council.request_log WHERE session_id = {council.sessions.id.0};
            """, gives: "completed|yes|0.830|0.042100000000|00:00:02.31"),
        DesignStatement(
            2, "what each member answered, by round",
            """
            SELECT council_member_id, round_number, latency_ms FROM council.council_responses
            WHERE request_id = {council.council_responses.request_id.1} ORDER BY round_number;
            """, gives: "council_member_id-a1|2|2"),
        DesignStatement(
            2, "whom a member answers in a deliberation",
            """
            INSERT INTO council.deliberation_exchanges (org_id, request_id, id, round_number, council_member_id,
                content,
                references_to, token_usage)
            VALUES (ops.current_org(), ops.uuid_at(now()), ops.uuid_at(now()), 1, 'b', 'I agree', '{a,c}',
                '{"input": 10}')
            RETURNING references_to, token_usage ->> 'input';
            """, gives: "{a,c}|10"),
        DesignStatement(
            2, "go on with a conversation and count its context",
            """
            INSERT INTO council.session_history (org_id, session_id, id, role, content)
            VALUES (ops.current_org(), {council.sessions.id.0}, ops.uuid_at(now()), 'user', 'Hello');
            UPDATE council.sessions SET last_activity_at = now(), context_window_used = 150
            WHERE id = {council.sessions.id.0} RETURNING context_window_used, expired;
            SELECT role, content FROM council.session_history WHERE session_id = {council.sessions.id.0}
            ORDER BY id DESC LIMIT 1;
            """, gives: "150|f\nuser|Hello"),
        DesignStatement(
            2, "conversations that nobody speaks in for 30 days expire",
            """
            UPDATE council.sessions SET last_activity_at = now() - interval '31 days' WHERE id =
                {council.sessions.id.1};
            UPDATE council.sessions SET expired = true
            WHERE NOT expired AND last_activity_at < now() - interval '30 days' RETURNING id = {council.sessions.id.1};
            """, gives: "t"),
        DesignStatement(
            2, "change a configuration: the next version becomes the active one",
            """
            UPDATE council.configurations SET active = false WHERE config_type = 'council' AND active;
            INSERT INTO council.configurations (org_id, id, config_type, config_data, version)
            SELECT org_id, ops.uuid_at(now()), config_type, '{"minimumSize": 2}', max(version) + 1
            FROM council.configurations WHERE config_type = 'council' GROUP BY org_id, config_type;
            SELECT version, config_data FROM council.configurations WHERE config_type = 'council' AND active;
            """, gives: #"2|{"minimumSize": 2}"#),
        DesignStatement(
            2, "the health of a provider",
            "SELECT status, consecutive_failures FROM providers.provider_health ORDER BY status;",
            gives: "healthy|0\nunknown|0"),
        DesignStatement(
            2, "costs of a request",
            """
            SELECT provider, model, prompt_tokens, completion_tokens, cost, pricing_version FROM providers.cost_log
            WHERE request_id = {providers.cost_records.request_id.0};
            """, gives: "provider-a0|model-a0|1|1|0.100000000000|pricing_version-a0"),
        DesignStatement(
            2, "costs of a day by provider",
            """
            SELECT provider, sum(cost) FROM providers.cost_records
            WHERE request_id >= ops.uuid_at(now() - interval '1 day') GROUP BY provider ORDER BY provider;
            """, gives: "provider-a0|0.100000000000\nprovider-a1|0.200000000000"),
        DesignStatement(
            2, "how often an attack works, by category",
            """
            SELECT attack_category, count(*), count(*) FILTER (WHERE compromised) FROM council.red_team_tests
            GROUP BY attack_category ORDER BY 1;
            """, gives: "attack_category-a0|1|0\nattack_category-a1|1|0"),
        DesignStatement(
            2, "check existing indexes", as: "witan_readonly",
            """
            SELECT indexname FROM pg_indexes WHERE schemaname = 'council' AND tablename = 'requests' ORDER BY 1;
            """, gives: "requests_pkey\nrequests_session\nrequests_user"),
        DesignStatement(
            2, "add a column, with and without a default", as: "witan_owner",
            """
            ALTER TABLE council.requests ADD COLUMN new_field text;
            ALTER TABLE council.requests ADD COLUMN other_field text NOT NULL DEFAULT 'default_value';
            SELECT count(*) FROM information_schema.columns
            WHERE table_schema = 'council' AND table_name = 'requests' AND column_name LIKE '%\\_field';
            """, gives: "2"),
        DesignStatement(
            2, "make a table and move data into it, as a tenant's table", as: "witan_owner",
            """
            CREATE TABLE council.new_table (org_id uuid NOT NULL, id uuid NOT NULL, session_id uuid,
                data jsonb NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (org_id, id),
                FOREIGN KEY (org_id, session_id) REFERENCES council.sessions ON DELETE RESTRICT);
            CREATE INDEX new_table_session ON council.new_table (org_id, session_id);
            SELECT ops.protect('council.new_table');
            RESET ROLE; SET LOCAL ROLE witan_app;
            INSERT INTO council.new_table (org_id, id, data, session_id)
            SELECT org_id, id, jsonb_build_object('used', context_window_used), id FROM council.sessions;
            SELECT count(*), min(data ->> 'used') FROM council.new_table;
            """, gives: "\n2|0"),
    ]
}
