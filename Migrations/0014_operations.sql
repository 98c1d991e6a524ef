-- What keeps the installation running by itself: leases, jobs, how long rows are kept, and what was archived.
-- irreversible: it holds the proof of what retention took out of the log

SET ROLE witan_owner;

-- ── Leases and jobs ──────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE ops.leases (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    holder uuid NOT NULL,
    holder_name text NOT NULL CHECK (length(holder_name) BETWEEN 1 AND 300),
    fence bigint NOT NULL CHECK (fence > 0),
    acquired_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK (expires_at >= acquired_at)
);
COMMENT ON TABLE ops.leases IS
    'Who may do what only one node at a time may do; taken and renewed by the servers. A row and not an advisory lock, '
    'so that it works through poolers. No org_id: a node works for every organization.';
COMMENT ON COLUMN ops.leases.name IS 'The task, such as scheduler.';
COMMENT ON COLUMN ops.leases.holder IS 'The id that the process drew when it started.';
COMMENT ON COLUMN ops.leases.holder_name IS 'Host name and process id of the holder, for people.';
COMMENT ON COLUMN ops.leases.fence IS
    'Goes up by one whenever the lease changes hands; writes of an earlier holder are refused by it.';
COMMENT ON COLUMN ops.leases.acquired_at IS 'When this holder took it.';
COMMENT ON COLUMN ops.leases.expires_at IS 'From then on anybody may take it; the holder renews long before.';

CREATE TABLE ops.jobs (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    interval_seconds integer NOT NULL CHECK (interval_seconds BETWEEN 1 AND 31622400),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running')),
    next_run_at timestamptz NOT NULL DEFAULT now(),
    last_started_at timestamptz,
    last_finished_at timestamptz,
    last_result text CHECK (last_result IN ('done', 'failed', 'interrupted')),
    last_message text CHECK (length(last_message) <= 2000),
    runs bigint NOT NULL DEFAULT 0 CHECK (runs >= 0),
    failures bigint NOT NULL DEFAULT 0 CHECK (failures >= 0),
    consecutive_failures integer NOT NULL DEFAULT 0 CHECK (consecutive_failures >= 0),
    fence bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE ops.jobs IS
    'The background jobs of the installation, each with its last and next run; written by the scheduler. No org_id: '
    'they serve every organization.';
COMMENT ON COLUMN ops.jobs.name IS 'The job, such as partitions or retention.';
COMMENT ON COLUMN ops.jobs.interval_seconds IS 'Seconds from one run to the next.';
COMMENT ON COLUMN ops.jobs.state IS 'running while a node is at it; a row left running by a dead node is taken over.';
COMMENT ON COLUMN ops.jobs.next_run_at IS 'When it is due; set it to now() to have it run at once.';
COMMENT ON COLUMN ops.jobs.last_started_at IS 'When the last run began.';
COMMENT ON COLUMN ops.jobs.last_finished_at IS 'When the last run ended.';
COMMENT ON COLUMN ops.jobs.last_result IS 'How the last run ended; interrupted when its node died in it.';
COMMENT ON COLUMN ops.jobs.last_message IS 'What the last run did, or why it failed, in a sentence.';
COMMENT ON COLUMN ops.jobs.runs IS 'Runs begun so far.';
COMMENT ON COLUMN ops.jobs.failures IS 'Runs that failed or were interrupted so far.';
COMMENT ON COLUMN ops.jobs.consecutive_failures IS 'Failures since the last run that went well.';
COMMENT ON COLUMN ops.jobs.fence IS 'The fence of the lease under which the row was last written.';

-- ── Retention ────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE ops.retention_defaults (
    table_name text PRIMARY KEY CHECK (table_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'),
    keep_days integer CHECK (keep_days BETWEEN 1 AND 36525),
    content_days integer CHECK (content_days BETWEEN 1 AND 36525),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500)
);
COMMENT ON TABLE ops.retention_defaults IS
    'How long rows are kept where the organization has no policy of its own. No org_id: it is for those who have said '
    'nothing.';
COMMENT ON COLUMN ops.retention_defaults.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN ops.retention_defaults.keep_days IS 'Days until a row may be archived; null keeps it for good.';
COMMENT ON COLUMN ops.retention_defaults.content_days IS 'Days until its content columns are blanked; null never.';
COMMENT ON COLUMN ops.retention_defaults.reason IS 'Where the figure comes from.';
INSERT INTO ops.retention_defaults (table_name, keep_days, content_days, reason) VALUES
    ('audits.audit_log', 365, NULL, 'one year, as the source design of the orchestrated platform has it'),
    ('audits.system_logs', 183, NULL, 'six months, as the same design has it'),
    ('projects.projects', 730, NULL, 'completed projects are marked archived two years after their last change; no row goes'),
    ('council.requests', NULL, NULL, 'kept until an organization says otherwise'),
    ('council.session_history', NULL, NULL, 'kept with its conversation; its content until an organization says otherwise'),
    ('council.council_responses', NULL, NULL, 'kept until an organization says otherwise'),
    ('council.deliberation_exchanges', NULL, NULL, 'kept until an organization says otherwise'),
    ('providers.cost_records', NULL, NULL, 'the ledger is kept until an organization says otherwise');

CREATE TABLE ops.retention_policies (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    table_name text NOT NULL REFERENCES ops.retention_defaults ON DELETE RESTRICT,
    duty text NOT NULL CHECK (length(duty) BETWEEN 1 AND 100),
    keep_days integer CHECK (keep_days BETWEEN 1 AND 36525),
    content_days integer CHECK (content_days BETWEEN 1 AND 36525),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    CHECK (keep_days IS NOT NULL OR content_days IS NOT NULL)
);
CREATE UNIQUE INDEX retention_policies_duty ON ops.retention_policies (org_id, table_name, duty)
    WHERE retired_at IS NULL;
-- Not led by org_id: it serves the foreign key to a table without one.
CREATE INDEX retention_policies_table ON ops.retention_policies (table_name);
COMMENT ON TABLE ops.retention_policies IS
    'What an organization''s duties ask of a table: the longest keeps the row, the shortest ends its content.';
COMMENT ON COLUMN ops.retention_policies.org_id IS 'The organization.';
COMMENT ON COLUMN ops.retention_policies.id IS 'UUIDv7.';
COMMENT ON COLUMN ops.retention_policies.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN ops.retention_policies.duty IS 'The law, contract or rule it follows from, in a few words.';
COMMENT ON COLUMN ops.retention_policies.keep_days IS 'Days the row must stay; null says nothing about it.';
COMMENT ON COLUMN ops.retention_policies.content_days IS
    'Days after which content columns must be blank; null says nothing about it.';
COMMENT ON COLUMN ops.retention_policies.created_at IS 'When it was made.';
COMMENT ON COLUMN ops.retention_policies.retired_at IS 'When it ceased to hold; policies are not removed.';

-- ── Archives ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE ops.archives (
    id uuid PRIMARY KEY,
    table_name text NOT NULL CHECK (table_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'),
    partition_name text NOT NULL CHECK (partition_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'),
    lower_id uuid NOT NULL,
    upper_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('writing', 'verified', 'signed', 'detached', 'dropped', 'abandoned')),
    row_count bigint CHECK (row_count >= 0),
    content_sha256 bytea CHECK (length(content_sha256) = 32),
    file text CHECK (length(file) BETWEEN 1 AND 1000),
    file_bytes bigint CHECK (file_bytes > 0),
    file_sha256 bytea CHECK (length(file_sha256) = 32),
    master_key_id text NOT NULL,
    fence bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    state_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz,
    problem text CHECK (length(problem) <= 1000),
    CHECK (lower_id < upper_id),
    CHECK (state IN ('writing', 'abandoned') OR (row_count IS NOT NULL AND content_sha256 IS NOT NULL
        AND file IS NOT NULL AND file_bytes IS NOT NULL AND file_sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX archives_partition ON ops.archives (partition_name) WHERE state <> 'abandoned';
COMMENT ON TABLE ops.archives IS
    'Partitions that were written to files and taken out of the database, or are on the way; written by retention. No '
    'org_id: a partition holds a month of all organizations.';
COMMENT ON COLUMN ops.archives.id IS 'UUIDv7; the file''s key is derived from it and the master key.';
COMMENT ON COLUMN ops.archives.table_name IS 'The partitioned table, with its schema.';
COMMENT ON COLUMN ops.archives.partition_name IS 'The partition, with its schema.';
COMMENT ON COLUMN ops.archives.lower_id IS 'The smallest id the partition can hold.';
COMMENT ON COLUMN ops.archives.upper_id IS 'The first id after it.';
COMMENT ON COLUMN ops.archives.state IS
    'The last step that is done: writing, verified, signed, detached, dropped; abandoned when it was given up.';
COMMENT ON COLUMN ops.archives.row_count IS 'Rows in the file.';
COMMENT ON COLUMN ops.archives.content_sha256 IS 'SHA-256 over the rows as JSON lines, before encryption.';
COMMENT ON COLUMN ops.archives.file IS 'The file''s name in the archive directory.';
COMMENT ON COLUMN ops.archives.file_bytes IS 'Size of the file in bytes.';
COMMENT ON COLUMN ops.archives.file_sha256 IS 'SHA-256 of the file as it lies there, encrypted.';
COMMENT ON COLUMN ops.archives.master_key_id IS 'The master key that the file''s key is derived from.';
COMMENT ON COLUMN ops.archives.fence IS 'The fence of the lease under which the row was last written.';
COMMENT ON COLUMN ops.archives.started_at IS 'When the archive was begun.';
COMMENT ON COLUMN ops.archives.state_at IS 'When the last step was done.';
COMMENT ON COLUMN ops.archives.checked_at IS 'When the file was last read back and found whole.';
COMMENT ON COLUMN ops.archives.problem IS 'Why it was given up, or what the last check of the file found.';

CREATE TABLE ops.archived_runs (
    org_id uuid NOT NULL,
    archive_id uuid NOT NULL REFERENCES ops.archives ON DELETE RESTRICT,
    table_name text NOT NULL,
    lower_id uuid NOT NULL,
    upper_id uuid NOT NULL,
    row_count bigint NOT NULL CHECK (row_count >= 0),
    edges bytea NOT NULL,
    statement text NOT NULL CHECK (length(statement) BETWEEN 2 AND 8000),
    signature bytea NOT NULL CHECK (length(signature) = 64),
    entry_id uuid NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, archive_id)
);
-- Not led by org_id: it serves the foreign key to a table without one.
CREATE INDEX archived_runs_archive ON ops.archived_runs (archive_id);
COMMENT ON TABLE ops.archived_runs IS
    'What an organization had in an archived partition, signed; with it the log verifies although the rows are '
    'gone.';
COMMENT ON COLUMN ops.archived_runs.org_id IS 'The organization; no foreign key, because this proves something.';
COMMENT ON COLUMN ops.archived_runs.archive_id IS 'The archive.';
COMMENT ON COLUMN ops.archived_runs.table_name IS 'The partitioned table, with its schema.';
COMMENT ON COLUMN ops.archived_runs.lower_id IS 'The smallest id of the run.';
COMMENT ON COLUMN ops.archived_runs.upper_id IS 'The first id after it.';
COMMENT ON COLUMN ops.archived_runs.row_count IS 'The organization''s rows in it.';
COMMENT ON COLUMN ops.archived_runs.edges IS
    'Ids and digests of archived entries in links of the chain that also hold entries outside of the run.';
COMMENT ON COLUMN ops.archived_runs.statement IS
    'Canonical JSON of partition, rows, digest and position in the chain: what is signed.';
COMMENT ON COLUMN ops.archived_runs.signature IS 'Ed25519 over the statement, by a key derived from the master key.';
COMMENT ON COLUMN ops.archived_runs.entry_id IS 'The entry in the organization''s log that says the same.';
COMMENT ON COLUMN ops.archived_runs.signed_at IS 'When it was signed.';
SELECT ops.append_only('ops.archived_runs');
SELECT ops.keep_rows('ops.archives');
SELECT ops.keep_rows('ops.retention_policies');

-- ── Seals over rows ──────────────────────────────────────────────────────────────────────────────────────────────
-- The log is chained, calls are in the log one by one, and what else proves something or may never go is sealed here:
-- what an owner changes behind the triggers' back is found by comparing.
CREATE TABLE audits.row_seals (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    table_name text NOT NULL CHECK (length(table_name) BETWEEN 3 AND 200),
    columns text[] NOT NULL CHECK (cardinality(columns) > 0),
    keys text[] NOT NULL CHECK (cardinality(keys) BETWEEN 1 AND 10000),
    digests bytea[] NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    CHECK (cardinality(digests) = cardinality(keys))
);
COMMENT ON TABLE audits.row_seals IS
    'Digests of rows that must stay as they are, or stay; each seal is an entry in the log, which the chain proves. '
    'Written by the seals job.';
COMMENT ON COLUMN audits.row_seals.org_id IS 'The organization; no foreign key, because this proves something.';
COMMENT ON COLUMN audits.row_seals.id IS 'The entry in the log that has the digest of this row.';
COMMENT ON COLUMN audits.row_seals.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN audits.row_seals.columns IS
    'The columns under the digests: all where rows are only added, else those that nothing may change.';
COMMENT ON COLUMN audits.row_seals.keys IS 'The rows: primary keys without the organization, as JSON.';
COMMENT ON COLUMN audits.row_seals.digests IS 'SHA-256 of each row''s columns, as JSON.';
COMMENT ON COLUMN audits.row_seals.sealed_at IS 'When it was made.';
SELECT ops.append_only('audits.row_seals');
SELECT ops.protect('audits.row_seals', 'SELECT, INSERT');

CREATE FUNCTION audits.sealed_tables() RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relkind = 'r' AND NOT c.relispartition
        AND c.oid NOT IN ('audits.chain'::regclass, 'audits.row_seals'::regclass)
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id')
        AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname IN ('append_only', 'no_delete'))
    ORDER BY 1
$$;
COMMENT ON FUNCTION audits.sealed_tables() IS
    'The tables whose rows are sealed: those of tenants with a guard (ops.append_only, ops.keep_rows). The chain proves '
    'itself, and what is divided by month is in the log.';

CREATE FUNCTION audits.sealed_columns(target regclass) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND (
        EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = target AND t.tgname = 'append_only')
        OR EXISTS (SELECT FROM pg_index i
                   WHERE i.indrelid = target AND i.indisprimary AND a.attnum = ANY (i.indkey::smallint[]))
        OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = target AND t.tgname = 'fixed'
                   AND a.attname <> ALL (string_to_array(encode(t.tgargs, 'escape'), E'\\000'))))
$$;
COMMENT ON FUNCTION audits.sealed_columns(regclass) IS
    'What of a row never changes: all of it where rows are only added, else its key and what ops.check_fixed keeps.';

CREATE FUNCTION audits.row_digests(target regclass, columns text[]) RETURNS TABLE (key text, digest bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD'
    SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
DECLARE
    key_columns text;
    value_columns text;
BEGIN
    SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY array_position(i.indkey::smallint[], a.attnum))
        INTO key_columns
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = target AND a.attnum = ANY (i.indkey::smallint[])
    WHERE i.indrelid = target AND i.indisprimary AND a.attname <> 'org_id';
    SELECT string_agg(format('t.%I', a.attname), ', ') INTO value_columns
    FROM pg_attribute a WHERE a.attrelid = target AND a.attname = ANY (columns) AND NOT a.attisdropped;
    RETURN QUERY EXECUTE format(
        'SELECT jsonb_build_array(%s)::text, sha256(convert_to(to_jsonb(r)::text, ''UTF8'')) '
        'FROM %s t CROSS JOIN LATERAL (SELECT %s) r WHERE t.org_id = ops.current_org()',
        key_columns, target, value_columns);
END
$$;
COMMENT ON FUNCTION audits.row_digests(regclass, text[]) IS
    'Key and digest of every row of the table that the current organization has, the same on every server.';

CREATE FUNCTION audits.seal_rows(target regclass, seal uuid) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sealed integer;
BEGIN
    INSERT INTO audits.row_seals (org_id, id, table_name, columns, keys, digests)
    SELECT ops.current_org(), seal, target::text, audits.sealed_columns(target), array_agg(u.key ORDER BY u.key),
           array_agg(u.digest ORDER BY u.key)
    FROM (SELECT d.key, d.digest FROM audits.row_digests(target, audits.sealed_columns(target)) d
          WHERE d.key NOT IN (SELECT unnest(s.keys) FROM audits.row_seals s WHERE s.table_name = target::text)
          ORDER BY d.key LIMIT 10000) u
    HAVING count(*) > 0
    RETURNING cardinality(keys) INTO sealed;
    RETURN coalesce(sealed, 0);
END
$$;
COMMENT ON FUNCTION audits.seal_rows(regclass, uuid) IS
    'Seals at most 10,000 rows of the current organization that are not sealed yet, and says how many there were; the '
    'caller writes the log''s entry.';

CREATE FUNCTION audits.seals(only_id uuid DEFAULT NULL)
    RETURNS TABLE (id uuid, table_name text, row_count integer, digest bytea)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET bytea_output = 'hex' AS $$
    SELECT s.id, s.table_name, cardinality(s.keys),
           sha256(convert_to(jsonb_build_array(s.table_name, s.columns, s.keys, s.digests)::text, 'UTF8'))
    FROM audits.row_seals s WHERE only_id IS NULL OR s.id = only_id
$$;
COMMENT ON FUNCTION audits.seals(uuid) IS
    'The seals of the current organization, or one of them, with their digests, which the log''s entries must have too.';

CREATE FUNCTION audits.broken_seals() RETURNS TABLE (table_name text, row_key text, finding text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT DISTINCT s.table_name, s.columns FROM audits.row_seals s ORDER BY 1
    LOOP
        IF to_regclass(part.table_name) IS NULL THEN
            RETURN QUERY SELECT part.table_name, '', 'missing';
            CONTINUE;
        END IF;
        RETURN QUERY
            SELECT part.table_name, k.key, CASE WHEN d.key IS NULL THEN 'missing' ELSE 'changed' END
            FROM audits.row_seals s CROSS JOIN unnest(s.keys, s.digests) AS k (key, digest)
            LEFT JOIN audits.row_digests(part.table_name::regclass, part.columns) d ON d.key = k.key
            WHERE s.table_name = part.table_name AND s.columns = part.columns AND d.digest IS DISTINCT FROM k.digest
            LIMIT 1000;
    END LOOP;
END
$$;
COMMENT ON FUNCTION audits.broken_seals() IS
    'Rows of the current organization that are gone or not as they were sealed; of each table at most 1,000.';

CREATE FUNCTION audits.broken_calls(entry_ids uuid[]) RETURNS TABLE (call_id uuid, table_name text, finding text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    org uuid := ops.current_org();
    lowest uuid := (SELECT i FROM unnest(entry_ids) i ORDER BY i LIMIT 1);
    highest uuid := (SELECT i FROM unnest(entry_ids) i ORDER BY i DESC LIMIT 1);
BEGIN
    RETURN QUERY
        SELECT e.id, x.table_name, x.finding
        FROM audits.audit_log e
        LEFT JOIN council.requests r
            ON r.org_id = org AND r.id = e.id AND r.id BETWEEN lowest AND highest
        LEFT JOIN (
            SELECT l.request_id, sum(l.cost) AS cost, sum(l.input_tokens) AS input, sum(l.output_tokens) AS output
            FROM providers.cost_records l
            WHERE l.org_id = org AND l.request_id BETWEEN lowest AND highest GROUP BY l.request_id) c
            ON c.request_id = e.id
        CROSS JOIN LATERAL (VALUES
            ('council.requests', CASE WHEN r.id IS NULL THEN 'missing'
                WHEN (r.status, r.model, r.http_status, r.total_cost, encode(r.request_sha256, 'hex'))
                    IS DISTINCT FROM (e.payload ->> 'status', e.payload ->> 'model',
                                      (e.payload ->> 'http_status')::integer, (e.payload ->> 'cost')::numeric,
                                      e.payload ->> 'request_sha256') THEN 'changed' END),
            ('providers.cost_records', CASE WHEN c.request_id IS NULL THEN 'missing'
                WHEN (c.cost, c.input, c.output)
                    IS DISTINCT FROM ((e.payload ->> 'cost')::numeric, (e.payload ->> 'input_tokens')::bigint,
                                      (e.payload ->> 'output_tokens')::bigint) THEN 'changed' END)
        ) AS x (table_name, finding)
        WHERE e.org_id = org AND e.id = ANY (entry_ids) AND e.id BETWEEN lowest AND highest
            AND e.action = 'model.called' AND x.finding IS NOT NULL;
END
$$;
COMMENT ON FUNCTION audits.broken_calls(uuid[]) IS
    'Calls of the current organization whose rows are gone, or not what the log says of the call.';
GRANT EXECUTE ON FUNCTION audits.sealed_tables(), audits.sealed_columns(regclass), audits.row_digests(regclass, text[]),
    audits.seal_rows(regclass, uuid), audits.seals(uuid), audits.broken_seals(), audits.broken_calls(uuid[]) TO witan_app;

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('ops.retention_policies');
SELECT ops.protect('ops.archived_runs', 'SELECT');
GRANT SELECT, INSERT, UPDATE ON ops.leases, ops.jobs TO witan_app;
GRANT SELECT ON ops.retention_defaults, ops.archives TO witan_app;
GRANT SELECT ON ops.leases, ops.jobs, ops.retention_defaults, ops.archives TO witan_readonly, witan_backup;

-- Retention works on whole partitions, for all organizations at once, as the owner of the tables.
CREATE POLICY retention ON ops.retention_policies FOR SELECT TO witan_owner USING (true);
CREATE POLICY retention ON ops.archived_runs TO witan_owner USING (true) WITH CHECK (true);
CREATE POLICY retention ON audits.audit_log FOR SELECT TO witan_owner USING (true);
CREATE POLICY retention_record ON audits.audit_log FOR INSERT TO witan_owner
    WITH CHECK (action = 'partition.archived');
CREATE POLICY retention ON audits.chain FOR SELECT TO witan_owner USING (true);
CREATE POLICY retention_read ON council.session_history FOR SELECT TO witan_owner USING (true);
CREATE POLICY retention_blank ON council.session_history FOR UPDATE TO witan_owner USING (true) WITH CHECK (content = '');
CREATE POLICY retention ON projects.projects TO witan_owner USING (true) WITH CHECK (true);

-- An organization that a seed made is not the installation's first: the first start still makes that, and its key.
CREATE OR REPLACE FUNCTION auth.organization_exists() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM auth.organizations o WHERE NOT EXISTS (
        SELECT FROM ops.settings s WHERE s.name LIKE 'seed.%.organization' AND s.value = o.id::text))
$$;
COMMENT ON FUNCTION auth.organization_exists() IS
    'Whether this is the first start: false until there is an organization, those of seeds left out.';

RESET ROLE;
