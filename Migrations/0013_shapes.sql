-- The shapes of the source designs where a table of theirs became part of another: views that run as who asks, and so
-- show what row-level security lets that role see.

SET ROLE witan_owner;

CREATE FUNCTION audits.uuid_after(prefix text, name text) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN name ~ ('^' || prefix || ':[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')
        THEN substr(name, length(prefix) + 2)::uuid END
$$;
COMMENT ON FUNCTION audits.uuid_after(text, text) IS
    'The id in an actor or entity such as user:…; null when it is of another kind or no UUID.';
GRANT EXECUTE ON FUNCTION audits.uuid_after(text, text) TO witan_app, witan_readonly;

CREATE FUNCTION audits.personal_state(entry_org uuid, payload json) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN payload -> 'personal' IS NOT NULL THEN
        (SELECT CASE count(*) FILTER (WHERE p ->> 'sealed' IS NOT NULL AND e.id IS NULL)
                WHEN count(*) THEN 'sealed' WHEN 0 THEN 'erased' ELSE 'partly erased' END
         FROM json_array_elements(payload -> 'personal') p
         LEFT JOIN auth.erasures e ON e.org_id = entry_org AND e.user_id = (p ->> 'user')::uuid) END
$$;
COMMENT ON FUNCTION audits.personal_state(uuid, json) IS
    'Whether an entry holds something of a person: sealed while the program can open it, erased once the person''s key is '
    'destroyed, partly erased when it holds something of several, and null when it holds nothing.';
GRANT EXECUTE ON FUNCTION audits.personal_state(uuid, json) TO witan_app, witan_readonly;

CREATE VIEW auth.audit_logs WITH (security_invoker = true) AS
    SELECT
        org_id,
        id,
        audits.uuid_after('user', actor) AS user_id,
        actor,
        action,
        entity,
        outcome AS status,
        payload ->> 'ip_address' AS ip_address,
        payload ->> 'user_agent' AS user_agent,
        payload AS details,
        audits.personal_state(org_id, payload) AS personal,
        ops.time_of(id) AS created_at
    FROM audits.audit_log WHERE category = 'auth';
COMMENT ON VIEW auth.audit_logs IS '001''s auth.audit_logs: the log''s entries about signing in and rights.';
COMMENT ON COLUMN auth.audit_logs.org_id IS 'The organization.';
COMMENT ON COLUMN auth.audit_logs.id IS 'The entry in audits.audit_log.';
COMMENT ON COLUMN auth.audit_logs.user_id IS 'The person who did it; null when it was not a person.';
COMMENT ON COLUMN auth.audit_logs.actor IS 'Who did it.';
COMMENT ON COLUMN auth.audit_logs.action IS 'What was done.';
COMMENT ON COLUMN auth.audit_logs.entity IS 'What it was done to.';
COMMENT ON COLUMN auth.audit_logs.status IS 'success or failure.';
COMMENT ON COLUMN auth.audit_logs.ip_address IS 'Where it came from; null for a person''s, which is sealed.';
COMMENT ON COLUMN auth.audit_logs.user_agent IS 'With what program; null for a person''s, which is sealed.';
COMMENT ON COLUMN auth.audit_logs.personal IS
    'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';
COMMENT ON COLUMN auth.audit_logs.details IS 'The particulars.';
COMMENT ON COLUMN auth.audit_logs.created_at IS 'When.';

CREATE VIEW audits.governance_audit_log WITH (security_invoker = true) AS
    SELECT
        org_id,
        id,
        coalesce(audits.uuid_after('model', entity), audits.uuid_after('model', 'model:' || (payload ->> 'model_id')))
            AS model_id,
        audits.uuid_after('user', actor) AS user_id,
        action,
        entity AS resource,
        payload AS details,
        payload ->> 'ip_address' AS ip_address,
        payload ->> 'user_agent' AS user_agent,
        audits.personal_state(org_id, payload) AS personal,
        ops.time_of(id) AS "timestamp"
    FROM audits.audit_log WHERE category = 'governance';
COMMENT ON VIEW audits.governance_audit_log IS '000''s GovernanceAuditLog: the log''s entries about governance.';
COMMENT ON COLUMN audits.governance_audit_log.org_id IS 'The organization.';
COMMENT ON COLUMN audits.governance_audit_log.id IS 'The entry in audits.audit_log.';
COMMENT ON COLUMN audits.governance_audit_log.model_id IS 'The governed model; null when it is not about one.';
COMMENT ON COLUMN audits.governance_audit_log.user_id IS 'The person who did it; null when it was not a person.';
COMMENT ON COLUMN audits.governance_audit_log.action IS 'What was done.';
COMMENT ON COLUMN audits.governance_audit_log.resource IS 'What it was done to.';
COMMENT ON COLUMN audits.governance_audit_log.details IS 'The particulars.';
COMMENT ON COLUMN audits.governance_audit_log.ip_address IS 'Where it came from; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.governance_audit_log.user_agent IS 'With what program; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.governance_audit_log.personal IS
    'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';
COMMENT ON COLUMN audits.governance_audit_log.timestamp IS 'When.';

CREATE VIEW audits.audit_logs WITH (security_invoker = true) AS
    SELECT
        org_id,
        id,
        coalesce(audits.uuid_after('project', entity),
                 audits.uuid_after('project', 'project:' || (payload ->> 'project_id')))
            AS project_id,
        audits.uuid_after('user', actor) AS user_id,
        action,
        split_part(entity, ':', 1) AS resource_type,
        audits.uuid_after(split_part(entity, ':', 1), entity) AS resource_id,
        payload -> 'old' AS old_values,
        payload -> 'new' AS new_values,
        ops.time_of(id) AS "timestamp",
        payload ->> 'ip_address' AS ip_address,
        payload ->> 'user_agent' AS user_agent,
        payload AS metadata,
        audits.personal_state(org_id, payload) AS personal
    FROM audits.audit_log;
COMMENT ON VIEW audits.audit_logs IS '003''s audit_logs: the whole log, by project and resource.';
COMMENT ON COLUMN audits.audit_logs.org_id IS 'The organization.';
COMMENT ON COLUMN audits.audit_logs.id IS 'The entry in audits.audit_log.';
COMMENT ON COLUMN audits.audit_logs.project_id IS 'The project; null when it is not about one.';
COMMENT ON COLUMN audits.audit_logs.user_id IS 'The person who did it; null when it was not a person.';
COMMENT ON COLUMN audits.audit_logs.action IS 'What was done.';
COMMENT ON COLUMN audits.audit_logs.resource_type IS 'The kind of thing it was done to.';
COMMENT ON COLUMN audits.audit_logs.resource_id IS 'Which one; null when it has no UUID.';
COMMENT ON COLUMN audits.audit_logs.old_values IS 'What was there before; null unless the entry tells.';
COMMENT ON COLUMN audits.audit_logs.new_values IS 'What is there since.';
COMMENT ON COLUMN audits.audit_logs.timestamp IS 'When.';
COMMENT ON COLUMN audits.audit_logs.ip_address IS 'Where it came from; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.audit_logs.user_agent IS 'With what program; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.audit_logs.personal IS
    'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';
COMMENT ON COLUMN audits.audit_logs.metadata IS 'The particulars.';

CREATE VIEW audits.chained_log WITH (security_invoker = true) AS
    SELECT
        e.org_id,
        e.id,
        e.entity,
        e.action,
        e.actor,
        e.payload,
        k.signature,
        s.prev_hash,
        s.hash AS entry_hash,
        s.sequence,
        ops.time_of(e.id) AS ts
    FROM audits.audit_log e
    LEFT JOIN (SELECT c.org_id, c.sequence, r.entry_id, r.prev_hash, r.hash
               FROM audits.chain c CROSS JOIN LATERAL audits.run_hashes(c.org_id, c.entry_ids, c.prev_hash) r) s
        ON s.org_id = e.org_id AND s.entry_id = e.id
    LEFT JOIN LATERAL (SELECT p.signature FROM audits.checkpoints p
                       WHERE p.org_id = s.org_id AND p.sequence >= s.sequence ORDER BY p.sequence LIMIT 1) k ON true;
COMMENT ON VIEW audits.chained_log IS
    '001''s audits.audit_log: each entry with its place in the chain. prev_hash and entry_hash are null until it '
    'is sealed, signature until a checkpoint covers it. Recomputes the runs it shows: for looking at, not for '
    'reports.';
COMMENT ON COLUMN audits.chained_log.org_id IS 'The organization.';
COMMENT ON COLUMN audits.chained_log.id IS 'The entry in audits.audit_log.';
COMMENT ON COLUMN audits.chained_log.entity IS 'What it was done to.';
COMMENT ON COLUMN audits.chained_log.action IS 'What was done.';
COMMENT ON COLUMN audits.chained_log.actor IS 'Who did it.';
COMMENT ON COLUMN audits.chained_log.payload IS 'The particulars.';
COMMENT ON COLUMN audits.chained_log.signature IS 'The signature of the first checkpoint that covers the entry.';
COMMENT ON COLUMN audits.chained_log.prev_hash IS 'The chain before the entry.';
COMMENT ON COLUMN audits.chained_log.entry_hash IS 'The chain with the entry.';
COMMENT ON COLUMN audits.chained_log.sequence IS 'The chain''s row that seals the entry.';
COMMENT ON COLUMN audits.chained_log.ts IS 'When.';

CREATE VIEW audits.statistics WITH (security_invoker = true) AS
    SELECT
        org_id,
        (ops.time_of(id) AT TIME ZONE 'UTC')::date AS day,
        category,
        outcome,
        count(*) AS entries,
        count(DISTINCT actor) AS actors,
        min(ops.time_of(id)) AS first_at,
        max(ops.time_of(id)) AS last_at
    FROM audits.audit_log GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW audits.statistics IS 'How much was logged, by organization, day, part of the program and outcome.';
COMMENT ON COLUMN audits.statistics.org_id IS 'The organization.';
COMMENT ON COLUMN audits.statistics.day IS 'The day (UTC).';
COMMENT ON COLUMN audits.statistics.category IS 'The part of the program.';
COMMENT ON COLUMN audits.statistics.outcome IS 'success or failure.';
COMMENT ON COLUMN audits.statistics.entries IS 'How many entries.';
COMMENT ON COLUMN audits.statistics.actors IS 'How many did something.';
COMMENT ON COLUMN audits.statistics.first_at IS 'The first of them.';
COMMENT ON COLUMN audits.statistics.last_at IS 'The last of them.';

CREATE VIEW council.request_log WITH (security_invoker = true) AS
    SELECT
        org_id,
        id,
        user_id,
        api_key_id,
        session_id,
        request_content AS query,
        status,
        consensus_decision,
        agreement_level,
        total_cost,
        total_latency_ms,
        ops.time_of(id) AS created_at,
        ops.time_of(id) + total_latency_ms * interval '1 millisecond' AS completed_at,
        config_snapshot
    FROM council.requests;
COMMENT ON VIEW council.request_log IS
    '002''s requests: every governed call, with the times that its id and latency hold.';
COMMENT ON COLUMN council.request_log.org_id IS 'The organization.';
COMMENT ON COLUMN council.request_log.id IS 'The call in council.requests.';
COMMENT ON COLUMN council.request_log.user_id IS 'The person, when one called without a key.';
COMMENT ON COLUMN council.request_log.api_key_id IS 'The key that called.';
COMMENT ON COLUMN council.request_log.session_id IS 'The conversation.';
COMMENT ON COLUMN council.request_log.query IS 'What was asked; null unless the organization keeps contents.';
COMMENT ON COLUMN council.request_log.status IS 'How it ended.';
COMMENT ON COLUMN council.request_log.consensus_decision IS 'What the council agreed on.';
COMMENT ON COLUMN council.request_log.agreement_level IS 'How much they agreed, 0 to 1.';
COMMENT ON COLUMN council.request_log.total_cost IS 'Dollars.';
COMMENT ON COLUMN council.request_log.total_latency_ms IS 'Milliseconds.';
COMMENT ON COLUMN council.request_log.created_at IS 'When it began.';
COMMENT ON COLUMN council.request_log.completed_at IS 'When it ended.';
COMMENT ON COLUMN council.request_log.config_snapshot IS 'The configuration the council ran with.';

CREATE VIEW providers.cost_log WITH (security_invoker = true) AS
    SELECT
        org_id,
        request_id,
        call,
        provider,
        model,
        input_tokens AS prompt_tokens,
        output_tokens AS completion_tokens,
        cost,
        pricing_version,
        ops.time_of(request_id) AS created_at
    FROM providers.cost_records;
COMMENT ON VIEW providers.cost_log IS '002''s cost_records: the ledger, with the time that the request''s id holds.';
COMMENT ON COLUMN providers.cost_log.org_id IS 'The organization.';
COMMENT ON COLUMN providers.cost_log.request_id IS 'The call in council.requests.';
COMMENT ON COLUMN providers.cost_log.call IS 'Which upstream call of it, from 0.';
COMMENT ON COLUMN providers.cost_log.provider IS 'The provider''s name.';
COMMENT ON COLUMN providers.cost_log.model IS 'The model''s name.';
COMMENT ON COLUMN providers.cost_log.prompt_tokens IS 'Tokens sent.';
COMMENT ON COLUMN providers.cost_log.completion_tokens IS 'Tokens received.';
COMMENT ON COLUMN providers.cost_log.cost IS 'Dollars.';
COMMENT ON COLUMN providers.cost_log.pricing_version IS 'The price list it was computed with.';
COMMENT ON COLUMN providers.cost_log.created_at IS 'When the call began.';

CREATE VIEW audits.system_log WITH (security_invoker = true) AS
    SELECT
        id,
        level,
        component,
        message,
        stack_trace,
        metadata,
        ops.time_of(id) AS "timestamp"
    FROM audits.system_logs;
COMMENT ON VIEW audits.system_log IS '003''s system_logs, with the time that the id holds.';
COMMENT ON COLUMN audits.system_log.id IS 'The entry in audits.system_logs.';
COMMENT ON COLUMN audits.system_log.level IS 'How bad it is.';
COMMENT ON COLUMN audits.system_log.component IS 'The part of the program.';
COMMENT ON COLUMN audits.system_log.message IS 'What happened.';
COMMENT ON COLUMN audits.system_log.stack_trace IS 'Where in the program.';
COMMENT ON COLUMN audits.system_log.metadata IS 'The particulars.';
COMMENT ON COLUMN audits.system_log.timestamp IS 'When.';

CREATE VIEW governance.project_compliance_summary WITH (security_invoker = true) AS
    SELECT
        p.org_id,
        p.id,
        p.name,
        p.industry_type,
        count(c.id) AS compliance_checks,
        avg(c.score) AS avg_compliance_score,
        count(c.id) FILTER (WHERE c.status = 'compliant') AS compliant_checks
    FROM projects.projects p
    LEFT JOIN governance.compliance_data c ON c.org_id = p.org_id AND c.project_id = p.id
    GROUP BY p.org_id, p.id, p.name, p.industry_type;
COMMENT ON VIEW governance.project_compliance_summary IS
    '003''s project_compliance_summary: how the projects stand. A plain view: PostgreSQL cannot protect a '
    'materialized one.';
COMMENT ON COLUMN governance.project_compliance_summary.org_id IS 'The organization.';
COMMENT ON COLUMN governance.project_compliance_summary.id IS 'The project.';
COMMENT ON COLUMN governance.project_compliance_summary.name IS 'Its name.';
COMMENT ON COLUMN governance.project_compliance_summary.industry_type IS 'Whose rules apply.';
COMMENT ON COLUMN governance.project_compliance_summary.compliance_checks IS
    'How many kinds of compliance it is held to.';
COMMENT ON COLUMN governance.project_compliance_summary.avg_compliance_score IS
    'Mean of their scores, 0 to 100; null until one is checked.';
COMMENT ON COLUMN governance.project_compliance_summary.compliant_checks IS 'How many of them it meets.';

CREATE VIEW governance.latest_compliance_checks WITH (security_invoker = true) AS
    SELECT DISTINCT ON (org_id, model_id, framework)
        org_id,
        model_id,
        framework,
        id,
        score,
        compliant,
        created_at
    FROM governance.compliance_checks ORDER BY org_id, model_id, framework, id DESC;
COMMENT ON VIEW governance.latest_compliance_checks IS
    'The newest run of each framework against each model (governance.compliance_checks).';
COMMENT ON COLUMN governance.latest_compliance_checks.org_id IS 'The organization.';
COMMENT ON COLUMN governance.latest_compliance_checks.model_id IS 'The governed model.';
COMMENT ON COLUMN governance.latest_compliance_checks.framework IS 'The framework.';
COMMENT ON COLUMN governance.latest_compliance_checks.id IS 'The run.';
COMMENT ON COLUMN governance.latest_compliance_checks.score IS '0 to 100.';
COMMENT ON COLUMN governance.latest_compliance_checks.compliant IS 'The verdict.';
COMMENT ON COLUMN governance.latest_compliance_checks.created_at IS 'When.';

GRANT SELECT ON auth.audit_logs, audits.governance_audit_log, audits.audit_logs, audits.chained_log, audits.statistics,
    council.request_log, providers.cost_log, governance.project_compliance_summary, governance.latest_compliance_checks
    TO witan_app, witan_readonly;
GRANT SELECT ON audits.system_log TO witan_readonly;

RESET ROLE;
