-- The zone where versions are tried: experiments, their evaluations, promotions, and configurations that are barred.

CREATE SCHEMA experiments_v1 AUTHORIZATION witan_owner;
COMMENT ON SCHEMA experiments_v1 IS 'The zone v1: what is tried, how it did, and who let it through.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA experiments_v1 TO witan_app, witan_readonly, witan_backup;

CREATE TABLE experiments_v1.experiments (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    project_id uuid,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '',
    version text NOT NULL DEFAULT 'v1' CHECK (version = 'v1'),
    config jsonb NOT NULL,
    config_hash bytea NOT NULL CHECK (length(config_hash) = 32),
    dataset_id uuid,
    status text NOT NULL DEFAULT 'created' CHECK (status IN
        ('created', 'running', 'completed', 'failed', 'evaluating', 'promoted', 'quarantined')),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects ON DELETE RESTRICT,
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE experiments_v1.experiments IS 'Configurations that are tried out.';
COMMENT ON COLUMN experiments_v1.experiments.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.experiments.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.experiments.project_id IS 'The project it is for; null for one of its own.';
COMMENT ON COLUMN experiments_v1.experiments.name IS 'What it is called.';
COMMENT ON COLUMN experiments_v1.experiments.description IS 'What is to be learned.';
COMMENT ON COLUMN experiments_v1.experiments.version IS 'The zone; experiments are in v1.';
COMMENT ON COLUMN experiments_v1.experiments.config IS 'Model, prompt and parameters.';
COMMENT ON COLUMN experiments_v1.experiments.config_hash IS 'SHA-256 of config as canonical JSON (RFC 8785).';
COMMENT ON COLUMN experiments_v1.experiments.dataset_id IS 'The data it runs on, wherever they are kept.';
COMMENT ON COLUMN experiments_v1.experiments.status IS 'Where it stands.';
COMMENT ON COLUMN experiments_v1.experiments.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN experiments_v1.experiments.created_at IS 'When the row was made.';
COMMENT ON COLUMN experiments_v1.experiments.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN experiments_v1.experiments.started_at IS 'When it began to run.';
COMMENT ON COLUMN experiments_v1.experiments.completed_at IS 'When it was over.';
CREATE INDEX experiments_project ON experiments_v1.experiments (org_id, project_id);
CREATE INDEX experiments_created_by ON experiments_v1.experiments (org_id, created_by);
CREATE INDEX experiments_status ON experiments_v1.experiments (org_id, status, created_at);
CREATE INDEX experiments_config_hash ON experiments_v1.experiments (org_id, config_hash);
CREATE TRIGGER moves BEFORE UPDATE OF status ON experiments_v1.experiments FOR EACH ROW EXECUTE FUNCTION ops.check_move(
    'status', 'created>running', 'created>failed', 'running>completed', 'running>failed', 'running>evaluating',
    'completed>evaluating', 'evaluating>completed', 'evaluating>failed', 'evaluating>promoted',
    'evaluating>quarantined', 'completed>promoted', 'completed>quarantined', 'failed>evaluating', 'failed>quarantined');
SELECT ops.keep_rows('experiments_v1.experiments');

CREATE TABLE experiments_v1.evaluations (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    metrics jsonb NOT NULL,
    ai_verdict text CHECK (ai_verdict IN ('pass', 'fail', 'manual_review')),
    ai_confidence numeric(4, 3) CHECK (ai_confidence BETWEEN 0 AND 1),
    human_override text CHECK (human_override IN ('pass', 'fail')),
    override_reason text,
    evaluated_by text NOT NULL CHECK (evaluated_by IN ('ai', 'human')),
    evaluator_id uuid,
    evaluated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments ON DELETE RESTRICT,
    FOREIGN KEY (org_id, evaluator_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((human_override IS NULL) = (override_reason IS NULL)),
    CHECK (ai_verdict IS NOT NULL OR human_override IS NOT NULL),
    CHECK (human_override IS NULL OR evaluated_by = 'human')
);
COMMENT ON TABLE experiments_v1.evaluations IS
    'What an experiment''s metrics say; a person may overrule, with a reason. Added to, never changed.';
COMMENT ON COLUMN experiments_v1.evaluations.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.evaluations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.evaluations.experiment_id IS 'The experiment.';
COMMENT ON COLUMN experiments_v1.evaluations.metrics IS 'What was measured, with sample sizes.';
COMMENT ON COLUMN experiments_v1.evaluations.ai_verdict IS 'What the judging model says; null without one.';
COMMENT ON COLUMN experiments_v1.evaluations.ai_confidence IS 'How sure it is, 0 to 1.';
COMMENT ON COLUMN experiments_v1.evaluations.human_override IS 'What a person says instead; null without one.';
COMMENT ON COLUMN experiments_v1.evaluations.override_reason IS 'Why the person says so.';
COMMENT ON COLUMN experiments_v1.evaluations.evaluated_by IS 'Who has the last word.';
COMMENT ON COLUMN experiments_v1.evaluations.evaluator_id IS 'The person; null when only a model judged.';
COMMENT ON COLUMN experiments_v1.evaluations.evaluated_at IS 'When.';
CREATE INDEX evaluations_experiment ON experiments_v1.evaluations (org_id, experiment_id, id);
CREATE INDEX evaluations_evaluator ON experiments_v1.evaluations (org_id, evaluator_id);
CREATE INDEX evaluations_verdict ON experiments_v1.evaluations (org_id, ai_verdict);
SELECT ops.append_only('experiments_v1.evaluations');

CREATE TABLE experiments_v1.promotions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    version_id uuid,
    from_version text NOT NULL DEFAULT 'v1' CHECK (from_version IN ('v1', 'v2', 'v3')),
    to_version text NOT NULL DEFAULT 'v2' CHECK (to_version IN ('v1', 'v2', 'v3')),
    config_hash bytea NOT NULL CHECK (length(config_hash) = 32),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'approved', 'rejected', 'completed')),
    reason text NOT NULL CHECK (length(reason) >= 1),
    requested_by uuid,
    approver_id uuid,
    decided_at timestamptz,
    promoted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments ON DELETE RESTRICT,
    FOREIGN KEY (org_id, version_id) REFERENCES projects.versions ON DELETE RESTRICT,
    FOREIGN KEY (org_id, requested_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, approver_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (from_version <> to_version),
    CHECK (approver_id <> requested_by),
    CHECK (status NOT IN ('approved', 'completed') OR approver_id IS NOT NULL),
    CHECK ((status = 'completed') = (promoted_at IS NOT NULL))
);
COMMENT ON TABLE experiments_v1.promotions IS
    'Requests to let a version through to the next zone, and what became of them.';
COMMENT ON COLUMN experiments_v1.promotions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.promotions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.promotions.experiment_id IS 'What is to be promoted (001''s from_version_id).';
COMMENT ON COLUMN experiments_v1.promotions.version_id IS 'The project''s version it became; null until then.';
COMMENT ON COLUMN experiments_v1.promotions.from_version IS 'The zone it comes from.';
COMMENT ON COLUMN experiments_v1.promotions.to_version IS 'The zone it goes to.';
COMMENT ON COLUMN experiments_v1.promotions.config_hash IS
    'What is asked for; it stays, and another configuration takes another request.';
COMMENT ON COLUMN experiments_v1.promotions.status IS 'Where it stands.';
COMMENT ON COLUMN experiments_v1.promotions.reason IS 'Why it should be.';
COMMENT ON COLUMN experiments_v1.promotions.requested_by IS 'Who asks.';
COMMENT ON COLUMN experiments_v1.promotions.approver_id IS 'Who decided; another person than the one who asks.';
COMMENT ON COLUMN experiments_v1.promotions.decided_at IS 'When.';
COMMENT ON COLUMN experiments_v1.promotions.promoted_at IS 'When it was done.';
COMMENT ON COLUMN experiments_v1.promotions.created_at IS 'When the row was made.';
COMMENT ON COLUMN experiments_v1.promotions.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX promotions_experiment ON experiments_v1.promotions (org_id, experiment_id);
CREATE INDEX promotions_version ON experiments_v1.promotions (org_id, version_id);
CREATE INDEX promotions_requested_by ON experiments_v1.promotions (org_id, requested_by);
CREATE INDEX promotions_approver ON experiments_v1.promotions (org_id, approver_id);
CREATE INDEX promotions_status ON experiments_v1.promotions (org_id, status, created_at);
CREATE UNIQUE INDEX promotions_open ON experiments_v1.promotions (org_id, experiment_id)
    WHERE status IN ('pending', 'approved');
CREATE TRIGGER moves BEFORE UPDATE OF status ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.check_move(
    'status', 'pending>approved', 'pending>rejected', 'approved>completed', 'approved>rejected');
-- What is asked for stays as it was asked: an approval is of one configuration of one experiment.
CREATE TRIGGER fixed BEFORE UPDATE ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.check_fixed(
    'version_id', 'status', 'approver_id', 'decided_at', 'promoted_at', 'updated_at');
SELECT ops.keep_rows('experiments_v1.promotions');

CREATE TABLE experiments_v1.blacklist (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    config_hash bytea NOT NULL CHECK (length(config_hash) = 32),
    experiment_id uuid,
    reason text NOT NULL CHECK (length(reason) >= 1),
    evidence jsonb NOT NULL DEFAULT '{}',
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    quarantined_by uuid,
    review_status text NOT NULL DEFAULT 'pending'
        CHECK (review_status IN ('pending', 'reviewed', 'appealed')),
    reviewed_by uuid,
    reviewed_at timestamptz,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, config_hash),
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments ON DELETE RESTRICT,
    FOREIGN KEY (org_id, quarantined_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (review_status = 'pending' OR reviewed_at IS NOT NULL OR review_status = 'appealed')
);
COMMENT ON TABLE experiments_v1.blacklist IS 'Configurations that may not be tried again.';
COMMENT ON COLUMN experiments_v1.blacklist.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.blacklist.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.blacklist.config_hash IS 'SHA-256 of the configuration; unique in the organization.';
COMMENT ON COLUMN experiments_v1.blacklist.experiment_id IS
    'The experiment that showed it; null for one barred otherwise.';
COMMENT ON COLUMN experiments_v1.blacklist.reason IS 'Why.';
COMMENT ON COLUMN experiments_v1.blacklist.evidence IS 'What shows it.';
COMMENT ON COLUMN experiments_v1.blacklist.quarantined_at IS 'From when on.';
COMMENT ON COLUMN experiments_v1.blacklist.quarantined_by IS 'Who barred it; null when the program did.';
COMMENT ON COLUMN experiments_v1.blacklist.review_status IS 'Whether somebody looked at it again.';
COMMENT ON COLUMN experiments_v1.blacklist.reviewed_by IS 'Who did.';
COMMENT ON COLUMN experiments_v1.blacklist.reviewed_at IS 'When.';
CREATE INDEX blacklist_experiment ON experiments_v1.blacklist (org_id, experiment_id);
CREATE INDEX blacklist_quarantined_by ON experiments_v1.blacklist (org_id, quarantined_by);
CREATE INDEX blacklist_reviewed_by ON experiments_v1.blacklist (org_id, reviewed_by);
CREATE INDEX blacklist_review_status ON experiments_v1.blacklist (org_id, review_status);
CREATE TRIGGER fixed BEFORE UPDATE ON experiments_v1.blacklist
    FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('review_status', 'reviewed_by', 'reviewed_at');
SELECT ops.keep_rows('experiments_v1.blacklist');

CREATE TABLE experiments_v1.comparison_reports (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    v1_experiment_id uuid NOT NULL,
    v2_version_id uuid NOT NULL,
    dataset_id uuid,
    metrics jsonb NOT NULL,
    recommendation text NOT NULL CHECK (recommendation IN ('promote', 'hold', 'quarantine')),
    confidence numeric(4, 3) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, v1_experiment_id) REFERENCES experiments_v1.experiments ON DELETE RESTRICT,
    FOREIGN KEY (org_id, v2_version_id) REFERENCES projects.versions ON DELETE RESTRICT
);
COMMENT ON TABLE experiments_v1.comparison_reports IS
    'An experiment beside the version in production, on the same data. Added to, never changed.';
COMMENT ON COLUMN experiments_v1.comparison_reports.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.comparison_reports.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.comparison_reports.v1_experiment_id IS 'What is tried.';
COMMENT ON COLUMN experiments_v1.comparison_reports.v2_version_id IS 'What is in production.';
COMMENT ON COLUMN experiments_v1.comparison_reports.dataset_id IS 'The data both ran on.';
COMMENT ON COLUMN experiments_v1.comparison_reports.metrics IS
    'Per metric: both sides, the shift, its interval, the test.';
COMMENT ON COLUMN experiments_v1.comparison_reports.recommendation IS 'What to do.';
COMMENT ON COLUMN experiments_v1.comparison_reports.confidence IS 'How sure that is, 0 to 1.';
COMMENT ON COLUMN experiments_v1.comparison_reports.created_at IS 'When the row was made.';
CREATE INDEX comparison_reports_experiment ON experiments_v1.comparison_reports (org_id, v1_experiment_id);
CREATE INDEX comparison_reports_version ON experiments_v1.comparison_reports (org_id, v2_version_id);
SELECT ops.append_only('experiments_v1.comparison_reports');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('experiments_v1.experiments');
SELECT ops.protect('experiments_v1.evaluations', 'SELECT, INSERT');
SELECT ops.protect('experiments_v1.promotions');
SELECT ops.protect('experiments_v1.blacklist');
SELECT ops.protect('experiments_v1.comparison_reports', 'SELECT, INSERT');
SELECT projects.narrow_to_team('experiments_v1.experiments');

RESET ROLE;
