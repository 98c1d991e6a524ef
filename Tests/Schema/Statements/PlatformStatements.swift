// SPDX-License-Identifier: Apache-2.0

/// 001, the three-zone platform: people, providers, costs, the log.
extension DesignStatement {
    static let platform = [
        DesignStatement(
            1, "sign-in looks an account up by its address, before an organization is known",
            "SELECT user_id = {auth.users.id.0}, has_second_factor FROM auth.account('Person-0@A.example');",
            gives: "t|f"),
        DesignStatement(
            1, "lock an account after ten failures",
            """
            INSERT INTO auth.lockouts (kind, subject) VALUES ('account', sha256('person-0@a.example'));
            UPDATE auth.lockouts SET failures = 9, last_failure = now() WHERE kind = 'account';
            UPDATE auth.lockouts SET failures = failures + 1, last_failure = now(),
                ends_at = now() + interval '150 minutes'
            WHERE subject = sha256('person-0@a.example') RETURNING failures, ends_at > now();
            """, gives: "10|t"),
        DesignStatement(
            1, "keep the second factor's secret, sealed",
            """
            UPDATE auth.users SET totp_secret = '\\x01', totp_dek = '\\x02', totp_master_key_id = 'k',
                totp_confirmed_at = now() WHERE id = {auth.users.id.0};
            SELECT has_second_factor FROM auth.account('person-0@a.example');
            """, gives: "t"),
        DesignStatement(
            1, "refresh a session: the token is found by its hash and the next one takes its place",
            """
            SELECT user_id = {auth.users.id.0}, revoked_at IS NULL
            FROM auth.session_by_token({auth.sessions.refresh_token_hash.0});
            UPDATE auth.sessions SET rotated_at = now(), last_used = now() WHERE id = {auth.sessions.id.0};
            INSERT INTO auth.sessions (org_id, id, family_id, user_id, refresh_token_hash, device_info, expires_at)
            SELECT org_id, ops.uuid_at(now()), family_id, user_id, sha256('next'), '{"name": "phone"}', expires_at
            FROM auth.sessions WHERE id = {auth.sessions.id.0};
            SELECT count(*), count(rotated_at) FROM auth.sessions WHERE family_id = {auth.sessions.family_id.0};
            """, gives: "t|t\n2|1"),
        DesignStatement(
            1, "accept an invitation by its code, as often as it may be used",
            """
            SELECT is_good FROM auth.invitation_by_code({auth.invitations.code_hash.0});
            UPDATE auth.invitations SET uses = uses + 1 WHERE id = {auth.invitations.id.0} AND uses < max_uses;
            SELECT is_good FROM auth.invitation_by_code({auth.invitations.code_hash.0});
            """, gives: "t\nf"),
        DesignStatement(
            1, "reset a password once",
            """
            SELECT user_id = {auth.users.id.0} FROM auth.password_reset_by_token({auth.password_resets.token_hash.0});
            UPDATE auth.password_resets SET used_at = now() WHERE id = {auth.password_resets.id.0} RETURNING used;
            SELECT is_used FROM auth.password_reset_by_token({auth.password_resets.token_hash.0});
            """, gives: "t\nt\nt"),
        DesignStatement(
            1, "the trail of who signed in",
            "SELECT count(*), min(status) FROM auth.audit_logs WHERE created_at > now() - interval '1 day';",
            gives: "1|success"),
        DesignStatement(
            1, "keep a person's own key of a provider, one for each type",
            """
            INSERT INTO providers.user_providers (org_id, id, user_id, provider_type, encrypted_api_key, encrypted_dek,
                master_key_id, key_last_4_chars)
            VALUES (ops.current_org(), ops.uuid_at(now()), {auth.users.id.0}, 'anthropic', '\\x01', '\\x02', 'k',
                'a1b2')
            ON CONFLICT (org_id, user_id, provider_type) DO UPDATE SET key_last_4_chars = EXCLUDED.key_last_4_chars
            RETURNING provider_type, key_last_4_chars;
            """, gives: "anthropic|a1b2"),
        DesignStatement(
            1, "note a health check every five minutes",
            """
            UPDATE providers.provider_health SET status = 'degraded', success_rate = 0.98, avg_latency_ms = 1250,
                consecutive_failures = 1, last_failure_at = now(), last_check_at = now()
            WHERE provider_id = {providers.providers.id.0} RETURNING status, success_rate, updated_at = now();
            """, gives: "degraded|0.9800|t"),
        DesignStatement(
            1, "disable a provider only with a reason",
            """
            UPDATE providers.provider_health SET status = 'disabled', disabled_reason = 'quota'
            WHERE provider_id = {providers.providers.id.0} RETURNING disabled_reason;
            """, gives: "quota"),
        DesignStatement(
            1, "enforce daily and monthly quotas",
            """
            UPDATE providers.user_quotas SET daily_request_limit = 1000, monthly_cost_limit = 50.25
            WHERE team_id = {auth.teams.id.1} RETURNING daily_request_limit, monthly_cost_limit;
            """, gives: "1000|50.250000000000"),
        DesignStatement(
            1, "track usage by day: sums of the ledger, computed anew",
            """
            INSERT INTO providers.usage_tracking (org_id, id, usage_date, user_id, provider, model, request_count,
                input_tokens, output_tokens, total_cost)
            SELECT c.org_id, ops.uuid_at(now()), (c.created_at AT TIME ZONE 'UTC')::date, k.user_id, c.provider,
                c.model,
                count(*), sum(c.prompt_tokens), sum(c.completion_tokens), sum(c.cost)
            FROM providers.cost_log c
            LEFT JOIN council.requests r ON r.org_id = c.org_id AND r.id = c.request_id
            LEFT JOIN auth.api_keys k ON k.org_id = r.org_id AND k.id = r.api_key_id
            WHERE c.provider = 'provider-a1' GROUP BY 1, 3, 4, 5, 6
            ON CONFLICT (org_id, usage_date, user_id, provider, model) DO UPDATE
            SET request_count = EXCLUDED.request_count, total_cost = EXCLUDED.total_cost
            RETURNING model, request_count, total_cost;
            """, gives: "model-a1|1|0.200000000000"),
        DesignStatement(
            1, "warn once at 80, 90 and 100 %, and acknowledge",
            """
            UPDATE providers.cost_alerts SET acknowledged_at = now(), acknowledged_by = {auth.users.id.0}
            WHERE acknowledged_at IS NULL RETURNING threshold, acknowledged;
            """, gives: "80|t\n90|t"),
        DesignStatement(
            1, "statistics of the log",
            "SELECT category, outcome, entries FROM audits.statistics ORDER BY 1;",
            gives: "auth|success|1\ngovernance|failure|1"),
        DesignStatement(
            1, "an entry with its signature and the hash before it",
            "SELECT count(*), count(prev_hash) FROM audits.chained_log;", gives: "2|2"),
        DesignStatement(
            1, "create a new month's partition (CREATE TABLE … PARTITION OF audits.audit_log)",
            "SELECT ops.ensure_partitions(3), ops.ensure_partitions(4) > 0, ops.ensure_partitions(4);",
            gives: "0|t|0"),
        DesignStatement(
            1, "monitor size by schema", as: "witan_readonly",
            """
            SELECT count(*) > 10, min(size) > 0 FROM (
                SELECT schemaname, sum(pg_total_relation_size(format('%I.%I', schemaname, tablename)))::bigint AS size
                FROM pg_tables WHERE schemaname !~ '^pg_|^information' GROUP BY schemaname) sizes;
            """, gives: "t|t"),
    ]
}
