-- Roles, and what the rest of the schema is built with: the rules for tenant tables, for what is never changed,
-- for states and for monthly partitions, as functions; and the tables of the program itself (`ops`).
-- irreversible: everything else stands on it
--
-- Runs on a plain PostgreSQL 15 to 18 without extensions, as a superuser or as a role with CREATEROLE that may
-- create schemas in this database. No trigger of this schema fires on INSERT, so that a restore by COPY is faithful.

-- ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Roles belong to the whole cluster, so another database may have made them already. None may log in, none is a
-- superuser, none bypasses row-level security (managed servers refuse that).
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['witan_owner', 'witan_migrator', 'witan_app', 'witan_ingest', 'witan_sealer',
                                     'witan_readonly', 'witan_backup']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- made by somebody else in the meantime
        END;
    END LOOP;
END
$$;

-- Who migrates works as the owner, and may act as each of the roles. A superuser needs no grant. From PostgreSQL 16 on
-- a role that may create roles is given the new one without being able to act as it: hence SET.
DO $$
DECLARE
    role_name text;
    acting text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF NOT pg_has_role('witan_migrator', 'witan_owner', 'MEMBER') THEN
        GRANT witan_owner TO witan_migrator;
    END IF;
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        FOREACH role_name IN ARRAY ARRAY['witan_owner', 'witan_app', 'witan_ingest', 'witan_sealer', 'witan_readonly',
                                         'witan_backup']
        LOOP
            IF NOT (pg_has_role(role_name, acting) AND pg_has_role(role_name, 'USAGE')) THEN
                EXECUTE format('GRANT %I TO %I', role_name, current_user);
            END IF;
        END LOOP;
    END IF;
END
$$;

-- The program's login of a private cluster acts as these. Elsewhere it may be theirs already, and who migrates may not
-- grant it.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['witan_app', 'witan_ingest', 'witan_sealer', 'witan_readonly']
    LOOP
        IF EXISTS (SELECT FROM pg_catalog.pg_roles
                   WHERE rolname = 'witan' AND NOT pg_has_role(oid, role_name, 'MEMBER')) THEN
            EXECUTE format('GRANT %I TO witan', role_name);
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS ops;
ALTER SCHEMA ops OWNER TO witan_owner;
COMMENT ON SCHEMA ops IS
    'The program itself: its settings, nodes, queues to other stores, and the functions that the schema is built '
    'with.';

SET ROLE witan_owner;

-- What the owner makes is nobody else's until it is granted: PostgreSQL would let everybody execute a function.
ALTER DEFAULT PRIVILEGES FOR ROLE witan_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA ops TO witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup;

-- ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION ops.current_org() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT nullif(current_setting('app.org_id', true), '')::uuid
$$;
COMMENT ON FUNCTION ops.current_org() IS
    'The organization this transaction works for (app.org_id); null when it is not set or empty.';

CREATE FUNCTION ops.uuid_at(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
COMMENT ON FUNCTION ops.uuid_at(timestamptz) IS
    'The smallest UUIDv7 of an instant: bounds of partitions, and of questions about time that a primary key '
    'answers.';

CREATE FUNCTION ops.time_of(id uuid) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
$$;
COMMENT ON FUNCTION ops.time_of(uuid) IS 'The instant in a UUIDv7, to the millisecond.';

CREATE FUNCTION ops.joined(words text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_to_string(words, ' ')
$$;
COMMENT ON FUNCTION ops.joined(text[]) IS
    'The words with spaces between them, for generated search columns; of text alone, and so truly immutable.';

-- ── Triggers ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION ops.touch() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.touch() IS 'Trigger: keeps updated_at.';

CREATE FUNCTION ops.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION ops.refuse_change() IS 'Trigger: refuses UPDATE, DELETE or TRUNCATE, whoever asks.';

CREATE FUNCTION ops.check_move() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text := to_jsonb(OLD) ->> TG_ARGV[0];
    becomes text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF was IS DISTINCT FROM becomes AND NOT (was || '>' || becomes = ANY (TG_ARGV[1:])) THEN
        RAISE EXCEPTION '% of %.% does not go from % to %', TG_ARGV[0], TG_TABLE_SCHEMA, TG_TABLE_NAME, was, becomes
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.check_move() IS
    'Trigger: lets a column (first argument) make only the moves listed (the others, as from>to).';

CREATE FUNCTION ops.check_fixed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_jsonb(OLD) - TG_ARGV[0:] IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV[0:] THEN
        RAISE EXCEPTION 'of %.% only % may be changed', TG_TABLE_SCHEMA, TG_TABLE_NAME, array_to_string(TG_ARGV, ', ')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.check_fixed() IS 'Trigger: lets only the columns listed be changed.';

CREATE FUNCTION ops.raise_snapshot() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE ops.snapshot_versions SET version = version + 1 WHERE snapshot = TG_ARGV[0];
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.raise_snapshot() IS
    'Trigger before a statement: raises the counter of the snapshot named, so that nodes look again. The counter''s '
    'row is locked until the end: changes commit in the order of their numbers, and who has read up to one has all.';

CREATE FUNCTION ops.stamp_snapshot() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT version INTO NEW.snapshot_version FROM ops.snapshot_versions WHERE snapshot = TG_ARGV[0];
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.stamp_snapshot() IS
    'Trigger before a row: writes the counter that ops.raise_snapshot raised, by which nodes read what is new only.';

-- ── Rules for tables ─────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION ops.protect(target regclass, app_rights text DEFAULT 'SELECT, INSERT, UPDATE',
                            is_secret boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format($policy$CREATE POLICY tenant ON %s TO witan_app, witan_readonly
        USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
        WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))$policy$, target);
    EXECUTE format('CREATE POLICY backup ON %s FOR SELECT TO witan_backup USING (true)', target);
    EXECUTE format('GRANT %s ON %s TO witan_app', app_rights, target);
    EXECUTE format('GRANT SELECT ON %s TO witan_backup', target);
    IF NOT is_secret THEN
        EXECUTE format('GRANT SELECT ON %s TO witan_readonly', target);
    END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = 'updated_at' AND NOT attisdropped) THEN
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION ops.touch()', target);
    END IF;
END
$$;
COMMENT ON FUNCTION ops.protect(regclass, text, boolean) IS
    'For migrations: makes a table with org_id a tenant''s table. Forced row-level security, the tenant policy '
    '(app.org_id; unset means no rows), a policy for backups, grants for witan_app, witan_backup and (unless it '
    'holds secrets) witan_readonly, and the trigger that keeps updated_at.';

CREATE FUNCTION ops.append_only(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
END
$$;
COMMENT ON FUNCTION ops.append_only(regclass) IS 'For migrations: rows of the table are added and never changed.';

CREATE FUNCTION ops.keep_rows(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON %s FOR EACH ROW '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
END
$$;
COMMENT ON FUNCTION ops.keep_rows(regclass) IS 'For migrations: rows of the table may change and never go.';

CREATE FUNCTION ops.require_empty(schema_name text, tables text[] DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    is_forced boolean;
    is_filled boolean;
BEGIN
    FOR target, is_forced IN
        SELECT oid, relforcerowsecurity FROM pg_class
        WHERE relnamespace = schema_name::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND (tables IS NULL OR relname = ANY (tables))
        ORDER BY relname
    LOOP
        -- Row-level security would show the owner an empty table.
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO is_filled;
        IF is_forced THEN
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
        END IF;
        IF is_filled THEN
            RAISE EXCEPTION '% holds rows: going back would lose them', target
                USING HINT = 'Make a backup, and empty the table if its rows may go.';
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.require_empty(text, text[]) IS
    'For down scripts, which drop the schema''s tables (or those named) next: refuses when one of them holds rows.';

-- ── Partitions ───────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION ops.ensure_partitions(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
    month timestamptz;
    created integer := 0;
    child text;
BEGIN
    IF months_ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'months_ahead must be 0 to 24, not %', months_ahead;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('witan.partitions'));
    FOR parent IN
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE p.partstrat = 'r' AND p.partnatts = 1 AND a.atttypid = 'uuid'::regtype
            AND c.relowner = 'witan_owner'::regrole
        ORDER BY 1
    LOOP
        FOR month IN
            SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
                                   date_trunc('month', now() AT TIME ZONE 'UTC') + months_ahead * interval '1 month',
                                   interval '1 month') AT TIME ZONE 'UTC'
        LOOP
            child := parent || '_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', child, parent,
                               ops.uuid_at(month),
                               ops.uuid_at(((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'));
                -- A statement's trigger is not passed on to partitions.
                IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent::regclass AND tgname = 'no_truncate') THEN
                    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                                   'EXECUTE FUNCTION ops.refuse_change()', child);
                END IF;
                created := created + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN created;
END
$$;
COMMENT ON FUNCTION ops.ensure_partitions(integer) IS
    'Makes the monthly partitions of every table that is divided by its UUIDv7, from last month to so many months '
    'ahead; returns how many were missing. Bounded by the clock, never by the rows; there is no DEFAULT '
    'partition.';

-- ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE ops.snapshot_versions (
    snapshot text PRIMARY KEY,
    version bigint NOT NULL
);
COMMENT ON TABLE ops.snapshot_versions IS
    'Counters of the snapshots that nodes hold in memory; one goes up in the transaction that changes its facts. '
    'No org_id: a snapshot holds every organization.';
COMMENT ON COLUMN ops.snapshot_versions.snapshot IS 'The snapshot''s name.';
COMMENT ON COLUMN ops.snapshot_versions.version IS
    'Goes up with every change; nodes read the snapshot anew when it differs from theirs.';
INSERT INTO ops.snapshot_versions (snapshot, version) VALUES ('identity', 1), ('providers', 1);

CREATE TABLE ops.settings (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    value text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.settings IS
    'Facts about this installation, such as which master key seals it. No org_id: they are nobody''s but its own.';
COMMENT ON COLUMN ops.settings.name IS 'What it is.';
COMMENT ON COLUMN ops.settings.value IS 'Its value; never a secret.';
COMMENT ON COLUMN ops.settings.set_at IS 'When it was set.';

CREATE TABLE ops.nodes (
    id uuid PRIMARY KEY,
    hostname text NOT NULL,
    program_version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.nodes IS 'The running programs. No org_id: a node serves every organization.';
COMMENT ON COLUMN ops.nodes.id IS 'UUIDv7 made at the program''s start.';
COMMENT ON COLUMN ops.nodes.hostname IS 'The machine.';
COMMENT ON COLUMN ops.nodes.program_version IS 'The program''s version.';
COMMENT ON COLUMN ops.nodes.started_at IS 'When it started.';
COMMENT ON COLUMN ops.nodes.seen_at IS 'When it last said that it runs.';

CREATE TABLE ops.outbox (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    entity text NOT NULL CHECK (length(entity) BETWEEN 1 AND 100),
    entity_key text NOT NULL CHECK (length(entity_key) BETWEEN 1 AND 200),
    version bigint NOT NULL CHECK (version >= 0),
    operation text NOT NULL CHECK (operation IN ('upsert', 'delete')),
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);
COMMENT ON TABLE ops.outbox IS
    'What the search index is still to be told: written in the transaction of the change, taken by '
    'ops.take_outbox.';
COMMENT ON COLUMN ops.outbox.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN ops.outbox.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN ops.outbox.entity IS 'The kind of thing, such as workflow.';
COMMENT ON COLUMN ops.outbox.entity_key IS 'Which one; the document''s id in the index.';
COMMENT ON COLUMN ops.outbox.version IS 'The row''s version: an index keeps the highest, whatever the order.';
COMMENT ON COLUMN ops.outbox.operation IS 'What to do with the document.';
COMMENT ON COLUMN ops.outbox.payload IS 'The document; empty for a delete.';
COMMENT ON COLUMN ops.outbox.created_at IS 'When the row was made.';
-- Not led by org_id: the index is told of all organizations in the order of time.
CREATE INDEX outbox_order ON ops.outbox (id);
SELECT ops.protect('ops.outbox', 'SELECT, INSERT');
CREATE POLICY consumer ON ops.outbox TO witan_owner USING (true) WITH CHECK (true);

CREATE FUNCTION ops.take_outbox(row_limit integer)
    RETURNS TABLE (org_id uuid, id uuid, entity text, entity_key text, version bigint, operation text, payload jsonb,
                   created_at timestamptz)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT d.org_id, d.id FROM ops.outbox d ORDER BY d.id LIMIT least(row_limit, 10000) FOR UPDATE SKIP LOCKED
    )
    DELETE FROM ops.outbox o USING due WHERE o.org_id = due.org_id AND o.id = due.id
    RETURNING o.org_id, o.id, o.entity, o.entity_key, o.version, o.operation, o.payload, o.created_at
$$;
COMMENT ON FUNCTION ops.take_outbox(integer) IS
    'Takes the oldest rows off the outbox, for good once the caller commits, which it does when the index has '
    'them. Rows that another program is taking are passed by.';

CREATE TABLE ops.idempotency_keys (
    org_id uuid NOT NULL,
    actor text NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    endpoint text NOT NULL,
    request_sha256 bytea NOT NULL CHECK (length(request_sha256) = 32),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done')),
    response_status integer CHECK (response_status BETWEEN 100 AND 599),
    response_headers jsonb,
    response_body bytea CHECK (length(response_body) <= 1048576),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, actor, key),
    CHECK ((state = 'done') = (response_status IS NOT NULL))
);
COMMENT ON TABLE ops.idempotency_keys IS
    'Answers to requests that may be sent twice (Idempotency-Key): the second gets the answer of the first.';
COMMENT ON COLUMN ops.idempotency_keys.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN ops.idempotency_keys.actor IS 'Who sent it (key:… or user:…); keys of others do not clash.';
COMMENT ON COLUMN ops.idempotency_keys.key IS 'The header''s value.';
COMMENT ON COLUMN ops.idempotency_keys.endpoint IS 'Method and path; a key used for another one is refused.';
COMMENT ON COLUMN ops.idempotency_keys.request_sha256 IS 'SHA-256 of the body; another body is refused.';
COMMENT ON COLUMN ops.idempotency_keys.state IS 'Whether there is an answer yet.';
COMMENT ON COLUMN ops.idempotency_keys.response_status IS 'HTTP status of the answer.';
COMMENT ON COLUMN ops.idempotency_keys.response_headers IS 'Headers of the answer that belong to it.';
COMMENT ON COLUMN ops.idempotency_keys.response_body IS 'Body of the answer, at most 1 MiB.';
COMMENT ON COLUMN ops.idempotency_keys.created_at IS 'When the row was made.';
COMMENT ON COLUMN ops.idempotency_keys.expires_at IS 'From then on the key may be used anew.';
-- Not led by org_id: the clean-up looks for what expired, in every organization.
CREATE INDEX idempotency_keys_expiry ON ops.idempotency_keys (expires_at);
SELECT ops.protect('ops.idempotency_keys', is_secret => true);
CREATE POLICY expiry ON ops.idempotency_keys TO witan_owner USING (expires_at < now());

CREATE FUNCTION ops.forget_idempotency_keys() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH forgotten AS (DELETE FROM ops.idempotency_keys WHERE expires_at < now() RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
COMMENT ON FUNCTION ops.forget_idempotency_keys() IS 'Deletes the keys that have expired; returns how many.';

GRANT SELECT, UPDATE ON ops.snapshot_versions TO witan_app;
GRANT SELECT, INSERT ON ops.settings TO witan_app;
GRANT SELECT, INSERT, UPDATE ON ops.nodes TO witan_app;
GRANT SELECT ON ops.snapshot_versions, ops.settings, ops.nodes TO witan_readonly, witan_backup;
GRANT EXECUTE ON FUNCTION ops.current_org(), ops.uuid_at(timestamptz), ops.time_of(uuid)
    TO witan_app, witan_sealer, witan_readonly, witan_backup;
GRANT EXECUTE ON FUNCTION ops.joined(text[]), ops.ensure_partitions(integer), ops.take_outbox(integer),
    ops.forget_idempotency_keys() TO witan_app;

RESET ROLE;
DO $$
BEGIN
    IF to_regclass('ops._migration_history') IS NOT NULL THEN
        GRANT SELECT ON ops._migration_history TO witan_readonly, witan_backup;
    END IF;
END
$$;
