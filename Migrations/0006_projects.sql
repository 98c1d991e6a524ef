-- Projects, their versions, baselines and policies.

CREATE SCHEMA projects AUTHORIZATION witan_owner;
COMMENT ON SCHEMA projects IS 'Projects, the versions of their models, and what a version must achieve and obey.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA projects TO witan_app, witan_readonly, witan_backup;

CREATE TABLE projects.projects (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '',
    industry_type text NOT NULL DEFAULT 'custom'
        CHECK (industry_type IN ('healthcare', 'finance', 'ecommerce', 'enterprise', 'custom')),
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'generating', 'active', 'completed', 'archived')),
    owner_id uuid,
    team_id uuid,
    config jsonb NOT NULL DEFAULT '{}',
    encrypted_config bytea,
    encrypted_dek bytea,
    master_key_id text,
    settings jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name),
    FOREIGN KEY (org_id, owner_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams ON DELETE RESTRICT,
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((encrypted_config IS NULL) = (encrypted_dek IS NULL)),
    CHECK ((encrypted_config IS NULL) = (master_key_id IS NULL))
);
COMMENT ON TABLE projects.projects IS
    'Projects of an organization; one that has a team is seen by that team only (app.team_id).';
COMMENT ON COLUMN projects.projects.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.projects.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.projects.name IS 'Unique in the organization.';
COMMENT ON COLUMN projects.projects.description IS 'What it is about.';
COMMENT ON COLUMN projects.projects.industry_type IS 'Whose rules apply.';
COMMENT ON COLUMN projects.projects.status IS 'Where it stands.';
COMMENT ON COLUMN projects.projects.owner_id IS 'Who answers for it.';
COMMENT ON COLUMN projects.projects.team_id IS 'Whose it is; null is the whole organization''s.';
COMMENT ON COLUMN projects.projects.config IS 'How it is built; nothing secret.';
COMMENT ON COLUMN projects.projects.encrypted_config IS
    'The secret part of config, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN projects.projects.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN projects.projects.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN projects.projects.settings IS 'How it is shown and run.';
COMMENT ON COLUMN projects.projects.metadata IS 'Free facts about it, not looked into by the program.';
COMMENT ON COLUMN projects.projects.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN projects.projects.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.projects.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX projects_owner ON projects.projects (org_id, owner_id);
CREATE INDEX projects_team ON projects.projects (org_id, team_id);
CREATE INDEX projects_created_by ON projects.projects (org_id, created_by);
CREATE INDEX projects_status ON projects.projects (org_id, status, created_at);
CREATE INDEX projects_industry ON projects.projects (org_id, industry_type, status);
CREATE INDEX projects_created_at ON projects.projects (org_id, created_at);
CREATE INDEX projects_active ON projects.projects (org_id, id) WHERE status = 'active';
CREATE TRIGGER moves BEFORE UPDATE OF status ON projects.projects FOR EACH ROW EXECUTE FUNCTION ops.check_move(
    'status', 'draft>generating', 'draft>active', 'draft>archived', 'generating>draft', 'generating>active',
    'generating>archived', 'active>completed', 'active>archived', 'completed>active', 'completed>archived',
    'archived>active');

CREATE TABLE projects.versions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    tag text NOT NULL CHECK (tag IN ('v1', 'v2', 'v3')),
    model_config jsonb NOT NULL DEFAULT '{}',
    config_hash bytea CHECK (length(config_hash) = 32),
    changelog text NOT NULL DEFAULT '',
    promoted_at timestamptz,
    promoted_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, project_id, tag),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, promoted_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE projects.versions IS
    'The versions of a project: v1 is tried, v2 is in production, v3 is in quarantine.';
COMMENT ON COLUMN projects.versions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.versions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.versions.project_id IS 'The project.';
COMMENT ON COLUMN projects.versions.tag IS 'Which of the three; one of each in a project.';
COMMENT ON COLUMN projects.versions.model_config IS 'Model, prompt and parameters.';
COMMENT ON COLUMN projects.versions.config_hash IS 'SHA-256 of model_config as canonical JSON (RFC 8785).';
COMMENT ON COLUMN projects.versions.changelog IS 'What changed, in words.';
COMMENT ON COLUMN projects.versions.promoted_at IS 'When it came to this tag from another.';
COMMENT ON COLUMN projects.versions.promoted_by IS 'Who decided that.';
COMMENT ON COLUMN projects.versions.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.versions.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX versions_promoted_by ON projects.versions (org_id, promoted_by);

CREATE TABLE projects.baselines (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    metric_key text NOT NULL CHECK (length(metric_key) BETWEEN 1 AND 100),
    operator text NOT NULL CHECK (operator IN ('>', '<', '>=', '<=', '=')),
    threshold numeric NOT NULL,
    tolerance numeric CHECK (tolerance >= 0),
    min_sample integer CHECK (min_sample > 0),
    is_critical boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT
);
COMMENT ON TABLE projects.baselines IS 'What a project''s metrics must be for a version to be promoted.';
COMMENT ON COLUMN projects.baselines.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.baselines.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.baselines.project_id IS 'The project.';
COMMENT ON COLUMN projects.baselines.metric_key IS 'The metric, such as accuracy.';
COMMENT ON COLUMN projects.baselines.operator IS 'How the metric is compared with threshold.';
COMMENT ON COLUMN projects.baselines.threshold IS 'In the metric''s own unit.';
COMMENT ON COLUMN projects.baselines.tolerance IS 'How far from threshold counts as equal (operator =); null is 0.';
COMMENT ON COLUMN projects.baselines.min_sample IS 'Fewer measurements decide nothing; null is any number.';
COMMENT ON COLUMN projects.baselines.is_critical IS 'Whether missing it fails the version whatever the others say.';
COMMENT ON COLUMN projects.baselines.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.baselines.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN projects.baselines.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
CREATE INDEX baselines_project ON projects.baselines (org_id, project_id, metric_key);
CREATE UNIQUE INDEX baselines_metric ON projects.baselines (org_id, project_id, metric_key, operator)
    WHERE retired_at IS NULL;

CREATE TABLE projects.policies (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '',
    rego_code text,
    builtin jsonb,
    active boolean NOT NULL DEFAULT true,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (rego_code IS NOT NULL OR builtin IS NOT NULL)
);
COMMENT ON TABLE projects.policies IS
    'Policies that projects can be put under, as Rego and in the form that the program evaluates itself.';
COMMENT ON COLUMN projects.policies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.policies.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.policies.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN projects.policies.description IS 'What it asks for.';
COMMENT ON COLUMN projects.policies.rego_code IS
    'The policy for an Open Policy Agent; null when it is only built in.';
COMMENT ON COLUMN projects.policies.builtin IS 'The policy in the program''s own form; null when it is only Rego.';
COMMENT ON COLUMN projects.policies.active IS 'Whether it counts.';
COMMENT ON COLUMN projects.policies.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN projects.policies.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.policies.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN projects.policies.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX policies_name ON projects.policies (org_id, name) WHERE retired_at IS NULL;
CREATE INDEX policies_created_by ON projects.policies (org_id, created_by);
CREATE INDEX policies_active ON projects.policies (org_id, id) WHERE active;

CREATE TABLE projects.project_policies (
    org_id uuid NOT NULL,
    project_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    active boolean NOT NULL DEFAULT true,
    applied_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, project_id, policy_id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, policy_id) REFERENCES projects.policies ON DELETE RESTRICT,
    FOREIGN KEY (org_id, applied_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE projects.project_policies IS 'Which policies a project is under.';
COMMENT ON COLUMN projects.project_policies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.project_policies.project_id IS 'The project.';
COMMENT ON COLUMN projects.project_policies.policy_id IS 'The policy.';
COMMENT ON COLUMN projects.project_policies.active IS 'Whether it still is.';
COMMENT ON COLUMN projects.project_policies.applied_by IS 'Who put it there.';
COMMENT ON COLUMN projects.project_policies.created_at IS 'When the row was made.';
CREATE INDEX project_policies_policy ON projects.project_policies (org_id, policy_id);
CREATE INDEX project_policies_applied_by ON projects.project_policies (org_id, applied_by);

CREATE TABLE projects.version_history (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    version_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('promoted', 'degraded', 'updated')),
    from_tag text CHECK (from_tag IN ('v1', 'v2', 'v3')),
    to_tag text NOT NULL CHECK (to_tag IN ('v1', 'v2', 'v3')),
    reason text NOT NULL CHECK (length(reason) >= 1),
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, version_id) REFERENCES projects.versions ON DELETE RESTRICT
);
COMMENT ON TABLE projects.version_history IS 'What became of versions, and why. Added to, never changed.';
COMMENT ON COLUMN projects.version_history.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.version_history.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.version_history.project_id IS 'The project.';
COMMENT ON COLUMN projects.version_history.version_id IS 'The version.';
COMMENT ON COLUMN projects.version_history.action IS 'What was done.';
COMMENT ON COLUMN projects.version_history.from_tag IS 'The tag before; null for none.';
COMMENT ON COLUMN projects.version_history.to_tag IS 'The tag after.';
COMMENT ON COLUMN projects.version_history.reason IS 'Why.';
COMMENT ON COLUMN projects.version_history.actor IS 'Who did it, such as user:… or key:….';
COMMENT ON COLUMN projects.version_history.created_at IS 'When the row was made.';
CREATE INDEX version_history_project ON projects.version_history (org_id, project_id, id);
CREATE INDEX version_history_version ON projects.version_history (org_id, version_id);
SELECT ops.append_only('projects.version_history');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('projects.projects');
SELECT ops.protect('projects.versions');
SELECT ops.protect('projects.baselines');
SELECT ops.protect('projects.policies');
SELECT ops.protect('projects.project_policies');
SELECT ops.protect('projects.version_history', 'SELECT, INSERT');

-- Narrower than the tenant: a project with a team is its team's. app.team_id is one team's id, or * for who oversees
-- all of them (the program sets it from the person's role). Unset or empty shows what belongs to no team: a check
-- that was forgotten shows too little, never too much.
CREATE POLICY team ON projects.projects AS RESTRICTIVE TO witan_app, witan_readonly
    USING (team_id IS NULL OR (SELECT current_setting('app.team_id', true) = '*')
        OR team_id = (SELECT nullif(nullif(current_setting('app.team_id', true), ''), '*')::uuid))
    WITH CHECK (team_id IS NULL OR (SELECT current_setting('app.team_id', true) = '*')
        OR team_id = (SELECT nullif(nullif(current_setting('app.team_id', true), ''), '*')::uuid));

CREATE FUNCTION projects.narrow_to_team(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format($policy$CREATE POLICY team ON %1$s AS RESTRICTIVE TO witan_app, witan_readonly
        USING (project_id IS NULL OR EXISTS (
            SELECT FROM projects.projects p WHERE p.org_id = %2$I.org_id AND p.id = %2$I.project_id))
        WITH CHECK (project_id IS NULL OR EXISTS (
            SELECT FROM projects.projects p WHERE p.org_id = %2$I.org_id AND p.id = %2$I.project_id))$policy$,
        target, (SELECT relname FROM pg_class WHERE oid = target));
END
$$;
COMMENT ON FUNCTION projects.narrow_to_team(regclass) IS
    'For migrations: rows of the table are seen by who sees their project.';
SELECT projects.narrow_to_team('projects.versions');
SELECT projects.narrow_to_team('projects.baselines');
SELECT projects.narrow_to_team('projects.project_policies');
SELECT projects.narrow_to_team('projects.version_history');

RESET ROLE;
