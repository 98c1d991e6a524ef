-- Workflows, their versions and executions, and timers.

CREATE SCHEMA orchestrator AUTHORIZATION witan_owner;
COMMENT ON SCHEMA orchestrator IS 'Workflows: what they are, where they run, who shares them, and who is told.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA orchestrator TO witan_app, witan_readonly, witan_backup;

-- ── Workflows ────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE orchestrator.workflows (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '',
    engine_type text NOT NULL DEFAULT 'native' CHECK (length(engine_type) BETWEEN 1 AND 50),
    definition jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'organization', 'public')),
    tags text[] NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    search tsvector NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple', name || ' ' || description || ' ' || ops.joined(tags))) STORED,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE orchestrator.workflows IS 'Workflows of an organization.';
COMMENT ON COLUMN orchestrator.workflows.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflows.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.workflows.name IS 'What it is called; unique in the organization while in use.';
COMMENT ON COLUMN orchestrator.workflows.description IS 'What it does.';
COMMENT ON COLUMN orchestrator.workflows.engine_type IS 'What runs it.';
COMMENT ON COLUMN orchestrator.workflows.definition IS 'Its steps, as they are edited.';
COMMENT ON COLUMN orchestrator.workflows.version IS 'Goes up with every change.';
COMMENT ON COLUMN orchestrator.workflows.visibility IS
    'Who may see it: its people, the organization, or everybody through the marketplace.';
COMMENT ON COLUMN orchestrator.workflows.tags IS 'Words to find it by.';
COMMENT ON COLUMN orchestrator.workflows.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN orchestrator.workflows.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflows.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.workflows.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
COMMENT ON COLUMN orchestrator.workflows.search IS 'Its words, for full-text search.';
CREATE UNIQUE INDEX workflows_name ON orchestrator.workflows (org_id, name) WHERE retired_at IS NULL;
CREATE INDEX workflows_created_by ON orchestrator.workflows (org_id, created_by);
CREATE INDEX workflows_engine ON orchestrator.workflows (org_id, engine_type);
-- Not led by org_id: a GIN index over words. Used by orchestrator.search_workflows, since under row-level security
-- PostgreSQL tests what is not leakproof after the policy.
CREATE INDEX workflows_search ON orchestrator.workflows USING gin (search);

CREATE TABLE orchestrator.workflow_versions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version text NOT NULL CHECK (length(version) BETWEEN 1 AND 50),
    definition jsonb NOT NULL,
    change_log text NOT NULL DEFAULT '',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, workflow_id, version),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE orchestrator.workflow_versions IS
    'Versions of workflows that were published; executions run one of these. Added to, never changed.';
COMMENT ON COLUMN orchestrator.workflow_versions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_versions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.workflow_versions.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_versions.version IS 'Its name; unique in the workflow.';
COMMENT ON COLUMN orchestrator.workflow_versions.definition IS 'Its steps.';
COMMENT ON COLUMN orchestrator.workflow_versions.change_log IS 'What changed, in words.';
COMMENT ON COLUMN orchestrator.workflow_versions.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN orchestrator.workflow_versions.created_at IS 'When the row was made.';
CREATE INDEX workflow_versions_created_by ON orchestrator.workflow_versions (org_id, created_by);
SELECT ops.append_only('orchestrator.workflow_versions');

CREATE TABLE orchestrator.workflow_collaborators (
    org_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'viewer' CHECK (role IN ('owner', 'editor', 'runner', 'viewer')),
    added_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, workflow_id, user_id),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, added_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE orchestrator.workflow_collaborators IS 'People who share in a workflow.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.user_id IS 'The person.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.role IS 'What that person may do with it.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.added_by IS 'Who let them in.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.retired_at IS 'When they left; null while they share.';
CREATE INDEX workflow_collaborators_user ON orchestrator.workflow_collaborators (org_id, user_id);
CREATE INDEX workflow_collaborators_added_by ON orchestrator.workflow_collaborators (org_id, added_by);

-- ── Executions ───────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE orchestrator.executions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    parameters jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error text,
    logs jsonb NOT NULL DEFAULT '[]',
    metrics jsonb NOT NULL DEFAULT '{}',
    executor_id uuid,
    priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -10 AND 10),
    run_after timestamptz NOT NULL DEFAULT now(),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    claimed_by uuid,
    lease_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    start_time timestamptz,
    end_time timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, version_id) REFERENCES orchestrator.workflow_versions ON DELETE RESTRICT,
    FOREIGN KEY (org_id, executor_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((status = 'RUNNING') = (lease_expires_at IS NOT NULL)),
    CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (end_time IS NOT NULL))
) WITH (fillfactor = 85);
COMMENT ON TABLE orchestrator.executions IS
    'Runs of workflows, and the queue they wait in; nodes take them with orchestrator.claim_executions.';
COMMENT ON COLUMN orchestrator.executions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.executions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.executions.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.executions.version_id IS 'The version that runs.';
COMMENT ON COLUMN orchestrator.executions.status IS 'Where it stands.';
COMMENT ON COLUMN orchestrator.executions.parameters IS 'What it was started with.';
COMMENT ON COLUMN orchestrator.executions.result IS 'What it gave; null until it is over.';
COMMENT ON COLUMN orchestrator.executions.error IS 'Why it failed.';
COMMENT ON COLUMN orchestrator.executions.logs IS
    'What it said, the last lines; all of them are in the search index.';
COMMENT ON COLUMN orchestrator.executions.metrics IS 'What it took: time, tokens, costs.';
COMMENT ON COLUMN orchestrator.executions.executor_id IS 'Who started it; null when a timer or a key did.';
COMMENT ON COLUMN orchestrator.executions.priority IS 'The higher goes first.';
COMMENT ON COLUMN orchestrator.executions.run_after IS 'Not before.';
COMMENT ON COLUMN orchestrator.executions.attempt IS
    'How often it was taken; what a late node with a smaller number says is ignored.';
COMMENT ON COLUMN orchestrator.executions.claimed_by IS 'The node that has it (ops.nodes).';
COMMENT ON COLUMN orchestrator.executions.lease_expires_at IS 'Until when it has it; then another may take it.';
COMMENT ON COLUMN orchestrator.executions.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.executions.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.executions.start_time IS 'When it first ran.';
COMMENT ON COLUMN orchestrator.executions.end_time IS 'When it was over, whichever way.';
CREATE INDEX executions_workflow ON orchestrator.executions (org_id, workflow_id, id);
CREATE INDEX executions_version ON orchestrator.executions (org_id, version_id);
CREATE INDEX executions_executor ON orchestrator.executions (org_id, executor_id);
CREATE INDEX executions_status ON orchestrator.executions (org_id, status, created_at);
-- Not led by org_id: nodes take what is due in any organization. Holds only what waits or runs, and so stays small.
CREATE INDEX executions_due ON orchestrator.executions (priority DESC, run_after, id) WHERE status = 'PENDING';
CREATE INDEX executions_lost ON orchestrator.executions (lease_expires_at) WHERE status = 'RUNNING';
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.executions FOR EACH ROW EXECUTE FUNCTION ops.check_move(
    'status', 'PENDING>RUNNING', 'PENDING>CANCELLED', 'RUNNING>PENDING', 'RUNNING>COMPLETED', 'RUNNING>FAILED',
    'RUNNING>CANCELLED');

CREATE TABLE orchestrator.execution_steps (
    org_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    step_key text NOT NULL CHECK (length(step_key) BETWEEN 1 AND 255),
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    status text NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')),
    input jsonb,
    output jsonb,
    error text,
    request_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    start_time timestamptz,
    end_time timestamptz,
    PRIMARY KEY (org_id, execution_id, step_key, attempt),
    FOREIGN KEY (org_id, execution_id) REFERENCES orchestrator.executions ON DELETE RESTRICT
);
COMMENT ON TABLE orchestrator.execution_steps IS
    'Steps of executions: each try of a step is a row, so that a run that is taken up again knows what is done.';
COMMENT ON COLUMN orchestrator.execution_steps.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.execution_steps.execution_id IS 'The execution.';
COMMENT ON COLUMN orchestrator.execution_steps.step_key IS
    'The step''s name in the definition, with its place in loops.';
COMMENT ON COLUMN orchestrator.execution_steps.attempt IS 'Which try, from 1.';
COMMENT ON COLUMN orchestrator.execution_steps.status IS 'Where it stands.';
COMMENT ON COLUMN orchestrator.execution_steps.input IS 'What it was given.';
COMMENT ON COLUMN orchestrator.execution_steps.output IS 'What it gave.';
COMMENT ON COLUMN orchestrator.execution_steps.error IS 'Why it failed.';
COMMENT ON COLUMN orchestrator.execution_steps.request_id IS
    'The governed call it made (council.requests); no foreign key, since months of calls go first.';
COMMENT ON COLUMN orchestrator.execution_steps.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.execution_steps.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.execution_steps.start_time IS 'When it began.';
COMMENT ON COLUMN orchestrator.execution_steps.end_time IS 'When it was over, whichever way.';
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.execution_steps FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'PENDING>RUNNING', 'PENDING>SKIPPED', 'PENDING>CANCELLED', 'RUNNING>COMPLETED',
    'RUNNING>FAILED', 'RUNNING>CANCELLED');

CREATE TABLE orchestrator.timers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    execution_id uuid,
    step_key text,
    schedule text,
    fire_at timestamptz NOT NULL,
    fired_at timestamptz,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    cancelled_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, execution_id) REFERENCES orchestrator.executions ON DELETE RESTRICT,
    CHECK ((execution_id IS NULL) = (step_key IS NULL))
);
COMMENT ON TABLE orchestrator.timers IS
    'What is to happen at a time: a step that waits, or a workflow that starts on a schedule.';
COMMENT ON COLUMN orchestrator.timers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.timers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.timers.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.timers.execution_id IS 'The execution that waits; null for one that is to start.';
COMMENT ON COLUMN orchestrator.timers.step_key IS 'The step that waits.';
COMMENT ON COLUMN orchestrator.timers.schedule IS 'When it comes again, as a cron expression; null for once.';
COMMENT ON COLUMN orchestrator.timers.fire_at IS 'When.';
COMMENT ON COLUMN orchestrator.timers.fired_at IS 'When it was taken; null while it waits.';
COMMENT ON COLUMN orchestrator.timers.payload IS 'What it brings along.';
COMMENT ON COLUMN orchestrator.timers.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.timers.cancelled_at IS 'When it was called off; null while it holds.';
CREATE INDEX timers_workflow ON orchestrator.timers (org_id, workflow_id);
CREATE INDEX timers_execution ON orchestrator.timers (org_id, execution_id);
-- Not led by org_id: nodes take what is due in any organization.
CREATE INDEX timers_due ON orchestrator.timers (fire_at) WHERE fired_at IS NULL AND cancelled_at IS NULL;

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('orchestrator.workflows');
SELECT ops.protect('orchestrator.workflow_versions', 'SELECT, INSERT');
SELECT ops.protect('orchestrator.workflow_collaborators');
SELECT ops.protect('orchestrator.executions');
SELECT ops.protect('orchestrator.execution_steps');
SELECT ops.protect('orchestrator.timers');

-- ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────────
-- These run as the owner, since what is due may be any organization's.
CREATE POLICY claim ON orchestrator.executions TO witan_owner USING (true) WITH CHECK (true);
CREATE POLICY claim ON orchestrator.timers TO witan_owner USING (true) WITH CHECK (true);

CREATE FUNCTION orchestrator.claim_executions(node uuid, row_limit integer, lease interval)
    RETURNS TABLE (org_id uuid, id uuid, workflow_id uuid, version_id uuid, parameters jsonb, attempt integer)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT e.org_id, e.id FROM orchestrator.executions e WHERE e.status = 'PENDING' AND e.run_after <= now()
        ORDER BY e.priority DESC, e.run_after, e.id LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    ), lost AS (
        SELECT e.org_id, e.id FROM orchestrator.executions e WHERE e.status = 'RUNNING' AND e.lease_expires_at < now()
        ORDER BY e.lease_expires_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    ), taken AS (
        SELECT * FROM (SELECT * FROM lost UNION ALL SELECT * FROM due) candidates LIMIT least(row_limit, 1000)
    )
    UPDATE orchestrator.executions e
    SET status = 'RUNNING', claimed_by = node, lease_expires_at = now() + lease, attempt = e.attempt + 1,
        start_time = coalesce(e.start_time, now())
    FROM taken WHERE e.org_id = taken.org_id AND e.id = taken.id
    RETURNING e.org_id, e.id, e.workflow_id, e.version_id, e.parameters, e.attempt
$$;
COMMENT ON FUNCTION orchestrator.claim_executions(uuid, integer, interval) IS
    'Gives a node executions for a while: those whose node was lost first, then by priority and time. The attempt '
    'is the fence: its number goes along with every later update.';

CREATE FUNCTION orchestrator.take_timers(row_limit integer)
    RETURNS TABLE (org_id uuid, id uuid, workflow_id uuid, execution_id uuid, step_key text, schedule text,
                   fire_at timestamptz, payload jsonb)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT d.org_id, d.id FROM orchestrator.timers d
        WHERE d.fired_at IS NULL AND d.cancelled_at IS NULL AND d.fire_at <= now()
        ORDER BY d.fire_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    )
    UPDATE orchestrator.timers t SET fired_at = now()
    FROM due WHERE t.org_id = due.org_id AND t.id = due.id
    RETURNING t.org_id, t.id, t.workflow_id, t.execution_id, t.step_key, t.schedule, t.fire_at, t.payload
$$;
COMMENT ON FUNCTION orchestrator.take_timers(integer) IS
    'Takes timers that are due; the caller does in the same transaction what they are for.';

-- ── Full-text search, where there is no search engine ────────────────────────────────────────────────────────────
CREATE POLICY search ON orchestrator.workflows FOR SELECT TO witan_owner USING (true);

CREATE FUNCTION orchestrator.search_workflows(words text, row_limit integer)
    RETURNS TABLE (id uuid, rank real)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.id, ts_rank(w.search, websearch_to_tsquery('simple', words))
    FROM orchestrator.workflows w
    WHERE w.org_id = ops.current_org() AND w.retired_at IS NULL
        AND w.search @@ websearch_to_tsquery('simple', words)
    ORDER BY 2 DESC, 1 DESC LIMIT least(row_limit, 1000)
$$;
COMMENT ON FUNCTION orchestrator.search_workflows(text, integer) IS
    'Workflows of the caller''s organization that have the words, best first. Runs as the owner so that the index '
    'is used.';

GRANT EXECUTE ON FUNCTION orchestrator.claim_executions(uuid, integer, interval), orchestrator.take_timers(integer),
    orchestrator.search_workflows(text, integer) TO witan_app;

RESET ROLE;
