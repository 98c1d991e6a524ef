-- The zone in production: analyses, their tasks, what they produce, and reviews of code.

CREATE SCHEMA production AUTHORIZATION witan_owner;
COMMENT ON SCHEMA production IS 'The zone v2: analyses that people ask for, their tasks and what comes out of them.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA production TO witan_app, witan_readonly, witan_backup;

CREATE TABLE production.analysis_sessions (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    user_id uuid,
    project_id uuid,
    version text NOT NULL DEFAULT 'v2' CHECK (version IN ('v1', 'v2', 'v3')),
    status text NOT NULL DEFAULT 'created' CHECK (status IN
        ('created', 'queued', 'running', 'completed', 'failed', 'cancelled')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT
);
COMMENT ON TABLE production.analysis_sessions IS 'Analyses that somebody asked for.';
COMMENT ON COLUMN production.analysis_sessions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN production.analysis_sessions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN production.analysis_sessions.user_id IS 'Who asked; null when a key of the organization''s did.';
COMMENT ON COLUMN production.analysis_sessions.project_id IS 'The project; null for none.';
COMMENT ON COLUMN production.analysis_sessions.version IS 'The zone it runs in.';
COMMENT ON COLUMN production.analysis_sessions.status IS 'Where it stands.';
COMMENT ON COLUMN production.analysis_sessions.metadata IS 'What is analysed, such as repository and commit.';
COMMENT ON COLUMN production.analysis_sessions.created_at IS 'When the row was made.';
COMMENT ON COLUMN production.analysis_sessions.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN production.analysis_sessions.started_at IS 'When it began to run.';
COMMENT ON COLUMN production.analysis_sessions.completed_at IS 'When it was over, whichever way.';
CREATE INDEX analysis_sessions_user ON production.analysis_sessions (org_id, user_id);
CREATE INDEX analysis_sessions_project ON production.analysis_sessions (org_id, project_id);
CREATE INDEX analysis_sessions_status ON production.analysis_sessions (org_id, status, created_at);
CREATE TRIGGER moves BEFORE UPDATE OF status ON production.analysis_sessions FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'created>queued', 'created>running', 'created>cancelled', 'queued>running',
    'queued>cancelled', 'queued>failed', 'running>queued', 'running>completed', 'running>failed', 'running>cancelled');

CREATE TABLE production.analysis_tasks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN ('static', 'dynamic', 'graph', 'ai')),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'skipped')),
    result jsonb,
    error text,
    duration_ms integer CHECK (duration_ms >= 0),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    claimed_by uuid,
    lease_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions ON DELETE RESTRICT,
    CHECK ((status = 'running') = (lease_expires_at IS NOT NULL))
) WITH (fillfactor = 85);
COMMENT ON TABLE production.analysis_tasks IS
    'The tasks of an analysis; workers take them one by one (production.claim_tasks).';
COMMENT ON COLUMN production.analysis_tasks.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN production.analysis_tasks.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN production.analysis_tasks.session_id IS 'The analysis.';
COMMENT ON COLUMN production.analysis_tasks.type IS 'How it analyses.';
COMMENT ON COLUMN production.analysis_tasks.status IS 'Where it stands.';
COMMENT ON COLUMN production.analysis_tasks.result IS 'What it found; null until it is over.';
COMMENT ON COLUMN production.analysis_tasks.error IS 'Why it failed.';
COMMENT ON COLUMN production.analysis_tasks.duration_ms IS 'Milliseconds it ran.';
COMMENT ON COLUMN production.analysis_tasks.attempt IS
    'How often it was taken; what a late worker with a smaller number says is ignored.';
COMMENT ON COLUMN production.analysis_tasks.claimed_by IS 'The node that has it (ops.nodes).';
COMMENT ON COLUMN production.analysis_tasks.lease_expires_at IS 'Until when it has it; then another may take it.';
COMMENT ON COLUMN production.analysis_tasks.created_at IS 'When the row was made.';
COMMENT ON COLUMN production.analysis_tasks.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN production.analysis_tasks.started_at IS 'When it was last taken.';
COMMENT ON COLUMN production.analysis_tasks.completed_at IS 'When it was over, whichever way.';
CREATE INDEX analysis_tasks_session ON production.analysis_tasks (org_id, session_id);
CREATE INDEX analysis_tasks_status ON production.analysis_tasks (org_id, status);
-- Not led by org_id: workers take what is due in any organization.
CREATE INDEX analysis_tasks_due ON production.analysis_tasks (id) WHERE status = 'pending';
CREATE INDEX analysis_tasks_lost ON production.analysis_tasks (lease_expires_at) WHERE status = 'running';
CREATE TRIGGER moves BEFORE UPDATE OF status ON production.analysis_tasks FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'pending>running', 'pending>skipped', 'running>pending', 'running>completed',
    'running>failed', 'running>skipped');

CREATE TABLE production.artifacts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN ('report', 'patch', 'log', 'metrics')),
    s3_uri text NOT NULL CHECK (s3_uri ~ '^[a-z0-9]+://'),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    purged_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions ON DELETE RESTRICT
);
COMMENT ON TABLE production.artifacts IS 'Files that analyses produce; the bytes are in the object store.';
COMMENT ON COLUMN production.artifacts.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN production.artifacts.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN production.artifacts.session_id IS 'The analysis.';
COMMENT ON COLUMN production.artifacts.type IS 'What it is.';
COMMENT ON COLUMN production.artifacts.s3_uri IS 'Where the bytes are (s3://bucket/key, file://…).';
COMMENT ON COLUMN production.artifacts.sha256 IS 'SHA-256 of the bytes.';
COMMENT ON COLUMN production.artifacts.size_bytes IS 'How many.';
COMMENT ON COLUMN production.artifacts.created_at IS 'When the row was made.';
COMMENT ON COLUMN production.artifacts.expires_at IS 'From then on the bytes may go; null is never.';
COMMENT ON COLUMN production.artifacts.purged_at IS 'When they went; this row stays.';
CREATE INDEX artifacts_session ON production.artifacts (org_id, session_id);
CREATE INDEX artifacts_type ON production.artifacts (org_id, type);
-- Not led by org_id: the clean-up looks for what expired, in every organization.
CREATE INDEX artifacts_expiry ON production.artifacts (expires_at) WHERE purged_at IS NULL AND expires_at IS NOT NULL;

CREATE TABLE production.code_review_results (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    language text NOT NULL CHECK (length(language) BETWEEN 1 AND 50),
    length integer NOT NULL CHECK (length >= 0),
    overall_score numeric(4, 3) NOT NULL CHECK (overall_score BETWEEN 0 AND 1),
    vulnerabilities_count integer NOT NULL DEFAULT 0 CHECK (vulnerabilities_count >= 0),
    issues_count integer NOT NULL DEFAULT 0 CHECK (issues_count >= 0),
    model_used text NOT NULL,
    analysis_time_ms integer NOT NULL CHECK (analysis_time_ms >= 0),
    details jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions ON DELETE RESTRICT
);
COMMENT ON TABLE production.code_review_results IS 'What reviews of code came to. Added to, never changed.';
COMMENT ON COLUMN production.code_review_results.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN production.code_review_results.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN production.code_review_results.session_id IS 'The analysis.';
COMMENT ON COLUMN production.code_review_results.language IS 'Of the code.';
COMMENT ON COLUMN production.code_review_results.length IS 'Characters of code.';
COMMENT ON COLUMN production.code_review_results.overall_score IS '0 to 1.';
COMMENT ON COLUMN production.code_review_results.vulnerabilities_count IS 'Found.';
COMMENT ON COLUMN production.code_review_results.issues_count IS 'Found, vulnerabilities left out.';
COMMENT ON COLUMN production.code_review_results.model_used IS 'The model that reviewed.';
COMMENT ON COLUMN production.code_review_results.analysis_time_ms IS 'Milliseconds.';
COMMENT ON COLUMN production.code_review_results.details IS 'The findings.';
COMMENT ON COLUMN production.code_review_results.created_at IS 'When the row was made.';
CREATE INDEX code_review_results_session ON production.code_review_results (org_id, session_id);
CREATE INDEX code_review_results_language ON production.code_review_results (org_id, language);
SELECT ops.append_only('production.code_review_results');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('production.analysis_sessions');
SELECT ops.protect('production.analysis_tasks');
SELECT ops.protect('production.artifacts');
SELECT ops.protect('production.code_review_results', 'SELECT, INSERT');
SELECT projects.narrow_to_team('production.analysis_sessions');

-- ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE POLICY claim ON production.analysis_tasks TO witan_owner USING (true) WITH CHECK (true);
CREATE FUNCTION production.claim_tasks(node uuid, row_limit integer, lease interval)
    RETURNS TABLE (org_id uuid, id uuid, session_id uuid, type text, attempt integer)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT t.org_id, t.id FROM production.analysis_tasks t WHERE t.status = 'pending'
        ORDER BY t.id LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    ), lost AS (
        SELECT t.org_id, t.id FROM production.analysis_tasks t WHERE t.status = 'running' AND t.lease_expires_at < now()
        ORDER BY t.lease_expires_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    ), taken AS (
        SELECT * FROM (SELECT * FROM lost UNION ALL SELECT * FROM due) candidates LIMIT least(row_limit, 1000)
    )
    UPDATE production.analysis_tasks t
    SET status = 'running', claimed_by = node, lease_expires_at = now() + lease, attempt = t.attempt + 1,
        started_at = now()
    FROM taken WHERE t.org_id = taken.org_id AND t.id = taken.id
    RETURNING t.org_id, t.id, t.session_id, t.type, t.attempt
$$;
COMMENT ON FUNCTION production.claim_tasks(uuid, integer, interval) IS
    'Gives a node tasks for a while: those whose node was lost first, then the oldest. The attempt is the fence: '
    'its number goes along with every later update. Runs as the owner, since tasks of every organization are due.';
GRANT EXECUTE ON FUNCTION production.claim_tasks(uuid, integer, interval) TO witan_app;

RESET ROLE;
