-- The audit log, its chain and checkpoints, and the system log.
-- irreversible: it is the evidence

CREATE SCHEMA audits AUTHORIZATION witan_owner;
COMMENT ON SCHEMA audits IS 'What was done, by whom, and the proof that nobody changed it afterwards.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA audits TO witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup;

CREATE TABLE audits.audit_log (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    category text NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor text NOT NULL,
    entity text NOT NULL,
    payload json NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    PRIMARY KEY (org_id, id)
) PARTITION BY RANGE (id);
COMMENT ON TABLE audits.audit_log IS
    'The log: one for everything that is done. Entries are added and never changed. Partitioned by the time in '
    'its id. No foreign keys: an entry outlasts what it names.';
COMMENT ON COLUMN audits.audit_log.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.audit_log.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN audits.audit_log.category IS 'The part of the program, such as auth or gateway.';
COMMENT ON COLUMN audits.audit_log.action IS 'What was done, such as key.created.';
COMMENT ON COLUMN audits.audit_log.outcome IS 'How it went.';
COMMENT ON COLUMN audits.audit_log.actor IS 'Who did it, such as key:… or user:….';
COMMENT ON COLUMN audits.audit_log.entity IS 'What it was done to, as kind:id.';
COMMENT ON COLUMN audits.audit_log.payload IS 'The particulars, as canonical JSON, byte for byte.';
COMMENT ON COLUMN audits.audit_log.digest IS 'SHA-256 over all fields above with their lengths.';
COMMENT ON COLUMN audits.audit_log.transaction_id IS
    'Lets the sealer take exactly what is committed and final; not part of the digest.';
-- Not led by org_id: the sealer reads the newest transactions of all organizations. Nearly free to keep on an
-- append-only table.
CREATE INDEX audit_log_transaction ON audits.audit_log USING brin (transaction_id)
    WITH (pages_per_range = 16, autosummarize = on);
SELECT ops.append_only('audits.audit_log');

CREATE TABLE audits.chain (
    org_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    entry_ids uuid[] NOT NULL CHECK (cardinality(entry_ids) BETWEEN 1 AND 10000),
    prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, sequence)
);
COMMENT ON TABLE audits.chain IS
    'The chain: a row seals a run of entries. hash = fold of SHA-256(previous ‖ entry''s digest), starting from '
    'prev_hash. Written by the one sealer.';
COMMENT ON COLUMN audits.chain.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.chain.sequence IS '1, 2, 3, … without gaps in an organization.';
COMMENT ON COLUMN audits.chain.entry_ids IS 'The entries, in the order they are hashed.';
COMMENT ON COLUMN audits.chain.prev_hash IS 'hash of the row before; 32 zero bytes for the first.';
COMMENT ON COLUMN audits.chain.hash IS 'The chain up to and with this run.';
COMMENT ON COLUMN audits.chain.sealed_at IS 'When it was sealed.';
SELECT ops.append_only('audits.chain');

CREATE TABLE audits.checkpoints (
    org_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    entries bigint NOT NULL CHECK (entries > 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    key_id text NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    anchored_to text[] NOT NULL DEFAULT '{}',
    signed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, sequence)
);
COMMENT ON TABLE audits.checkpoints IS
    'Signed heads of the chain, kept elsewhere too: who rewrites log and chain alike cannot rewrite those.';
COMMENT ON COLUMN audits.checkpoints.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.checkpoints.sequence IS 'The chain''s row that is signed (audits.chain).';
COMMENT ON COLUMN audits.checkpoints.entries IS 'Entries sealed up to and with it.';
COMMENT ON COLUMN audits.checkpoints.hash IS 'That row''s hash.';
COMMENT ON COLUMN audits.checkpoints.key_id IS 'Which key signed.';
COMMENT ON COLUMN audits.checkpoints.signature IS 'Ed25519 (RFC 8032) over the checkpoint''s text.';
COMMENT ON COLUMN audits.checkpoints.anchored_to IS 'Where copies were left when it was made.';
COMMENT ON COLUMN audits.checkpoints.signed_at IS 'When it was signed.';
SELECT ops.append_only('audits.checkpoints');

CREATE TABLE audits.seal_position (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    next_transaction_id bigint NOT NULL
);
COMMENT ON TABLE audits.seal_position IS
    'Where the one sealer stands: everything with a smaller transaction id is sealed. No org_id: it seals for '
    'all.';
COMMENT ON COLUMN audits.seal_position.singleton IS 'There is one row.';
COMMENT ON COLUMN audits.seal_position.next_transaction_id IS 'The first transaction that may hold unsealed entries.';
INSERT INTO audits.seal_position (next_transaction_id) VALUES (0);

CREATE TABLE audits.system_logs (
    id uuid PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL')),
    component text NOT NULL CHECK (length(component) BETWEEN 1 AND 100),
    message text NOT NULL,
    stack_trace text,
    metadata jsonb NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (id);
COMMENT ON TABLE audits.system_logs IS
    'What the program says of itself. Partitioned by the time in its id, like everything that grows like a log. '
    'No org_id: it is the operator''s, and no tenant reads it.';
COMMENT ON COLUMN audits.system_logs.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN audits.system_logs.level IS 'How bad it is.';
COMMENT ON COLUMN audits.system_logs.component IS 'The part of the program.';
COMMENT ON COLUMN audits.system_logs.message IS 'What happened; constant text, the particulars are in metadata.';
COMMENT ON COLUMN audits.system_logs.stack_trace IS 'Where in the program, when it is known.';
COMMENT ON COLUMN audits.system_logs.metadata IS 'The particulars as fields.';
CREATE INDEX system_logs_level ON audits.system_logs (level, id);
CREATE INDEX system_logs_component ON audits.system_logs (component, id);
SELECT ops.append_only('audits.system_logs');

CREATE FUNCTION audits.run_hashes(run_org_id uuid, run_entry_ids uuid[], run_prev_hash bytea)
    RETURNS TABLE (entry_id uuid, prev_hash bytea, hash bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry_digest bytea;
BEGIN
    hash := run_prev_hash;
    FOREACH entry_id IN ARRAY run_entry_ids
    LOOP
        prev_hash := hash;
        SELECT e.digest INTO entry_digest FROM audits.audit_log e WHERE e.org_id = run_org_id AND e.id = entry_id;
        hash := sha256(prev_hash || entry_digest);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION audits.run_hashes(uuid, uuid[], bytea) IS
    'The hash before and after each entry of a run: what audits.chain keeps for the run as a whole. Null after an '
    'entry that is missing.';

-- A page range without summary is read by every look at the newest transactions, and autovacuum comes once a minute.
CREATE FUNCTION audits.summarize_log() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $$
DECLARE
    part record;
    block bigint;
    summarized integer := 0;
BEGIN
    FOR part IN
        SELECT i.inhrelid::regclass AS index,
               pg_relation_size(x.indrelid) / current_setting('block_size')::integer AS blocks
        FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
        WHERE i.inhparent = 'audits.audit_log_transaction'::regclass
    LOOP
        -- From the last full range back to the last that has its summary; 16 is the index's pages_per_range.
        block := part.blocks / 16 * 16 - 16;
        WHILE block >= 0 AND brin_summarize_range(part.index, block) > 0
        LOOP
            summarized := summarized + 1;
            block := block - 16;
        END LOOP;
    END LOOP;
    RETURN summarized;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0; -- a vacuum is at work, and summarizes too
END
$$;
COMMENT ON FUNCTION audits.summarize_log() IS
    'Summarizes the full page ranges that the log''s transaction index does not know yet, and says how many there were; '
    'the sealer calls it, and stays as fast with a minute of unvacuumed entries as with a second.';

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('audits.audit_log', 'SELECT, INSERT');
SELECT ops.protect('audits.chain', 'SELECT');
SELECT ops.protect('audits.checkpoints', 'SELECT');

-- The ingest role carries many organizations in one commit, and can do nothing else.
CREATE POLICY ingest ON audits.audit_log FOR INSERT TO witan_ingest WITH CHECK (true);
GRANT INSERT ON audits.audit_log TO witan_ingest;

-- The sealer reads the whole log and writes the chain.
CREATE POLICY sealer ON audits.audit_log FOR SELECT TO witan_sealer USING (true);
CREATE POLICY sealer ON audits.chain TO witan_sealer USING (true) WITH CHECK (true);
CREATE POLICY sealer ON audits.checkpoints TO witan_sealer USING (true) WITH CHECK (true);
GRANT SELECT ON audits.audit_log TO witan_sealer;
GRANT SELECT, INSERT ON audits.chain, audits.checkpoints TO witan_sealer;
GRANT SELECT, UPDATE ON audits.seal_position TO witan_sealer;
GRANT EXECUTE ON FUNCTION audits.summarize_log() TO witan_sealer;

GRANT SELECT ON audits.seal_position TO witan_readonly, witan_backup;
GRANT INSERT ON audits.system_logs TO witan_app;
GRANT SELECT ON audits.system_logs TO witan_readonly, witan_backup;
GRANT EXECUTE ON FUNCTION audits.run_hashes(uuid, uuid[], bytea) TO witan_app, witan_sealer, witan_readonly;

-- The first months of everything that is divided by month; the program makes the following ones.
SELECT ops.ensure_partitions(3);

RESET ROLE;
