-- The zone v3: configurations that failed, kept as they were, and requests to look at them again.

CREATE SCHEMA quarantine AUTHORIZATION witan_owner;
COMMENT ON SCHEMA quarantine IS 'The zone v3: what failed, kept as it was. Only its procedures write the records.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA quarantine TO witan_app, witan_readonly, witan_backup;

CREATE TABLE quarantine.quarantine_records (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    experiment_id uuid,
    config_hash bytea NOT NULL CHECK (length(config_hash) = 32),
    config jsonb NOT NULL,
    reason text NOT NULL CHECK (length(reason) >= 1),
    evidence jsonb NOT NULL DEFAULT '{}',
    failure_metrics jsonb NOT NULL DEFAULT '{}',
    quarantined_by uuid,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    review_status text NOT NULL DEFAULT 'quarantined'
        CHECK (review_status IN ('quarantined', 'under_review', 'approved_retry')),
    reviewed_by uuid,
    reviewed_at timestamptz,
    review_notes text,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, config_hash),
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments ON DELETE RESTRICT,
    FOREIGN KEY (org_id, quarantined_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE quarantine.quarantine_records IS
    'Configurations in quarantine. Read-only to everybody: quarantine.admit and quarantine.review write them, and '
    'only the review may change.';
COMMENT ON COLUMN quarantine.quarantine_records.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN quarantine.quarantine_records.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN quarantine.quarantine_records.experiment_id IS
    'The experiment that failed; null for a version that was degraded.';
COMMENT ON COLUMN quarantine.quarantine_records.config_hash IS 'SHA-256 of config; unique in the organization.';
COMMENT ON COLUMN quarantine.quarantine_records.config IS 'The configuration as it was.';
COMMENT ON COLUMN quarantine.quarantine_records.reason IS 'Why it is here.';
COMMENT ON COLUMN quarantine.quarantine_records.evidence IS 'What shows it.';
COMMENT ON COLUMN quarantine.quarantine_records.failure_metrics IS 'What was measured.';
COMMENT ON COLUMN quarantine.quarantine_records.quarantined_by IS 'Who put it here; null when the program did.';
COMMENT ON COLUMN quarantine.quarantine_records.quarantined_at IS 'When.';
COMMENT ON COLUMN quarantine.quarantine_records.review_status IS 'Whether it may be tried again.';
COMMENT ON COLUMN quarantine.quarantine_records.reviewed_by IS 'Who looked at it last.';
COMMENT ON COLUMN quarantine.quarantine_records.reviewed_at IS 'When.';
COMMENT ON COLUMN quarantine.quarantine_records.review_notes IS 'What that person says.';
CREATE INDEX quarantine_records_experiment ON quarantine.quarantine_records (org_id, experiment_id);
CREATE INDEX quarantine_records_quarantined_by ON quarantine.quarantine_records (org_id, quarantined_by);
CREATE INDEX quarantine_records_reviewed_by ON quarantine.quarantine_records (org_id, reviewed_by);
CREATE INDEX quarantine_records_status ON quarantine.quarantine_records (org_id, review_status);
CREATE TRIGGER fixed BEFORE UPDATE ON quarantine.quarantine_records FOR EACH ROW EXECUTE FUNCTION
    ops.check_fixed('review_status', 'reviewed_by', 'reviewed_at', 'review_notes');
CREATE TRIGGER moves BEFORE UPDATE OF review_status ON quarantine.quarantine_records FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('review_status', 'quarantined>under_review', 'under_review>quarantined',
    'under_review>approved_retry', 'approved_retry>quarantined');
SELECT ops.keep_rows('quarantine.quarantine_records');

CREATE TABLE quarantine.reevaluation_requests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    requested_by uuid,
    reason text NOT NULL CHECK (length(reason) >= 1),
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'approved', 'rejected', 'completed')),
    approved_by uuid,
    approved_at timestamptz,
    completed_at timestamptz,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, record_id) REFERENCES quarantine.quarantine_records ON DELETE RESTRICT,
    FOREIGN KEY (org_id, requested_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, approved_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (approved_by <> requested_by),
    CHECK (status NOT IN ('approved', 'completed') OR approved_by IS NOT NULL),
    CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
COMMENT ON TABLE quarantine.reevaluation_requests IS
    'Requests to try a configuration again, and what became of them.';
COMMENT ON COLUMN quarantine.reevaluation_requests.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN quarantine.reevaluation_requests.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN quarantine.reevaluation_requests.record_id IS 'The configuration in quarantine.';
COMMENT ON COLUMN quarantine.reevaluation_requests.requested_by IS 'Who asks; null when a key did.';
COMMENT ON COLUMN quarantine.reevaluation_requests.reason IS 'What is new.';
COMMENT ON COLUMN quarantine.reevaluation_requests.status IS 'Where it stands.';
COMMENT ON COLUMN quarantine.reevaluation_requests.approved_by IS
    'Who decided; another person than the one who asks.';
COMMENT ON COLUMN quarantine.reevaluation_requests.approved_at IS 'When.';
COMMENT ON COLUMN quarantine.reevaluation_requests.completed_at IS 'When the new evaluation was done.';
COMMENT ON COLUMN quarantine.reevaluation_requests.result IS 'What it gave.';
COMMENT ON COLUMN quarantine.reevaluation_requests.created_at IS 'When the row was made.';
COMMENT ON COLUMN quarantine.reevaluation_requests.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX reevaluation_requests_record ON quarantine.reevaluation_requests (org_id, record_id);
CREATE INDEX reevaluation_requests_requested_by ON quarantine.reevaluation_requests (org_id, requested_by);
CREATE INDEX reevaluation_requests_approved_by ON quarantine.reevaluation_requests (org_id, approved_by);
CREATE INDEX reevaluation_requests_status ON quarantine.reevaluation_requests (org_id, status, created_at);
CREATE UNIQUE INDEX reevaluation_requests_open ON quarantine.reevaluation_requests (org_id, record_id)
    WHERE status IN ('pending', 'approved');
CREATE TRIGGER moves BEFORE UPDATE OF status ON quarantine.reevaluation_requests FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'pending>approved', 'pending>rejected', 'approved>completed', 'approved>rejected');
SELECT ops.keep_rows('quarantine.reevaluation_requests');

SELECT ops.protect('quarantine.quarantine_records', 'SELECT');
SELECT ops.protect('quarantine.reevaluation_requests');

-- The procedures run as the owner, and within the caller's organization all the same.
CREATE POLICY procedures ON quarantine.quarantine_records TO witan_owner
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));

CREATE FUNCTION quarantine.admit(
    record_id uuid, experiment uuid, hash bytea, configuration jsonb, why text, shown_by jsonb, metrics jsonb,
    person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO quarantine.quarantine_records
        (org_id, id, experiment_id, config_hash, config, reason, evidence, failure_metrics, quarantined_by)
    VALUES (ops.current_org(), record_id, experiment, hash, configuration, why, shown_by, metrics, person)
$$;
COMMENT ON FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid) IS
    'Puts a configuration of the caller''s organization into quarantine: record, experiment, SHA-256 of the '
    'configuration, the configuration, reason, evidence, metrics, person.';

CREATE FUNCTION quarantine.review(record_id uuid, becomes text, person uuid, notes text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH reviewed AS (
        UPDATE quarantine.quarantine_records
        SET review_status = becomes, reviewed_by = person, reviewed_at = now(), review_notes = notes
        WHERE org_id = ops.current_org() AND id = record_id
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM reviewed)
$$;
COMMENT ON FUNCTION quarantine.review(uuid, text, uuid, text) IS
    'Notes a review of a configuration in quarantine: record, new review_status, person, notes; false when there '
    'is none.';
GRANT EXECUTE ON FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid),
    quarantine.review(uuid, text, uuid, text) TO witan_app;

CREATE VIEW quarantine.statistics WITH (security_invoker = true) AS
    SELECT
        org_id,
        review_status,
        count(*) AS records,
        min(quarantined_at) AS oldest,
        max(quarantined_at) AS newest,
        count(*) FILTER (WHERE quarantined_at >= now() - interval '30 days')
            AS in_last_30_days
    FROM quarantine.quarantine_records GROUP BY org_id, review_status;
COMMENT ON VIEW quarantine.statistics IS 'How much is in quarantine, by organization and state of review.';
COMMENT ON COLUMN quarantine.statistics.org_id IS 'The organization.';
COMMENT ON COLUMN quarantine.statistics.review_status IS 'The state of review.';
COMMENT ON COLUMN quarantine.statistics.records IS 'How many records.';
COMMENT ON COLUMN quarantine.statistics.oldest IS 'When the oldest of them came.';
COMMENT ON COLUMN quarantine.statistics.newest IS 'When the newest of them came.';
COMMENT ON COLUMN quarantine.statistics.in_last_30_days IS 'How many of them came in the last 30 days.';
GRANT SELECT ON quarantine.statistics TO witan_app, witan_readonly;

RESET ROLE;
