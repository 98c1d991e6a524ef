-- Governed models, compliance, trust, kill switches, circuit breakers, rules and components.

CREATE SCHEMA governance AUTHORIZATION witan_owner;
COMMENT ON SCHEMA governance IS
    'What models and projects must obey, whether they do, and the switches that stop them.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA governance TO witan_app, witan_readonly, witan_backup;

INSERT INTO ops.snapshot_versions (snapshot, version) VALUES ('governance', 1);

-- ── Models ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE governance.governance_models (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    version text NOT NULL CHECK (length(version) BETWEEN 1 AND 100),
    description text,
    provider text NOT NULL CHECK (length(provider) BETWEEN 1 AND 255),
    model_id uuid,
    status text NOT NULL DEFAULT 'ACTIVE'
        CHECK (status IN ('DRAFT', 'TESTING', 'ACTIVE', 'SUSPENDED', 'DEPRECATED', 'RETIRED')),
    metadata jsonb NOT NULL DEFAULT '{}',
    owner_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name, version),
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models ON DELETE RESTRICT,
    FOREIGN KEY (org_id, owner_id) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE governance.governance_models IS
    'Models under governance: one row per version of a model. They are retired, never deleted: checks and '
    'switches stay.';
COMMENT ON COLUMN governance.governance_models.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.governance_models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.governance_models.name IS 'What it is called.';
COMMENT ON COLUMN governance.governance_models.version IS 'Its version.';
COMMENT ON COLUMN governance.governance_models.description IS 'What it is for.';
COMMENT ON COLUMN governance.governance_models.provider IS 'Who makes it.';
COMMENT ON COLUMN governance.governance_models.model_id IS
    'The model that is called (providers.models); null for one that is run elsewhere.';
COMMENT ON COLUMN governance.governance_models.status IS 'Where it stands.';
COMMENT ON COLUMN governance.governance_models.metadata IS 'The model''s card.';
COMMENT ON COLUMN governance.governance_models.owner_id IS 'Who answers for it.';
COMMENT ON COLUMN governance.governance_models.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.governance_models.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX governance_models_model ON governance.governance_models (org_id, model_id);
CREATE INDEX governance_models_owner ON governance.governance_models (org_id, owner_id);
CREATE INDEX governance_models_status ON governance.governance_models (org_id, status);
CREATE INDEX governance_models_provider ON governance.governance_models (org_id, provider);
CREATE INDEX governance_models_created_at ON governance.governance_models (org_id, created_at);
CREATE TRIGGER moves BEFORE UPDATE OF status ON governance.governance_models FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'DRAFT>TESTING', 'DRAFT>ACTIVE', 'DRAFT>RETIRED', 'TESTING>DRAFT', 'TESTING>ACTIVE',
    'TESTING>SUSPENDED', 'TESTING>RETIRED', 'ACTIVE>TESTING', 'ACTIVE>SUSPENDED', 'ACTIVE>DEPRECATED', 'ACTIVE>RETIRED',
    'SUSPENDED>TESTING', 'SUSPENDED>ACTIVE', 'SUSPENDED>DEPRECATED', 'SUSPENDED>RETIRED', 'DEPRECATED>ACTIVE',
    'DEPRECATED>RETIRED');
SELECT ops.keep_rows('governance.governance_models');

-- ── Compliance ───────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE governance.controls (
    framework text NOT NULL CHECK (length(framework) BETWEEN 1 AND 50),
    catalog_version text NOT NULL CHECK (length(catalog_version) BETWEEN 1 AND 50),
    control_key text NOT NULL CHECK (length(control_key) BETWEEN 1 AND 100),
    title text NOT NULL,
    definition jsonb NOT NULL DEFAULT '{}',
    effective_from date NOT NULL,
    effective_to date,
    PRIMARY KEY (framework, catalog_version, control_key),
    CHECK (effective_to > effective_from)
);
COMMENT ON TABLE governance.controls IS
    'Controls of the frameworks, by version of the catalog. No org_id: reference data, the same for everybody.';
COMMENT ON COLUMN governance.controls.framework IS 'Such as GDPR.';
COMMENT ON COLUMN governance.controls.catalog_version IS 'The catalog''s version.';
COMMENT ON COLUMN governance.controls.control_key IS 'The control''s name in it.';
COMMENT ON COLUMN governance.controls.title IS 'What it asks for, in a line.';
COMMENT ON COLUMN governance.controls.definition IS 'How it is evaluated.';
COMMENT ON COLUMN governance.controls.effective_from IS 'From when on it counts.';
COMMENT ON COLUMN governance.controls.effective_to IS 'Until when; null is for now.';

CREATE TABLE governance.compliance_checks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid NOT NULL,
    framework text NOT NULL CHECK (length(framework) BETWEEN 1 AND 50),
    catalog_version text,
    score numeric(5, 2) NOT NULL CHECK (score BETWEEN 0 AND 100),
    compliant boolean NOT NULL,
    results jsonb NOT NULL,
    checked_by text NOT NULL DEFAULT 'system',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models ON DELETE RESTRICT
);
COMMENT ON TABLE governance.compliance_checks IS
    'Runs of a framework''s controls against a model. Added to, never changed: the newest is the present.';
COMMENT ON COLUMN governance.compliance_checks.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.compliance_checks.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.compliance_checks.model_id IS 'The model that was checked.';
COMMENT ON COLUMN governance.compliance_checks.framework IS 'GDPR, HIPAA, CCPA, SOC2, ….';
COMMENT ON COLUMN governance.compliance_checks.catalog_version IS
    'The version of the framework''s controls; null for a check made by hand.';
COMMENT ON COLUMN governance.compliance_checks.score IS '0 to 100.';
COMMENT ON COLUMN governance.compliance_checks.compliant IS 'The verdict.';
COMMENT ON COLUMN governance.compliance_checks.results IS 'What each control gave, with its evidence.';
COMMENT ON COLUMN governance.compliance_checks.checked_by IS 'Who ran it, such as user:….';
COMMENT ON COLUMN governance.compliance_checks.created_at IS 'When the row was made.';
CREATE INDEX compliance_checks_model ON governance.compliance_checks (org_id, model_id, framework, id);
CREATE INDEX compliance_checks_framework ON governance.compliance_checks (org_id, framework, compliant);
CREATE INDEX compliance_checks_created_at ON governance.compliance_checks (org_id, created_at);
SELECT ops.append_only('governance.compliance_checks');

CREATE TABLE governance.compliance_data (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    compliance_type text NOT NULL
        CHECK (compliance_type IN ('hipaa', 'sox', 'pci_dss', 'gdpr', 'ccpa', 'soc2')),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'compliant', 'non_compliant', 'in_review')),
    last_checked timestamptz NOT NULL DEFAULT now(),
    violation_count integer NOT NULL DEFAULT 0 CHECK (violation_count >= 0),
    encrypted_violations bytea,
    encrypted_dek bytea,
    master_key_id text,
    remediation jsonb NOT NULL DEFAULT '{}',
    score numeric(5, 2) CHECK (score BETWEEN 0 AND 100),
    checked_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, project_id, compliance_type),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, checked_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((encrypted_violations IS NULL) = (encrypted_dek IS NULL)),
    CHECK ((encrypted_violations IS NULL) = (master_key_id IS NULL))
);
COMMENT ON TABLE governance.compliance_data IS
    'How a project stands with a kind of compliance now; what was before is in governance.compliance_history.';
COMMENT ON COLUMN governance.compliance_data.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.compliance_data.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.compliance_data.project_id IS 'The project.';
COMMENT ON COLUMN governance.compliance_data.compliance_type IS 'Which kind; one row of each.';
COMMENT ON COLUMN governance.compliance_data.status IS 'How it stands.';
COMMENT ON COLUMN governance.compliance_data.last_checked IS 'When it was looked at.';
COMMENT ON COLUMN governance.compliance_data.violation_count IS 'How many violations there are.';
COMMENT ON COLUMN governance.compliance_data.encrypted_violations IS
    'The violations as JSON, sealed with AES-256-GCM by the program; null for none.';
COMMENT ON COLUMN governance.compliance_data.encrypted_dek IS 'Their data key, wrapped by the master key.';
COMMENT ON COLUMN governance.compliance_data.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN governance.compliance_data.remediation IS 'What is being done about them.';
COMMENT ON COLUMN governance.compliance_data.score IS '0 to 100; null until checked.';
COMMENT ON COLUMN governance.compliance_data.checked_by IS 'Who looked at it; null when the program did.';
COMMENT ON COLUMN governance.compliance_data.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX compliance_data_checked_by ON governance.compliance_data (org_id, checked_by);
CREATE INDEX compliance_data_type ON governance.compliance_data (org_id, compliance_type, status);
CREATE INDEX compliance_data_status ON governance.compliance_data (org_id, status);
CREATE INDEX compliance_data_last_checked ON governance.compliance_data (org_id, last_checked);

CREATE TABLE governance.compliance_history (
    org_id uuid NOT NULL,
    compliance_id uuid NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    project_id uuid NOT NULL,
    compliance_type text NOT NULL,
    status text NOT NULL,
    last_checked timestamptz NOT NULL,
    violation_count integer NOT NULL,
    remediation jsonb NOT NULL,
    score numeric(5, 2),
    checked_by uuid,
    PRIMARY KEY (org_id, compliance_id, replaced_at),
    FOREIGN KEY (org_id, compliance_id) REFERENCES governance.compliance_data ON DELETE RESTRICT,
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT
);
COMMENT ON TABLE governance.compliance_history IS
    'What governance.compliance_data said before; written by its trigger. Added to, never changed.';
COMMENT ON COLUMN governance.compliance_history.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.compliance_history.compliance_id IS 'The row of governance.compliance_data.';
COMMENT ON COLUMN governance.compliance_history.replaced_at IS 'When this state ended.';
COMMENT ON COLUMN governance.compliance_history.project_id IS 'The project.';
COMMENT ON COLUMN governance.compliance_history.compliance_type IS 'Which kind.';
COMMENT ON COLUMN governance.compliance_history.status IS 'How it stood.';
COMMENT ON COLUMN governance.compliance_history.last_checked IS 'When it had been looked at.';
COMMENT ON COLUMN governance.compliance_history.violation_count IS 'How many violations there were.';
COMMENT ON COLUMN governance.compliance_history.remediation IS 'What was being done.';
COMMENT ON COLUMN governance.compliance_history.score IS '0 to 100.';
COMMENT ON COLUMN governance.compliance_history.checked_by IS
    'Who had looked at it; no foreign key of its own, its row had one.';
CREATE INDEX compliance_history_project ON governance.compliance_history (org_id, project_id);
SELECT ops.append_only('governance.compliance_history');

CREATE FUNCTION governance.keep_compliance() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO governance.compliance_history (org_id, compliance_id, project_id, compliance_type, status, last_checked,
                                               violation_count, remediation, score, checked_by)
    VALUES (OLD.org_id, OLD.id, OLD.project_id, OLD.compliance_type, OLD.status, OLD.last_checked, OLD.violation_count,
            OLD.remediation, OLD.score, OLD.checked_by);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION governance.keep_compliance() IS 'Trigger: keeps the state that an update replaces.';
CREATE TRIGGER history AFTER UPDATE ON governance.compliance_data
    FOR EACH ROW EXECUTE FUNCTION governance.keep_compliance();

CREATE TABLE governance.trust_indexes (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid NOT NULL,
    global_score numeric(5, 2) NOT NULL CHECK (global_score BETWEEN 0 AND 100),
    tier text NOT NULL CHECK (tier IN ('PLATINUM', 'GOLD', 'SILVER', 'BRONZE', 'UNVERIFIED')),
    transparency numeric(5, 2) NOT NULL CHECK (transparency BETWEEN 0 AND 100),
    accountability numeric(5, 2) NOT NULL CHECK (accountability BETWEEN 0 AND 100),
    fairness numeric(5, 2) NOT NULL CHECK (fairness BETWEEN 0 AND 100),
    privacy numeric(5, 2) NOT NULL CHECK (privacy BETWEEN 0 AND 100),
    robustness numeric(5, 2) NOT NULL CHECK (robustness BETWEEN 0 AND 100),
    formula_version text NOT NULL DEFAULT '1',
    inputs jsonb NOT NULL DEFAULT '{}',
    calculated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models ON DELETE RESTRICT,
    CHECK (expires_at > calculated_at)
);
COMMENT ON TABLE governance.trust_indexes IS
    'Trust in a model, calculated from evidence. Added to, never changed: the newest that has not expired counts.';
COMMENT ON COLUMN governance.trust_indexes.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.trust_indexes.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.trust_indexes.model_id IS 'The model.';
COMMENT ON COLUMN governance.trust_indexes.global_score IS '0 to 100, from the five below.';
COMMENT ON COLUMN governance.trust_indexes.tier IS 'What the scores add up to.';
COMMENT ON COLUMN governance.trust_indexes.transparency IS '0 to 100.';
COMMENT ON COLUMN governance.trust_indexes.accountability IS '0 to 100.';
COMMENT ON COLUMN governance.trust_indexes.fairness IS '0 to 100.';
COMMENT ON COLUMN governance.trust_indexes.privacy IS '0 to 100.';
COMMENT ON COLUMN governance.trust_indexes.robustness IS '0 to 100.';
COMMENT ON COLUMN governance.trust_indexes.formula_version IS 'The formula it was calculated with.';
COMMENT ON COLUMN governance.trust_indexes.inputs IS 'The evidence, its bounds and ages.';
COMMENT ON COLUMN governance.trust_indexes.calculated_at IS 'When it was calculated.';
COMMENT ON COLUMN governance.trust_indexes.expires_at IS 'From then on the model is UNVERIFIED.';
CREATE INDEX trust_indexes_model ON governance.trust_indexes (org_id, model_id, calculated_at);
CREATE INDEX trust_indexes_tier ON governance.trust_indexes (org_id, tier);
CREATE INDEX trust_indexes_score ON governance.trust_indexes (org_id, global_score);
COMMENT ON INDEX governance.trust_indexes_score IS
    'Gives the models in the order of their scores. Comparing a numeric is not leakproof, so under row-level security '
    'a bound on the score filters and does not search.';
CREATE INDEX trust_indexes_calculated_at ON governance.trust_indexes (org_id, calculated_at);
SELECT ops.append_only('governance.trust_indexes');

-- ── Stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE governance.kill_switches (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('organization', 'project', 'model', 'provider', 'key', 'workflow')),
    model_id uuid,
    project_id uuid,
    target text CHECK (length(target) BETWEEN 1 AND 255),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'INACTIVE')),
    reason text NOT NULL CHECK (length(reason) >= 1),
    triggered_by text NOT NULL,
    triggered_at timestamptz NOT NULL DEFAULT now(),
    deactivated_by text,
    deactivation_reason text,
    deactivated_at timestamptz,
    generation bigint NOT NULL CHECK (generation > 0),
    is_drill boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models ON DELETE RESTRICT,
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    CHECK ((scope = 'model') = (model_id IS NOT NULL)),
    CHECK ((scope = 'project') = (project_id IS NOT NULL)),
    CHECK ((scope IN ('provider', 'key', 'workflow')) = (target IS NOT NULL)),
    CHECK ((status = 'INACTIVE') = (deactivated_at IS NOT NULL))
);
COMMENT ON TABLE governance.kill_switches IS
    'Switches that stop calls at once. One is engaged once and released once; the next time it is a new row.';
COMMENT ON COLUMN governance.kill_switches.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.kill_switches.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.kill_switches.scope IS 'What it stops.';
COMMENT ON COLUMN governance.kill_switches.model_id IS 'The model (scope model).';
COMMENT ON COLUMN governance.kill_switches.project_id IS 'The project (scope project).';
COMMENT ON COLUMN governance.kill_switches.target IS 'Provider''s name, key''s or workflow''s id (the other scopes).';
COMMENT ON COLUMN governance.kill_switches.status IS 'Whether it stops.';
COMMENT ON COLUMN governance.kill_switches.reason IS 'Why.';
COMMENT ON COLUMN governance.kill_switches.triggered_by IS 'Who engaged it, such as user:… or breaker:….';
COMMENT ON COLUMN governance.kill_switches.triggered_at IS 'When.';
COMMENT ON COLUMN governance.kill_switches.deactivated_by IS 'Who released it.';
COMMENT ON COLUMN governance.kill_switches.deactivation_reason IS 'Why.';
COMMENT ON COLUMN governance.kill_switches.deactivated_at IS 'When.';
COMMENT ON COLUMN governance.kill_switches.generation IS
    'Version of the governance snapshot that brought the present status.';
COMMENT ON COLUMN governance.kill_switches.is_drill IS 'Whether it was an exercise.';
COMMENT ON COLUMN governance.kill_switches.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX kill_switches_model ON governance.kill_switches (org_id, model_id);
CREATE INDEX kill_switches_project ON governance.kill_switches (org_id, project_id);
CREATE INDEX kill_switches_status ON governance.kill_switches (org_id, status);
CREATE INDEX kill_switches_triggered_at ON governance.kill_switches (org_id, triggered_at);
CREATE INDEX kill_switches_active ON governance.kill_switches (org_id, id) WHERE status = 'ACTIVE';
CREATE TRIGGER moves BEFORE UPDATE OF status ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'ACTIVE>INACTIVE');
CREATE TRIGGER fixed BEFORE UPDATE ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION ops.check_fixed(
    'status', 'deactivated_by', 'deactivation_reason', 'deactivated_at', 'generation', 'updated_at');
SELECT ops.keep_rows('governance.kill_switches');

CREATE TABLE governance.circuit_breakers (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    model_id uuid,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    threshold integer NOT NULL CHECK (threshold > 0),
    window_ms integer NOT NULL CHECK (window_ms > 0),
    open_ms integer NOT NULL DEFAULT 30000 CHECK (open_ms > 0),
    half_open_permits integer NOT NULL DEFAULT 1 CHECK (half_open_permits > 0),
    failure_count integer NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
    state text NOT NULL DEFAULT 'CLOSED' CHECK (state IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
    opened_at timestamptz,
    generation bigint NOT NULL DEFAULT 1 CHECK (generation > 0),
    trips jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(trips) = 'array' AND jsonb_array_length(trips) <= 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE NULLS NOT DISTINCT (org_id, model_id, name),
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models ON DELETE RESTRICT,
    CHECK (state = 'CLOSED' OR opened_at IS NOT NULL)
) WITH (fillfactor = 85);
COMMENT ON TABLE governance.circuit_breakers IS
    'Breakers that stop calls to what fails too often, and try again after a while.';
COMMENT ON COLUMN governance.circuit_breakers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.circuit_breakers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.circuit_breakers.model_id IS
    'The model it guards; null for a provider or a route, which the name says.';
COMMENT ON COLUMN governance.circuit_breakers.name IS 'What it guards, in words.';
COMMENT ON COLUMN governance.circuit_breakers.threshold IS 'Failures that open it.';
COMMENT ON COLUMN governance.circuit_breakers.window_ms IS 'Milliseconds in which they count.';
COMMENT ON COLUMN governance.circuit_breakers.open_ms IS 'Milliseconds until it tries again.';
COMMENT ON COLUMN governance.circuit_breakers.half_open_permits IS 'Calls it lets through to try.';
COMMENT ON COLUMN governance.circuit_breakers.failure_count IS 'Failures in the window, when last told.';
COMMENT ON COLUMN governance.circuit_breakers.state IS 'Whether calls go through.';
COMMENT ON COLUMN governance.circuit_breakers.opened_at IS 'When it last opened.';
COMMENT ON COLUMN governance.circuit_breakers.generation IS
    'Goes up with every change of state; the older is ignored.';
COMMENT ON COLUMN governance.circuit_breakers.trips IS
    'The last changes of state, at most 100; all of them are in the audit log.';
COMMENT ON COLUMN governance.circuit_breakers.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.circuit_breakers.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX circuit_breakers_state ON governance.circuit_breakers (org_id, state);
CREATE INDEX circuit_breakers_created_at ON governance.circuit_breakers (org_id, created_at);
CREATE TRIGGER moves BEFORE UPDATE OF state ON governance.circuit_breakers FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('state', 'CLOSED>OPEN', 'OPEN>HALF_OPEN', 'OPEN>CLOSED', 'HALF_OPEN>OPEN', 'HALF_OPEN>CLOSED');

-- ── Rules and components ─────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE governance.rules (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    version text NOT NULL DEFAULT '1.0.0' CHECK (length(version) BETWEEN 1 AND 20),
    industry_type text
        CHECK (industry_type IN ('healthcare', 'finance', 'ecommerce', 'enterprise', 'global')),
    category text NOT NULL CHECK (length(category) BETWEEN 1 AND 100),
    priority integer NOT NULL DEFAULT 1 CHECK (priority BETWEEN 1 AND 10),
    is_active boolean NOT NULL DEFAULT true,
    content text NOT NULL,
    triggers text[] NOT NULL DEFAULT '{}',
    scope text NOT NULL DEFAULT 'project' CHECK (scope IN ('global', 'industry', 'project')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name, version),
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE governance.rules IS 'Rules for projects, by version.';
COMMENT ON COLUMN governance.rules.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.rules.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.rules.name IS 'Unique in the organization together with its version.';
COMMENT ON COLUMN governance.rules.version IS 'Its version.';
COMMENT ON COLUMN governance.rules.industry_type IS 'Whose rule; null is anybody''s.';
COMMENT ON COLUMN governance.rules.category IS 'What it is about.';
COMMENT ON COLUMN governance.rules.priority IS '1 to 10; the higher goes first.';
COMMENT ON COLUMN governance.rules.is_active IS 'Whether it counts.';
COMMENT ON COLUMN governance.rules.content IS 'The rule.';
COMMENT ON COLUMN governance.rules.triggers IS 'Words that call it up.';
COMMENT ON COLUMN governance.rules.scope IS 'How far it reaches.';
COMMENT ON COLUMN governance.rules.metadata IS 'Free facts about it, not looked into by the program.';
COMMENT ON COLUMN governance.rules.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN governance.rules.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.rules.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX rules_created_by ON governance.rules (org_id, created_by);
CREATE INDEX rules_industry ON governance.rules (org_id, industry_type, is_active);
CREATE INDEX rules_category ON governance.rules (org_id, category);
CREATE INDEX rules_priority ON governance.rules (org_id, priority);
CREATE INDEX rules_is_active ON governance.rules (org_id, is_active);
CREATE INDEX rules_scope ON governance.rules (org_id, scope);
CREATE INDEX rules_high_priority ON governance.rules (org_id, id) WHERE priority >= 8;

CREATE TABLE governance.rule_dependencies (
    org_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    depends_on uuid NOT NULL,
    dependency_type text NOT NULL DEFAULT 'requires'
        CHECK (dependency_type IN ('requires', 'extends', 'conflicts')),
    is_required boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, rule_id, depends_on),
    FOREIGN KEY (org_id, rule_id) REFERENCES governance.rules ON DELETE RESTRICT,
    FOREIGN KEY (org_id, depends_on) REFERENCES governance.rules ON DELETE RESTRICT,
    CHECK (rule_id <> depends_on)
);
COMMENT ON TABLE governance.rule_dependencies IS 'What a rule needs of others.';
COMMENT ON COLUMN governance.rule_dependencies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.rule_dependencies.rule_id IS 'The rule.';
COMMENT ON COLUMN governance.rule_dependencies.depends_on IS 'The rule it needs.';
COMMENT ON COLUMN governance.rule_dependencies.dependency_type IS 'How it needs it.';
COMMENT ON COLUMN governance.rule_dependencies.is_required IS 'Whether it means nothing without.';
COMMENT ON COLUMN governance.rule_dependencies.created_at IS 'When the row was made.';
CREATE INDEX rule_dependencies_depends_on ON governance.rule_dependencies (org_id, depends_on);

CREATE TABLE governance.project_rules (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    effectiveness numeric(3, 2) CHECK (effectiveness BETWEEN 0 AND 1),
    is_active boolean NOT NULL DEFAULT true,
    applied_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, project_id, rule_id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, rule_id) REFERENCES governance.rules ON DELETE RESTRICT,
    FOREIGN KEY (org_id, applied_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE governance.project_rules IS 'Which rules a project is under, and what they did for it.';
COMMENT ON COLUMN governance.project_rules.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.project_rules.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.project_rules.project_id IS 'The project.';
COMMENT ON COLUMN governance.project_rules.rule_id IS 'The rule.';
COMMENT ON COLUMN governance.project_rules.applied_at IS 'From when on.';
COMMENT ON COLUMN governance.project_rules.effectiveness IS 'What it did, 0 to 1; null until measured.';
COMMENT ON COLUMN governance.project_rules.is_active IS 'Whether it still counts.';
COMMENT ON COLUMN governance.project_rules.applied_by IS 'Who applied it; null when the program or a key did.';
COMMENT ON COLUMN governance.project_rules.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX project_rules_rule ON governance.project_rules (org_id, rule_id);
CREATE INDEX project_rules_applied_by ON governance.project_rules (org_id, applied_by);
CREATE INDEX project_rules_applied_at ON governance.project_rules (org_id, applied_at);

CREATE TABLE governance.components (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    type text NOT NULL
        CHECK (type IN ('ui', 'api', 'auth', 'payment', 'data', 'security', 'compliance')),
    version text NOT NULL CHECK (length(version) BETWEEN 1 AND 20),
    industry_type text
        CHECK (industry_type IN ('healthcare', 'finance', 'ecommerce', 'enterprise', 'universal')),
    dependencies jsonb NOT NULL DEFAULT '[]',
    content text NOT NULL,
    usage_count integer NOT NULL DEFAULT 0 CHECK (usage_count >= 0),
    quality_score numeric(3, 2) CHECK (quality_score BETWEEN 0 AND 1),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name, version),
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
) WITH (fillfactor = 85);
COMMENT ON TABLE governance.components IS 'Parts that projects are built from, by version.';
COMMENT ON COLUMN governance.components.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.components.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.components.name IS 'Unique in the organization together with its version.';
COMMENT ON COLUMN governance.components.type IS 'What kind of part.';
COMMENT ON COLUMN governance.components.version IS 'Its version.';
COMMENT ON COLUMN governance.components.industry_type IS 'Whom it is for.';
COMMENT ON COLUMN governance.components.dependencies IS 'Parts it needs.';
COMMENT ON COLUMN governance.components.content IS 'The part.';
COMMENT ON COLUMN governance.components.usage_count IS 'How often it was used; summed up from component_usage.';
COMMENT ON COLUMN governance.components.quality_score IS '0 to 1; null until judged.';
COMMENT ON COLUMN governance.components.metadata IS 'Free facts about it, not looked into by the program.';
COMMENT ON COLUMN governance.components.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN governance.components.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.components.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX components_created_by ON governance.components (org_id, created_by);
CREATE INDEX components_type ON governance.components (org_id, type, industry_type);
CREATE INDEX components_industry ON governance.components (org_id, industry_type);
CREATE INDEX components_usage_count ON governance.components (org_id, usage_count);
CREATE INDEX components_quality ON governance.components (org_id, quality_score);
COMMENT ON INDEX governance.components_quality IS
    'Gives the components in the order of their quality. Comparing a numeric is not leakproof, so under row-level '
    'security a bound on it filters and does not search.';
CREATE INDEX components_popular ON governance.components (org_id, id) WHERE usage_count > 100;

CREATE TABLE governance.component_usage (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    component_id uuid NOT NULL,
    project_id uuid NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    usage_context jsonb NOT NULL DEFAULT '{}',
    usage_count integer NOT NULL DEFAULT 1 CHECK (usage_count > 0),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, component_id, project_id),
    FOREIGN KEY (org_id, component_id) REFERENCES governance.components ON DELETE RESTRICT,
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT
) WITH (fillfactor = 85);
COMMENT ON TABLE governance.component_usage IS 'Which project used which part.';
COMMENT ON COLUMN governance.component_usage.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.component_usage.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.component_usage.component_id IS 'The part.';
COMMENT ON COLUMN governance.component_usage.project_id IS 'The project.';
COMMENT ON COLUMN governance.component_usage.used_at IS 'When it first did.';
COMMENT ON COLUMN governance.component_usage.last_used_at IS 'When it last did.';
COMMENT ON COLUMN governance.component_usage.usage_context IS 'What for.';
COMMENT ON COLUMN governance.component_usage.usage_count IS 'How often.';
CREATE INDEX component_usage_project ON governance.component_usage (org_id, project_id);
CREATE INDEX component_usage_used_at ON governance.component_usage (org_id, used_at);

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
GRANT SELECT ON governance.controls TO witan_app, witan_readonly, witan_backup;
SELECT ops.protect('governance.governance_models');
SELECT ops.protect('governance.compliance_checks', 'SELECT, INSERT');
SELECT ops.protect('governance.compliance_data');
SELECT ops.protect('governance.compliance_history', 'SELECT, INSERT');
SELECT ops.protect('governance.trust_indexes', 'SELECT, INSERT');
SELECT ops.protect('governance.kill_switches');
SELECT ops.protect('governance.circuit_breakers');
SELECT ops.protect('governance.rules');
SELECT ops.protect('governance.rule_dependencies');
SELECT ops.protect('governance.project_rules');
SELECT ops.protect('governance.components');
SELECT ops.protect('governance.component_usage');
SELECT projects.narrow_to_team('governance.compliance_data');
SELECT projects.narrow_to_team('governance.compliance_history');
SELECT projects.narrow_to_team('governance.project_rules');
SELECT projects.narrow_to_team('governance.component_usage');

RESET ROLE;
