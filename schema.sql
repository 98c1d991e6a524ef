-- The schema as the migrations leave it, written by `make docs` from the catalog of PostgreSQL 15;
-- a test compares. It is for reading and comparing: the program runs the files in Migrations/. The roles are
-- assumed to be there, and monthly partitions are made by ops.ensure_partitions.

SET check_function_bodies = false;

-- ── Schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE SCHEMA audits;
ALTER SCHEMA audits OWNER TO witan_owner;
COMMENT ON SCHEMA audits IS 'What was done, by whom, and the proof that nobody changed it afterwards.';
CREATE SCHEMA auth;
ALTER SCHEMA auth OWNER TO witan_owner;
COMMENT ON SCHEMA auth IS 'Organizations, people, teams, roles, sessions and keys: who may do what.';
CREATE SCHEMA council;
ALTER SCHEMA council OWNER TO witan_owner;
COMMENT ON SCHEMA council IS 'Governed calls and the councils that deliberate on them; a plain call is a council of one.';
CREATE SCHEMA experiments_v1;
ALTER SCHEMA experiments_v1 OWNER TO witan_owner;
COMMENT ON SCHEMA experiments_v1 IS 'The zone v1: what is tried, how it did, and who let it through.';
CREATE SCHEMA governance;
ALTER SCHEMA governance OWNER TO witan_owner;
COMMENT ON SCHEMA governance IS 'What models and projects must obey, whether they do, and the switches that stop them.';
CREATE SCHEMA ops;
ALTER SCHEMA ops OWNER TO witan_owner;
COMMENT ON SCHEMA ops IS 'The program itself: its settings, nodes, queues to other stores, and the functions that the schema is built with.';
CREATE SCHEMA orchestrator;
ALTER SCHEMA orchestrator OWNER TO witan_owner;
COMMENT ON SCHEMA orchestrator IS 'Workflows: what they are, where they run, who shares them, and who is told.';
CREATE SCHEMA production;
ALTER SCHEMA production OWNER TO witan_owner;
COMMENT ON SCHEMA production IS 'The zone v2: analyses that people ask for, their tasks and what comes out of them.';
CREATE SCHEMA projects;
ALTER SCHEMA projects OWNER TO witan_owner;
COMMENT ON SCHEMA projects IS 'Projects, the versions of their models, and what a version must achieve and obey.';
CREATE SCHEMA providers;
ALTER SCHEMA providers OWNER TO witan_owner;
COMMENT ON SCHEMA providers IS 'Providers of models, what they offer, what it costs, and the ledger of every call.';
CREATE SCHEMA quarantine;
ALTER SCHEMA quarantine OWNER TO witan_owner;
COMMENT ON SCHEMA quarantine IS 'The zone v3: what failed, kept as it was. Only its procedures write the records.';

-- ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION audits.broken_calls(entry_ids uuid[])
 RETURNS TABLE(call_id uuid, table_name text, finding text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;
ALTER FUNCTION audits.broken_calls(uuid[]) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.broken_calls(uuid[]) IS 'Calls of the current organization whose rows are gone, or not what the log says of the call.';
REVOKE ALL ON FUNCTION audits.broken_calls(uuid[]) FROM PUBLIC;

CREATE FUNCTION audits.broken_seals()
 RETURNS TABLE(table_name text, row_key text, finding text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION audits.broken_seals() OWNER TO witan_owner;
COMMENT ON FUNCTION audits.broken_seals() IS 'Rows of the current organization that are gone or not as they were sealed; of each table at most 1,000.';
REVOKE ALL ON FUNCTION audits.broken_seals() FROM PUBLIC;

CREATE FUNCTION audits.personal_state(entry_org uuid, payload json)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN payload -> 'personal' IS NOT NULL THEN
        (SELECT CASE count(*) FILTER (WHERE p ->> 'sealed' IS NOT NULL AND e.id IS NULL)
                WHEN count(*) THEN 'sealed' WHEN 0 THEN 'erased' ELSE 'partly erased' END
         FROM json_array_elements(payload -> 'personal') p
         LEFT JOIN auth.erasures e ON e.org_id = entry_org AND e.user_id = (p ->> 'user')::uuid) END
$function$;
ALTER FUNCTION audits.personal_state(uuid, json) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.personal_state(uuid, json) IS 'Whether an entry holds something of a person: sealed while the program can open it, erased once the person''s key is destroyed, partly erased when it holds something of several, and null when it holds nothing.';
REVOKE ALL ON FUNCTION audits.personal_state(uuid, json) FROM PUBLIC;

CREATE FUNCTION audits.row_digests(target regclass, columns text[])
 RETURNS TABLE(key text, digest bytea)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, YMD'
 SET "IntervalStyle" TO 'postgres'
 SET bytea_output TO 'hex'
 SET extra_float_digits TO '1'
AS $function$
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
$function$;
ALTER FUNCTION audits.row_digests(regclass, text[]) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.row_digests(regclass, text[]) IS 'Key and digest of every row of the table that the current organization has, the same on every server.';
REVOKE ALL ON FUNCTION audits.row_digests(regclass, text[]) FROM PUBLIC;

CREATE FUNCTION audits.run_hashes(run_org_id uuid, run_entry_ids uuid[], run_prev_hash bytea)
 RETURNS TABLE(entry_id uuid, prev_hash bytea, hash bytea)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION audits.run_hashes(uuid, uuid[], bytea) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.run_hashes(uuid, uuid[], bytea) IS 'The hash before and after each entry of a run: what audits.chain keeps for the run as a whole. Null after an entry that is missing.';
REVOKE ALL ON FUNCTION audits.run_hashes(uuid, uuid[], bytea) FROM PUBLIC;

CREATE FUNCTION audits.seal_rows(target regclass, seal uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION audits.seal_rows(regclass, uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.seal_rows(regclass, uuid) IS 'Seals at most 10,000 rows of the current organization that are not sealed yet, and says how many there were; the caller writes the log''s entry.';
REVOKE ALL ON FUNCTION audits.seal_rows(regclass, uuid) FROM PUBLIC;

CREATE FUNCTION audits.sealed_columns(target regclass)
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND (
        EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = target AND t.tgname = 'append_only')
        OR EXISTS (SELECT FROM pg_index i
                   WHERE i.indrelid = target AND i.indisprimary AND a.attnum = ANY (i.indkey::smallint[]))
        OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = target AND t.tgname = 'fixed'
                   AND a.attname <> ALL (string_to_array(encode(t.tgargs, 'escape'), E'\\000'))))
$function$;
ALTER FUNCTION audits.sealed_columns(regclass) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.sealed_columns(regclass) IS 'What of a row never changes: all of it where rows are only added, else its key and what ops.check_fixed keeps.';
REVOKE ALL ON FUNCTION audits.sealed_columns(regclass) FROM PUBLIC;

CREATE FUNCTION audits.sealed_tables()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.relkind = 'r' AND NOT c.relispartition
        AND c.oid NOT IN ('audits.chain'::regclass, 'audits.row_seals'::regclass)
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id')
        AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname IN ('append_only', 'no_delete'))
    ORDER BY 1
$function$;
ALTER FUNCTION audits.sealed_tables() OWNER TO witan_owner;
COMMENT ON FUNCTION audits.sealed_tables() IS 'The tables whose rows are sealed: those of tenants with a guard (ops.append_only, ops.keep_rows). The chain proves itself, and what is divided by month is in the log.';
REVOKE ALL ON FUNCTION audits.sealed_tables() FROM PUBLIC;

CREATE FUNCTION audits.seals(only_id uuid DEFAULT NULL::uuid)
 RETURNS TABLE(id uuid, table_name text, row_count integer, digest bytea)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET bytea_output TO 'hex'
AS $function$
    SELECT s.id, s.table_name, cardinality(s.keys),
           sha256(convert_to(jsonb_build_array(s.table_name, s.columns, s.keys, s.digests)::text, 'UTF8'))
    FROM audits.row_seals s WHERE only_id IS NULL OR s.id = only_id
$function$;
ALTER FUNCTION audits.seals(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.seals(uuid) IS 'The seals of the current organization, or one of them, with their digests, which the log''s entries must have too.';
REVOKE ALL ON FUNCTION audits.seals(uuid) FROM PUBLIC;

CREATE FUNCTION audits.summarize_log()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '20ms'
AS $function$
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
$function$;
ALTER FUNCTION audits.summarize_log() OWNER TO witan_owner;
COMMENT ON FUNCTION audits.summarize_log() IS 'Summarizes the full page ranges that the log''s transaction index does not know yet, and says how many there were; the sealer calls it, and stays as fast with a minute of unvacuumed entries as with a second.';
REVOKE ALL ON FUNCTION audits.summarize_log() FROM PUBLIC;

CREATE FUNCTION audits.uuid_after(prefix text, name text)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN name ~ ('^' || prefix || ':[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')
        THEN substr(name, length(prefix) + 2)::uuid END
$function$;
ALTER FUNCTION audits.uuid_after(text, text) OWNER TO witan_owner;
COMMENT ON FUNCTION audits.uuid_after(text, text) IS 'The id in an actor or entity such as user:…; null when it is of another kind or no UUID.';
REVOKE ALL ON FUNCTION audits.uuid_after(text, text) FROM PUBLIC;

CREATE FUNCTION auth.account(address text)
 RETURNS TABLE(user_id uuid, password_hash text, verified boolean, has_second_factor boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT u.id, u.password_hash, u.verified, u.totp_confirmed_at IS NOT NULL
    FROM auth.users u WHERE u.email = lower(address) AND u.retired_at IS NULL
$function$;
ALTER FUNCTION auth.account(text) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.account(text) IS 'What a sign-in needs to know of an address; no row when nobody has it.';
REVOKE ALL ON FUNCTION auth.account(text) FROM PUBLIC;

CREATE FUNCTION auth.begin_erasure()
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended('witan.erasure:' || ops.current_org()::text, 0))
$function$;
ALTER FUNCTION auth.begin_erasure() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.begin_erasure() IS 'Makes erasures and the placing of legal holds in an organization wait for each other, until the transaction ends.';
REVOKE ALL ON FUNCTION auth.begin_erasure() FROM PUBLIC;

CREATE FUNCTION auth.check_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a payload key that was destroyed does not come back'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.destroyed_at IS NOT NULL AND EXISTS (
        SELECT FROM auth.legal_holds h
        WHERE h.org_id = OLD.org_id AND h.released_at IS NULL AND (h.user_id IS NULL OR h.user_id = OLD.user_id)) THEN
        RAISE EXCEPTION 'a legal hold keeps this person''s data' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$function$;
ALTER FUNCTION auth.check_erasure() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.check_erasure() IS 'Trigger: a payload key is destroyed once, and not while a legal hold covers its person. Runs as the owner, so that no policy hides a hold.';
REVOKE ALL ON FUNCTION auth.check_erasure() FROM PUBLIC;

CREATE FUNCTION auth.end_sessions(person uuid, why text, spared_family uuid DEFAULT NULL::uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ended integer;
BEGIN
    -- A row that is rotated while this waits for it is marked nevertheless: the choice was made before. What took its
    -- place is not seen here, and is over with it (see the table's comment).
    WITH current AS MATERIALIZED (
        SELECT s.org_id, s.id
        FROM auth.memberships m JOIN auth.sessions s ON s.org_id = m.org_id AND s.user_id = m.user_id
        WHERE m.user_id = person AND s.rotated_at IS NULL AND s.revoked_at IS NULL
            AND s.family_id IS DISTINCT FROM spared_family)
    UPDATE auth.sessions s SET revoked_at = now(), revoked_reason = why
    FROM current c WHERE s.org_id = c.org_id AND s.id = c.id AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END
$function$;
ALTER FUNCTION auth.end_sessions(uuid, text, uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.end_sessions(uuid, text, uuid) IS 'Ends a person''s sessions in every organization, but for the family spared: a password is the person''s, not an organization''s. Marks the current row of each family only.';
REVOKE ALL ON FUNCTION auth.end_sessions(uuid, text, uuid) FROM PUBLIC;

CREATE FUNCTION auth.erase_account(person uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM auth.memberships m WHERE m.user_id = person AND m.retired_at IS NULL)
        OR EXISTS (SELECT FROM auth.memberships m JOIN auth.legal_holds h ON h.org_id = m.org_id
                   WHERE m.user_id = person AND h.released_at IS NULL
                       AND (h.user_id IS NULL OR h.user_id = person)) THEN
        RETURN false;
    END IF;
    DELETE FROM auth.password_resets WHERE user_id = person;
    DELETE FROM auth.recovery_codes WHERE user_id = person;
    DELETE FROM auth.webauthn_credentials WHERE user_id = person;
    UPDATE auth.users SET email = 'erased-' || person || '@erased.invalid', name = 'Erased', role = 'user',
        verified = false, password_hash = NULL, totp_secret = NULL, totp_dek = NULL, totp_master_key_id = NULL,
        totp_confirmed_at = NULL, totp_last_step = NULL, last_login = NULL, settings = '{}', retired_at = coalesce(retired_at, now()), erased_at = now()
    WHERE id = person;
    RETURN true;
END
$function$;
ALTER FUNCTION auth.erase_account(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.erase_account(uuid) IS 'Overwrites the account itself, once no organization has the person as a member or under a legal hold; says whether it did. A step of auth.erase_person.';
REVOKE ALL ON FUNCTION auth.erase_account(uuid) FROM PUBLIC;

CREATE FUNCTION auth.erase_belongings(person uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    org uuid := ops.current_org();
    address text := (SELECT u.email FROM auth.users u WHERE u.id = person);
    done jsonb := '{}';
    n bigint;
BEGIN
    UPDATE auth.memberships SET retired_at = now() WHERE org_id = org AND user_id = person AND retired_at IS NULL;
    UPDATE auth.team_members SET retired_at = now() WHERE org_id = org AND user_id = person AND retired_at IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('teams', n);
    UPDATE auth.sessions SET device_info = '{}', ip_address = NULL, revoked_at = coalesce(revoked_at, now()),
        revoked_reason = coalesce(revoked_reason, 'erased')
    WHERE org_id = org AND user_id = person;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('sessions', n);
    UPDATE auth.api_keys SET name = 'erased', allowed_addresses = '{}', revoked_at = coalesce(revoked_at, now())
    WHERE org_id = org AND user_id = person;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('keys', n);
    -- Without its address an invitation would be for anybody.
    UPDATE auth.invitations SET email = NULL, revoked_at = coalesce(revoked_at, now())
    WHERE org_id = org AND email = address;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('invitations', n);
    DELETE FROM auth.sso_identities WHERE org_id = org AND user_id = person;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('sso_identities', n);
    DELETE FROM providers.user_providers WHERE org_id = org AND user_id = person;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN done || jsonb_build_object('provider_keys', n);
END
$function$;
ALTER FUNCTION auth.erase_belongings(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.erase_belongings(uuid) IS 'Ends what a person has in the organization and blanks what tells of the person; a step of auth.erase_person.';
REVOKE ALL ON FUNCTION auth.erase_belongings(uuid) FROM PUBLIC;

CREATE FUNCTION auth.erase_contents(person uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    org uuid := ops.current_org();
    keys uuid[] := ARRAY(SELECT k.id FROM auth.api_keys k WHERE k.org_id = org AND k.user_id = person);
    calls uuid[];
    done jsonb := '{}';
    n bigint;
BEGIN
    UPDATE council.session_history h SET content = '' FROM council.sessions s
    WHERE s.org_id = org AND (s.user_id = person OR s.api_key_id = ANY (keys))
        AND h.org_id = org AND h.session_id = s.id AND h.content <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('messages', n);

    -- What a council said is reached by its request, which plain calls' rows show by having no decision.
    calls := ARRAY(SELECT r.id FROM council.requests r
                   WHERE r.org_id = org AND (r.user_id = person OR r.api_key_id = ANY (keys))
                       AND r.config_snapshot IS NOT NULL);
    UPDATE council.council_responses c SET content = ''
    WHERE c.org_id = org AND c.request_id = ANY (calls) AND c.content <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('council_responses', n);
    UPDATE council.deliberation_exchanges c SET content = ''
    WHERE c.org_id = org AND c.request_id = ANY (calls) AND c.content <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('deliberation_exchanges', n);
    UPDATE council.requests r SET request_content = NULL, response_content = NULL, consensus_decision = NULL
    WHERE r.org_id = org AND (r.user_id = person OR r.api_key_id = ANY (keys))
        AND num_nonnulls(r.request_content, r.response_content, r.consensus_decision) > 0;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('calls', n);

    UPDATE production.analysis_sessions SET metadata = '{}'
    WHERE org_id = org AND user_id = person AND metadata <> '{}';
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('analyses', n);
    UPDATE orchestrator.workflow_ratings SET review = '' WHERE org_id = org AND user_id = person AND review <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('reviews', n);
    DELETE FROM orchestrator.notifications WHERE org_id = org AND user_id = person;
    GET DIAGNOSTICS n = ROW_COUNT;
    done := done || jsonb_build_object('notifications', n);
    DELETE FROM ops.idempotency_keys
    WHERE org_id = org AND (actor = 'user:' || person OR actor IN (SELECT 'key:' || k FROM unnest(keys) k));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN done || jsonb_build_object('stored_answers', n);
END
$function$;
ALTER FUNCTION auth.erase_contents(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.erase_contents(uuid) IS 'Blanks what a person or the person''s keys said and were answered; a step of auth.erase_person, which counts it.';
REVOKE ALL ON FUNCTION auth.erase_contents(uuid) FROM PUBLIC;

CREATE FUNCTION auth.erase_person(person uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    org uuid := ops.current_org();
    obstacle text := auth.erasure_obstacle(person);
    made timestamptz;
    done jsonb;
    is_gone boolean;
BEGIN
    IF obstacle IS NOT NULL THEN
        RAISE EXCEPTION 'the person cannot be erased: %', obstacle USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT k.created_at INTO made FROM auth.payload_keys k
    WHERE k.org_id = org AND k.user_id = person AND k.destroyed_at IS NULL;
    -- A row without a key also says that no key is to be made any more.
    INSERT INTO auth.payload_keys (org_id, user_id, destroyed_at) VALUES (org, person, now())
    ON CONFLICT (org_id, user_id) DO UPDATE SET encrypted_dek = NULL, destroyed_at = now()
    WHERE payload_keys.destroyed_at IS NULL;
    done := auth.erase_contents(person) || auth.erase_belongings(person);
    is_gone := auth.erase_account(person);
    RETURN jsonb_build_object('payload_key_made_at', made, 'account', CASE WHEN is_gone THEN 'erased' ELSE 'kept' END,
                              'counts', done);
END
$function$;
ALTER FUNCTION auth.erase_person(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.erase_person(uuid) IS 'Erases a person from the organization, for good: destroys the key of what the log holds, blanks contents, ends keys and sessions, and the account when nobody else has the person. Refuses what auth.erasure_obstacle names. Says what it did. Runs as the owner: an account and its holds may be several organizations''.';
REVOKE ALL ON FUNCTION auth.erase_person(uuid) FROM PUBLIC;

CREATE FUNCTION auth.erasure_obstacle(person uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    org uuid := ops.current_org();
BEGIN
    PERFORM auth.begin_erasure();
    -- Two organizations that erase the same person wait for each other, so that one of them finds itself the last.
    PERFORM FROM auth.users u WHERE u.id = person FOR UPDATE;
    RETURN CASE
        WHEN NOT EXISTS (SELECT FROM auth.memberships m WHERE m.org_id = org AND m.user_id = person) THEN 'unknown'
        -- Who came back since then has data anew, also if they have left once more.
        WHEN EXISTS (SELECT FROM auth.erasures e JOIN auth.memberships m ON m.org_id = e.org_id AND m.user_id = e.user_id
                     WHERE e.org_id = org AND e.user_id = person AND e.erased_at >= m.retired_at) THEN 'erased'
        WHEN EXISTS (SELECT FROM auth.legal_holds h WHERE h.org_id = org AND h.released_at IS NULL
                         AND (h.user_id IS NULL OR h.user_id = person)) THEN 'held'
        WHEN EXISTS (SELECT FROM auth.memberships m WHERE m.org_id = org AND m.user_id = person
                         AND m.retired_at IS NULL AND m.role = 'admin' AND m.custom_role_id IS NULL)
            AND NOT EXISTS (SELECT FROM auth.memberships m WHERE m.org_id = org AND m.user_id <> person
                         AND m.retired_at IS NULL AND m.role = 'admin' AND m.custom_role_id IS NULL) THEN 'last'
        WHEN EXISTS (SELECT FROM auth.users u WHERE u.id = person AND u.role = 'operator' AND u.retired_at IS NULL)
            AND NOT EXISTS (SELECT FROM auth.users u WHERE u.id <> person AND u.role = 'operator'
                                AND u.retired_at IS NULL) THEN 'operator'
    END;
END
$function$;
ALTER FUNCTION auth.erasure_obstacle(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.erasure_obstacle(uuid) IS 'Why a person cannot be erased from the organization now: unknown, erased, held (legal hold), last (administrator), operator (the only one); null when nothing is in the way. Holds off other erasures and holds until the transaction ends.';
REVOKE ALL ON FUNCTION auth.erasure_obstacle(uuid) FROM PUBLIC;

CREATE FUNCTION auth.forget_lockouts()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    DELETE FROM auth.lockouts WHERE subject IN (
        SELECT l.subject FROM auth.lockouts l WHERE l.ends_at < now() ORDER BY l.ends_at LIMIT 20
        FOR UPDATE SKIP LOCKED)
$function$;
ALTER FUNCTION auth.forget_lockouts() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.forget_lockouts() IS 'Removes up to 20 counters of which nothing is left; called with each failure, so that they cannot pile up.';
REVOKE ALL ON FUNCTION auth.forget_lockouts() FROM PUBLIC;

CREATE FUNCTION auth.forget_sessions()
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH old AS (
        SELECT s.org_id, s.id FROM auth.sessions s
        WHERE s.expires_at < now() - interval '1 day' AND NOT EXISTS (
            SELECT FROM auth.legal_holds h WHERE h.org_id = s.org_id AND h.released_at IS NULL
                AND (h.user_id IS NULL OR h.user_id = s.user_id))
        ORDER BY s.expires_at LIMIT 10000),
    forgotten AS (
        DELETE FROM auth.sessions s USING old WHERE s.org_id = old.org_id AND s.id = old.id RETURNING 1)
    SELECT count(*) FROM forgotten
$function$;
ALTER FUNCTION auth.forget_sessions() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.forget_sessions() IS 'Deletes up to 10,000 rows of sessions that expired more than a day ago, which is longer than their revocation is asked for, but for those under a legal hold; returns how many. A family expires as a whole.';
REVOKE ALL ON FUNCTION auth.forget_sessions() FROM PUBLIC;

CREATE FUNCTION auth.forget_sso_logins()
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH forgotten AS (
        DELETE FROM auth.sso_logins l
        WHERE l.created_at < now() - interval '1 day' AND NOT EXISTS (
            SELECT FROM auth.legal_holds h WHERE h.org_id = l.org_id AND h.released_at IS NULL
                AND (h.user_id IS NULL OR h.user_id = l.user_id))
        RETURNING 1)
    SELECT count(*) FROM forgotten
$function$;
ALTER FUNCTION auth.forget_sso_logins() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.forget_sso_logins() IS 'Deletes returns of more than a day ago, which is longer than any state is good, but for those under a legal hold; returns how many. The log keeps who came.';
REVOKE ALL ON FUNCTION auth.forget_sso_logins() FROM PUBLIC;

CREATE FUNCTION auth.invitation_by_code(hash bytea)
 RETURNS TABLE(org_id uuid, id uuid, email text, organization text, slug text, is_good boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.org_id, i.id, i.email, o.name, o.slug,
           i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now() AND o.retired_at IS NULL
    FROM auth.invitations i JOIN auth.organizations o ON o.id = i.org_id WHERE i.code_hash = hash
$function$;
ALTER FUNCTION auth.invitation_by_code(bytea) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.invitation_by_code(bytea) IS 'The invitation of a code, by its SHA-256, and whether it is good: not used up, revoked or expired, nor its organization retired.';
REVOKE ALL ON FUNCTION auth.invitation_by_code(bytea) FROM PUBLIC;

CREATE FUNCTION auth.keep_admin()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM auth.memberships m WHERE m.org_id = NEW.org_id AND m.role = 'admin'
        AND m.custom_role_id IS NULL AND m.retired_at IS NULL) THEN
        RAISE EXCEPTION 'this is the last administrator of the organization'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'memberships_admin';
    END IF;
    RETURN NULL;
END
$function$;
ALTER FUNCTION auth.keep_admin() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.keep_admin() IS 'Trigger: an organization that has an administrator keeps one. Changes of memberships wait for each other at the snapshot''s counter, so two administrators who demote each other at once leave one.';
REVOKE ALL ON FUNCTION auth.keep_admin() FROM PUBLIC;

CREATE FUNCTION auth.key_holder(hash bytea)
 RETURNS TABLE(org_id uuid, id uuid, user_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT k.org_id, k.id, k.user_id FROM auth.api_keys k WHERE k.key_hash = hash
$function$;
ALTER FUNCTION auth.key_holder(bytea) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.key_holder(bytea) IS 'Whose a key is or was, by its HMAC, good or not: so that the use of a revoked key stands in the log.';
REVOKE ALL ON FUNCTION auth.key_holder(bytea) FROM PUBLIC;

CREATE FUNCTION auth.key_snapshot(since bigint)
 RETURNS TABLE(org_id uuid, id uuid, user_id uuid, is_operator boolean, name text, role text, permissions text[], scopes text[], owner_role text, owner_permissions text[], key_hash bytea, allowed_models text[], allowed_addresses text[], expires_at timestamp with time zone, is_live boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT k.org_id, k.id, k.user_id, coalesce(u.role = 'operator', false), k.name, k.role, r.permissions, k.scopes,
           m.role, p.permissions, k.key_hash, k.allowed_models, k.allowed_addresses::text[], k.expires_at,
           k.revoked_at IS NULL AND m.retired_at IS NULL AND r.retired_at IS NULL
    FROM auth.api_keys k
    LEFT JOIN auth.memberships m ON m.org_id = k.org_id AND m.user_id = k.user_id
    LEFT JOIN auth.users u ON u.id = k.user_id
    LEFT JOIN auth.roles r ON r.org_id = k.org_id AND r.id = k.custom_role_id
    LEFT JOIN auth.roles p ON p.org_id = m.org_id AND p.id = m.custom_role_id
    WHERE k.snapshot_version > since AND (since > 0 OR k.revoked_at IS NULL)
$function$;
ALTER FUNCTION auth.key_snapshot(bigint) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.key_snapshot(bigint) IS 'Keys that changed after a snapshot, with what their owner may do at most, and whether they are good: not revoked, nor their owner or role retired. After 0, all that are not revoked. Nodes keep them in memory.';
REVOKE ALL ON FUNCTION auth.key_snapshot(bigint) FROM PUBLIC;

CREATE FUNCTION auth.organization_directory(after uuid, most integer)
 RETURNS TABLE(id uuid, name text, slug text, plan text, member_count bigint, created_at timestamp with time zone, retired_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT o.id, o.name, o.slug, o.plan,
           (SELECT count(*) FROM auth.memberships m WHERE m.org_id = o.id AND m.retired_at IS NULL),
           o.created_at, o.retired_at
    FROM auth.organizations o WHERE after IS NULL OR o.id < after ORDER BY o.id DESC LIMIT most
$function$;
ALTER FUNCTION auth.organization_directory(uuid, integer) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.organization_directory(uuid, integer) IS 'A page of all organizations, newest first, for those who run the installation: names and numbers, nobody''s data.';
REVOKE ALL ON FUNCTION auth.organization_directory(uuid, integer) FROM PUBLIC;

CREATE FUNCTION auth.organization_exists()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM auth.organizations o WHERE NOT EXISTS (
        SELECT FROM ops.settings s WHERE s.name LIKE 'seed.%.organization' AND s.value = o.id::text))
$function$;
ALTER FUNCTION auth.organization_exists() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.organization_exists() IS 'Whether this is the first start: false until there is an organization, those of seeds left out.';
REVOKE ALL ON FUNCTION auth.organization_exists() FROM PUBLIC;

CREATE FUNCTION auth.organization_snapshot(since bigint)
 RETURNS TABLE(id uuid, content_retention boolean, durable_answers boolean, unknown_price_ceiling numeric, is_live boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT o.id, o.content_retention, o.durable_answers, o.unknown_price_ceiling, o.retired_at IS NULL
    FROM auth.organizations o WHERE o.snapshot_version > since
$function$;
ALTER FUNCTION auth.organization_snapshot(bigint) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.organization_snapshot(bigint) IS 'Organizations that changed after a snapshot, with what they chose about their calls.';
REVOKE ALL ON FUNCTION auth.organization_snapshot(bigint) FROM PUBLIC;

CREATE FUNCTION auth.organizations_of(person uuid)
 RETURNS TABLE(org_id uuid, slug text, name text, role text, require_two_factor boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT o.id, o.slug, o.name, m.role, o.require_two_factor
    FROM auth.memberships m JOIN auth.organizations o ON o.id = m.org_id
    WHERE m.user_id = person AND m.retired_at IS NULL AND o.retired_at IS NULL ORDER BY o.slug
$function$;
ALTER FUNCTION auth.organizations_of(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.organizations_of(uuid) IS 'The organizations that a person may choose between after sign-in.';
REVOKE ALL ON FUNCTION auth.organizations_of(uuid) FROM PUBLIC;

CREATE FUNCTION auth.password_costs()
 RETURNS TABLE(cost text, accounts bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT split_part(u.password_hash, '$', 4), count(*) FROM auth.users u
    WHERE u.password_hash IS NOT NULL AND u.retired_at IS NULL GROUP BY 1 ORDER BY 1 LIMIT 100
$function$;
ALTER FUNCTION auth.password_costs() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.password_costs() IS 'How many accounts have a hash of which cost (m=…,t=…,p=…), so that checking a password of nobody takes as long.';
REVOKE ALL ON FUNCTION auth.password_costs() FROM PUBLIC;

CREATE FUNCTION auth.password_reset_by_token(hash bytea)
 RETURNS TABLE(id uuid, user_id uuid, is_used boolean, is_expired boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.id, r.user_id, r.used_at IS NOT NULL, r.expires_at <= now() FROM auth.password_resets r
    WHERE r.token_hash = hash
$function$;
ALTER FUNCTION auth.password_reset_by_token(bytea) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.password_reset_by_token(bytea) IS 'The password reset of a token, by its SHA-256, and whether it is used or too old.';
REVOKE ALL ON FUNCTION auth.password_reset_by_token(bytea) FROM PUBLIC;

CREATE FUNCTION auth.raise_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$function$;
ALTER FUNCTION auth.raise_version() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.raise_version() IS 'Trigger: counts the changes of a membership.';
REVOKE ALL ON FUNCTION auth.raise_version() FROM PUBLIC;

CREATE FUNCTION auth.revocations(since bigint)
 RETURNS TABLE(org_id uuid, family_id uuid, user_id uuid, version integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT DISTINCT s.org_id, s.family_id, s.user_id, NULL::integer FROM auth.sessions s
    WHERE s.snapshot_version > since AND s.revoked_at > now() - interval '2 hours'
    UNION ALL
    SELECT m.org_id, NULL, m.user_id, CASE WHEN m.retired_at IS NULL THEN m.version ELSE 2147483647 END
    FROM auth.memberships m
    WHERE m.snapshot_version > since AND m.version > 1 AND m.updated_at > now() - interval '2 hours'
$function$;
ALTER FUNCTION auth.revocations(bigint) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.revocations(bigint) IS 'What makes access tokens void after a snapshot: families of sessions that were ended, and the least version of memberships that changed (none is enough for who left). Two hours back, which is longer than any token lives.';
REVOKE ALL ON FUNCTION auth.revocations(bigint) FROM PUBLIC;

CREATE FUNCTION auth.session_by_token(token_hash bytea)
 RETURNS TABLE(org_id uuid, id uuid, family_id uuid, user_id uuid, expires_at timestamp with time zone, rotated_at timestamp with time zone, revoked_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT s.org_id, s.id, s.family_id, s.user_id, s.expires_at, s.rotated_at, s.revoked_at
    FROM auth.sessions s WHERE s.refresh_token_hash = token_hash
$function$;
ALTER FUNCTION auth.session_by_token(bytea) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.session_by_token(bytea) IS 'The session of a refresh token, by its SHA-256.';
REVOKE ALL ON FUNCTION auth.session_by_token(bytea) FROM PUBLIC;

CREATE FUNCTION auth.sso_provider_organization(provider uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.org_id FROM auth.sso_providers p JOIN auth.organizations o ON o.id = p.org_id
    WHERE p.id = provider AND p.is_active AND p.retired_at IS NULL AND o.retired_at IS NULL
$function$;
ALTER FUNCTION auth.sso_provider_organization(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION auth.sso_provider_organization(uuid) IS 'Whose an issuer is that people may sign in at; null when it is nobody''s.';
REVOKE ALL ON FUNCTION auth.sso_provider_organization(uuid) FROM PUBLIC;

CREATE FUNCTION auth.touch_dependents()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'organizations' THEN
            UPDATE auth.memberships SET role = role WHERE org_id = NEW.id;
        WHEN 'users' THEN
            UPDATE auth.memberships SET role = role WHERE user_id = NEW.id;
        WHEN 'roles' THEN
            UPDATE auth.memberships SET role = role WHERE org_id = NEW.org_id AND custom_role_id = NEW.id;
            UPDATE auth.api_keys SET role = role WHERE org_id = NEW.org_id AND custom_role_id = NEW.id;
        WHEN 'memberships' THEN
            UPDATE auth.api_keys SET role = role
            WHERE org_id = NEW.org_id AND user_id = NEW.user_id AND revoked_at IS NULL;
    END CASE;
    RETURN NULL;
END
$function$;
ALTER FUNCTION auth.touch_dependents() OWNER TO witan_owner;
COMMENT ON FUNCTION auth.touch_dependents() IS 'Trigger: what a person''s, role''s or membership''s change, or the demand of a second factor, means for others counts as their change too, so that nodes read them anew. Runs as the owner: a person may belong to several organizations.';
REVOKE ALL ON FUNCTION auth.touch_dependents() FROM PUBLIC;

CREATE FUNCTION governance.keep_compliance()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO governance.compliance_history (org_id, compliance_id, project_id, compliance_type, status, last_checked,
                                               violation_count, remediation, score, checked_by)
    VALUES (OLD.org_id, OLD.id, OLD.project_id, OLD.compliance_type, OLD.status, OLD.last_checked, OLD.violation_count,
            OLD.remediation, OLD.score, OLD.checked_by);
    RETURN NULL;
END
$function$;
ALTER FUNCTION governance.keep_compliance() OWNER TO witan_owner;
COMMENT ON FUNCTION governance.keep_compliance() IS 'Trigger: keeps the state that an update replaces.';
REVOKE ALL ON FUNCTION governance.keep_compliance() FROM PUBLIC;

CREATE FUNCTION ops._migration_history_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
    RAISE EXCEPTION 'the history of migrations is only ever added to'
        USING ERRCODE = 'restrict_violation', HINT = 'Use the commands of the migrator.';
END
$function$;
COMMENT ON FUNCTION ops._migration_history_refuse() IS 'Refuses to change or remove rows of the history.';
REVOKE ALL ON FUNCTION ops._migration_history_refuse() FROM PUBLIC;

CREATE FUNCTION ops.append_only(target regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
END
$function$;
ALTER FUNCTION ops.append_only(regclass) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.append_only(regclass) IS 'For migrations: rows of the table are added and never changed.';
REVOKE ALL ON FUNCTION ops.append_only(regclass) FROM PUBLIC;

CREATE FUNCTION ops.check_fixed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF to_jsonb(OLD) - TG_ARGV[0:] IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV[0:] THEN
        RAISE EXCEPTION 'of %.% only % may be changed', TG_TABLE_SCHEMA, TG_TABLE_NAME, array_to_string(TG_ARGV, ', ')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$function$;
ALTER FUNCTION ops.check_fixed() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.check_fixed() IS 'Trigger: lets only the columns listed be changed.';
REVOKE ALL ON FUNCTION ops.check_fixed() FROM PUBLIC;

CREATE FUNCTION ops.check_move()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION ops.check_move() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.check_move() IS 'Trigger: lets a column (first argument) make only the moves listed (the others, as from>to).';
REVOKE ALL ON FUNCTION ops.check_move() FROM PUBLIC;

CREATE FUNCTION ops.current_org()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT nullif(current_setting('app.org_id', true), '')::uuid
$function$;
ALTER FUNCTION ops.current_org() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.current_org() IS 'The organization this transaction works for (app.org_id); null when it is not set or empty.';
REVOKE ALL ON FUNCTION ops.current_org() FROM PUBLIC;

CREATE FUNCTION ops.ensure_partitions(months_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION ops.ensure_partitions(integer) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.ensure_partitions(integer) IS 'Makes the monthly partitions of every table that is divided by its UUIDv7, from last month to so many months ahead; returns how many were missing. Bounded by the clock, never by the rows; there is no DEFAULT partition.';
REVOKE ALL ON FUNCTION ops.ensure_partitions(integer) FROM PUBLIC;

CREATE FUNCTION ops.forget_idempotency_keys()
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH forgotten AS (DELETE FROM ops.idempotency_keys WHERE expires_at < now() RETURNING 1)
    SELECT count(*) FROM forgotten
$function$;
ALTER FUNCTION ops.forget_idempotency_keys() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.forget_idempotency_keys() IS 'Deletes the keys that have expired; returns how many.';
REVOKE ALL ON FUNCTION ops.forget_idempotency_keys() FROM PUBLIC;

CREATE FUNCTION ops.joined(words text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT array_to_string(words, ' ')
$function$;
ALTER FUNCTION ops.joined(text[]) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.joined(text[]) IS 'The words with spaces between them, for generated search columns; of text alone, and so truly immutable.';
REVOKE ALL ON FUNCTION ops.joined(text[]) FROM PUBLIC;

CREATE FUNCTION ops.keep_rows(target regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON %s FOR EACH ROW '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ops.refuse_change()', target);
END
$function$;
ALTER FUNCTION ops.keep_rows(regclass) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.keep_rows(regclass) IS 'For migrations: rows of the table may change and never go.';
REVOKE ALL ON FUNCTION ops.keep_rows(regclass) FROM PUBLIC;

CREATE FUNCTION ops.protect(target regclass, app_rights text DEFAULT 'SELECT, INSERT, UPDATE'::text, is_secret boolean DEFAULT false)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION ops.protect(regclass, text, boolean) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.protect(regclass, text, boolean) IS 'For migrations: makes a table with org_id a tenant''s table. Forced row-level security, the tenant policy (app.org_id; unset means no rows), a policy for backups, grants for witan_app, witan_backup and (unless it holds secrets) witan_readonly, and the trigger that keeps updated_at.';
REVOKE ALL ON FUNCTION ops.protect(regclass, text, boolean) FROM PUBLIC;

CREATE FUNCTION ops.raise_snapshot()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE ops.snapshot_versions SET version = version + 1 WHERE snapshot = TG_ARGV[0];
    RETURN NULL;
END
$function$;
ALTER FUNCTION ops.raise_snapshot() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.raise_snapshot() IS 'Trigger before a statement: raises the counter of the snapshot named, so that nodes look again. The counter''s row is locked until the end: changes commit in the order of their numbers, and who has read up to one has all.';
REVOKE ALL ON FUNCTION ops.raise_snapshot() FROM PUBLIC;

CREATE FUNCTION ops.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$function$;
ALTER FUNCTION ops.refuse_change() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.refuse_change() IS 'Trigger: refuses UPDATE, DELETE or TRUNCATE, whoever asks.';
REVOKE ALL ON FUNCTION ops.refuse_change() FROM PUBLIC;

CREATE FUNCTION ops.require_empty(schema_name text, tables text[] DEFAULT NULL::text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION ops.require_empty(text, text[]) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.require_empty(text, text[]) IS 'For down scripts, which drop the schema''s tables (or those named) next: refuses when one of them holds rows.';
REVOKE ALL ON FUNCTION ops.require_empty(text, text[]) FROM PUBLIC;

CREATE FUNCTION ops.stamp_snapshot()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    SELECT version INTO NEW.snapshot_version FROM ops.snapshot_versions WHERE snapshot = TG_ARGV[0];
    RETURN NEW;
END
$function$;
ALTER FUNCTION ops.stamp_snapshot() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.stamp_snapshot() IS 'Trigger before a row: writes the counter that ops.raise_snapshot raised, by which nodes read what is new only.';
REVOKE ALL ON FUNCTION ops.stamp_snapshot() FROM PUBLIC;

CREATE FUNCTION ops.take_outbox(row_limit integer)
 RETURNS TABLE(org_id uuid, id uuid, entity text, entity_key text, version bigint, operation text, payload jsonb, created_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH due AS (
        SELECT d.org_id, d.id FROM ops.outbox d ORDER BY d.id LIMIT least(row_limit, 10000) FOR UPDATE SKIP LOCKED
    )
    DELETE FROM ops.outbox o USING due WHERE o.org_id = due.org_id AND o.id = due.id
    RETURNING o.org_id, o.id, o.entity, o.entity_key, o.version, o.operation, o.payload, o.created_at
$function$;
ALTER FUNCTION ops.take_outbox(integer) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.take_outbox(integer) IS 'Takes the oldest rows off the outbox, for good once the caller commits, which it does when the index has them. Rows that another program is taking are passed by.';
REVOKE ALL ON FUNCTION ops.take_outbox(integer) FROM PUBLIC;

CREATE FUNCTION ops.time_of(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
$function$;
ALTER FUNCTION ops.time_of(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.time_of(uuid) IS 'The instant in a UUIDv7, to the millisecond.';
REVOKE ALL ON FUNCTION ops.time_of(uuid) FROM PUBLIC;

CREATE FUNCTION ops.touch()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$function$;
ALTER FUNCTION ops.touch() OWNER TO witan_owner;
COMMENT ON FUNCTION ops.touch() IS 'Trigger: keeps updated_at.';
REVOKE ALL ON FUNCTION ops.touch() FROM PUBLIC;

CREATE FUNCTION ops.uuid_at(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$function$;
ALTER FUNCTION ops.uuid_at(timestamp with time zone) OWNER TO witan_owner;
COMMENT ON FUNCTION ops.uuid_at(timestamp with time zone) IS 'The smallest UUIDv7 of an instant: bounds of partitions, and of questions about time that a primary key answers.';
REVOKE ALL ON FUNCTION ops.uuid_at(timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION orchestrator.claim_executions(node uuid, row_limit integer, lease interval)
 RETURNS TABLE(org_id uuid, id uuid, workflow_id uuid, version_id uuid, parameters jsonb, attempt integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION orchestrator.claim_executions(uuid, integer, interval) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.claim_executions(uuid, integer, interval) IS 'Gives a node executions for a while: those whose node was lost first, then by priority and time. The attempt is the fence: its number goes along with every later update.';
REVOKE ALL ON FUNCTION orchestrator.claim_executions(uuid, integer, interval) FROM PUBLIC;

CREATE FUNCTION orchestrator.claim_notifications(row_limit integer, lease interval)
 RETURNS TABLE(org_id uuid, id uuid, channel text, address text, subject text, body text, data jsonb, attempt integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH due AS (
        SELECT d.org_id, d.id FROM orchestrator.notifications d
        WHERE d.status = 'pending' AND d.next_attempt_at <= now()
        ORDER BY d.next_attempt_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    )
    UPDATE orchestrator.notifications n SET next_attempt_at = now() + lease, attempt = n.attempt + 1
    FROM due WHERE n.org_id = due.org_id AND n.id = due.id
    RETURNING n.org_id, n.id, n.channel, n.address, n.subject, n.body, n.data, n.attempt
$function$;
ALTER FUNCTION orchestrator.claim_notifications(integer, interval) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.claim_notifications(integer, interval) IS 'Gives a node notifications to send; one that is not marked as sent within the lease is due again.';
REVOKE ALL ON FUNCTION orchestrator.claim_notifications(integer, interval) FROM PUBLIC;

CREATE FUNCTION orchestrator.marketplace_definition(item uuid)
 RETURNS TABLE(title text, version text, definition jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.title, v.version, v.definition
    FROM orchestrator.marketplace_items i
    JOIN orchestrator.workflow_versions v ON v.org_id = i.org_id AND v.id = i.version_id
    WHERE i.id = item AND i.is_public AND i.retired_at IS NULL AND ops.current_org() IS NOT NULL
$function$;
ALTER FUNCTION orchestrator.marketplace_definition(uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.marketplace_definition(uuid) IS 'The workflow of a public offer, for another organization to take.';
REVOKE ALL ON FUNCTION orchestrator.marketplace_definition(uuid) FROM PUBLIC;

CREATE FUNCTION orchestrator.search_marketplace(words text, in_category text, row_limit integer)
 RETURNS TABLE(item_id uuid, publisher text, title text, description text, category text, price numeric, downloads bigint, rating numeric, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.id, o.name, i.title, i.description, i.category, i.price, i.downloads, i.rating,
           CASE WHEN words = '' THEN 0 ELSE ts_rank(i.search, websearch_to_tsquery('simple', words)) END
    FROM orchestrator.marketplace_items i JOIN auth.organizations o ON o.id = i.org_id
    WHERE i.is_public AND i.retired_at IS NULL AND ops.current_org() IS NOT NULL
        AND (words = '' OR i.search @@ websearch_to_tsquery('simple', words))
        AND (in_category IS NULL OR i.category = in_category)
    ORDER BY 9 DESC, i.downloads DESC, i.id DESC LIMIT least(row_limit, 1000)
$function$;
ALTER FUNCTION orchestrator.search_marketplace(text, text, integer) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.search_marketplace(text, text, integer) IS 'What organizations offer to all others: only what is public, only what stands on the label. Empty words find everything.';
REVOKE ALL ON FUNCTION orchestrator.search_marketplace(text, text, integer) FROM PUBLIC;

CREATE FUNCTION orchestrator.search_workflows(words text, row_limit integer)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT w.id, ts_rank(w.search, websearch_to_tsquery('simple', words))
    FROM orchestrator.workflows w
    WHERE w.org_id = ops.current_org() AND w.retired_at IS NULL
        AND w.search @@ websearch_to_tsquery('simple', words)
    ORDER BY 2 DESC, 1 DESC LIMIT least(row_limit, 1000)
$function$;
ALTER FUNCTION orchestrator.search_workflows(text, integer) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.search_workflows(text, integer) IS 'Workflows of the caller''s organization that have the words, best first. Runs as the owner so that the index is used.';
REVOKE ALL ON FUNCTION orchestrator.search_workflows(text, integer) FROM PUBLIC;

CREATE FUNCTION orchestrator.take_timers(row_limit integer)
 RETURNS TABLE(org_id uuid, id uuid, workflow_id uuid, execution_id uuid, step_key text, schedule text, fire_at timestamp with time zone, payload jsonb)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH due AS (
        SELECT d.org_id, d.id FROM orchestrator.timers d
        WHERE d.fired_at IS NULL AND d.cancelled_at IS NULL AND d.fire_at <= now()
        ORDER BY d.fire_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    )
    UPDATE orchestrator.timers t SET fired_at = now()
    FROM due WHERE t.org_id = due.org_id AND t.id = due.id
    RETURNING t.org_id, t.id, t.workflow_id, t.execution_id, t.step_key, t.schedule, t.fire_at, t.payload
$function$;
ALTER FUNCTION orchestrator.take_timers(integer) OWNER TO witan_owner;
COMMENT ON FUNCTION orchestrator.take_timers(integer) IS 'Takes timers that are due; the caller does in the same transaction what they are for.';
REVOKE ALL ON FUNCTION orchestrator.take_timers(integer) FROM PUBLIC;

CREATE FUNCTION production.claim_tasks(node uuid, row_limit integer, lease interval)
 RETURNS TABLE(org_id uuid, id uuid, session_id uuid, type text, attempt integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION production.claim_tasks(uuid, integer, interval) OWNER TO witan_owner;
COMMENT ON FUNCTION production.claim_tasks(uuid, integer, interval) IS 'Gives a node tasks for a while: those whose node was lost first, then the oldest. The attempt is the fence: its number goes along with every later update. Runs as the owner, since tasks of every organization are due.';
REVOKE ALL ON FUNCTION production.claim_tasks(uuid, integer, interval) FROM PUBLIC;

CREATE FUNCTION projects.narrow_to_team(target regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format($policy$CREATE POLICY team ON %1$s AS RESTRICTIVE TO witan_app, witan_readonly
        USING (project_id IS NULL OR EXISTS (
            SELECT FROM projects.projects p WHERE p.org_id = %2$I.org_id AND p.id = %2$I.project_id))
        WITH CHECK (project_id IS NULL OR EXISTS (
            SELECT FROM projects.projects p WHERE p.org_id = %2$I.org_id AND p.id = %2$I.project_id))$policy$,
        target, (SELECT relname FROM pg_class WHERE oid = target));
END
$function$;
ALTER FUNCTION projects.narrow_to_team(regclass) OWNER TO witan_owner;
COMMENT ON FUNCTION projects.narrow_to_team(regclass) IS 'For migrations: rows of the table are seen by who sees their project.';
REVOKE ALL ON FUNCTION projects.narrow_to_team(regclass) FROM PUBLIC;

CREATE FUNCTION providers.catalog_snapshot()
 RETURNS TABLE(org_id uuid, provider_id uuid, provider text, provider_type text, api_endpoint text, encrypted_api_key bytea, encrypted_dek bytea, master_key_id text, timeout_ms integer, model_id uuid, model text, max_output_tokens integer, effective_from timestamp with time zone, pricing_version text, input_per_token numeric, cached_input_per_token numeric, output_per_token numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.org_id, p.id, p.name, p.provider_type, p.api_endpoint, p.encrypted_api_key, p.encrypted_dek,
           p.master_key_id, p.timeout_ms, m.id, m.name, m.max_output_tokens, c.effective_from, c.pricing_version,
           c.input_per_token, c.cached_input_per_token, c.output_per_token
    FROM providers.providers p
    LEFT JOIN providers.models m ON m.org_id = p.org_id AND m.provider_id = p.id AND m.retired_at IS NULL
    LEFT JOIN providers.prices c ON c.org_id = m.org_id AND c.model_id = m.id
    WHERE p.retired_at IS NULL AND p.is_active
    ORDER BY p.org_id, p.name, m.name, c.effective_from
$function$;
ALTER FUNCTION providers.catalog_snapshot() OWNER TO witan_owner;
COMMENT ON FUNCTION providers.catalog_snapshot() IS 'Every active provider with its models and prices: the snapshot that nodes keep in memory.';
REVOKE ALL ON FUNCTION providers.catalog_snapshot() FROM PUBLIC;

CREATE FUNCTION quarantine.admit(record_id uuid, experiment uuid, hash bytea, configuration jsonb, why text, shown_by jsonb, metrics jsonb, person uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    INSERT INTO quarantine.quarantine_records
        (org_id, id, experiment_id, config_hash, config, reason, evidence, failure_metrics, quarantined_by)
    VALUES (ops.current_org(), record_id, experiment, hash, configuration, why, shown_by, metrics, person)
$function$;
ALTER FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid) OWNER TO witan_owner;
COMMENT ON FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid) IS 'Puts a configuration of the caller''s organization into quarantine: record, experiment, SHA-256 of the configuration, the configuration, reason, evidence, metrics, person.';
REVOKE ALL ON FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid) FROM PUBLIC;

CREATE FUNCTION quarantine.review(record_id uuid, becomes text, person uuid, notes text)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH reviewed AS (
        UPDATE quarantine.quarantine_records
        SET review_status = becomes, reviewed_by = person, reviewed_at = now(), review_notes = notes
        WHERE org_id = ops.current_org() AND id = record_id
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM reviewed)
$function$;
ALTER FUNCTION quarantine.review(uuid, text, uuid, text) OWNER TO witan_owner;
COMMENT ON FUNCTION quarantine.review(uuid, text, uuid, text) IS 'Notes a review of a configuration in quarantine: record, new review_status, person, notes; false when there is none.';
REVOKE ALL ON FUNCTION quarantine.review(uuid, text, uuid, text) FROM PUBLIC;


-- ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE audits.audit_log (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    category text NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    actor text NOT NULL,
    entity text NOT NULL,
    payload json NOT NULL,
    digest bytea NOT NULL,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT audit_log_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT audit_log_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT audit_log_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX audit_log_transaction ON audits.audit_log USING brin (transaction_id) WITH (pages_per_range='16', autosummarize='on');
ALTER TABLE audits.audit_log OWNER TO witan_owner;
COMMENT ON TABLE audits.audit_log IS 'The log: one for everything that is done. Entries are added and never changed. Partitioned by the time in its id. No foreign keys: an entry outlasts what it names.';
COMMENT ON COLUMN audits.audit_log.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.audit_log.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN audits.audit_log.category IS 'The part of the program, such as auth or gateway.';
COMMENT ON COLUMN audits.audit_log.action IS 'What was done, such as key.created.';
COMMENT ON COLUMN audits.audit_log.outcome IS 'How it went.';
COMMENT ON COLUMN audits.audit_log.actor IS 'Who did it, such as key:… or user:….';
COMMENT ON COLUMN audits.audit_log.entity IS 'What it was done to, as kind:id.';
COMMENT ON COLUMN audits.audit_log.payload IS 'The particulars, as canonical JSON, byte for byte.';
COMMENT ON COLUMN audits.audit_log.digest IS 'SHA-256 over all fields above with their lengths.';
COMMENT ON COLUMN audits.audit_log.transaction_id IS 'Lets the sealer take exactly what is committed and final; not part of the digest.';

CREATE TABLE audits.chain (
    org_id uuid NOT NULL,
    sequence bigint NOT NULL,
    entry_ids uuid[] NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chain_pkey PRIMARY KEY (org_id, sequence),
    CONSTRAINT chain_entry_ids_check CHECK (((cardinality(entry_ids) >= 1) AND (cardinality(entry_ids) <= 10000))),
    CONSTRAINT chain_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT chain_prev_hash_check CHECK ((length(prev_hash) = 32)),
    CONSTRAINT chain_sequence_check CHECK ((sequence > 0))
);
ALTER TABLE audits.chain OWNER TO witan_owner;
COMMENT ON TABLE audits.chain IS 'The chain: a row seals a run of entries. hash = fold of SHA-256(previous ‖ entry''s digest), starting from prev_hash. Written by the one sealer.';
COMMENT ON COLUMN audits.chain.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.chain.sequence IS '1, 2, 3, … without gaps in an organization.';
COMMENT ON COLUMN audits.chain.entry_ids IS 'The entries, in the order they are hashed.';
COMMENT ON COLUMN audits.chain.prev_hash IS 'hash of the row before; 32 zero bytes for the first.';
COMMENT ON COLUMN audits.chain.hash IS 'The chain up to and with this run.';
COMMENT ON COLUMN audits.chain.sealed_at IS 'When it was sealed.';

CREATE TABLE audits.checkpoints (
    org_id uuid NOT NULL,
    sequence bigint NOT NULL,
    entries bigint NOT NULL,
    hash bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    anchored_to text[] DEFAULT '{}'::text[] NOT NULL,
    signed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (org_id, sequence),
    CONSTRAINT checkpoints_entries_check CHECK ((entries > 0)),
    CONSTRAINT checkpoints_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT checkpoints_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT checkpoints_signature_check CHECK ((length(signature) = 64))
);
ALTER TABLE audits.checkpoints OWNER TO witan_owner;
COMMENT ON TABLE audits.checkpoints IS 'Signed heads of the chain, kept elsewhere too: who rewrites log and chain alike cannot rewrite those.';
COMMENT ON COLUMN audits.checkpoints.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN audits.checkpoints.sequence IS 'The chain''s row that is signed (audits.chain).';
COMMENT ON COLUMN audits.checkpoints.entries IS 'Entries sealed up to and with it.';
COMMENT ON COLUMN audits.checkpoints.hash IS 'That row''s hash.';
COMMENT ON COLUMN audits.checkpoints.key_id IS 'Which key signed.';
COMMENT ON COLUMN audits.checkpoints.signature IS 'Ed25519 (RFC 8032) over the checkpoint''s text.';
COMMENT ON COLUMN audits.checkpoints.anchored_to IS 'Where copies were left when it was made.';
COMMENT ON COLUMN audits.checkpoints.signed_at IS 'When it was signed.';

CREATE TABLE audits.row_seals (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    table_name text NOT NULL,
    columns text[] NOT NULL,
    keys text[] NOT NULL,
    digests bytea[] NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT row_seals_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT row_seals_check CHECK ((cardinality(digests) = cardinality(keys))),
    CONSTRAINT row_seals_columns_check CHECK ((cardinality(columns) > 0)),
    CONSTRAINT row_seals_keys_check CHECK (((cardinality(keys) >= 1) AND (cardinality(keys) <= 10000))),
    CONSTRAINT row_seals_table_name_check CHECK (((length(table_name) >= 3) AND (length(table_name) <= 200)))
);
ALTER TABLE audits.row_seals OWNER TO witan_owner;
COMMENT ON TABLE audits.row_seals IS 'Digests of rows that must stay as they are, or stay; each seal is an entry in the log, which the chain proves. Written by the seals job.';
COMMENT ON COLUMN audits.row_seals.org_id IS 'The organization; no foreign key, because this proves something.';
COMMENT ON COLUMN audits.row_seals.id IS 'The entry in the log that has the digest of this row.';
COMMENT ON COLUMN audits.row_seals.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN audits.row_seals.columns IS 'The columns under the digests: all where rows are only added, else those that nothing may change.';
COMMENT ON COLUMN audits.row_seals.keys IS 'The rows: primary keys without the organization, as JSON.';
COMMENT ON COLUMN audits.row_seals.digests IS 'SHA-256 of each row''s columns, as JSON.';
COMMENT ON COLUMN audits.row_seals.sealed_at IS 'When it was made.';

CREATE TABLE audits.seal_position (
    singleton boolean DEFAULT true NOT NULL,
    next_transaction_id bigint NOT NULL,
    CONSTRAINT seal_position_pkey PRIMARY KEY (singleton),
    CONSTRAINT seal_position_singleton_check CHECK (singleton)
);
ALTER TABLE audits.seal_position OWNER TO witan_owner;
COMMENT ON TABLE audits.seal_position IS 'Where the one sealer stands: everything with a smaller transaction id is sealed. No org_id: it seals for all.';
COMMENT ON COLUMN audits.seal_position.singleton IS 'There is one row.';
COMMENT ON COLUMN audits.seal_position.next_transaction_id IS 'The first transaction that may hold unsealed entries.';

CREATE TABLE audits.system_logs (
    id uuid NOT NULL,
    level text NOT NULL,
    component text NOT NULL,
    message text NOT NULL,
    stack_trace text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT system_logs_pkey PRIMARY KEY (id),
    CONSTRAINT system_logs_component_check CHECK (((length(component) >= 1) AND (length(component) <= 100))),
    CONSTRAINT system_logs_level_check CHECK ((level = ANY (ARRAY['DEBUG'::text, 'INFO'::text, 'WARN'::text, 'ERROR'::text, 'FATAL'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX system_logs_component ON audits.system_logs USING btree (component, id);
CREATE INDEX system_logs_level ON audits.system_logs USING btree (level, id);
ALTER TABLE audits.system_logs OWNER TO witan_owner;
COMMENT ON TABLE audits.system_logs IS 'What the program says of itself. Partitioned by the time in its id, like everything that grows like a log. No org_id: it is the operator''s, and no tenant reads it.';
COMMENT ON COLUMN audits.system_logs.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN audits.system_logs.level IS 'How bad it is.';
COMMENT ON COLUMN audits.system_logs.component IS 'The part of the program.';
COMMENT ON COLUMN audits.system_logs.message IS 'What happened; constant text, the particulars are in metadata.';
COMMENT ON COLUMN audits.system_logs.stack_trace IS 'Where in the program, when it is known.';
COMMENT ON COLUMN audits.system_logs.metadata IS 'The particulars as fields.';

CREATE TABLE auth.api_keys (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    custom_role_id uuid,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    key_hash bytea NOT NULL,
    prefix text DEFAULT 'wtn_'::text NOT NULL,
    last_four text NOT NULL,
    allowed_models text[] DEFAULT '{}'::text[] NOT NULL,
    allowed_addresses cidr[] DEFAULT '{}'::cidr[] NOT NULL,
    user_id uuid,
    version integer DEFAULT 1 NOT NULL,
    rotated_from uuid,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    snapshot_version bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used timestamp with time zone,
    CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT api_keys_key_hash_check CHECK ((length(key_hash) = 32)),
    CONSTRAINT api_keys_last_four_check CHECK ((length(last_four) = 4)),
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT api_keys_prefix_check CHECK (((length(prefix) >= 1) AND (length(prefix) <= 16))),
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'developer'::text, 'viewer'::text]))),
    CONSTRAINT api_keys_version_check CHECK ((version > 0))
);
CREATE INDEX api_keys_custom_role ON auth.api_keys USING btree (org_id, custom_role_id);
CREATE UNIQUE INDEX api_keys_hash ON auth.api_keys USING btree (key_hash);
CREATE INDEX api_keys_rotated_from ON auth.api_keys USING btree (org_id, rotated_from);
CREATE INDEX api_keys_snapshot ON auth.api_keys USING btree (snapshot_version);
CREATE INDEX api_keys_user ON auth.api_keys USING btree (org_id, user_id);
ALTER TABLE auth.api_keys OWNER TO witan_owner;
COMMENT ON TABLE auth.api_keys IS 'Keys of programs. The key itself is nowhere; what is stored recognizes it.';
COMMENT ON COLUMN auth.api_keys.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.api_keys.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.api_keys.name IS 'What it is for.';
COMMENT ON COLUMN auth.api_keys.role IS 'What it may do at most.';
COMMENT ON COLUMN auth.api_keys.custom_role_id IS 'A role of the organization''s own, which then counts instead.';
COMMENT ON COLUMN auth.api_keys.scopes IS 'Permissions it is narrowed to, such as chat:create; empty is all of its role.';
COMMENT ON COLUMN auth.api_keys.key_hash IS 'HMAC-SHA-256 of the key under the installation''s pepper.';
COMMENT ON COLUMN auth.api_keys.prefix IS 'What the key begins with.';
COMMENT ON COLUMN auth.api_keys.last_four IS 'What it ends with, for people to recognize it by.';
COMMENT ON COLUMN auth.api_keys.allowed_models IS 'Models it may call (provider/model); empty is all.';
COMMENT ON COLUMN auth.api_keys.allowed_addresses IS 'Networks it may come from; empty is all.';
COMMENT ON COLUMN auth.api_keys.user_id IS 'Whose it is; null when it belongs to the organization.';
COMMENT ON COLUMN auth.api_keys.version IS '2 for the key that replaced the first, and so on.';
COMMENT ON COLUMN auth.api_keys.rotated_from IS 'The key this one replaces, which works on until its expires_at.';
COMMENT ON COLUMN auth.api_keys.created_by IS 'The key or person that made it; no foreign key, since it may be either.';
COMMENT ON COLUMN auth.api_keys.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.api_keys.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.api_keys.expires_at IS 'From then on it is refused; null is never.';
COMMENT ON COLUMN auth.api_keys.revoked_at IS 'When it was ended for good.';
COMMENT ON COLUMN auth.api_keys.last_used IS 'To the hour or so: it is not written for each call.';

CREATE TABLE auth.erasures (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    certificate text NOT NULL,
    signature bytea NOT NULL,
    master_key_id text NOT NULL,
    erased_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT erasures_signature_check CHECK ((length(signature) = 64))
);
CREATE INDEX erasures_user ON auth.erasures USING btree (org_id, user_id);
ALTER TABLE auth.erasures OWNER TO witan_owner;
COMMENT ON TABLE auth.erasures IS 'Who was erased from an organization, with the signed certificate; more than once who came back in between. Holds nothing personal but the id, which names nobody any more. After an older backup was restored, certificates kept elsewhere are replayed into it.';
COMMENT ON COLUMN auth.erasures.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.erasures.id IS 'UUIDv7 made by the program; the id of the entry in audits.audit_log, too.';
COMMENT ON COLUMN auth.erasures.user_id IS 'Whom the id named.';
COMMENT ON COLUMN auth.erasures.certificate IS 'What was destroyed, as canonical JSON, byte for byte.';
COMMENT ON COLUMN auth.erasures.signature IS 'Ed25519 (RFC 8032) over the certificate, by the key that signs archives.';
COMMENT ON COLUMN auth.erasures.master_key_id IS 'The master key that the signing key is derived from.';
COMMENT ON COLUMN auth.erasures.erased_at IS 'When the row was made.';

CREATE TABLE auth.invitations (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    code_hash bytea NOT NULL,
    email text,
    role text NOT NULL,
    custom_role_id uuid,
    team_id uuid,
    max_uses integer DEFAULT 1 NOT NULL,
    uses integer DEFAULT 0 NOT NULL,
    mailed boolean DEFAULT false NOT NULL,
    created_by uuid,
    created_by_key uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT invitations_check CHECK (((uses >= 0) AND (uses <= max_uses))),
    CONSTRAINT invitations_check1 CHECK (((email IS NOT NULL) OR (NOT mailed))),
    CONSTRAINT invitations_code_hash_check CHECK ((length(code_hash) = 32)),
    CONSTRAINT invitations_email_check CHECK (((email = lower(email)) AND (length(email) <= 320))),
    CONSTRAINT invitations_max_uses_check CHECK (((max_uses >= 1) AND (max_uses <= 10000))),
    CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'developer'::text, 'viewer'::text])))
);
CREATE UNIQUE INDEX invitations_code ON auth.invitations USING btree (code_hash);
CREATE INDEX invitations_created_by ON auth.invitations USING btree (org_id, created_by);
CREATE INDEX invitations_created_by_key ON auth.invitations USING btree (org_id, created_by_key);
CREATE INDEX invitations_custom_role ON auth.invitations USING btree (org_id, custom_role_id);
CREATE INDEX invitations_team ON auth.invitations USING btree (org_id, team_id);
ALTER TABLE auth.invitations OWNER TO witan_owner;
COMMENT ON TABLE auth.invitations IS 'Invitations into an organization.';
COMMENT ON COLUMN auth.invitations.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.invitations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.invitations.code_hash IS 'SHA-256 of the code in the link.';
COMMENT ON COLUMN auth.invitations.email IS 'Whom it is for; null is whoever has the link.';
COMMENT ON COLUMN auth.invitations.role IS 'What who accepts becomes.';
COMMENT ON COLUMN auth.invitations.custom_role_id IS 'A role of the organization''s own, which then counts instead.';
COMMENT ON COLUMN auth.invitations.team_id IS 'The team who accepts joins; null is none.';
COMMENT ON COLUMN auth.invitations.max_uses IS 'How many may accept.';
COMMENT ON COLUMN auth.invitations.uses IS 'How many have.';
COMMENT ON COLUMN auth.invitations.mailed IS 'Whether the code went to the address and to nobody else: who accepts has then proven the address.';
COMMENT ON COLUMN auth.invitations.created_by IS 'Who invites; null when a key did that is nobody''s.';
COMMENT ON COLUMN auth.invitations.created_by_key IS 'The key that invites, without which the invitation is worth nothing; null when a person did who signed in.';
COMMENT ON COLUMN auth.invitations.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.invitations.expires_at IS 'From then on it is refused.';
COMMENT ON COLUMN auth.invitations.revoked_at IS 'When it was taken back.';

CREATE TABLE auth.legal_holds (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    matter text NOT NULL,
    placed_by uuid,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    released_at timestamp with time zone,
    released_by uuid,
    CONSTRAINT legal_holds_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT legal_holds_check CHECK (((released_by IS NULL) OR (released_at IS NOT NULL))),
    CONSTRAINT legal_holds_matter_check CHECK (((length(matter) >= 1) AND (length(matter) <= 2000)))
);
CREATE INDEX legal_holds_live ON auth.legal_holds USING btree (org_id, id) WHERE (released_at IS NULL);
CREATE INDEX legal_holds_placed_by ON auth.legal_holds USING btree (org_id, placed_by);
CREATE INDEX legal_holds_released_by ON auth.legal_holds USING btree (org_id, released_by);
CREATE INDEX legal_holds_user ON auth.legal_holds USING btree (org_id, user_id);
ALTER TABLE auth.legal_holds OWNER TO witan_owner;
COMMENT ON TABLE auth.legal_holds IS 'Orders that nothing of a person, or of the whole organization, may be erased or dropped.';
COMMENT ON COLUMN auth.legal_holds.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.legal_holds.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.legal_holds.user_id IS 'Whose data are held; null holds the whole organization''s.';
COMMENT ON COLUMN auth.legal_holds.matter IS 'The case it is for.';
COMMENT ON COLUMN auth.legal_holds.placed_by IS 'Who ordered it; null when a key did.';
COMMENT ON COLUMN auth.legal_holds.placed_at IS 'From when on.';
COMMENT ON COLUMN auth.legal_holds.released_at IS 'When it ended; null while it holds.';
COMMENT ON COLUMN auth.legal_holds.released_by IS 'Who ended it.';

CREATE TABLE auth.lockouts (
    subject bytea NOT NULL,
    kind text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    last_failure timestamp with time zone,
    familiar_until timestamp with time zone,
    ends_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT lockouts_pkey PRIMARY KEY (subject),
    CONSTRAINT lockouts_check CHECK (((familiar_until IS NULL) OR (kind = 'familiar'::text))),
    CONSTRAINT lockouts_check1 CHECK (((failures = 0) OR (last_failure IS NOT NULL))),
    CONSTRAINT lockouts_failures_check CHECK (((failures >= 0) AND (failures <= 15))),
    CONSTRAINT lockouts_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'network'::text, 'familiar'::text]))),
    CONSTRAINT lockouts_subject_check CHECK ((length(subject) = 32))
);
CREATE INDEX lockouts_end ON auth.lockouts USING btree (ends_at);
ALTER TABLE auth.lockouts OWNER TO witan_owner;
COMMENT ON TABLE auth.lockouts IS 'Wrong passwords and codes, counted. No org_id: who tries says no organization, and the account need not exist. Bounded: a row ends at most 15 quarters of an hour after its last failure, and each failure takes a slow hash.';
COMMENT ON COLUMN auth.lockouts.subject IS 'HMAC-SHA-256 of the account''s address, of the network (an IPv4 address, an IPv6 /64), or of both.';
COMMENT ON COLUMN auth.lockouts.kind IS 'An account, tried from where it is not known; a network; or an account in a network it was signed in from.';
COMMENT ON COLUMN auth.lockouts.failures IS 'As of the last one; a quarter of an hour without forgives one.';
COMMENT ON COLUMN auth.lockouts.last_failure IS 'When it was; from then on the lock is reckoned.';
COMMENT ON COLUMN auth.lockouts.familiar_until IS 'Until when the person is not refused there for others'' failures.';
COMMENT ON COLUMN auth.lockouts.ends_at IS 'From then on the row says nothing and may be removed.';

CREATE TABLE auth.memberships (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    custom_role_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    snapshot_version bigint DEFAULT 0 NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT memberships_pkey PRIMARY KEY (org_id, user_id),
    CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'developer'::text, 'viewer'::text]))),
    CONSTRAINT memberships_version_check CHECK ((version > 0))
);
CREATE INDEX memberships_custom_role ON auth.memberships USING btree (org_id, custom_role_id);
CREATE INDEX memberships_snapshot ON auth.memberships USING btree (snapshot_version);
CREATE INDEX memberships_user ON auth.memberships USING btree (user_id);
ALTER TABLE auth.memberships OWNER TO witan_owner;
COMMENT ON TABLE auth.memberships IS 'Who belongs to which organization, and as what. People of a tenant''s rows are named by this key, so that none of them can name somebody of another organization; a membership is therefore retired, never removed.';
COMMENT ON COLUMN auth.memberships.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.memberships.user_id IS 'The person.';
COMMENT ON COLUMN auth.memberships.role IS 'The built-in role.';
COMMENT ON COLUMN auth.memberships.custom_role_id IS 'A role of the organization''s own, which then counts instead.';
COMMENT ON COLUMN auth.memberships.version IS 'Goes up when the role changes or the person leaves; access tokens of an older one are refused.';
COMMENT ON COLUMN auth.memberships.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.memberships.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.memberships.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.memberships.retired_at IS 'When the person left; null while they belong.';

CREATE TABLE auth.organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    plan text DEFAULT 'free'::text NOT NULL,
    content_retention boolean DEFAULT false NOT NULL,
    durable_answers boolean DEFAULT true NOT NULL,
    unknown_price_ceiling numeric(38,12),
    require_two_factor boolean DEFAULT false NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    snapshot_version bigint DEFAULT 0 NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT organizations_pkey PRIMARY KEY (id),
    CONSTRAINT organizations_slug_key UNIQUE (slug),
    CONSTRAINT organizations_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT organizations_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'professional'::text, 'enterprise'::text]))),
    CONSTRAINT organizations_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT organizations_unknown_price_ceiling_check CHECK ((unknown_price_ceiling > (0)::numeric))
);
ALTER TABLE auth.organizations OWNER TO witan_owner;
COMMENT ON TABLE auth.organizations IS 'The tenants. No org_id: an organization''s own id is its tenant, and its policy compares that.';
COMMENT ON COLUMN auth.organizations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.organizations.name IS 'What people call it.';
COMMENT ON COLUMN auth.organizations.slug IS 'Its name in addresses.';
COMMENT ON COLUMN auth.organizations.plan IS 'What it has booked.';
COMMENT ON COLUMN auth.organizations.content_retention IS 'Whether the contents of calls are stored.';
COMMENT ON COLUMN auth.organizations.durable_answers IS 'Whether an answer waits until its record is on disk.';
COMMENT ON COLUMN auth.organizations.unknown_price_ceiling IS 'Dollars per token that a model without a price is taken to cost; null refuses such models.';
COMMENT ON COLUMN auth.organizations.require_two_factor IS 'Whether its people need a second factor to sign in.';
COMMENT ON COLUMN auth.organizations.settings IS 'Whatever else it has chosen.';
COMMENT ON COLUMN auth.organizations.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.organizations.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.organizations.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.organizations.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE auth.password_resets (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    used_at timestamp with time zone,
    used boolean GENERATED ALWAYS AS ((used_at IS NOT NULL)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT password_resets_pkey PRIMARY KEY (id),
    CONSTRAINT password_resets_token_hash_key UNIQUE (token_hash),
    CONSTRAINT password_resets_token_hash_check CHECK ((length(token_hash) = 32))
);
CREATE INDEX password_resets_user ON auth.password_resets USING btree (user_id);
ALTER TABLE auth.password_resets OWNER TO witan_owner;
COMMENT ON TABLE auth.password_resets IS 'Links that set a new password, good once. No org_id: a password is the person''s, not an organization''s.';
COMMENT ON COLUMN auth.password_resets.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.password_resets.user_id IS 'Whose password.';
COMMENT ON COLUMN auth.password_resets.token_hash IS 'SHA-256 of the token in the link.';
COMMENT ON COLUMN auth.password_resets.used_at IS 'When it was used; null while it is good.';
COMMENT ON COLUMN auth.password_resets.used IS 'Whether it was used.';
COMMENT ON COLUMN auth.password_resets.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.password_resets.expires_at IS 'From then on it is refused.';

CREATE TABLE auth.payload_keys (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    encrypted_dek bytea,
    master_key_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT payload_keys_pkey PRIMARY KEY (org_id, user_id),
    CONSTRAINT payload_keys_check CHECK (((encrypted_dek IS NULL) = (destroyed_at IS NOT NULL))),
    CONSTRAINT payload_keys_check1 CHECK (((encrypted_dek IS NULL) OR (master_key_id IS NOT NULL)))
);
ALTER TABLE auth.payload_keys OWNER TO witan_owner;
COMMENT ON TABLE auth.payload_keys IS 'The key of a person''s personal payloads in an organization''s log. Destroying it erases them wherever they are copied to, and leaves the log verifiable.';
COMMENT ON COLUMN auth.payload_keys.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.payload_keys.user_id IS 'Whose payloads.';
COMMENT ON COLUMN auth.payload_keys.encrypted_dek IS 'The key, wrapped by the master key; null once it is destroyed.';
COMMENT ON COLUMN auth.payload_keys.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN auth.payload_keys.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.payload_keys.destroyed_at IS 'When it was destroyed, which is when the person was erased.';

CREATE TABLE auth.recovery_codes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (id),
    CONSTRAINT recovery_codes_user_id_code_hash_key UNIQUE (user_id, code_hash),
    CONSTRAINT recovery_codes_code_hash_check CHECK ((length(code_hash) = 32))
);
ALTER TABLE auth.recovery_codes OWNER TO witan_owner;
COMMENT ON TABLE auth.recovery_codes IS 'Codes for who lost the second factor, each good once. No org_id: they are the person''s.';
COMMENT ON COLUMN auth.recovery_codes.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.recovery_codes.user_id IS 'Whose they are.';
COMMENT ON COLUMN auth.recovery_codes.code_hash IS 'HMAC-SHA-256 of the code under the installation''s pepper.';
COMMENT ON COLUMN auth.recovery_codes.used_at IS 'When it was used; null while it is good.';
COMMENT ON COLUMN auth.recovery_codes.created_at IS 'When the row was made.';

CREATE TABLE auth.roles (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT roles_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT roles_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
CREATE UNIQUE INDEX roles_name ON auth.roles USING btree (org_id, name) WHERE (retired_at IS NULL);
ALTER TABLE auth.roles OWNER TO witan_owner;
COMMENT ON TABLE auth.roles IS 'Roles that an organization made itself: sets of permissions beside the four that are built in.';
COMMENT ON COLUMN auth.roles.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.roles.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.roles.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN auth.roles.description IS 'What it is for.';
COMMENT ON COLUMN auth.roles.permissions IS 'What it allows, such as keys:create.';
COMMENT ON COLUMN auth.roles.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.roles.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.roles.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE auth.sessions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    family_id uuid NOT NULL,
    user_id uuid NOT NULL,
    refresh_token_hash bytea NOT NULL,
    device_info jsonb DEFAULT '{}'::jsonb NOT NULL,
    ip_address inet,
    second_factor text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used timestamp with time zone DEFAULT now() NOT NULL,
    snapshot_version bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    rotated_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_reason text,
    CONSTRAINT sessions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT sessions_check CHECK ((expires_at > created_at)),
    CONSTRAINT sessions_refresh_token_hash_check CHECK ((length(refresh_token_hash) = 32)),
    CONSTRAINT sessions_second_factor_check CHECK ((second_factor = ANY (ARRAY['totp'::text, 'recovery_code'::text, 'webauthn'::text, 'sso'::text])))
);
CREATE INDEX sessions_expiry ON auth.sessions USING btree (expires_at);
CREATE INDEX sessions_family ON auth.sessions USING btree (org_id, family_id);
CREATE UNIQUE INDEX sessions_refresh_token ON auth.sessions USING btree (refresh_token_hash);
CREATE INDEX sessions_snapshot ON auth.sessions USING btree (snapshot_version) WHERE (revoked_at IS NOT NULL);
CREATE INDEX sessions_user ON auth.sessions USING btree (org_id, user_id);
ALTER TABLE auth.sessions OWNER TO witan_owner;
COMMENT ON TABLE auth.sessions IS 'Signed-in devices: a row per refresh token. A token that is used makes the next row of its family, which expires with it; one that is used twice revokes the family. A family is over when any of its rows is revoked: who revokes cannot see a row that is being made.';
COMMENT ON COLUMN auth.sessions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sessions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sessions.family_id IS 'The sign-in that this token descends from; the same for all of a device''s tokens.';
COMMENT ON COLUMN auth.sessions.user_id IS 'Who signed in.';
COMMENT ON COLUMN auth.sessions.refresh_token_hash IS 'SHA-256 of the refresh token.';
COMMENT ON COLUMN auth.sessions.device_info IS 'What the device said of itself: user agent, platform, a name.';
COMMENT ON COLUMN auth.sessions.ip_address IS 'Where it was last used from.';
COMMENT ON COLUMN auth.sessions.second_factor IS 'What was asked beside the password; null when nothing was.';
COMMENT ON COLUMN auth.sessions.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sessions.last_used IS 'To the minute.';
COMMENT ON COLUMN auth.sessions.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.sessions.expires_at IS 'From then on the token is refused.';
COMMENT ON COLUMN auth.sessions.rotated_at IS 'When the next token took its place; a use after that is theft.';
COMMENT ON COLUMN auth.sessions.revoked_at IS 'When it was ended before its time.';
COMMENT ON COLUMN auth.sessions.revoked_reason IS 'Why it was.';

CREATE TABLE auth.sso_identities (
    org_id uuid NOT NULL,
    sso_provider_id uuid NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    email text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used timestamp with time zone,
    CONSTRAINT sso_identities_pkey PRIMARY KEY (org_id, sso_provider_id, subject),
    CONSTRAINT sso_identities_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);
CREATE INDEX sso_identities_user ON auth.sso_identities USING btree (org_id, user_id);
ALTER TABLE auth.sso_identities OWNER TO witan_owner;
COMMENT ON TABLE auth.sso_identities IS 'Whom an issuer''s subject is here.';
COMMENT ON COLUMN auth.sso_identities.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_identities.sso_provider_id IS 'Who says so.';
COMMENT ON COLUMN auth.sso_identities.subject IS 'The person''s name at the issuer (claim sub).';
COMMENT ON COLUMN auth.sso_identities.user_id IS 'The person here.';
COMMENT ON COLUMN auth.sso_identities.email IS 'The address in the last token.';
COMMENT ON COLUMN auth.sso_identities.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_identities.last_used IS 'When it last signed somebody in.';

CREATE TABLE auth.sso_logins (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    sso_provider_id uuid NOT NULL,
    state_hash bytea NOT NULL,
    user_id uuid,
    code_hash bytea,
    code_challenge text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    code_expires_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT sso_logins_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT sso_logins_check CHECK ((((code_hash IS NULL) = (user_id IS NULL)) AND ((code_hash IS NULL) = (code_challenge IS NULL)) AND ((code_hash IS NULL) = (code_expires_at IS NULL)))),
    CONSTRAINT sso_logins_check1 CHECK (((used_at IS NULL) OR (code_hash IS NOT NULL))),
    CONSTRAINT sso_logins_code_challenge_check CHECK ((length(code_challenge) = 43)),
    CONSTRAINT sso_logins_code_hash_check CHECK ((length(code_hash) = 32)),
    CONSTRAINT sso_logins_state_hash_check CHECK ((length(state_hash) = 32))
);
CREATE UNIQUE INDEX sso_logins_code ON auth.sso_logins USING btree (org_id, code_hash);
CREATE INDEX sso_logins_provider ON auth.sso_logins USING btree (org_id, sso_provider_id);
CREATE UNIQUE INDEX sso_logins_state ON auth.sso_logins USING btree (org_id, state_hash);
CREATE INDEX sso_logins_user ON auth.sso_logins USING btree (org_id, user_id);
ALTER TABLE auth.sso_logins OWNER TO witan_owner;
COMMENT ON TABLE auth.sso_logins IS 'People who came back from an issuer: a return counts once, and so does the code that it gives.';
COMMENT ON COLUMN auth.sso_logins.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_logins.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sso_logins.sso_provider_id IS 'Where they had been.';
COMMENT ON COLUMN auth.sso_logins.state_hash IS 'SHA-256 of the state they came back with.';
COMMENT ON COLUMN auth.sso_logins.user_id IS 'Who they are; null when they were refused.';
COMMENT ON COLUMN auth.sso_logins.code_hash IS 'SHA-256 of the code that a session is exchanged for.';
COMMENT ON COLUMN auth.sso_logins.code_challenge IS 'SHA-256, in base64url, of what the program must show with the code (RFC 7636).';
COMMENT ON COLUMN auth.sso_logins.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_logins.code_expires_at IS 'From then on the code is refused.';
COMMENT ON COLUMN auth.sso_logins.used_at IS 'When the code was exchanged.';

CREATE TABLE auth.sso_providers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    encrypted_client_secret bytea,
    encrypted_dek bytea,
    master_key_id text,
    allowed_domains text[] DEFAULT '{}'::text[] NOT NULL,
    trusts_email boolean DEFAULT false NOT NULL,
    scopes text[] DEFAULT '{openid,email,profile}'::text[] NOT NULL,
    group_claim text,
    role_mapping jsonb DEFAULT '{}'::jsonb NOT NULL,
    default_role text,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT sso_providers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT sso_providers_check CHECK (((NOT trusts_email) OR (allowed_domains <> '{}'::text[]))),
    CONSTRAINT sso_providers_check1 CHECK (((encrypted_client_secret IS NULL) = (encrypted_dek IS NULL))),
    CONSTRAINT sso_providers_check2 CHECK (((encrypted_client_secret IS NULL) = (master_key_id IS NULL))),
    CONSTRAINT sso_providers_default_role_check CHECK ((default_role = ANY (ARRAY['admin'::text, 'manager'::text, 'developer'::text, 'viewer'::text]))),
    CONSTRAINT sso_providers_issuer_check CHECK ((issuer ~~ 'http%'::text)),
    CONSTRAINT sso_providers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE UNIQUE INDEX sso_providers_client ON auth.sso_providers USING btree (org_id, issuer, client_id) WHERE (retired_at IS NULL);
ALTER TABLE auth.sso_providers OWNER TO witan_owner;
COMMENT ON TABLE auth.sso_providers IS 'OpenID Connect providers that an organization trusts.';
COMMENT ON COLUMN auth.sso_providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sso_providers.name IS 'What stands on the button.';
COMMENT ON COLUMN auth.sso_providers.issuer IS 'The issuer''s URL, exactly as in its tokens.';
COMMENT ON COLUMN auth.sso_providers.client_id IS 'What the issuer calls this program.';
COMMENT ON COLUMN auth.sso_providers.encrypted_client_secret IS 'The client secret, sealed with AES-256-GCM by the program; null for a public client.';
COMMENT ON COLUMN auth.sso_providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN auth.sso_providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN auth.sso_providers.allowed_domains IS 'Domains of addresses that may come; empty is all.';
COMMENT ON COLUMN auth.sso_providers.trusts_email IS 'Whether addresses of the allowed domains count as verified where it does not say.';
COMMENT ON COLUMN auth.sso_providers.scopes IS 'What is asked of it, such as groups.';
COMMENT ON COLUMN auth.sso_providers.group_claim IS 'The claim that names a person''s groups.';
COMMENT ON COLUMN auth.sso_providers.role_mapping IS 'Group to role.';
COMMENT ON COLUMN auth.sso_providers.default_role IS 'Without a mapped group; null lets nobody in without one.';
COMMENT ON COLUMN auth.sso_providers.is_active IS 'Whether it may be used.';
COMMENT ON COLUMN auth.sso_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_providers.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.sso_providers.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE auth.team_members (
    org_id uuid NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT team_members_pkey PRIMARY KEY (org_id, team_id, user_id),
    CONSTRAINT team_members_role_check CHECK ((role = ANY (ARRAY['lead'::text, 'member'::text])))
);
CREATE INDEX team_members_user ON auth.team_members USING btree (org_id, user_id);
ALTER TABLE auth.team_members OWNER TO witan_owner;
COMMENT ON TABLE auth.team_members IS 'Who is in which team.';
COMMENT ON COLUMN auth.team_members.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.team_members.team_id IS 'The team.';
COMMENT ON COLUMN auth.team_members.user_id IS 'The person, who belongs to the same organization.';
COMMENT ON COLUMN auth.team_members.role IS 'Leads may add others.';
COMMENT ON COLUMN auth.team_members.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.team_members.retired_at IS 'When the person left the team; null while in it.';

CREATE TABLE auth.teams (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT teams_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT teams_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE UNIQUE INDEX teams_name ON auth.teams USING btree (org_id, name) WHERE (retired_at IS NULL);
ALTER TABLE auth.teams OWNER TO witan_owner;
COMMENT ON TABLE auth.teams IS 'Teams of an organization; projects may belong to one.';
COMMENT ON COLUMN auth.teams.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.teams.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.teams.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN auth.teams.description IS 'What the team does.';
COMMENT ON COLUMN auth.teams.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.teams.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.teams.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE auth.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text DEFAULT 'user'::text NOT NULL,
    verified boolean DEFAULT false NOT NULL,
    password_hash text,
    totp_secret bytea,
    totp_dek bytea,
    totp_master_key_id text,
    totp_confirmed_at timestamp with time zone,
    totp_last_step bigint,
    last_login timestamp with time zone,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    erased_at timestamp with time zone,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_check CHECK ((((totp_secret IS NULL) = (totp_dek IS NULL)) AND ((totp_secret IS NULL) = (totp_master_key_id IS NULL)))),
    CONSTRAINT users_check1 CHECK (((totp_confirmed_at IS NULL) OR (totp_secret IS NOT NULL))),
    CONSTRAINT users_email_check CHECK (((email = lower(email)) AND (length(email) <= 320) AND (email ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'::text))),
    CONSTRAINT users_name_check CHECK ((length(name) <= 200)),
    CONSTRAINT users_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['user'::text, 'operator'::text])))
);
ALTER TABLE auth.users OWNER TO witan_owner;
COMMENT ON TABLE auth.users IS 'People. No org_id: one may belong to several organizations, and is seen by those (auth.memberships).';
COMMENT ON COLUMN auth.users.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.users.email IS 'Address in lower case; a made-up one after erasure.';
COMMENT ON COLUMN auth.users.name IS 'What the person is called.';
COMMENT ON COLUMN auth.users.role IS 'Rights over the installation itself; those in an organization are in auth.memberships.';
COMMENT ON COLUMN auth.users.verified IS 'Whether the address was proven to be the person''s.';
COMMENT ON COLUMN auth.users.password_hash IS 'Argon2id in its standard text form; null without password.';
COMMENT ON COLUMN auth.users.totp_secret IS 'The second factor''s secret, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN auth.users.totp_dek IS 'The data key of totp_secret, wrapped by the master key.';
COMMENT ON COLUMN auth.users.totp_master_key_id IS 'Which master key wraps totp_dek.';
COMMENT ON COLUMN auth.users.totp_confirmed_at IS 'When the first code was right; from then on a code is asked for.';
COMMENT ON COLUMN auth.users.totp_last_step IS 'The newest time step that a code was taken for: a code is good once.';
COMMENT ON COLUMN auth.users.last_login IS 'The last success.';
COMMENT ON COLUMN auth.users.settings IS 'What the person has chosen, such as language.';
COMMENT ON COLUMN auth.users.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.users.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.users.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
COMMENT ON COLUMN auth.users.erased_at IS 'When the personal data in this row were overwritten; null while they are there.';

CREATE TABLE auth.webauthn_credentials (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint DEFAULT 0 NOT NULL,
    aaguid uuid,
    transports text[] DEFAULT '{}'::text[] NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT webauthn_credentials_pkey PRIMARY KEY (id),
    CONSTRAINT webauthn_credentials_credential_id_key UNIQUE (credential_id),
    CONSTRAINT webauthn_credentials_credential_id_check CHECK (((length(credential_id) >= 16) AND (length(credential_id) <= 1023))),
    CONSTRAINT webauthn_credentials_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT webauthn_credentials_sign_count_check CHECK ((sign_count >= 0))
);
CREATE INDEX webauthn_credentials_user ON auth.webauthn_credentials USING btree (user_id);
ALTER TABLE auth.webauthn_credentials OWNER TO witan_owner;
COMMENT ON TABLE auth.webauthn_credentials IS 'Security keys and passkeys (WebAuthn level 2, section 6.1). No org_id: they are the person''s.';
COMMENT ON COLUMN auth.webauthn_credentials.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.webauthn_credentials.user_id IS 'Whose it is.';
COMMENT ON COLUMN auth.webauthn_credentials.credential_id IS 'What the authenticator calls it.';
COMMENT ON COLUMN auth.webauthn_credentials.public_key IS 'The credential''s public key, as COSE_Key.';
COMMENT ON COLUMN auth.webauthn_credentials.sign_count IS 'The authenticator''s counter: one that goes back is a copy.';
COMMENT ON COLUMN auth.webauthn_credentials.aaguid IS 'The authenticator''s model.';
COMMENT ON COLUMN auth.webauthn_credentials.transports IS 'How it is reached: usb, nfc, ble, internal.';
COMMENT ON COLUMN auth.webauthn_credentials.name IS 'What the person calls it.';
COMMENT ON COLUMN auth.webauthn_credentials.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.webauthn_credentials.last_used IS 'When it last signed.';
COMMENT ON COLUMN auth.webauthn_credentials.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE council.configurations (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    config_type text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    config_data jsonb NOT NULL,
    version integer NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT configurations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT configurations_org_id_config_type_name_version_key UNIQUE (org_id, config_type, name, version),
    CONSTRAINT configurations_config_type_check CHECK ((config_type = ANY (ARRAY['council'::text, 'deliberation'::text, 'synthesis'::text, 'performance'::text]))),
    CONSTRAINT configurations_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text)),
    CONSTRAINT configurations_version_check CHECK ((version > 0))
);
CREATE UNIQUE INDEX configurations_active ON council.configurations USING btree (org_id, config_type, name) WHERE active;
CREATE INDEX configurations_created_by ON council.configurations USING btree (org_id, created_by);
ALTER TABLE council.configurations OWNER TO witan_owner;
COMMENT ON TABLE council.configurations IS 'Versions of the configuration; of each type and name one is active. A version is never changed but for that.';
COMMENT ON COLUMN council.configurations.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.configurations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.configurations.config_type IS 'What it configures.';
COMMENT ON COLUMN council.configurations.name IS 'Which council (council/name); else default.';
COMMENT ON COLUMN council.configurations.config_data IS 'The configuration.';
COMMENT ON COLUMN council.configurations.version IS '1, 2, 3, …';
COMMENT ON COLUMN council.configurations.active IS 'Whether it is the one in use.';
COMMENT ON COLUMN council.configurations.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN council.configurations.created_at IS 'When the row was made.';

CREATE TABLE council.council_responses (
    org_id uuid NOT NULL,
    request_id uuid NOT NULL,
    id uuid NOT NULL,
    council_member_id text NOT NULL,
    round_number integer NOT NULL,
    provider text,
    model text,
    content text NOT NULL,
    token_usage jsonb NOT NULL,
    latency_ms integer NOT NULL,
    cost numeric(38,12),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT council_responses_pkey PRIMARY KEY (org_id, request_id, id),
    CONSTRAINT council_responses_cost_check CHECK ((cost >= (0)::numeric)),
    CONSTRAINT council_responses_council_member_id_check CHECK (((length(council_member_id) >= 1) AND (length(council_member_id) <= 255))),
    CONSTRAINT council_responses_latency_ms_check CHECK ((latency_ms >= 0)),
    CONSTRAINT council_responses_round_number_check CHECK ((round_number >= 0))
) PARTITION BY RANGE (request_id);
ALTER TABLE council.council_responses OWNER TO witan_owner;
COMMENT ON TABLE council.council_responses IS 'What each member of a council said in each round. Partitioned like the requests, with which it goes. No foreign key: it is written before its request is over and recorded.';
COMMENT ON COLUMN council.council_responses.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.council_responses.request_id IS 'The council''s request (council.requests).';
COMMENT ON COLUMN council.council_responses.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.council_responses.council_member_id IS 'Which member.';
COMMENT ON COLUMN council.council_responses.round_number IS 'The round, from 0.';
COMMENT ON COLUMN council.council_responses.provider IS 'The provider''s name then.';
COMMENT ON COLUMN council.council_responses.model IS 'The model''s name then.';
COMMENT ON COLUMN council.council_responses.content IS 'What it said.';
COMMENT ON COLUMN council.council_responses.token_usage IS 'Tokens: input, output, cached.';
COMMENT ON COLUMN council.council_responses.latency_ms IS 'Milliseconds.';
COMMENT ON COLUMN council.council_responses.cost IS 'Dollars; null is not known.';
COMMENT ON COLUMN council.council_responses.created_at IS 'When the row was made.';

CREATE TABLE council.deliberation_exchanges (
    org_id uuid NOT NULL,
    request_id uuid NOT NULL,
    id uuid NOT NULL,
    round_number integer NOT NULL,
    council_member_id text NOT NULL,
    content text NOT NULL,
    references_to text[] DEFAULT '{}'::text[] NOT NULL,
    token_usage jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deliberation_exchanges_pkey PRIMARY KEY (org_id, request_id, id),
    CONSTRAINT deliberation_exchanges_council_member_id_check CHECK (((length(council_member_id) >= 1) AND (length(council_member_id) <= 255))),
    CONSTRAINT deliberation_exchanges_round_number_check CHECK ((round_number >= 0))
) PARTITION BY RANGE (request_id);
ALTER TABLE council.deliberation_exchanges OWNER TO witan_owner;
COMMENT ON TABLE council.deliberation_exchanges IS 'What members said to each other between the rounds. Partitioned and without foreign key as council.council_responses.';
COMMENT ON COLUMN council.deliberation_exchanges.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.deliberation_exchanges.request_id IS 'The council''s request (council.requests).';
COMMENT ON COLUMN council.deliberation_exchanges.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.deliberation_exchanges.round_number IS 'The round, from 0.';
COMMENT ON COLUMN council.deliberation_exchanges.council_member_id IS 'Who speaks.';
COMMENT ON COLUMN council.deliberation_exchanges.content IS 'What it said.';
COMMENT ON COLUMN council.deliberation_exchanges.references_to IS 'Members it answers.';
COMMENT ON COLUMN council.deliberation_exchanges.token_usage IS 'Tokens: input, output, cached.';
COMMENT ON COLUMN council.deliberation_exchanges.created_at IS 'When the row was made.';

CREATE TABLE council.red_team_tests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    test_name text NOT NULL,
    prompt text NOT NULL,
    attack_category text NOT NULL,
    council_member_id text NOT NULL,
    model_id uuid,
    model_version text,
    config_hash bytea,
    generation integer DEFAULT 0 NOT NULL,
    response text NOT NULL,
    detector text DEFAULT 'marker'::text NOT NULL,
    score numeric(5,4),
    compromised boolean NOT NULL,
    reviewed_by uuid,
    review_verdict boolean,
    latency_ms integer,
    cost numeric(38,12),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT red_team_tests_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT red_team_tests_attack_category_check CHECK (((length(attack_category) >= 1) AND (length(attack_category) <= 100))),
    CONSTRAINT red_team_tests_check CHECK (((reviewed_by IS NULL) = (review_verdict IS NULL))),
    CONSTRAINT red_team_tests_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT red_team_tests_cost_check CHECK ((cost >= (0)::numeric)),
    CONSTRAINT red_team_tests_council_member_id_check CHECK (((length(council_member_id) >= 1) AND (length(council_member_id) <= 255))),
    CONSTRAINT red_team_tests_generation_check CHECK ((generation >= 0)),
    CONSTRAINT red_team_tests_latency_ms_check CHECK ((latency_ms >= 0)),
    CONSTRAINT red_team_tests_score_check CHECK (((score >= (0)::numeric) AND (score <= (1)::numeric))),
    CONSTRAINT red_team_tests_test_name_check CHECK (((length(test_name) >= 1) AND (length(test_name) <= 255)))
);
CREATE INDEX red_team_tests_campaign ON council.red_team_tests USING btree (org_id, campaign_id);
CREATE INDEX red_team_tests_category ON council.red_team_tests USING btree (org_id, attack_category, compromised);
CREATE INDEX red_team_tests_model ON council.red_team_tests USING btree (org_id, model_id);
CREATE INDEX red_team_tests_reviewed_by ON council.red_team_tests USING btree (org_id, reviewed_by);
ALTER TABLE council.red_team_tests OWNER TO witan_owner;
COMMENT ON TABLE council.red_team_tests IS 'Attacks tried on members of councils, and whether they worked. The verdict stays; a review stands beside it.';
COMMENT ON COLUMN council.red_team_tests.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.red_team_tests.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.red_team_tests.campaign_id IS 'The run it belongs to.';
COMMENT ON COLUMN council.red_team_tests.test_name IS 'The probe''s name.';
COMMENT ON COLUMN council.red_team_tests.prompt IS 'What was asked.';
COMMENT ON COLUMN council.red_team_tests.attack_category IS 'The probe''s family.';
COMMENT ON COLUMN council.red_team_tests.council_member_id IS 'Which member was attacked.';
COMMENT ON COLUMN council.red_team_tests.model_id IS 'Its model; null for one outside of the catalog.';
COMMENT ON COLUMN council.red_team_tests.model_version IS 'The model''s version then.';
COMMENT ON COLUMN council.red_team_tests.config_hash IS 'SHA-256 of the configuration it ran with.';
COMMENT ON COLUMN council.red_team_tests.generation IS 'Which of several answers to the same prompt, from 0.';
COMMENT ON COLUMN council.red_team_tests.response IS 'What it answered.';
COMMENT ON COLUMN council.red_team_tests.detector IS 'What judged, with its version.';
COMMENT ON COLUMN council.red_team_tests.score IS 'How sure the detector is, 0 to 1; null when it could not tell.';
COMMENT ON COLUMN council.red_team_tests.compromised IS 'The verdict.';
COMMENT ON COLUMN council.red_team_tests.reviewed_by IS 'Who looked at it; null for nobody.';
COMMENT ON COLUMN council.red_team_tests.review_verdict IS 'What that person says.';
COMMENT ON COLUMN council.red_team_tests.latency_ms IS 'Milliseconds.';
COMMENT ON COLUMN council.red_team_tests.cost IS 'Dollars.';
COMMENT ON COLUMN council.red_team_tests.created_at IS 'When the row was made.';

CREATE TABLE council.requests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    api_key_id uuid,
    status text NOT NULL,
    model text NOT NULL,
    stream boolean NOT NULL,
    http_status integer NOT NULL,
    error_code text,
    total_cost numeric(38,12) NOT NULL,
    total_latency_ms integer NOT NULL,
    request_sha256 bytea NOT NULL,
    response_sha256 bytea,
    request_content text,
    response_content text,
    session_id uuid,
    user_id uuid,
    consensus_decision text,
    agreement_level numeric(4,3),
    config_snapshot jsonb,
    CONSTRAINT requests_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT requests_agreement_level_check CHECK (((agreement_level >= (0)::numeric) AND (agreement_level <= (1)::numeric))),
    CONSTRAINT requests_check CHECK (((api_key_id IS NOT NULL) OR (user_id IS NOT NULL))),
    CONSTRAINT requests_status_check CHECK ((status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'interrupted'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX requests_session ON council.requests USING btree (org_id, session_id, id) WHERE (session_id IS NOT NULL);
CREATE INDEX requests_user ON council.requests USING btree (org_id, user_id, id) WHERE (user_id IS NOT NULL);
ALTER TABLE council.requests OWNER TO witan_owner;
COMMENT ON TABLE council.requests IS 'Every governed call, written once by the ingest role when it is over. Partitioned by the time in its id, which is when it began; it ended total_latency_ms later. No foreign keys: it is written from a snapshot that is already checked, and a key more costs a sixth of PostgreSQL''s time for a call.';
COMMENT ON COLUMN council.requests.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.requests.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.requests.api_key_id IS 'The key that called (auth.api_keys); null when a person did.';
COMMENT ON COLUMN council.requests.status IS 'How it ended.';
COMMENT ON COLUMN council.requests.model IS 'The model''s name as asked for: provider/model or council/name.';
COMMENT ON COLUMN council.requests.stream IS 'Whether the answer was streamed.';
COMMENT ON COLUMN council.requests.http_status IS 'HTTP status of the answer.';
COMMENT ON COLUMN council.requests.error_code IS 'Why it failed; null when it did not.';
COMMENT ON COLUMN council.requests.total_cost IS 'Dollars, all upstream calls together.';
COMMENT ON COLUMN council.requests.total_latency_ms IS 'From the request read to the answer''s end, in milliseconds.';
COMMENT ON COLUMN council.requests.request_sha256 IS 'SHA-256 of the request''s body.';
COMMENT ON COLUMN council.requests.response_sha256 IS 'SHA-256 of the answer''s body; null when there was none.';
COMMENT ON COLUMN council.requests.request_content IS 'The request''s body (002''s query); null unless the organization keeps contents.';
COMMENT ON COLUMN council.requests.response_content IS 'The answer''s body; null unless the organization keeps contents.';
COMMENT ON COLUMN council.requests.session_id IS 'The conversation (council.sessions); null outside of one.';
COMMENT ON COLUMN council.requests.user_id IS 'The person, when one called without a key; else the key says whose it is.';
COMMENT ON COLUMN council.requests.consensus_decision IS 'What the council agreed on; null for a plain call.';
COMMENT ON COLUMN council.requests.agreement_level IS 'How much they agreed, 0 to 1; null for a plain call.';
COMMENT ON COLUMN council.requests.config_snapshot IS 'The configuration the council ran with; null for a plain call.';

CREATE TABLE council.session_history (
    org_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    request_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT session_history_pkey PRIMARY KEY (org_id, session_id, id),
    CONSTRAINT session_history_role_check CHECK ((role = ANY (ARRAY['system'::text, 'user'::text, 'assistant'::text, 'tool'::text])))
);
ALTER TABLE council.session_history OWNER TO witan_owner;
COMMENT ON TABLE council.session_history IS 'Messages of conversations, in order. Not partitioned: its rows go with their conversation, not with their month.';
COMMENT ON COLUMN council.session_history.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.session_history.session_id IS 'The conversation.';
COMMENT ON COLUMN council.session_history.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.session_history.role IS 'Who speaks.';
COMMENT ON COLUMN council.session_history.content IS 'What is said.';
COMMENT ON COLUMN council.session_history.request_id IS 'The governed call that carried it (council.requests); no foreign key, since months of calls go before conversations do.';
COMMENT ON COLUMN council.session_history.created_at IS 'When the row was made.';

CREATE TABLE council.sessions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    api_key_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_activity_at timestamp with time zone DEFAULT now() NOT NULL,
    context_window_used integer DEFAULT 0 NOT NULL,
    expired boolean DEFAULT false NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT sessions_context_window_used_check CHECK ((context_window_used >= 0))
) WITH (fillfactor=85);
CREATE INDEX sessions_idle ON council.sessions USING btree (last_activity_at) WHERE (NOT expired);
CREATE INDEX sessions_key ON council.sessions USING btree (org_id, api_key_id);
CREATE INDEX sessions_user ON council.sessions USING btree (org_id, user_id);
ALTER TABLE council.sessions OWNER TO witan_owner;
COMMENT ON TABLE council.sessions IS 'Conversations, whose context goes along with each call. Redis holds copies; this is the truth.';
COMMENT ON COLUMN council.sessions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.sessions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.sessions.user_id IS 'Whose conversation; null when a key of the organization''s holds it.';
COMMENT ON COLUMN council.sessions.api_key_id IS 'The key that began it; null when a person at the dashboard did.';
COMMENT ON COLUMN council.sessions.created_at IS 'When the row was made.';
COMMENT ON COLUMN council.sessions.last_activity_at IS 'The last message.';
COMMENT ON COLUMN council.sessions.context_window_used IS 'Tokens of context it takes up.';
COMMENT ON COLUMN council.sessions.expired IS 'Whether it has ended for want of activity (30 days).';

CREATE TABLE experiments_v1.blacklist (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    config_hash bytea NOT NULL,
    experiment_id uuid,
    reason text NOT NULL,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    quarantined_at timestamp with time zone DEFAULT now() NOT NULL,
    quarantined_by uuid,
    review_status text DEFAULT 'pending'::text NOT NULL,
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    CONSTRAINT blacklist_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT blacklist_org_id_config_hash_key UNIQUE (org_id, config_hash),
    CONSTRAINT blacklist_check CHECK (((review_status = 'pending'::text) OR (reviewed_at IS NOT NULL) OR (review_status = 'appealed'::text))),
    CONSTRAINT blacklist_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT blacklist_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT blacklist_review_status_check CHECK ((review_status = ANY (ARRAY['pending'::text, 'reviewed'::text, 'appealed'::text])))
);
CREATE INDEX blacklist_experiment ON experiments_v1.blacklist USING btree (org_id, experiment_id);
CREATE INDEX blacklist_quarantined_by ON experiments_v1.blacklist USING btree (org_id, quarantined_by);
CREATE INDEX blacklist_review_status ON experiments_v1.blacklist USING btree (org_id, review_status);
CREATE INDEX blacklist_reviewed_by ON experiments_v1.blacklist USING btree (org_id, reviewed_by);
ALTER TABLE experiments_v1.blacklist OWNER TO witan_owner;
COMMENT ON TABLE experiments_v1.blacklist IS 'Configurations that may not be tried again.';
COMMENT ON COLUMN experiments_v1.blacklist.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.blacklist.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.blacklist.config_hash IS 'SHA-256 of the configuration; unique in the organization.';
COMMENT ON COLUMN experiments_v1.blacklist.experiment_id IS 'The experiment that showed it; null for one barred otherwise.';
COMMENT ON COLUMN experiments_v1.blacklist.reason IS 'Why.';
COMMENT ON COLUMN experiments_v1.blacklist.evidence IS 'What shows it.';
COMMENT ON COLUMN experiments_v1.blacklist.quarantined_at IS 'From when on.';
COMMENT ON COLUMN experiments_v1.blacklist.quarantined_by IS 'Who barred it; null when the program did.';
COMMENT ON COLUMN experiments_v1.blacklist.review_status IS 'Whether somebody looked at it again.';
COMMENT ON COLUMN experiments_v1.blacklist.reviewed_by IS 'Who did.';
COMMENT ON COLUMN experiments_v1.blacklist.reviewed_at IS 'When.';

CREATE TABLE experiments_v1.comparison_reports (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    v1_experiment_id uuid NOT NULL,
    v2_version_id uuid NOT NULL,
    dataset_id uuid,
    metrics jsonb NOT NULL,
    recommendation text NOT NULL,
    confidence numeric(4,3) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT comparison_reports_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT comparison_reports_confidence_check CHECK (((confidence >= (0)::numeric) AND (confidence <= (1)::numeric))),
    CONSTRAINT comparison_reports_recommendation_check CHECK ((recommendation = ANY (ARRAY['promote'::text, 'hold'::text, 'quarantine'::text])))
);
CREATE INDEX comparison_reports_experiment ON experiments_v1.comparison_reports USING btree (org_id, v1_experiment_id);
CREATE INDEX comparison_reports_version ON experiments_v1.comparison_reports USING btree (org_id, v2_version_id);
ALTER TABLE experiments_v1.comparison_reports OWNER TO witan_owner;
COMMENT ON TABLE experiments_v1.comparison_reports IS 'An experiment beside the version in production, on the same data. Added to, never changed.';
COMMENT ON COLUMN experiments_v1.comparison_reports.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.comparison_reports.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.comparison_reports.v1_experiment_id IS 'What is tried.';
COMMENT ON COLUMN experiments_v1.comparison_reports.v2_version_id IS 'What is in production.';
COMMENT ON COLUMN experiments_v1.comparison_reports.dataset_id IS 'The data both ran on.';
COMMENT ON COLUMN experiments_v1.comparison_reports.metrics IS 'Per metric: both sides, the shift, its interval, the test.';
COMMENT ON COLUMN experiments_v1.comparison_reports.recommendation IS 'What to do.';
COMMENT ON COLUMN experiments_v1.comparison_reports.confidence IS 'How sure that is, 0 to 1.';
COMMENT ON COLUMN experiments_v1.comparison_reports.created_at IS 'When the row was made.';

CREATE TABLE experiments_v1.evaluations (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    metrics jsonb NOT NULL,
    ai_verdict text,
    ai_confidence numeric(4,3),
    human_override text,
    override_reason text,
    evaluated_by text NOT NULL,
    evaluator_id uuid,
    evaluated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT evaluations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT evaluations_ai_confidence_check CHECK (((ai_confidence >= (0)::numeric) AND (ai_confidence <= (1)::numeric))),
    CONSTRAINT evaluations_ai_verdict_check CHECK ((ai_verdict = ANY (ARRAY['pass'::text, 'fail'::text, 'manual_review'::text]))),
    CONSTRAINT evaluations_check CHECK (((human_override IS NULL) = (override_reason IS NULL))),
    CONSTRAINT evaluations_check1 CHECK (((ai_verdict IS NOT NULL) OR (human_override IS NOT NULL))),
    CONSTRAINT evaluations_check2 CHECK (((human_override IS NULL) OR (evaluated_by = 'human'::text))),
    CONSTRAINT evaluations_evaluated_by_check CHECK ((evaluated_by = ANY (ARRAY['ai'::text, 'human'::text]))),
    CONSTRAINT evaluations_human_override_check CHECK ((human_override = ANY (ARRAY['pass'::text, 'fail'::text])))
);
CREATE INDEX evaluations_evaluator ON experiments_v1.evaluations USING btree (org_id, evaluator_id);
CREATE INDEX evaluations_experiment ON experiments_v1.evaluations USING btree (org_id, experiment_id, id);
CREATE INDEX evaluations_verdict ON experiments_v1.evaluations USING btree (org_id, ai_verdict);
ALTER TABLE experiments_v1.evaluations OWNER TO witan_owner;
COMMENT ON TABLE experiments_v1.evaluations IS 'What an experiment''s metrics say; a person may overrule, with a reason. Added to, never changed.';
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

CREATE TABLE experiments_v1.experiments (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    version text DEFAULT 'v1'::text NOT NULL,
    config jsonb NOT NULL,
    config_hash bytea NOT NULL,
    dataset_id uuid,
    status text DEFAULT 'created'::text NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    CONSTRAINT experiments_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT experiments_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT experiments_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT experiments_status_check CHECK ((status = ANY (ARRAY['created'::text, 'running'::text, 'completed'::text, 'failed'::text, 'evaluating'::text, 'promoted'::text, 'quarantined'::text]))),
    CONSTRAINT experiments_version_check CHECK ((version = 'v1'::text))
);
CREATE INDEX experiments_config_hash ON experiments_v1.experiments USING btree (org_id, config_hash);
CREATE INDEX experiments_created_by ON experiments_v1.experiments USING btree (org_id, created_by);
CREATE INDEX experiments_project ON experiments_v1.experiments USING btree (org_id, project_id);
CREATE INDEX experiments_status ON experiments_v1.experiments USING btree (org_id, status, created_at);
ALTER TABLE experiments_v1.experiments OWNER TO witan_owner;
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
COMMENT ON COLUMN experiments_v1.experiments.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN experiments_v1.experiments.created_at IS 'When the row was made.';
COMMENT ON COLUMN experiments_v1.experiments.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN experiments_v1.experiments.started_at IS 'When it began to run.';
COMMENT ON COLUMN experiments_v1.experiments.completed_at IS 'When it was over.';

CREATE TABLE experiments_v1.promotions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    version_id uuid,
    from_version text DEFAULT 'v1'::text NOT NULL,
    to_version text DEFAULT 'v2'::text NOT NULL,
    config_hash bytea NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    reason text NOT NULL,
    requested_by uuid,
    approver_id uuid,
    decided_at timestamp with time zone,
    promoted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT promotions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT promotions_check CHECK ((from_version <> to_version)),
    CONSTRAINT promotions_check1 CHECK ((approver_id <> requested_by)),
    CONSTRAINT promotions_check2 CHECK (((status <> ALL (ARRAY['approved'::text, 'completed'::text])) OR (approver_id IS NOT NULL))),
    CONSTRAINT promotions_check3 CHECK (((status = 'completed'::text) = (promoted_at IS NOT NULL))),
    CONSTRAINT promotions_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT promotions_from_version_check CHECK ((from_version = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text]))),
    CONSTRAINT promotions_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT promotions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'completed'::text]))),
    CONSTRAINT promotions_to_version_check CHECK ((to_version = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text])))
);
CREATE INDEX promotions_approver ON experiments_v1.promotions USING btree (org_id, approver_id);
CREATE INDEX promotions_experiment ON experiments_v1.promotions USING btree (org_id, experiment_id);
CREATE UNIQUE INDEX promotions_open ON experiments_v1.promotions USING btree (org_id, experiment_id) WHERE (status = ANY (ARRAY['pending'::text, 'approved'::text]));
CREATE INDEX promotions_requested_by ON experiments_v1.promotions USING btree (org_id, requested_by);
CREATE INDEX promotions_status ON experiments_v1.promotions USING btree (org_id, status, created_at);
CREATE INDEX promotions_version ON experiments_v1.promotions USING btree (org_id, version_id);
ALTER TABLE experiments_v1.promotions OWNER TO witan_owner;
COMMENT ON TABLE experiments_v1.promotions IS 'Requests to let a version through to the next zone, and what became of them.';
COMMENT ON COLUMN experiments_v1.promotions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN experiments_v1.promotions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN experiments_v1.promotions.experiment_id IS 'What is to be promoted (001''s from_version_id).';
COMMENT ON COLUMN experiments_v1.promotions.version_id IS 'The project''s version it became; null until then.';
COMMENT ON COLUMN experiments_v1.promotions.from_version IS 'The zone it comes from.';
COMMENT ON COLUMN experiments_v1.promotions.to_version IS 'The zone it goes to.';
COMMENT ON COLUMN experiments_v1.promotions.config_hash IS 'What is asked for; it stays, and another configuration takes another request.';
COMMENT ON COLUMN experiments_v1.promotions.status IS 'Where it stands.';
COMMENT ON COLUMN experiments_v1.promotions.reason IS 'Why it should be.';
COMMENT ON COLUMN experiments_v1.promotions.requested_by IS 'Who asks.';
COMMENT ON COLUMN experiments_v1.promotions.approver_id IS 'Who decided; another person than the one who asks.';
COMMENT ON COLUMN experiments_v1.promotions.decided_at IS 'When.';
COMMENT ON COLUMN experiments_v1.promotions.promoted_at IS 'When it was done.';
COMMENT ON COLUMN experiments_v1.promotions.created_at IS 'When the row was made.';
COMMENT ON COLUMN experiments_v1.promotions.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.circuit_breakers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid,
    name text NOT NULL,
    threshold integer NOT NULL,
    window_ms integer NOT NULL,
    open_ms integer DEFAULT 30000 NOT NULL,
    half_open_permits integer DEFAULT 1 NOT NULL,
    failure_count integer DEFAULT 0 NOT NULL,
    state text DEFAULT 'CLOSED'::text NOT NULL,
    opened_at timestamp with time zone,
    generation bigint DEFAULT 1 NOT NULL,
    trips jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT circuit_breakers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT circuit_breakers_org_id_model_id_name_key UNIQUE NULLS NOT DISTINCT (org_id, model_id, name),
    CONSTRAINT circuit_breakers_check CHECK (((state = 'CLOSED'::text) OR (opened_at IS NOT NULL))),
    CONSTRAINT circuit_breakers_failure_count_check CHECK ((failure_count >= 0)),
    CONSTRAINT circuit_breakers_generation_check CHECK ((generation > 0)),
    CONSTRAINT circuit_breakers_half_open_permits_check CHECK ((half_open_permits > 0)),
    CONSTRAINT circuit_breakers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT circuit_breakers_open_ms_check CHECK ((open_ms > 0)),
    CONSTRAINT circuit_breakers_state_check CHECK ((state = ANY (ARRAY['CLOSED'::text, 'OPEN'::text, 'HALF_OPEN'::text]))),
    CONSTRAINT circuit_breakers_threshold_check CHECK ((threshold > 0)),
    CONSTRAINT circuit_breakers_trips_check CHECK (((jsonb_typeof(trips) = 'array'::text) AND (jsonb_array_length(trips) <= 100))),
    CONSTRAINT circuit_breakers_window_ms_check CHECK ((window_ms > 0))
) WITH (fillfactor=85);
CREATE INDEX circuit_breakers_created_at ON governance.circuit_breakers USING btree (org_id, created_at);
CREATE INDEX circuit_breakers_state ON governance.circuit_breakers USING btree (org_id, state);
ALTER TABLE governance.circuit_breakers OWNER TO witan_owner;
COMMENT ON TABLE governance.circuit_breakers IS 'Breakers that stop calls to what fails too often, and try again after a while.';
COMMENT ON COLUMN governance.circuit_breakers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.circuit_breakers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.circuit_breakers.model_id IS 'The model it guards; null for a provider or a route, which the name says.';
COMMENT ON COLUMN governance.circuit_breakers.name IS 'What it guards, in words.';
COMMENT ON COLUMN governance.circuit_breakers.threshold IS 'Failures that open it.';
COMMENT ON COLUMN governance.circuit_breakers.window_ms IS 'Milliseconds in which they count.';
COMMENT ON COLUMN governance.circuit_breakers.open_ms IS 'Milliseconds until it tries again.';
COMMENT ON COLUMN governance.circuit_breakers.half_open_permits IS 'Calls it lets through to try.';
COMMENT ON COLUMN governance.circuit_breakers.failure_count IS 'Failures in the window, when last told.';
COMMENT ON COLUMN governance.circuit_breakers.state IS 'Whether calls go through.';
COMMENT ON COLUMN governance.circuit_breakers.opened_at IS 'When it last opened.';
COMMENT ON COLUMN governance.circuit_breakers.generation IS 'Goes up with every change of state; the older is ignored.';
COMMENT ON COLUMN governance.circuit_breakers.trips IS 'The last changes of state, at most 100; all of them are in the audit log.';
COMMENT ON COLUMN governance.circuit_breakers.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.circuit_breakers.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.compliance_checks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid NOT NULL,
    framework text NOT NULL,
    catalog_version text,
    score numeric(5,2) NOT NULL,
    compliant boolean NOT NULL,
    results jsonb NOT NULL,
    checked_by text DEFAULT 'system'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT compliance_checks_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT compliance_checks_framework_check CHECK (((length(framework) >= 1) AND (length(framework) <= 50))),
    CONSTRAINT compliance_checks_score_check CHECK (((score >= (0)::numeric) AND (score <= (100)::numeric)))
);
CREATE INDEX compliance_checks_created_at ON governance.compliance_checks USING btree (org_id, created_at);
CREATE INDEX compliance_checks_framework ON governance.compliance_checks USING btree (org_id, framework, compliant);
CREATE INDEX compliance_checks_model ON governance.compliance_checks USING btree (org_id, model_id, framework, id);
ALTER TABLE governance.compliance_checks OWNER TO witan_owner;
COMMENT ON TABLE governance.compliance_checks IS 'Runs of a framework''s controls against a model. Added to, never changed: the newest is the present.';
COMMENT ON COLUMN governance.compliance_checks.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.compliance_checks.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.compliance_checks.model_id IS 'The model that was checked.';
COMMENT ON COLUMN governance.compliance_checks.framework IS 'GDPR, HIPAA, CCPA, SOC2, ….';
COMMENT ON COLUMN governance.compliance_checks.catalog_version IS 'The version of the framework''s controls; null for a check made by hand.';
COMMENT ON COLUMN governance.compliance_checks.score IS '0 to 100.';
COMMENT ON COLUMN governance.compliance_checks.compliant IS 'The verdict.';
COMMENT ON COLUMN governance.compliance_checks.results IS 'What each control gave, with its evidence.';
COMMENT ON COLUMN governance.compliance_checks.checked_by IS 'Who ran it, such as user:….';
COMMENT ON COLUMN governance.compliance_checks.created_at IS 'When the row was made.';

CREATE TABLE governance.compliance_data (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    compliance_type text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    last_checked timestamp with time zone DEFAULT now() NOT NULL,
    violation_count integer DEFAULT 0 NOT NULL,
    encrypted_violations bytea,
    encrypted_dek bytea,
    master_key_id text,
    remediation jsonb DEFAULT '{}'::jsonb NOT NULL,
    score numeric(5,2),
    checked_by uuid,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT compliance_data_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT compliance_data_org_id_project_id_compliance_type_key UNIQUE (org_id, project_id, compliance_type),
    CONSTRAINT compliance_data_check CHECK (((encrypted_violations IS NULL) = (encrypted_dek IS NULL))),
    CONSTRAINT compliance_data_check1 CHECK (((encrypted_violations IS NULL) = (master_key_id IS NULL))),
    CONSTRAINT compliance_data_compliance_type_check CHECK ((compliance_type = ANY (ARRAY['hipaa'::text, 'sox'::text, 'pci_dss'::text, 'gdpr'::text, 'ccpa'::text, 'soc2'::text]))),
    CONSTRAINT compliance_data_score_check CHECK (((score >= (0)::numeric) AND (score <= (100)::numeric))),
    CONSTRAINT compliance_data_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'compliant'::text, 'non_compliant'::text, 'in_review'::text]))),
    CONSTRAINT compliance_data_violation_count_check CHECK ((violation_count >= 0))
);
CREATE INDEX compliance_data_checked_by ON governance.compliance_data USING btree (org_id, checked_by);
CREATE INDEX compliance_data_last_checked ON governance.compliance_data USING btree (org_id, last_checked);
CREATE INDEX compliance_data_status ON governance.compliance_data USING btree (org_id, status);
CREATE INDEX compliance_data_type ON governance.compliance_data USING btree (org_id, compliance_type, status);
ALTER TABLE governance.compliance_data OWNER TO witan_owner;
COMMENT ON TABLE governance.compliance_data IS 'How a project stands with a kind of compliance now; what was before is in governance.compliance_history.';
COMMENT ON COLUMN governance.compliance_data.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.compliance_data.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.compliance_data.project_id IS 'The project.';
COMMENT ON COLUMN governance.compliance_data.compliance_type IS 'Which kind; one row of each.';
COMMENT ON COLUMN governance.compliance_data.status IS 'How it stands.';
COMMENT ON COLUMN governance.compliance_data.last_checked IS 'When it was looked at.';
COMMENT ON COLUMN governance.compliance_data.violation_count IS 'How many violations there are.';
COMMENT ON COLUMN governance.compliance_data.encrypted_violations IS 'The violations as JSON, sealed with AES-256-GCM by the program; null for none.';
COMMENT ON COLUMN governance.compliance_data.encrypted_dek IS 'Their data key, wrapped by the master key.';
COMMENT ON COLUMN governance.compliance_data.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN governance.compliance_data.remediation IS 'What is being done about them.';
COMMENT ON COLUMN governance.compliance_data.score IS '0 to 100; null until checked.';
COMMENT ON COLUMN governance.compliance_data.checked_by IS 'Who looked at it; null when the program did.';
COMMENT ON COLUMN governance.compliance_data.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.compliance_history (
    org_id uuid NOT NULL,
    compliance_id uuid NOT NULL,
    replaced_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    project_id uuid NOT NULL,
    compliance_type text NOT NULL,
    status text NOT NULL,
    last_checked timestamp with time zone NOT NULL,
    violation_count integer NOT NULL,
    remediation jsonb NOT NULL,
    score numeric(5,2),
    checked_by uuid,
    CONSTRAINT compliance_history_pkey PRIMARY KEY (org_id, compliance_id, replaced_at)
);
CREATE INDEX compliance_history_project ON governance.compliance_history USING btree (org_id, project_id);
ALTER TABLE governance.compliance_history OWNER TO witan_owner;
COMMENT ON TABLE governance.compliance_history IS 'What governance.compliance_data said before; written by its trigger. Added to, never changed.';
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
COMMENT ON COLUMN governance.compliance_history.checked_by IS 'Who had looked at it; no foreign key of its own, its row had one.';

CREATE TABLE governance.component_usage (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    component_id uuid NOT NULL,
    project_id uuid NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    usage_context jsonb DEFAULT '{}'::jsonb NOT NULL,
    usage_count integer DEFAULT 1 NOT NULL,
    CONSTRAINT component_usage_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT component_usage_org_id_component_id_project_id_key UNIQUE (org_id, component_id, project_id),
    CONSTRAINT component_usage_usage_count_check CHECK ((usage_count > 0))
) WITH (fillfactor=85);
CREATE INDEX component_usage_project ON governance.component_usage USING btree (org_id, project_id);
CREATE INDEX component_usage_used_at ON governance.component_usage USING btree (org_id, used_at);
ALTER TABLE governance.component_usage OWNER TO witan_owner;
COMMENT ON TABLE governance.component_usage IS 'Which project used which part.';
COMMENT ON COLUMN governance.component_usage.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.component_usage.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.component_usage.component_id IS 'The part.';
COMMENT ON COLUMN governance.component_usage.project_id IS 'The project.';
COMMENT ON COLUMN governance.component_usage.used_at IS 'When it first did.';
COMMENT ON COLUMN governance.component_usage.last_used_at IS 'When it last did.';
COMMENT ON COLUMN governance.component_usage.usage_context IS 'What for.';
COMMENT ON COLUMN governance.component_usage.usage_count IS 'How often.';

CREATE TABLE governance.components (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    version text NOT NULL,
    industry_type text,
    dependencies jsonb DEFAULT '[]'::jsonb NOT NULL,
    content text NOT NULL,
    usage_count integer DEFAULT 0 NOT NULL,
    quality_score numeric(3,2),
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT components_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT components_org_id_name_version_key UNIQUE (org_id, name, version),
    CONSTRAINT components_industry_type_check CHECK ((industry_type = ANY (ARRAY['healthcare'::text, 'finance'::text, 'ecommerce'::text, 'enterprise'::text, 'universal'::text]))),
    CONSTRAINT components_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT components_quality_score_check CHECK (((quality_score >= (0)::numeric) AND (quality_score <= (1)::numeric))),
    CONSTRAINT components_type_check CHECK ((type = ANY (ARRAY['ui'::text, 'api'::text, 'auth'::text, 'payment'::text, 'data'::text, 'security'::text, 'compliance'::text]))),
    CONSTRAINT components_usage_count_check CHECK ((usage_count >= 0)),
    CONSTRAINT components_version_check CHECK (((length(version) >= 1) AND (length(version) <= 20)))
) WITH (fillfactor=85);
CREATE INDEX components_created_by ON governance.components USING btree (org_id, created_by);
CREATE INDEX components_industry ON governance.components USING btree (org_id, industry_type);
CREATE INDEX components_popular ON governance.components USING btree (org_id, id) WHERE (usage_count > 100);
CREATE INDEX components_quality ON governance.components USING btree (org_id, quality_score);
COMMENT ON INDEX governance.components_quality IS 'Gives the components in the order of their quality. Comparing a numeric is not leakproof, so under row-level security a bound on it filters and does not search.';
CREATE INDEX components_type ON governance.components USING btree (org_id, type, industry_type);
CREATE INDEX components_usage_count ON governance.components USING btree (org_id, usage_count);
ALTER TABLE governance.components OWNER TO witan_owner;
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
COMMENT ON COLUMN governance.components.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN governance.components.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.components.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.controls (
    framework text NOT NULL,
    catalog_version text NOT NULL,
    control_key text NOT NULL,
    title text NOT NULL,
    definition jsonb DEFAULT '{}'::jsonb NOT NULL,
    effective_from date NOT NULL,
    effective_to date,
    CONSTRAINT controls_pkey PRIMARY KEY (framework, catalog_version, control_key),
    CONSTRAINT controls_catalog_version_check CHECK (((length(catalog_version) >= 1) AND (length(catalog_version) <= 50))),
    CONSTRAINT controls_check CHECK ((effective_to > effective_from)),
    CONSTRAINT controls_control_key_check CHECK (((length(control_key) >= 1) AND (length(control_key) <= 100))),
    CONSTRAINT controls_framework_check CHECK (((length(framework) >= 1) AND (length(framework) <= 50)))
);
ALTER TABLE governance.controls OWNER TO witan_owner;
COMMENT ON TABLE governance.controls IS 'Controls of the frameworks, by version of the catalog. No org_id: reference data, the same for everybody.';
COMMENT ON COLUMN governance.controls.framework IS 'Such as GDPR.';
COMMENT ON COLUMN governance.controls.catalog_version IS 'The catalog''s version.';
COMMENT ON COLUMN governance.controls.control_key IS 'The control''s name in it.';
COMMENT ON COLUMN governance.controls.title IS 'What it asks for, in a line.';
COMMENT ON COLUMN governance.controls.definition IS 'How it is evaluated.';
COMMENT ON COLUMN governance.controls.effective_from IS 'From when on it counts.';
COMMENT ON COLUMN governance.controls.effective_to IS 'Until when; null is for now.';

CREATE TABLE governance.governance_models (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    description text,
    provider text NOT NULL,
    model_id uuid,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    owner_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT governance_models_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT governance_models_org_id_name_version_key UNIQUE (org_id, name, version),
    CONSTRAINT governance_models_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT governance_models_provider_check CHECK (((length(provider) >= 1) AND (length(provider) <= 255))),
    CONSTRAINT governance_models_status_check CHECK ((status = ANY (ARRAY['DRAFT'::text, 'TESTING'::text, 'ACTIVE'::text, 'SUSPENDED'::text, 'DEPRECATED'::text, 'RETIRED'::text]))),
    CONSTRAINT governance_models_version_check CHECK (((length(version) >= 1) AND (length(version) <= 100)))
);
CREATE INDEX governance_models_created_at ON governance.governance_models USING btree (org_id, created_at);
CREATE INDEX governance_models_model ON governance.governance_models USING btree (org_id, model_id);
CREATE INDEX governance_models_owner ON governance.governance_models USING btree (org_id, owner_id);
CREATE INDEX governance_models_provider ON governance.governance_models USING btree (org_id, provider);
CREATE INDEX governance_models_status ON governance.governance_models USING btree (org_id, status);
ALTER TABLE governance.governance_models OWNER TO witan_owner;
COMMENT ON TABLE governance.governance_models IS 'Models under governance: one row per version of a model. They are retired, never deleted: checks and switches stay.';
COMMENT ON COLUMN governance.governance_models.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.governance_models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN governance.governance_models.name IS 'What it is called.';
COMMENT ON COLUMN governance.governance_models.version IS 'Its version.';
COMMENT ON COLUMN governance.governance_models.description IS 'What it is for.';
COMMENT ON COLUMN governance.governance_models.provider IS 'Who makes it.';
COMMENT ON COLUMN governance.governance_models.model_id IS 'The model that is called (providers.models); null for one that is run elsewhere.';
COMMENT ON COLUMN governance.governance_models.status IS 'Where it stands.';
COMMENT ON COLUMN governance.governance_models.metadata IS 'The model''s card.';
COMMENT ON COLUMN governance.governance_models.owner_id IS 'Who answers for it.';
COMMENT ON COLUMN governance.governance_models.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.governance_models.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.kill_switches (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    model_id uuid,
    project_id uuid,
    target text,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    reason text NOT NULL,
    triggered_by text NOT NULL,
    triggered_at timestamp with time zone DEFAULT now() NOT NULL,
    deactivated_by text,
    deactivation_reason text,
    deactivated_at timestamp with time zone,
    generation bigint NOT NULL,
    is_drill boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT kill_switches_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT kill_switches_check CHECK (((scope = 'model'::text) = (model_id IS NOT NULL))),
    CONSTRAINT kill_switches_check1 CHECK (((scope = 'project'::text) = (project_id IS NOT NULL))),
    CONSTRAINT kill_switches_check2 CHECK (((scope = ANY (ARRAY['provider'::text, 'key'::text, 'workflow'::text])) = (target IS NOT NULL))),
    CONSTRAINT kill_switches_check3 CHECK (((status = 'INACTIVE'::text) = (deactivated_at IS NOT NULL))),
    CONSTRAINT kill_switches_generation_check CHECK ((generation > 0)),
    CONSTRAINT kill_switches_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT kill_switches_scope_check CHECK ((scope = ANY (ARRAY['organization'::text, 'project'::text, 'model'::text, 'provider'::text, 'key'::text, 'workflow'::text]))),
    CONSTRAINT kill_switches_status_check CHECK ((status = ANY (ARRAY['ACTIVE'::text, 'INACTIVE'::text]))),
    CONSTRAINT kill_switches_target_check CHECK (((length(target) >= 1) AND (length(target) <= 255)))
);
CREATE INDEX kill_switches_active ON governance.kill_switches USING btree (org_id, id) WHERE (status = 'ACTIVE'::text);
CREATE INDEX kill_switches_model ON governance.kill_switches USING btree (org_id, model_id);
CREATE INDEX kill_switches_project ON governance.kill_switches USING btree (org_id, project_id);
CREATE INDEX kill_switches_status ON governance.kill_switches USING btree (org_id, status);
CREATE INDEX kill_switches_triggered_at ON governance.kill_switches USING btree (org_id, triggered_at);
ALTER TABLE governance.kill_switches OWNER TO witan_owner;
COMMENT ON TABLE governance.kill_switches IS 'Switches that stop calls at once. One is engaged once and released once; the next time it is a new row.';
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
COMMENT ON COLUMN governance.kill_switches.generation IS 'Version of the governance snapshot that brought the present status.';
COMMENT ON COLUMN governance.kill_switches.is_drill IS 'Whether it was an exercise.';
COMMENT ON COLUMN governance.kill_switches.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.project_rules (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    effectiveness numeric(3,2),
    is_active boolean DEFAULT true NOT NULL,
    applied_by uuid,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_rules_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT project_rules_org_id_project_id_rule_id_key UNIQUE (org_id, project_id, rule_id),
    CONSTRAINT project_rules_effectiveness_check CHECK (((effectiveness >= (0)::numeric) AND (effectiveness <= (1)::numeric)))
);
CREATE INDEX project_rules_applied_at ON governance.project_rules USING btree (org_id, applied_at);
CREATE INDEX project_rules_applied_by ON governance.project_rules USING btree (org_id, applied_by);
CREATE INDEX project_rules_rule ON governance.project_rules USING btree (org_id, rule_id);
ALTER TABLE governance.project_rules OWNER TO witan_owner;
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

CREATE TABLE governance.rule_dependencies (
    org_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    depends_on uuid NOT NULL,
    dependency_type text DEFAULT 'requires'::text NOT NULL,
    is_required boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT rule_dependencies_pkey PRIMARY KEY (org_id, rule_id, depends_on),
    CONSTRAINT rule_dependencies_check CHECK ((rule_id <> depends_on)),
    CONSTRAINT rule_dependencies_dependency_type_check CHECK ((dependency_type = ANY (ARRAY['requires'::text, 'extends'::text, 'conflicts'::text])))
);
CREATE INDEX rule_dependencies_depends_on ON governance.rule_dependencies USING btree (org_id, depends_on);
ALTER TABLE governance.rule_dependencies OWNER TO witan_owner;
COMMENT ON TABLE governance.rule_dependencies IS 'What a rule needs of others.';
COMMENT ON COLUMN governance.rule_dependencies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN governance.rule_dependencies.rule_id IS 'The rule.';
COMMENT ON COLUMN governance.rule_dependencies.depends_on IS 'The rule it needs.';
COMMENT ON COLUMN governance.rule_dependencies.dependency_type IS 'How it needs it.';
COMMENT ON COLUMN governance.rule_dependencies.is_required IS 'Whether it means nothing without.';
COMMENT ON COLUMN governance.rule_dependencies.created_at IS 'When the row was made.';

CREATE TABLE governance.rules (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    version text DEFAULT '1.0.0'::text NOT NULL,
    industry_type text,
    category text NOT NULL,
    priority integer DEFAULT 1 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    content text NOT NULL,
    triggers text[] DEFAULT '{}'::text[] NOT NULL,
    scope text DEFAULT 'project'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT rules_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT rules_org_id_name_version_key UNIQUE (org_id, name, version),
    CONSTRAINT rules_category_check CHECK (((length(category) >= 1) AND (length(category) <= 100))),
    CONSTRAINT rules_industry_type_check CHECK ((industry_type = ANY (ARRAY['healthcare'::text, 'finance'::text, 'ecommerce'::text, 'enterprise'::text, 'global'::text]))),
    CONSTRAINT rules_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT rules_priority_check CHECK (((priority >= 1) AND (priority <= 10))),
    CONSTRAINT rules_scope_check CHECK ((scope = ANY (ARRAY['global'::text, 'industry'::text, 'project'::text]))),
    CONSTRAINT rules_version_check CHECK (((length(version) >= 1) AND (length(version) <= 20)))
);
CREATE INDEX rules_category ON governance.rules USING btree (org_id, category);
CREATE INDEX rules_created_by ON governance.rules USING btree (org_id, created_by);
CREATE INDEX rules_high_priority ON governance.rules USING btree (org_id, id) WHERE (priority >= 8);
CREATE INDEX rules_industry ON governance.rules USING btree (org_id, industry_type, is_active);
CREATE INDEX rules_is_active ON governance.rules USING btree (org_id, is_active);
CREATE INDEX rules_priority ON governance.rules USING btree (org_id, priority);
CREATE INDEX rules_scope ON governance.rules USING btree (org_id, scope);
ALTER TABLE governance.rules OWNER TO witan_owner;
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
COMMENT ON COLUMN governance.rules.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN governance.rules.created_at IS 'When the row was made.';
COMMENT ON COLUMN governance.rules.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE governance.trust_indexes (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid NOT NULL,
    global_score numeric(5,2) NOT NULL,
    tier text NOT NULL,
    transparency numeric(5,2) NOT NULL,
    accountability numeric(5,2) NOT NULL,
    fairness numeric(5,2) NOT NULL,
    privacy numeric(5,2) NOT NULL,
    robustness numeric(5,2) NOT NULL,
    formula_version text DEFAULT '1'::text NOT NULL,
    inputs jsonb DEFAULT '{}'::jsonb NOT NULL,
    calculated_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT trust_indexes_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT trust_indexes_accountability_check CHECK (((accountability >= (0)::numeric) AND (accountability <= (100)::numeric))),
    CONSTRAINT trust_indexes_check CHECK ((expires_at > calculated_at)),
    CONSTRAINT trust_indexes_fairness_check CHECK (((fairness >= (0)::numeric) AND (fairness <= (100)::numeric))),
    CONSTRAINT trust_indexes_global_score_check CHECK (((global_score >= (0)::numeric) AND (global_score <= (100)::numeric))),
    CONSTRAINT trust_indexes_privacy_check CHECK (((privacy >= (0)::numeric) AND (privacy <= (100)::numeric))),
    CONSTRAINT trust_indexes_robustness_check CHECK (((robustness >= (0)::numeric) AND (robustness <= (100)::numeric))),
    CONSTRAINT trust_indexes_tier_check CHECK ((tier = ANY (ARRAY['PLATINUM'::text, 'GOLD'::text, 'SILVER'::text, 'BRONZE'::text, 'UNVERIFIED'::text]))),
    CONSTRAINT trust_indexes_transparency_check CHECK (((transparency >= (0)::numeric) AND (transparency <= (100)::numeric)))
);
CREATE INDEX trust_indexes_calculated_at ON governance.trust_indexes USING btree (org_id, calculated_at);
CREATE INDEX trust_indexes_model ON governance.trust_indexes USING btree (org_id, model_id, calculated_at);
CREATE INDEX trust_indexes_score ON governance.trust_indexes USING btree (org_id, global_score);
COMMENT ON INDEX governance.trust_indexes_score IS 'Gives the models in the order of their scores. Comparing a numeric is not leakproof, so under row-level security a bound on the score filters and does not search.';
CREATE INDEX trust_indexes_tier ON governance.trust_indexes USING btree (org_id, tier);
ALTER TABLE governance.trust_indexes OWNER TO witan_owner;
COMMENT ON TABLE governance.trust_indexes IS 'Trust in a model, calculated from evidence. Added to, never changed: the newest that has not expired counts.';
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

CREATE TABLE ops._migration_history (
    sequence bigint NOT NULL,
    event text NOT NULL,
    step bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    algorithm text NOT NULL,
    checksum text NOT NULL,
    raw_checksum text NOT NULL,
    body text,
    actor text NOT NULL,
    login text NOT NULL,
    program_version text NOT NULL,
    server_version bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    duration_ms bigint NOT NULL,
    fingerprint_before text,
    fingerprint text,
    reason text,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    CONSTRAINT _migration_history_pkey PRIMARY KEY (sequence),
    CONSTRAINT _migration_history_hash_key UNIQUE (hash),
    CONSTRAINT _migration_history_previous_hash_key UNIQUE (previous_hash),
    CONSTRAINT _migration_history_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT _migration_history_event_check CHECK ((event = ANY (ARRAY['applied'::text, 'rolled_back'::text, 'baselined'::text, 'accepted'::text, 'drift_accepted'::text]))),
    CONSTRAINT _migration_history_kind_check CHECK ((kind = ANY (ARRAY['sql'::text, 'redis'::text, 'elasticsearch'::text]))),
    CONSTRAINT _migration_history_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT _migration_history_step_check CHECK ((step >= 0))
);
COMMENT ON TABLE ops._migration_history IS 'Every step of the schema, of the key-value store and of the search engine; written by the migrator only.';
COMMENT ON COLUMN ops._migration_history.sequence IS 'From 1, without a gap.';
COMMENT ON COLUMN ops._migration_history.event IS 'What happened to the step.';
COMMENT ON COLUMN ops._migration_history.step IS 'The number of the file; 0 for what concerns no file.';
COMMENT ON COLUMN ops._migration_history.name IS 'The name of the file without its ending.';
COMMENT ON COLUMN ops._migration_history.kind IS 'The store that the file is for.';
COMMENT ON COLUMN ops._migration_history.algorithm IS 'What the checksum is a checksum of.';
COMMENT ON COLUMN ops._migration_history.checksum IS 'What the file says, 64 hexadecimal digits.';
COMMENT ON COLUMN ops._migration_history.raw_checksum IS 'SHA-256 of the body, 64 hexadecimal digits.';
COMMENT ON COLUMN ops._migration_history.body IS 'The whole text that was run; null where it is not known. The server compresses it.';
COMMENT ON COLUMN ops._migration_history.actor IS 'The account and the machine the program ran on.';
COMMENT ON COLUMN ops._migration_history.login IS 'The account the program logged in to the server with.';
COMMENT ON COLUMN ops._migration_history.program_version IS 'The version of the program.';
COMMENT ON COLUMN ops._migration_history.server_version IS 'The server''s server_version_num.';
COMMENT ON COLUMN ops._migration_history.occurred_at IS 'When it was done, by the server''s clock.';
COMMENT ON COLUMN ops._migration_history.duration_ms IS 'How long it took, waits included, in milliseconds.';
COMMENT ON COLUMN ops._migration_history.fingerprint_before IS 'The catalog''s fingerprint before the step.';
COMMENT ON COLUMN ops._migration_history.fingerprint IS 'The catalog''s fingerprint after the step.';
COMMENT ON COLUMN ops._migration_history.reason IS 'Why somebody did it by hand.';
COMMENT ON COLUMN ops._migration_history.previous_hash IS 'The hash of the row before; zeros for the first.';
COMMENT ON COLUMN ops._migration_history.hash IS 'SHA-256 over all other columns; the body counts by its hash.';

CREATE TABLE ops._migration_inventories (
    server_major integer NOT NULL,
    fingerprint text NOT NULL,
    inventory text NOT NULL,
    CONSTRAINT _migration_inventories_pkey PRIMARY KEY (server_major, fingerprint)
);
COMMENT ON TABLE ops._migration_inventories IS 'The catalogs that the history''s fingerprints stand for, so that a difference can be named.';
COMMENT ON COLUMN ops._migration_inventories.server_major IS 'The server''s major version, such as 15.';
COMMENT ON COLUMN ops._migration_inventories.fingerprint IS 'SHA-256 of the catalog, 64 hexadecimal digits.';
COMMENT ON COLUMN ops._migration_inventories.inventory IS 'Every object and its definition, as JSON.';

CREATE TABLE ops._migration_progress (
    step bigint NOT NULL,
    statement integer NOT NULL,
    checksum text NOT NULL,
    state text NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT _migration_progress_pkey PRIMARY KEY (step, statement),
    CONSTRAINT _migration_progress_state_check CHECK ((state = ANY (ARRAY['intent'::text, 'done'::text]))),
    CONSTRAINT _migration_progress_statement_check CHECK ((statement > 0))
);
COMMENT ON TABLE ops._migration_progress IS 'How far a step outside of transactions is; empty but while one runs or after it was interrupted.';
COMMENT ON COLUMN ops._migration_progress.step IS 'The number of the file.';
COMMENT ON COLUMN ops._migration_progress.statement IS 'The number of the statement in the file, from 1.';
COMMENT ON COLUMN ops._migration_progress.checksum IS 'What the statement says, 64 hexadecimal digits.';
COMMENT ON COLUMN ops._migration_progress.state IS 'intent before it runs, done afterwards.';
COMMENT ON COLUMN ops._migration_progress.changed_at IS 'When the state was written.';

CREATE TABLE ops.archived_runs (
    org_id uuid NOT NULL,
    archive_id uuid NOT NULL,
    table_name text NOT NULL,
    lower_id uuid NOT NULL,
    upper_id uuid NOT NULL,
    row_count bigint NOT NULL,
    edges bytea NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL,
    entry_id uuid NOT NULL,
    signed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT archived_runs_pkey PRIMARY KEY (org_id, archive_id),
    CONSTRAINT archived_runs_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT archived_runs_signature_check CHECK ((length(signature) = 64)),
    CONSTRAINT archived_runs_statement_check CHECK (((length(statement) >= 2) AND (length(statement) <= 8000)))
);
CREATE INDEX archived_runs_archive ON ops.archived_runs USING btree (archive_id);
ALTER TABLE ops.archived_runs OWNER TO witan_owner;
COMMENT ON TABLE ops.archived_runs IS 'What an organization had in an archived partition, signed; with it the log verifies although the rows are gone.';
COMMENT ON COLUMN ops.archived_runs.org_id IS 'The organization; no foreign key, because this proves something.';
COMMENT ON COLUMN ops.archived_runs.archive_id IS 'The archive.';
COMMENT ON COLUMN ops.archived_runs.table_name IS 'The partitioned table, with its schema.';
COMMENT ON COLUMN ops.archived_runs.lower_id IS 'The smallest id of the run.';
COMMENT ON COLUMN ops.archived_runs.upper_id IS 'The first id after it.';
COMMENT ON COLUMN ops.archived_runs.row_count IS 'The organization''s rows in it.';
COMMENT ON COLUMN ops.archived_runs.edges IS 'Ids and digests of archived entries in links of the chain that also hold entries outside of the run.';
COMMENT ON COLUMN ops.archived_runs.statement IS 'Canonical JSON of partition, rows, digest and position in the chain: what is signed.';
COMMENT ON COLUMN ops.archived_runs.signature IS 'Ed25519 over the statement, by a key derived from the master key.';
COMMENT ON COLUMN ops.archived_runs.entry_id IS 'The entry in the organization''s log that says the same.';
COMMENT ON COLUMN ops.archived_runs.signed_at IS 'When it was signed.';

CREATE TABLE ops.archives (
    id uuid NOT NULL,
    table_name text NOT NULL,
    partition_name text NOT NULL,
    lower_id uuid NOT NULL,
    upper_id uuid NOT NULL,
    state text NOT NULL,
    row_count bigint,
    content_sha256 bytea,
    file text,
    file_bytes bigint,
    file_sha256 bytea,
    master_key_id text NOT NULL,
    fence bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    state_at timestamp with time zone DEFAULT now() NOT NULL,
    checked_at timestamp with time zone,
    problem text,
    CONSTRAINT archives_pkey PRIMARY KEY (id),
    CONSTRAINT archives_check CHECK ((lower_id < upper_id)),
    CONSTRAINT archives_check1 CHECK (((state = ANY (ARRAY['writing'::text, 'abandoned'::text])) OR ((row_count IS NOT NULL) AND (content_sha256 IS NOT NULL) AND (file IS NOT NULL) AND (file_bytes IS NOT NULL) AND (file_sha256 IS NOT NULL)))),
    CONSTRAINT archives_content_sha256_check CHECK ((length(content_sha256) = 32)),
    CONSTRAINT archives_file_bytes_check CHECK ((file_bytes > 0)),
    CONSTRAINT archives_file_check CHECK (((length(file) >= 1) AND (length(file) <= 1000))),
    CONSTRAINT archives_file_sha256_check CHECK ((length(file_sha256) = 32)),
    CONSTRAINT archives_partition_name_check CHECK ((partition_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'::text)),
    CONSTRAINT archives_problem_check CHECK ((length(problem) <= 1000)),
    CONSTRAINT archives_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT archives_state_check CHECK ((state = ANY (ARRAY['writing'::text, 'verified'::text, 'signed'::text, 'detached'::text, 'dropped'::text, 'abandoned'::text]))),
    CONSTRAINT archives_table_name_check CHECK ((table_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'::text))
);
CREATE UNIQUE INDEX archives_partition ON ops.archives USING btree (partition_name) WHERE (state <> 'abandoned'::text);
ALTER TABLE ops.archives OWNER TO witan_owner;
COMMENT ON TABLE ops.archives IS 'Partitions that were written to files and taken out of the database, or are on the way; written by retention. No org_id: a partition holds a month of all organizations.';
COMMENT ON COLUMN ops.archives.id IS 'UUIDv7; the file''s key is derived from it and the master key.';
COMMENT ON COLUMN ops.archives.table_name IS 'The partitioned table, with its schema.';
COMMENT ON COLUMN ops.archives.partition_name IS 'The partition, with its schema.';
COMMENT ON COLUMN ops.archives.lower_id IS 'The smallest id the partition can hold.';
COMMENT ON COLUMN ops.archives.upper_id IS 'The first id after it.';
COMMENT ON COLUMN ops.archives.state IS 'The last step that is done: writing, verified, signed, detached, dropped; abandoned when it was given up.';
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

CREATE TABLE ops.idempotency_keys (
    org_id uuid NOT NULL,
    actor text NOT NULL,
    key text NOT NULL,
    endpoint text NOT NULL,
    request_sha256 bytea NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    response_status integer,
    response_headers jsonb,
    response_body bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (org_id, actor, key),
    CONSTRAINT idempotency_keys_actor_check CHECK (((length(actor) >= 1) AND (length(actor) <= 200))),
    CONSTRAINT idempotency_keys_check CHECK (((state = 'done'::text) = (response_status IS NOT NULL))),
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
    CONSTRAINT idempotency_keys_request_sha256_check CHECK ((length(request_sha256) = 32)),
    CONSTRAINT idempotency_keys_response_body_check CHECK ((length(response_body) <= 1048576)),
    CONSTRAINT idempotency_keys_response_status_check CHECK (((response_status >= 100) AND (response_status <= 599))),
    CONSTRAINT idempotency_keys_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text])))
);
CREATE INDEX idempotency_keys_expiry ON ops.idempotency_keys USING btree (expires_at);
ALTER TABLE ops.idempotency_keys OWNER TO witan_owner;
COMMENT ON TABLE ops.idempotency_keys IS 'Answers to requests that may be sent twice (Idempotency-Key): the second gets the answer of the first.';
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

CREATE TABLE ops.jobs (
    name text NOT NULL,
    interval_seconds integer NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    next_run_at timestamp with time zone DEFAULT now() NOT NULL,
    last_started_at timestamp with time zone,
    last_finished_at timestamp with time zone,
    last_result text,
    last_message text,
    runs bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (name),
    CONSTRAINT jobs_consecutive_failures_check CHECK ((consecutive_failures >= 0)),
    CONSTRAINT jobs_failures_check CHECK ((failures >= 0)),
    CONSTRAINT jobs_interval_seconds_check CHECK (((interval_seconds >= 1) AND (interval_seconds <= 31622400))),
    CONSTRAINT jobs_last_message_check CHECK ((length(last_message) <= 2000)),
    CONSTRAINT jobs_last_result_check CHECK ((last_result = ANY (ARRAY['done'::text, 'failed'::text, 'interrupted'::text]))),
    CONSTRAINT jobs_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT jobs_runs_check CHECK ((runs >= 0)),
    CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text])))
);
ALTER TABLE ops.jobs OWNER TO witan_owner;
COMMENT ON TABLE ops.jobs IS 'The background jobs of the installation, each with its last and next run; written by the scheduler. No org_id: they serve every organization.';
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

CREATE TABLE ops.leases (
    name text NOT NULL,
    holder uuid NOT NULL,
    holder_name text NOT NULL,
    fence bigint NOT NULL,
    acquired_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT leases_pkey PRIMARY KEY (name),
    CONSTRAINT leases_check CHECK ((expires_at >= acquired_at)),
    CONSTRAINT leases_fence_check CHECK ((fence > 0)),
    CONSTRAINT leases_holder_name_check CHECK (((length(holder_name) >= 1) AND (length(holder_name) <= 300))),
    CONSTRAINT leases_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
ALTER TABLE ops.leases OWNER TO witan_owner;
COMMENT ON TABLE ops.leases IS 'Who may do what only one node at a time may do; taken and renewed by the servers. A row and not an advisory lock, so that it works through poolers. No org_id: a node works for every organization.';
COMMENT ON COLUMN ops.leases.name IS 'The task, such as scheduler.';
COMMENT ON COLUMN ops.leases.holder IS 'The id that the process drew when it started.';
COMMENT ON COLUMN ops.leases.holder_name IS 'Host name and process id of the holder, for people.';
COMMENT ON COLUMN ops.leases.fence IS 'Goes up by one whenever the lease changes hands; writes of an earlier holder are refused by it.';
COMMENT ON COLUMN ops.leases.acquired_at IS 'When this holder took it.';
COMMENT ON COLUMN ops.leases.expires_at IS 'From then on anybody may take it; the holder renews long before.';

CREATE TABLE ops.nodes (
    id uuid NOT NULL,
    hostname text NOT NULL,
    program_version text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT nodes_pkey PRIMARY KEY (id)
);
ALTER TABLE ops.nodes OWNER TO witan_owner;
COMMENT ON TABLE ops.nodes IS 'The running programs. No org_id: a node serves every organization.';
COMMENT ON COLUMN ops.nodes.id IS 'UUIDv7 made at the program''s start.';
COMMENT ON COLUMN ops.nodes.hostname IS 'The machine.';
COMMENT ON COLUMN ops.nodes.program_version IS 'The program''s version.';
COMMENT ON COLUMN ops.nodes.started_at IS 'When it started.';
COMMENT ON COLUMN ops.nodes.seen_at IS 'When it last said that it runs.';

CREATE TABLE ops.outbox (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    entity text NOT NULL,
    entity_key text NOT NULL,
    version bigint NOT NULL,
    operation text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT outbox_entity_check CHECK (((length(entity) >= 1) AND (length(entity) <= 100))),
    CONSTRAINT outbox_entity_key_check CHECK (((length(entity_key) >= 1) AND (length(entity_key) <= 200))),
    CONSTRAINT outbox_operation_check CHECK ((operation = ANY (ARRAY['upsert'::text, 'delete'::text]))),
    CONSTRAINT outbox_version_check CHECK ((version >= 0))
);
CREATE INDEX outbox_order ON ops.outbox USING btree (id);
ALTER TABLE ops.outbox OWNER TO witan_owner;
COMMENT ON TABLE ops.outbox IS 'What the search index is still to be told: written in the transaction of the change, taken by ops.take_outbox.';
COMMENT ON COLUMN ops.outbox.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN ops.outbox.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN ops.outbox.entity IS 'The kind of thing, such as workflow.';
COMMENT ON COLUMN ops.outbox.entity_key IS 'Which one; the document''s id in the index.';
COMMENT ON COLUMN ops.outbox.version IS 'The row''s version: an index keeps the highest, whatever the order.';
COMMENT ON COLUMN ops.outbox.operation IS 'What to do with the document.';
COMMENT ON COLUMN ops.outbox.payload IS 'The document; empty for a delete.';
COMMENT ON COLUMN ops.outbox.created_at IS 'When the row was made.';

CREATE TABLE ops.retention_defaults (
    table_name text NOT NULL,
    keep_days integer,
    content_days integer,
    reason text NOT NULL,
    CONSTRAINT retention_defaults_pkey PRIMARY KEY (table_name),
    CONSTRAINT retention_defaults_content_days_check CHECK (((content_days >= 1) AND (content_days <= 36525))),
    CONSTRAINT retention_defaults_keep_days_check CHECK (((keep_days >= 1) AND (keep_days <= 36525))),
    CONSTRAINT retention_defaults_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
    CONSTRAINT retention_defaults_table_name_check CHECK ((table_name ~ '^[a-z_0-9]+\.[a-z_0-9]+$'::text))
);
ALTER TABLE ops.retention_defaults OWNER TO witan_owner;
COMMENT ON TABLE ops.retention_defaults IS 'How long rows are kept where the organization has no policy of its own. No org_id: it is for those who have said nothing.';
COMMENT ON COLUMN ops.retention_defaults.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN ops.retention_defaults.keep_days IS 'Days until a row may be archived; null keeps it for good.';
COMMENT ON COLUMN ops.retention_defaults.content_days IS 'Days until its content columns are blanked; null never.';
COMMENT ON COLUMN ops.retention_defaults.reason IS 'Where the figure comes from.';

CREATE TABLE ops.retention_policies (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    table_name text NOT NULL,
    duty text NOT NULL,
    keep_days integer,
    content_days integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT retention_policies_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT retention_policies_check CHECK (((keep_days IS NOT NULL) OR (content_days IS NOT NULL))),
    CONSTRAINT retention_policies_content_days_check CHECK (((content_days >= 1) AND (content_days <= 36525))),
    CONSTRAINT retention_policies_duty_check CHECK (((length(duty) >= 1) AND (length(duty) <= 100))),
    CONSTRAINT retention_policies_keep_days_check CHECK (((keep_days >= 1) AND (keep_days <= 36525)))
);
CREATE UNIQUE INDEX retention_policies_duty ON ops.retention_policies USING btree (org_id, table_name, duty) WHERE (retired_at IS NULL);
CREATE INDEX retention_policies_table ON ops.retention_policies USING btree (table_name);
ALTER TABLE ops.retention_policies OWNER TO witan_owner;
COMMENT ON TABLE ops.retention_policies IS 'What an organization''s duties ask of a table: the longest keeps the row, the shortest ends its content.';
COMMENT ON COLUMN ops.retention_policies.org_id IS 'The organization.';
COMMENT ON COLUMN ops.retention_policies.id IS 'UUIDv7.';
COMMENT ON COLUMN ops.retention_policies.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN ops.retention_policies.duty IS 'The law, contract or rule it follows from, in a few words.';
COMMENT ON COLUMN ops.retention_policies.keep_days IS 'Days the row must stay; null says nothing about it.';
COMMENT ON COLUMN ops.retention_policies.content_days IS 'Days after which content columns must be blank; null says nothing about it.';
COMMENT ON COLUMN ops.retention_policies.created_at IS 'When it was made.';
COMMENT ON COLUMN ops.retention_policies.retired_at IS 'When it ceased to hold; policies are not removed.';

CREATE TABLE ops.settings (
    name text NOT NULL,
    value text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT settings_pkey PRIMARY KEY (name),
    CONSTRAINT settings_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
ALTER TABLE ops.settings OWNER TO witan_owner;
COMMENT ON TABLE ops.settings IS 'Facts about this installation, such as which master key seals it. No org_id: they are nobody''s but its own.';
COMMENT ON COLUMN ops.settings.name IS 'What it is.';
COMMENT ON COLUMN ops.settings.value IS 'Its value; never a secret.';
COMMENT ON COLUMN ops.settings.set_at IS 'When it was set.';

CREATE TABLE ops.snapshot_versions (
    snapshot text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT snapshot_versions_pkey PRIMARY KEY (snapshot)
);
ALTER TABLE ops.snapshot_versions OWNER TO witan_owner;
COMMENT ON TABLE ops.snapshot_versions IS 'Counters of the snapshots that nodes hold in memory; one goes up in the transaction that changes its facts. No org_id: a snapshot holds every organization.';
COMMENT ON COLUMN ops.snapshot_versions.snapshot IS 'The snapshot''s name.';
COMMENT ON COLUMN ops.snapshot_versions.version IS 'Goes up with every change; nodes read the snapshot anew when it differs from theirs.';

CREATE TABLE orchestrator.execution_steps (
    org_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    step_key text NOT NULL,
    attempt integer DEFAULT 1 NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    input jsonb,
    output jsonb,
    error text,
    request_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    start_time timestamp with time zone,
    end_time timestamp with time zone,
    CONSTRAINT execution_steps_pkey PRIMARY KEY (org_id, execution_id, step_key, attempt),
    CONSTRAINT execution_steps_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT execution_steps_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'RUNNING'::text, 'COMPLETED'::text, 'FAILED'::text, 'SKIPPED'::text, 'CANCELLED'::text]))),
    CONSTRAINT execution_steps_step_key_check CHECK (((length(step_key) >= 1) AND (length(step_key) <= 255)))
);
ALTER TABLE orchestrator.execution_steps OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.execution_steps IS 'Steps of executions: each try of a step is a row, so that a run that is taken up again knows what is done.';
COMMENT ON COLUMN orchestrator.execution_steps.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.execution_steps.execution_id IS 'The execution.';
COMMENT ON COLUMN orchestrator.execution_steps.step_key IS 'The step''s name in the definition, with its place in loops.';
COMMENT ON COLUMN orchestrator.execution_steps.attempt IS 'Which try, from 1.';
COMMENT ON COLUMN orchestrator.execution_steps.status IS 'Where it stands.';
COMMENT ON COLUMN orchestrator.execution_steps.input IS 'What it was given.';
COMMENT ON COLUMN orchestrator.execution_steps.output IS 'What it gave.';
COMMENT ON COLUMN orchestrator.execution_steps.error IS 'Why it failed.';
COMMENT ON COLUMN orchestrator.execution_steps.request_id IS 'The governed call it made (council.requests); no foreign key, since months of calls go first.';
COMMENT ON COLUMN orchestrator.execution_steps.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.execution_steps.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.execution_steps.start_time IS 'When it began.';
COMMENT ON COLUMN orchestrator.execution_steps.end_time IS 'When it was over, whichever way.';

CREATE TABLE orchestrator.executions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version_id uuid NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb,
    error text,
    logs jsonb DEFAULT '[]'::jsonb NOT NULL,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    executor_id uuid,
    priority smallint DEFAULT 0 NOT NULL,
    run_after timestamp with time zone DEFAULT now() NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    claimed_by uuid,
    lease_expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    start_time timestamp with time zone,
    end_time timestamp with time zone,
    CONSTRAINT executions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT executions_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT executions_check CHECK (((status = 'RUNNING'::text) = (lease_expires_at IS NOT NULL))),
    CONSTRAINT executions_check1 CHECK (((status = ANY (ARRAY['COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text])) = (end_time IS NOT NULL))),
    CONSTRAINT executions_priority_check CHECK (((priority >= '-10'::integer) AND (priority <= 10))),
    CONSTRAINT executions_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'RUNNING'::text, 'COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text])))
) WITH (fillfactor=85);
CREATE INDEX executions_due ON orchestrator.executions USING btree (priority DESC, run_after, id) WHERE (status = 'PENDING'::text);
CREATE INDEX executions_executor ON orchestrator.executions USING btree (org_id, executor_id);
CREATE INDEX executions_lost ON orchestrator.executions USING btree (lease_expires_at) WHERE (status = 'RUNNING'::text);
CREATE INDEX executions_status ON orchestrator.executions USING btree (org_id, status, created_at);
CREATE INDEX executions_version ON orchestrator.executions USING btree (org_id, version_id);
CREATE INDEX executions_workflow ON orchestrator.executions USING btree (org_id, workflow_id, id);
ALTER TABLE orchestrator.executions OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.executions IS 'Runs of workflows, and the queue they wait in; nodes take them with orchestrator.claim_executions.';
COMMENT ON COLUMN orchestrator.executions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.executions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.executions.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.executions.version_id IS 'The version that runs.';
COMMENT ON COLUMN orchestrator.executions.status IS 'Where it stands.';
COMMENT ON COLUMN orchestrator.executions.parameters IS 'What it was started with.';
COMMENT ON COLUMN orchestrator.executions.result IS 'What it gave; null until it is over.';
COMMENT ON COLUMN orchestrator.executions.error IS 'Why it failed.';
COMMENT ON COLUMN orchestrator.executions.logs IS 'What it said, the last lines; all of them are in the search index.';
COMMENT ON COLUMN orchestrator.executions.metrics IS 'What it took: time, tokens, costs.';
COMMENT ON COLUMN orchestrator.executions.executor_id IS 'Who started it; null when a timer or a key did.';
COMMENT ON COLUMN orchestrator.executions.priority IS 'The higher goes first.';
COMMENT ON COLUMN orchestrator.executions.run_after IS 'Not before.';
COMMENT ON COLUMN orchestrator.executions.attempt IS 'How often it was taken; what a late node with a smaller number says is ignored.';
COMMENT ON COLUMN orchestrator.executions.claimed_by IS 'The node that has it (ops.nodes).';
COMMENT ON COLUMN orchestrator.executions.lease_expires_at IS 'Until when it has it; then another may take it.';
COMMENT ON COLUMN orchestrator.executions.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.executions.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.executions.start_time IS 'When it first ran.';
COMMENT ON COLUMN orchestrator.executions.end_time IS 'When it was over, whichever way.';

CREATE TABLE orchestrator.marketplace_items (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version_id uuid NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    category text NOT NULL,
    price numeric(38,12) DEFAULT 0 NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    downloads bigint DEFAULT 0 NOT NULL,
    rating numeric(3,2),
    published_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, ((((title || ' '::text) || description) || ' '::text) || category))) STORED NOT NULL,
    CONSTRAINT marketplace_items_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT marketplace_items_org_id_workflow_id_key UNIQUE (org_id, workflow_id),
    CONSTRAINT marketplace_items_category_check CHECK (((length(category) >= 1) AND (length(category) <= 100))),
    CONSTRAINT marketplace_items_downloads_check CHECK ((downloads >= 0)),
    CONSTRAINT marketplace_items_price_check CHECK ((price >= (0)::numeric)),
    CONSTRAINT marketplace_items_rating_check CHECK (((rating >= (1)::numeric) AND (rating <= (5)::numeric))),
    CONSTRAINT marketplace_items_title_check CHECK (((length(title) >= 1) AND (length(title) <= 255)))
) WITH (fillfactor=85);
CREATE INDEX marketplace_items_category ON orchestrator.marketplace_items USING btree (org_id, category);
CREATE INDEX marketplace_items_public ON orchestrator.marketplace_items USING btree (id) WHERE (is_public AND (retired_at IS NULL));
CREATE INDEX marketplace_items_published_by ON orchestrator.marketplace_items USING btree (org_id, published_by);
CREATE INDEX marketplace_items_search ON orchestrator.marketplace_items USING gin (search);
CREATE INDEX marketplace_items_version ON orchestrator.marketplace_items USING btree (org_id, version_id);
ALTER TABLE orchestrator.marketplace_items OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.marketplace_items IS 'Workflows that are offered to others. Other organizations see the public ones through orchestrator.search_marketplace, never this table.';
COMMENT ON COLUMN orchestrator.marketplace_items.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.marketplace_items.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.marketplace_items.workflow_id IS 'The workflow; offered once.';
COMMENT ON COLUMN orchestrator.marketplace_items.version_id IS 'The version that is offered.';
COMMENT ON COLUMN orchestrator.marketplace_items.title IS 'What it is offered as.';
COMMENT ON COLUMN orchestrator.marketplace_items.description IS 'What it does.';
COMMENT ON COLUMN orchestrator.marketplace_items.category IS 'Where it is listed.';
COMMENT ON COLUMN orchestrator.marketplace_items.price IS 'Dollars; 0 is free.';
COMMENT ON COLUMN orchestrator.marketplace_items.is_public IS 'Whether other organizations see it.';
COMMENT ON COLUMN orchestrator.marketplace_items.downloads IS 'How often it was taken.';
COMMENT ON COLUMN orchestrator.marketplace_items.rating IS 'Mean of the ratings, 1 to 5; null without any.';
COMMENT ON COLUMN orchestrator.marketplace_items.published_by IS 'Who offers it.';
COMMENT ON COLUMN orchestrator.marketplace_items.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.marketplace_items.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.marketplace_items.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
COMMENT ON COLUMN orchestrator.marketplace_items.search IS 'Its words, for full-text search.';

CREATE TABLE orchestrator.notifications (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    user_id uuid,
    address text,
    subject text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    read_at timestamp with time zone,
    CONSTRAINT notifications_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT notifications_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT notifications_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'slack'::text, 'webhook'::text, 'in_app'::text]))),
    CONSTRAINT notifications_check CHECK (((channel = 'in_app'::text) OR (address IS NOT NULL))),
    CONSTRAINT notifications_check1 CHECK (((channel <> 'in_app'::text) OR (user_id IS NOT NULL))),
    CONSTRAINT notifications_check2 CHECK (((status = 'sent'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT notifications_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text]))),
    CONSTRAINT notifications_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
) WITH (fillfactor=85);
CREATE INDEX notifications_due ON orchestrator.notifications USING btree (next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX notifications_unread ON orchestrator.notifications USING btree (org_id, user_id) WHERE (read_at IS NULL);
CREATE INDEX notifications_user ON orchestrator.notifications USING btree (org_id, user_id, id);
ALTER TABLE orchestrator.notifications OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.notifications IS 'Messages to people, and the queue they wait in; nodes take them with orchestrator.claim_notifications.';
COMMENT ON COLUMN orchestrator.notifications.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.notifications.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.notifications.channel IS 'How it is sent.';
COMMENT ON COLUMN orchestrator.notifications.user_id IS 'Whom it is for; null for an address that is nobody''s.';
COMMENT ON COLUMN orchestrator.notifications.address IS 'Where to: e-mail address, channel or URL; null for in_app.';
COMMENT ON COLUMN orchestrator.notifications.subject IS 'In a line.';
COMMENT ON COLUMN orchestrator.notifications.body IS 'The message.';
COMMENT ON COLUMN orchestrator.notifications.data IS 'What it is about, for programs.';
COMMENT ON COLUMN orchestrator.notifications.status IS 'Where it stands.';
COMMENT ON COLUMN orchestrator.notifications.attempt IS 'How often it was tried.';
COMMENT ON COLUMN orchestrator.notifications.next_attempt_at IS 'Not before; also the end of a node''s lease.';
COMMENT ON COLUMN orchestrator.notifications.last_error IS 'Why the last try failed.';
COMMENT ON COLUMN orchestrator.notifications.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.notifications.sent_at IS 'When it went out.';
COMMENT ON COLUMN orchestrator.notifications.read_at IS 'When the person saw it (in_app).';

CREATE TABLE orchestrator.timers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    execution_id uuid,
    step_key text,
    schedule text,
    fire_at timestamp with time zone NOT NULL,
    fired_at timestamp with time zone,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    cancelled_at timestamp with time zone,
    CONSTRAINT timers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT timers_check CHECK (((execution_id IS NULL) = (step_key IS NULL)))
);
CREATE INDEX timers_due ON orchestrator.timers USING btree (fire_at) WHERE ((fired_at IS NULL) AND (cancelled_at IS NULL));
CREATE INDEX timers_execution ON orchestrator.timers USING btree (org_id, execution_id);
CREATE INDEX timers_workflow ON orchestrator.timers USING btree (org_id, workflow_id);
ALTER TABLE orchestrator.timers OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.timers IS 'What is to happen at a time: a step that waits, or a workflow that starts on a schedule.';
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

CREATE TABLE orchestrator.workflow_collaborators (
    org_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'viewer'::text NOT NULL,
    added_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT workflow_collaborators_pkey PRIMARY KEY (org_id, workflow_id, user_id),
    CONSTRAINT workflow_collaborators_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'editor'::text, 'runner'::text, 'viewer'::text])))
);
CREATE INDEX workflow_collaborators_added_by ON orchestrator.workflow_collaborators USING btree (org_id, added_by);
CREATE INDEX workflow_collaborators_user ON orchestrator.workflow_collaborators USING btree (org_id, user_id);
ALTER TABLE orchestrator.workflow_collaborators OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.workflow_collaborators IS 'People who share in a workflow.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.user_id IS 'The person.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.role IS 'What that person may do with it.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.added_by IS 'Who let them in.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflow_collaborators.retired_at IS 'When they left; null while they share.';

CREATE TABLE orchestrator.workflow_ratings (
    org_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    user_id uuid NOT NULL,
    rating smallint NOT NULL,
    review text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workflow_ratings_pkey PRIMARY KEY (org_id, workflow_id, user_id),
    CONSTRAINT workflow_ratings_rating_check CHECK (((rating >= 1) AND (rating <= 5)))
);
CREATE INDEX workflow_ratings_user ON orchestrator.workflow_ratings USING btree (org_id, user_id);
ALTER TABLE orchestrator.workflow_ratings OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.workflow_ratings IS 'What people think of workflows; one rating of a person for a workflow.';
COMMENT ON COLUMN orchestrator.workflow_ratings.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_ratings.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_ratings.user_id IS 'The person.';
COMMENT ON COLUMN orchestrator.workflow_ratings.rating IS '1 to 5.';
COMMENT ON COLUMN orchestrator.workflow_ratings.review IS 'Why.';
COMMENT ON COLUMN orchestrator.workflow_ratings.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflow_ratings.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE orchestrator.workflow_versions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version text NOT NULL,
    definition jsonb NOT NULL,
    change_log text DEFAULT ''::text NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workflow_versions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT workflow_versions_org_id_workflow_id_version_key UNIQUE (org_id, workflow_id, version),
    CONSTRAINT workflow_versions_version_check CHECK (((length(version) >= 1) AND (length(version) <= 50)))
);
CREATE INDEX workflow_versions_created_by ON orchestrator.workflow_versions USING btree (org_id, created_by);
ALTER TABLE orchestrator.workflow_versions OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.workflow_versions IS 'Versions of workflows that were published; executions run one of these. Added to, never changed.';
COMMENT ON COLUMN orchestrator.workflow_versions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_versions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.workflow_versions.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_versions.version IS 'Its name; unique in the workflow.';
COMMENT ON COLUMN orchestrator.workflow_versions.definition IS 'Its steps.';
COMMENT ON COLUMN orchestrator.workflow_versions.change_log IS 'What changed, in words.';
COMMENT ON COLUMN orchestrator.workflow_versions.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN orchestrator.workflow_versions.created_at IS 'When the row was made.';

CREATE TABLE orchestrator.workflows (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    engine_type text DEFAULT 'native'::text NOT NULL,
    definition jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    visibility text DEFAULT 'private'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, ((((name || ' '::text) || description) || ' '::text) || ops.joined(tags)))) STORED NOT NULL,
    CONSTRAINT workflows_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT workflows_engine_type_check CHECK (((length(engine_type) >= 1) AND (length(engine_type) <= 50))),
    CONSTRAINT workflows_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT workflows_version_check CHECK ((version > 0)),
    CONSTRAINT workflows_visibility_check CHECK ((visibility = ANY (ARRAY['private'::text, 'organization'::text, 'public'::text])))
);
CREATE INDEX workflows_created_by ON orchestrator.workflows USING btree (org_id, created_by);
CREATE INDEX workflows_engine ON orchestrator.workflows USING btree (org_id, engine_type);
CREATE UNIQUE INDEX workflows_name ON orchestrator.workflows USING btree (org_id, name) WHERE (retired_at IS NULL);
CREATE INDEX workflows_search ON orchestrator.workflows USING gin (search);
ALTER TABLE orchestrator.workflows OWNER TO witan_owner;
COMMENT ON TABLE orchestrator.workflows IS 'Workflows of an organization.';
COMMENT ON COLUMN orchestrator.workflows.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflows.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN orchestrator.workflows.name IS 'What it is called; unique in the organization while in use.';
COMMENT ON COLUMN orchestrator.workflows.description IS 'What it does.';
COMMENT ON COLUMN orchestrator.workflows.engine_type IS 'What runs it.';
COMMENT ON COLUMN orchestrator.workflows.definition IS 'Its steps, as they are edited.';
COMMENT ON COLUMN orchestrator.workflows.version IS 'Goes up with every change.';
COMMENT ON COLUMN orchestrator.workflows.visibility IS 'Who may see it: its people, the organization, or everybody through the marketplace.';
COMMENT ON COLUMN orchestrator.workflows.tags IS 'Words to find it by.';
COMMENT ON COLUMN orchestrator.workflows.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN orchestrator.workflows.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflows.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN orchestrator.workflows.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
COMMENT ON COLUMN orchestrator.workflows.search IS 'Its words, for full-text search.';

CREATE TABLE production.analysis_sessions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    project_id uuid,
    version text DEFAULT 'v2'::text NOT NULL,
    status text DEFAULT 'created'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    CONSTRAINT analysis_sessions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT analysis_sessions_status_check CHECK ((status = ANY (ARRAY['created'::text, 'queued'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT analysis_sessions_version_check CHECK ((version = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text])))
);
CREATE INDEX analysis_sessions_project ON production.analysis_sessions USING btree (org_id, project_id);
CREATE INDEX analysis_sessions_status ON production.analysis_sessions USING btree (org_id, status, created_at);
CREATE INDEX analysis_sessions_user ON production.analysis_sessions USING btree (org_id, user_id);
ALTER TABLE production.analysis_sessions OWNER TO witan_owner;
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

CREATE TABLE production.analysis_tasks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    type text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    result jsonb,
    error text,
    duration_ms integer,
    attempt integer DEFAULT 0 NOT NULL,
    claimed_by uuid,
    lease_expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    CONSTRAINT analysis_tasks_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT analysis_tasks_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT analysis_tasks_check CHECK (((status = 'running'::text) = (lease_expires_at IS NOT NULL))),
    CONSTRAINT analysis_tasks_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT analysis_tasks_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'skipped'::text]))),
    CONSTRAINT analysis_tasks_type_check CHECK ((type = ANY (ARRAY['static'::text, 'dynamic'::text, 'graph'::text, 'ai'::text])))
) WITH (fillfactor=85);
CREATE INDEX analysis_tasks_due ON production.analysis_tasks USING btree (id) WHERE (status = 'pending'::text);
CREATE INDEX analysis_tasks_lost ON production.analysis_tasks USING btree (lease_expires_at) WHERE (status = 'running'::text);
CREATE INDEX analysis_tasks_session ON production.analysis_tasks USING btree (org_id, session_id);
CREATE INDEX analysis_tasks_status ON production.analysis_tasks USING btree (org_id, status);
ALTER TABLE production.analysis_tasks OWNER TO witan_owner;
COMMENT ON TABLE production.analysis_tasks IS 'The tasks of an analysis; workers take them one by one (production.claim_tasks).';
COMMENT ON COLUMN production.analysis_tasks.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN production.analysis_tasks.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN production.analysis_tasks.session_id IS 'The analysis.';
COMMENT ON COLUMN production.analysis_tasks.type IS 'How it analyses.';
COMMENT ON COLUMN production.analysis_tasks.status IS 'Where it stands.';
COMMENT ON COLUMN production.analysis_tasks.result IS 'What it found; null until it is over.';
COMMENT ON COLUMN production.analysis_tasks.error IS 'Why it failed.';
COMMENT ON COLUMN production.analysis_tasks.duration_ms IS 'Milliseconds it ran.';
COMMENT ON COLUMN production.analysis_tasks.attempt IS 'How often it was taken; what a late worker with a smaller number says is ignored.';
COMMENT ON COLUMN production.analysis_tasks.claimed_by IS 'The node that has it (ops.nodes).';
COMMENT ON COLUMN production.analysis_tasks.lease_expires_at IS 'Until when it has it; then another may take it.';
COMMENT ON COLUMN production.analysis_tasks.created_at IS 'When the row was made.';
COMMENT ON COLUMN production.analysis_tasks.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN production.analysis_tasks.started_at IS 'When it was last taken.';
COMMENT ON COLUMN production.analysis_tasks.completed_at IS 'When it was over, whichever way.';

CREATE TABLE production.artifacts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    type text NOT NULL,
    s3_uri text NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    purged_at timestamp with time zone,
    CONSTRAINT artifacts_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT artifacts_s3_uri_check CHECK ((s3_uri ~ '^[a-z0-9]+://'::text)),
    CONSTRAINT artifacts_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT artifacts_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT artifacts_type_check CHECK ((type = ANY (ARRAY['report'::text, 'patch'::text, 'log'::text, 'metrics'::text])))
);
CREATE INDEX artifacts_expiry ON production.artifacts USING btree (expires_at) WHERE ((purged_at IS NULL) AND (expires_at IS NOT NULL));
CREATE INDEX artifacts_session ON production.artifacts USING btree (org_id, session_id);
CREATE INDEX artifacts_type ON production.artifacts USING btree (org_id, type);
ALTER TABLE production.artifacts OWNER TO witan_owner;
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

CREATE TABLE production.code_review_results (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    language text NOT NULL,
    length integer NOT NULL,
    overall_score numeric(4,3) NOT NULL,
    vulnerabilities_count integer DEFAULT 0 NOT NULL,
    issues_count integer DEFAULT 0 NOT NULL,
    model_used text NOT NULL,
    analysis_time_ms integer NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT code_review_results_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT code_review_results_analysis_time_ms_check CHECK ((analysis_time_ms >= 0)),
    CONSTRAINT code_review_results_issues_count_check CHECK ((issues_count >= 0)),
    CONSTRAINT code_review_results_language_check CHECK (((length(language) >= 1) AND (length(language) <= 50))),
    CONSTRAINT code_review_results_length_check CHECK ((length >= 0)),
    CONSTRAINT code_review_results_overall_score_check CHECK (((overall_score >= (0)::numeric) AND (overall_score <= (1)::numeric))),
    CONSTRAINT code_review_results_vulnerabilities_count_check CHECK ((vulnerabilities_count >= 0))
);
CREATE INDEX code_review_results_language ON production.code_review_results USING btree (org_id, language);
CREATE INDEX code_review_results_session ON production.code_review_results USING btree (org_id, session_id);
ALTER TABLE production.code_review_results OWNER TO witan_owner;
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

CREATE TABLE projects.baselines (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    metric_key text NOT NULL,
    operator text NOT NULL,
    threshold numeric NOT NULL,
    tolerance numeric,
    min_sample integer,
    is_critical boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT baselines_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT baselines_metric_key_check CHECK (((length(metric_key) >= 1) AND (length(metric_key) <= 100))),
    CONSTRAINT baselines_min_sample_check CHECK ((min_sample > 0)),
    CONSTRAINT baselines_operator_check CHECK ((operator = ANY (ARRAY['>'::text, '<'::text, '>='::text, '<='::text, '='::text]))),
    CONSTRAINT baselines_tolerance_check CHECK ((tolerance >= (0)::numeric))
);
CREATE UNIQUE INDEX baselines_metric ON projects.baselines USING btree (org_id, project_id, metric_key, operator) WHERE (retired_at IS NULL);
CREATE INDEX baselines_project ON projects.baselines USING btree (org_id, project_id, metric_key);
ALTER TABLE projects.baselines OWNER TO witan_owner;
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
COMMENT ON COLUMN projects.baselines.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE projects.policies (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    rego_code text,
    builtin jsonb,
    active boolean DEFAULT true NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT policies_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT policies_check CHECK (((rego_code IS NOT NULL) OR (builtin IS NOT NULL))),
    CONSTRAINT policies_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))
);
CREATE INDEX policies_active ON projects.policies USING btree (org_id, id) WHERE active;
CREATE INDEX policies_created_by ON projects.policies USING btree (org_id, created_by);
CREATE UNIQUE INDEX policies_name ON projects.policies USING btree (org_id, name) WHERE (retired_at IS NULL);
ALTER TABLE projects.policies OWNER TO witan_owner;
COMMENT ON TABLE projects.policies IS 'Policies that projects can be put under, as Rego and in the form that the program evaluates itself.';
COMMENT ON COLUMN projects.policies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.policies.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.policies.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN projects.policies.description IS 'What it asks for.';
COMMENT ON COLUMN projects.policies.rego_code IS 'The policy for an Open Policy Agent; null when it is only built in.';
COMMENT ON COLUMN projects.policies.builtin IS 'The policy in the program''s own form; null when it is only Rego.';
COMMENT ON COLUMN projects.policies.active IS 'Whether it counts.';
COMMENT ON COLUMN projects.policies.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN projects.policies.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.policies.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN projects.policies.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE projects.project_policies (
    org_id uuid NOT NULL,
    project_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    active boolean DEFAULT true NOT NULL,
    applied_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_policies_pkey PRIMARY KEY (org_id, project_id, policy_id)
);
CREATE INDEX project_policies_applied_by ON projects.project_policies USING btree (org_id, applied_by);
CREATE INDEX project_policies_policy ON projects.project_policies USING btree (org_id, policy_id);
ALTER TABLE projects.project_policies OWNER TO witan_owner;
COMMENT ON TABLE projects.project_policies IS 'Which policies a project is under.';
COMMENT ON COLUMN projects.project_policies.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.project_policies.project_id IS 'The project.';
COMMENT ON COLUMN projects.project_policies.policy_id IS 'The policy.';
COMMENT ON COLUMN projects.project_policies.active IS 'Whether it still is.';
COMMENT ON COLUMN projects.project_policies.applied_by IS 'Who put it there.';
COMMENT ON COLUMN projects.project_policies.created_at IS 'When the row was made.';

CREATE TABLE projects.projects (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    industry_type text DEFAULT 'custom'::text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    owner_id uuid,
    team_id uuid,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    encrypted_config bytea,
    encrypted_dek bytea,
    master_key_id text,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT projects_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT projects_org_id_name_key UNIQUE (org_id, name),
    CONSTRAINT projects_check CHECK (((encrypted_config IS NULL) = (encrypted_dek IS NULL))),
    CONSTRAINT projects_check1 CHECK (((encrypted_config IS NULL) = (master_key_id IS NULL))),
    CONSTRAINT projects_industry_type_check CHECK ((industry_type = ANY (ARRAY['healthcare'::text, 'finance'::text, 'ecommerce'::text, 'enterprise'::text, 'custom'::text]))),
    CONSTRAINT projects_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT projects_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'generating'::text, 'active'::text, 'completed'::text, 'archived'::text])))
);
CREATE INDEX projects_active ON projects.projects USING btree (org_id, id) WHERE (status = 'active'::text);
CREATE INDEX projects_created_at ON projects.projects USING btree (org_id, created_at);
CREATE INDEX projects_created_by ON projects.projects USING btree (org_id, created_by);
CREATE INDEX projects_industry ON projects.projects USING btree (org_id, industry_type, status);
CREATE INDEX projects_owner ON projects.projects USING btree (org_id, owner_id);
CREATE INDEX projects_status ON projects.projects USING btree (org_id, status, created_at);
CREATE INDEX projects_team ON projects.projects USING btree (org_id, team_id);
ALTER TABLE projects.projects OWNER TO witan_owner;
COMMENT ON TABLE projects.projects IS 'Projects of an organization; one that has a team is seen by that team only (app.team_id).';
COMMENT ON COLUMN projects.projects.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN projects.projects.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN projects.projects.name IS 'Unique in the organization.';
COMMENT ON COLUMN projects.projects.description IS 'What it is about.';
COMMENT ON COLUMN projects.projects.industry_type IS 'Whose rules apply.';
COMMENT ON COLUMN projects.projects.status IS 'Where it stands.';
COMMENT ON COLUMN projects.projects.owner_id IS 'Who answers for it.';
COMMENT ON COLUMN projects.projects.team_id IS 'Whose it is; null is the whole organization''s.';
COMMENT ON COLUMN projects.projects.config IS 'How it is built; nothing secret.';
COMMENT ON COLUMN projects.projects.encrypted_config IS 'The secret part of config, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN projects.projects.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN projects.projects.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN projects.projects.settings IS 'How it is shown and run.';
COMMENT ON COLUMN projects.projects.metadata IS 'Free facts about it, not looked into by the program.';
COMMENT ON COLUMN projects.projects.created_by IS 'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN projects.projects.created_at IS 'When the row was made.';
COMMENT ON COLUMN projects.projects.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE projects.version_history (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    version_id uuid NOT NULL,
    action text NOT NULL,
    from_tag text,
    to_tag text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT version_history_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT version_history_action_check CHECK ((action = ANY (ARRAY['promoted'::text, 'degraded'::text, 'updated'::text]))),
    CONSTRAINT version_history_from_tag_check CHECK ((from_tag = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text]))),
    CONSTRAINT version_history_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT version_history_to_tag_check CHECK ((to_tag = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text])))
);
CREATE INDEX version_history_project ON projects.version_history USING btree (org_id, project_id, id);
CREATE INDEX version_history_version ON projects.version_history USING btree (org_id, version_id);
ALTER TABLE projects.version_history OWNER TO witan_owner;
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

CREATE TABLE projects.versions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    tag text NOT NULL,
    model_config jsonb DEFAULT '{}'::jsonb NOT NULL,
    config_hash bytea,
    changelog text DEFAULT ''::text NOT NULL,
    promoted_at timestamp with time zone,
    promoted_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT versions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT versions_org_id_project_id_tag_key UNIQUE (org_id, project_id, tag),
    CONSTRAINT versions_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT versions_tag_check CHECK ((tag = ANY (ARRAY['v1'::text, 'v2'::text, 'v3'::text])))
);
CREATE INDEX versions_promoted_by ON projects.versions USING btree (org_id, promoted_by);
ALTER TABLE projects.versions OWNER TO witan_owner;
COMMENT ON TABLE projects.versions IS 'The versions of a project: v1 is tried, v2 is in production, v3 is in quarantine.';
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

CREATE TABLE providers.cost_alerts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    quota_id uuid NOT NULL,
    period text NOT NULL,
    period_start date NOT NULL,
    threshold integer NOT NULL,
    current_cost numeric(38,12) NOT NULL,
    limit_cost numeric(38,12) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by uuid,
    acknowledged boolean GENERATED ALWAYS AS ((acknowledged_at IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT cost_alerts_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT cost_alerts_org_id_quota_id_period_period_start_threshold_key UNIQUE (org_id, quota_id, period, period_start, threshold),
    CONSTRAINT cost_alerts_current_cost_check CHECK ((current_cost >= (0)::numeric)),
    CONSTRAINT cost_alerts_limit_cost_check CHECK ((limit_cost >= (0)::numeric)),
    CONSTRAINT cost_alerts_period_check CHECK ((period = ANY (ARRAY['daily'::text, 'monthly'::text]))),
    CONSTRAINT cost_alerts_threshold_check CHECK ((threshold = ANY (ARRAY[80, 90, 100])))
);
CREATE INDEX cost_alerts_acknowledged_by ON providers.cost_alerts USING btree (org_id, acknowledged_by);
CREATE INDEX cost_alerts_open ON providers.cost_alerts USING btree (org_id, id) WHERE (acknowledged_at IS NULL);
ALTER TABLE providers.cost_alerts OWNER TO witan_owner;
COMMENT ON TABLE providers.cost_alerts IS 'Told when costs come near a limit: each threshold once a period.';
COMMENT ON COLUMN providers.cost_alerts.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.cost_alerts.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.cost_alerts.quota_id IS 'The limit that is near.';
COMMENT ON COLUMN providers.cost_alerts.period IS 'Which of its limits.';
COMMENT ON COLUMN providers.cost_alerts.period_start IS 'The day or the month''s first day (UTC).';
COMMENT ON COLUMN providers.cost_alerts.threshold IS 'Percent of the limit that was reached.';
COMMENT ON COLUMN providers.cost_alerts.current_cost IS 'Dollars when it was reached.';
COMMENT ON COLUMN providers.cost_alerts.limit_cost IS 'The limit then, in dollars.';
COMMENT ON COLUMN providers.cost_alerts.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.cost_alerts.acknowledged_at IS 'When somebody took note; null until then.';
COMMENT ON COLUMN providers.cost_alerts.acknowledged_by IS 'Who did.';
COMMENT ON COLUMN providers.cost_alerts.acknowledged IS 'Whether somebody took note.';

CREATE TABLE providers.cost_records (
    org_id uuid NOT NULL,
    request_id uuid NOT NULL,
    call integer NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    input_tokens integer NOT NULL,
    cached_tokens integer NOT NULL,
    output_tokens integer NOT NULL,
    estimated boolean NOT NULL,
    cost numeric(38,12) NOT NULL,
    pricing_version text NOT NULL,
    CONSTRAINT cost_records_pkey PRIMARY KEY (org_id, request_id, call),
    CONSTRAINT cost_records_cached_tokens_check CHECK ((cached_tokens >= 0)),
    CONSTRAINT cost_records_cost_check CHECK ((cost >= (0)::numeric)),
    CONSTRAINT cost_records_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT cost_records_output_tokens_check CHECK ((output_tokens >= 0))
) PARTITION BY RANGE (request_id);
ALTER TABLE providers.cost_records OWNER TO witan_owner;
COMMENT ON TABLE providers.cost_records IS 'The ledger: one row per upstream call, written once by the ingest role. Partitioned by the time in request_id. No foreign keys: it is written from a snapshot that is already checked, and it outlasts what it names.';
COMMENT ON COLUMN providers.cost_records.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.cost_records.request_id IS 'The governed call (council.requests); its UUIDv7 says when.';
COMMENT ON COLUMN providers.cost_records.call IS 'Which upstream call of the request, from 0.';
COMMENT ON COLUMN providers.cost_records.provider IS 'The provider''s name then.';
COMMENT ON COLUMN providers.cost_records.model IS 'The model''s name then.';
COMMENT ON COLUMN providers.cost_records.input_tokens IS 'Tokens sent (002''s prompt_tokens).';
COMMENT ON COLUMN providers.cost_records.cached_tokens IS 'Those of them that the provider had cached.';
COMMENT ON COLUMN providers.cost_records.output_tokens IS 'Tokens received (002''s completion_tokens).';
COMMENT ON COLUMN providers.cost_records.estimated IS 'Whether the tokens are the program''s estimate, since the provider did not say.';
COMMENT ON COLUMN providers.cost_records.cost IS 'Dollars, exact.';
COMMENT ON COLUMN providers.cost_records.pricing_version IS 'The price list it was computed with.';

CREATE TABLE providers.models (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    name text NOT NULL,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    context_tokens integer,
    max_output_tokens integer,
    risk_tier text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT models_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT models_context_tokens_check CHECK ((context_tokens > 0)),
    CONSTRAINT models_max_output_tokens_check CHECK ((max_output_tokens > 0)),
    CONSTRAINT models_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT models_risk_tier_check CHECK ((risk_tier = ANY (ARRAY['minimal'::text, 'limited'::text, 'high'::text, 'unacceptable'::text])))
);
CREATE UNIQUE INDEX models_name ON providers.models USING btree (org_id, provider_id, name) WHERE (retired_at IS NULL);
CREATE INDEX models_provider ON providers.models USING btree (org_id, provider_id);
ALTER TABLE providers.models OWNER TO witan_owner;
COMMENT ON TABLE providers.models IS 'Models of an organization''s providers.';
COMMENT ON COLUMN providers.models.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.models.provider_id IS 'Who has it.';
COMMENT ON COLUMN providers.models.name IS 'The provider''s own name for it.';
COMMENT ON COLUMN providers.models.capabilities IS 'Such as chat, vision, tools, embeddings.';
COMMENT ON COLUMN providers.models.context_tokens IS 'Tokens of input and output together; null is not known.';
COMMENT ON COLUMN providers.models.max_output_tokens IS 'Tokens of output (the designs'' max_tokens); null is not known.';
COMMENT ON COLUMN providers.models.risk_tier IS 'The organization''s own judgement, in the EU AI Act''s words; null until judged.';
COMMENT ON COLUMN providers.models.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.models.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.platform_models (
    id uuid NOT NULL,
    platform_provider_id uuid NOT NULL,
    name text NOT NULL,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    context_tokens integer,
    max_output_tokens integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT platform_models_pkey PRIMARY KEY (id),
    CONSTRAINT platform_models_platform_provider_id_name_key UNIQUE (platform_provider_id, name),
    CONSTRAINT platform_models_context_tokens_check CHECK ((context_tokens > 0)),
    CONSTRAINT platform_models_max_output_tokens_check CHECK ((max_output_tokens > 0)),
    CONSTRAINT platform_models_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
ALTER TABLE providers.platform_models OWNER TO witan_owner;
COMMENT ON TABLE providers.platform_models IS 'Models of platform providers. No org_id: reference data.';
COMMENT ON COLUMN providers.platform_models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.platform_models.platform_provider_id IS 'Who has it.';
COMMENT ON COLUMN providers.platform_models.name IS 'The provider''s own name for it.';
COMMENT ON COLUMN providers.platform_models.capabilities IS 'Such as chat, vision, tools, embeddings.';
COMMENT ON COLUMN providers.platform_models.context_tokens IS 'Tokens of input and output together.';
COMMENT ON COLUMN providers.platform_models.max_output_tokens IS 'Tokens of output.';
COMMENT ON COLUMN providers.platform_models.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.platform_models.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.platform_prices (
    platform_model_id uuid NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    pricing_version text NOT NULL,
    input_per_token numeric(38,12) NOT NULL,
    cached_input_per_token numeric(38,12),
    output_per_token numeric(38,12) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT platform_prices_pkey PRIMARY KEY (platform_model_id, effective_from),
    CONSTRAINT platform_prices_cached_input_per_token_check CHECK ((cached_input_per_token >= (0)::numeric)),
    CONSTRAINT platform_prices_input_per_token_check CHECK ((input_per_token >= (0)::numeric)),
    CONSTRAINT platform_prices_output_per_token_check CHECK ((output_per_token >= (0)::numeric)),
    CONSTRAINT platform_prices_pricing_version_check CHECK (((length(pricing_version) >= 1) AND (length(pricing_version) <= 100)))
);
ALTER TABLE providers.platform_prices OWNER TO witan_owner;
COMMENT ON TABLE providers.platform_prices IS 'List prices of platform models in dollars per token. No org_id: reference data.';
COMMENT ON COLUMN providers.platform_prices.platform_model_id IS 'What it is the price of.';
COMMENT ON COLUMN providers.platform_prices.effective_from IS 'From when on.';
COMMENT ON COLUMN providers.platform_prices.pricing_version IS 'The list it is from.';
COMMENT ON COLUMN providers.platform_prices.input_per_token IS 'Dollars per input token.';
COMMENT ON COLUMN providers.platform_prices.cached_input_per_token IS 'Dollars per input token that the provider had cached; null is as input.';
COMMENT ON COLUMN providers.platform_prices.output_per_token IS 'Dollars per output token.';
COMMENT ON COLUMN providers.platform_prices.created_at IS 'When the row was made.';

CREATE TABLE providers.platform_providers (
    id uuid NOT NULL,
    name text NOT NULL,
    provider_type text NOT NULL,
    api_endpoint text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT platform_providers_pkey PRIMARY KEY (id),
    CONSTRAINT platform_providers_name_key UNIQUE (name),
    CONSTRAINT platform_providers_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text)),
    CONSTRAINT platform_providers_provider_type_check CHECK ((provider_type = ANY (ARRAY['openai'::text, 'anthropic'::text, 'huggingface'::text, 'local'::text, 'openai_compatible'::text, 'sandbox'::text])))
);
ALTER TABLE providers.platform_providers OWNER TO witan_owner;
COMMENT ON TABLE providers.platform_providers IS 'Providers that the installation offers to every organization. No org_id: reference data, kept by operators.';
COMMENT ON COLUMN providers.platform_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.platform_providers.name IS 'First part of a model''s name.';
COMMENT ON COLUMN providers.platform_providers.provider_type IS 'The wire it speaks.';
COMMENT ON COLUMN providers.platform_providers.api_endpoint IS 'Base URL; null is the type''s own.';
COMMENT ON COLUMN providers.platform_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.platform_providers.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.prices (
    org_id uuid NOT NULL,
    model_id uuid NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    pricing_version text NOT NULL,
    input_per_token numeric(38,12) NOT NULL,
    cached_input_per_token numeric(38,12),
    output_per_token numeric(38,12) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT prices_pkey PRIMARY KEY (org_id, model_id, effective_from),
    CONSTRAINT prices_cached_input_per_token_check CHECK ((cached_input_per_token >= (0)::numeric)),
    CONSTRAINT prices_input_per_token_check CHECK ((input_per_token >= (0)::numeric)),
    CONSTRAINT prices_output_per_token_check CHECK ((output_per_token >= (0)::numeric)),
    CONSTRAINT prices_pricing_version_check CHECK (((length(pricing_version) >= 1) AND (length(pricing_version) <= 100)))
);
ALTER TABLE providers.prices OWNER TO witan_owner;
COMMENT ON TABLE providers.prices IS 'What a model costs, in dollars per token, from when on. A price is never changed: a new one takes its place. A model without a price has an unknown price, which is never 0.';
COMMENT ON COLUMN providers.prices.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.prices.model_id IS 'What it is the price of.';
COMMENT ON COLUMN providers.prices.effective_from IS 'From when on.';
COMMENT ON COLUMN providers.prices.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.prices.pricing_version IS 'The list it is from; the ledger names it.';
COMMENT ON COLUMN providers.prices.input_per_token IS 'Dollars per input token.';
COMMENT ON COLUMN providers.prices.cached_input_per_token IS 'Dollars per input token that the provider had cached; null is as input.';
COMMENT ON COLUMN providers.prices.output_per_token IS 'Dollars per output token.';
COMMENT ON COLUMN providers.prices.created_at IS 'When the row was made.';

CREATE TABLE providers.provider_health (
    org_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    status text NOT NULL,
    success_rate numeric(5,4),
    avg_latency_ms integer,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    last_failure_at timestamp with time zone,
    last_check_at timestamp with time zone,
    disabled_reason text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT provider_health_pkey PRIMARY KEY (org_id, provider_id),
    CONSTRAINT provider_health_avg_latency_ms_check CHECK ((avg_latency_ms >= 0)),
    CONSTRAINT provider_health_check CHECK (((status <> 'disabled'::text) OR (disabled_reason IS NOT NULL))),
    CONSTRAINT provider_health_consecutive_failures_check CHECK ((consecutive_failures >= 0)),
    CONSTRAINT provider_health_status_check CHECK ((status = ANY (ARRAY['unknown'::text, 'healthy'::text, 'degraded'::text, 'unhealthy'::text, 'disabled'::text]))),
    CONSTRAINT provider_health_success_rate_check CHECK (((success_rate >= (0)::numeric) AND (success_rate <= (1)::numeric)))
) WITH (fillfactor=85);
CREATE INDEX provider_health_status ON providers.provider_health USING btree (org_id, status);
ALTER TABLE providers.provider_health OWNER TO witan_owner;
COMMENT ON TABLE providers.provider_health IS 'How a provider has been lately; written by the health check, at most every few seconds.';
COMMENT ON COLUMN providers.provider_health.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.provider_health.provider_id IS 'Whose health.';
COMMENT ON COLUMN providers.provider_health.status IS 'The judgement.';
COMMENT ON COLUMN providers.provider_health.success_rate IS 'Share of calls that went well, 0 to 1.';
COMMENT ON COLUMN providers.provider_health.avg_latency_ms IS 'Mean time of a call in milliseconds.';
COMMENT ON COLUMN providers.provider_health.consecutive_failures IS 'Since the last success.';
COMMENT ON COLUMN providers.provider_health.last_failure_at IS 'The last failure.';
COMMENT ON COLUMN providers.provider_health.last_check_at IS 'The last check, made by a call or on purpose.';
COMMENT ON COLUMN providers.provider_health.disabled_reason IS 'Why no calls go there.';
COMMENT ON COLUMN providers.provider_health.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE providers.providers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    provider_type text NOT NULL,
    api_endpoint text,
    encrypted_api_key bytea,
    encrypted_dek bytea,
    master_key_id text,
    key_last_4_chars text,
    timeout_ms integer DEFAULT 600000 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    platform_provider_id uuid,
    is_platform_provided boolean GENERATED ALWAYS AS ((platform_provider_id IS NOT NULL)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT providers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT providers_check CHECK (((encrypted_api_key IS NULL) = (encrypted_dek IS NULL))),
    CONSTRAINT providers_check1 CHECK (((encrypted_api_key IS NULL) = (master_key_id IS NULL))),
    CONSTRAINT providers_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text)),
    CONSTRAINT providers_provider_type_check CHECK ((provider_type = ANY (ARRAY['openai'::text, 'anthropic'::text, 'huggingface'::text, 'local'::text, 'openai_compatible'::text, 'sandbox'::text]))),
    CONSTRAINT providers_timeout_ms_check CHECK (((timeout_ms >= 100) AND (timeout_ms <= 3600000)))
);
CREATE UNIQUE INDEX providers_name ON providers.providers USING btree (org_id, name) WHERE (retired_at IS NULL);
CREATE INDEX providers_platform ON providers.providers USING btree (platform_provider_id);
ALTER TABLE providers.providers OWNER TO witan_owner;
COMMENT ON TABLE providers.providers IS 'Providers that an organization calls, each with its key.';
COMMENT ON COLUMN providers.providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.providers.name IS 'First part of a model''s name (provider/model).';
COMMENT ON COLUMN providers.providers.provider_type IS 'The wire it speaks.';
COMMENT ON COLUMN providers.providers.api_endpoint IS 'Base URL; null is the type''s own.';
COMMENT ON COLUMN providers.providers.encrypted_api_key IS 'The provider''s key, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN providers.providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN providers.providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN providers.providers.key_last_4_chars IS 'What the key ends with, for people to recognize it by.';
COMMENT ON COLUMN providers.providers.timeout_ms IS 'How long a call may take.';
COMMENT ON COLUMN providers.providers.is_active IS 'Whether calls may go there.';
COMMENT ON COLUMN providers.providers.platform_provider_id IS 'The offer of the installation it was taken from; null for one of the organization''s own.';
COMMENT ON COLUMN providers.providers.is_platform_provided IS 'Whether it was taken from the installation''s offer.';
COMMENT ON COLUMN providers.providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.providers.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.usage_tracking (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    usage_date date NOT NULL,
    user_id uuid,
    provider text NOT NULL,
    model text NOT NULL,
    request_count bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    total_cost numeric(38,12) NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_tracking_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT usage_tracking_org_id_usage_date_user_id_provider_model_key UNIQUE NULLS NOT DISTINCT (org_id, usage_date, user_id, provider, model),
    CONSTRAINT usage_tracking_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT usage_tracking_output_tokens_check CHECK ((output_tokens >= 0)),
    CONSTRAINT usage_tracking_request_count_check CHECK ((request_count >= 0)),
    CONSTRAINT usage_tracking_total_cost_check CHECK ((total_cost >= (0)::numeric))
) WITH (fillfactor=85);
CREATE INDEX usage_tracking_user ON providers.usage_tracking USING btree (org_id, user_id, usage_date);
ALTER TABLE providers.usage_tracking OWNER TO witan_owner;
COMMENT ON TABLE providers.usage_tracking IS 'What people used, per provider, model and day: sums of the ledger, computed anew at any time.';
COMMENT ON COLUMN providers.usage_tracking.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.usage_tracking.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.usage_tracking.usage_date IS 'The day (UTC).';
COMMENT ON COLUMN providers.usage_tracking.user_id IS 'Whose keys called; null for keys that are the organization''s.';
COMMENT ON COLUMN providers.usage_tracking.provider IS 'The provider''s name in the ledger.';
COMMENT ON COLUMN providers.usage_tracking.model IS 'The model''s name in the ledger.';
COMMENT ON COLUMN providers.usage_tracking.request_count IS 'Upstream calls.';
COMMENT ON COLUMN providers.usage_tracking.input_tokens IS 'Tokens sent.';
COMMENT ON COLUMN providers.usage_tracking.output_tokens IS 'Tokens received.';
COMMENT ON COLUMN providers.usage_tracking.total_cost IS 'Dollars.';
COMMENT ON COLUMN providers.usage_tracking.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE providers.user_providers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider_type text NOT NULL,
    provider_id uuid,
    encrypted_api_key bytea NOT NULL,
    encrypted_dek bytea NOT NULL,
    master_key_id text NOT NULL,
    key_last_4_chars text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used timestamp with time zone,
    CONSTRAINT user_providers_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT user_providers_org_id_user_id_provider_type_key UNIQUE (org_id, user_id, provider_type),
    CONSTRAINT user_providers_key_last_4_chars_check CHECK ((length(key_last_4_chars) = 4)),
    CONSTRAINT user_providers_provider_type_check CHECK ((provider_type = ANY (ARRAY['openai'::text, 'anthropic'::text, 'huggingface'::text, 'local'::text, 'openai_compatible'::text])))
);
CREATE INDEX user_providers_provider ON providers.user_providers USING btree (org_id, provider_id);
ALTER TABLE providers.user_providers OWNER TO witan_owner;
COMMENT ON TABLE providers.user_providers IS 'Keys of providers that people brought along for themselves.';
COMMENT ON COLUMN providers.user_providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.user_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.user_providers.user_id IS 'Whose key.';
COMMENT ON COLUMN providers.user_providers.provider_type IS 'The wire it is for.';
COMMENT ON COLUMN providers.user_providers.provider_id IS 'The organization''s provider it is used at; null is any of the type.';
COMMENT ON COLUMN providers.user_providers.encrypted_api_key IS 'The key, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN providers.user_providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN providers.user_providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN providers.user_providers.key_last_4_chars IS 'What the key ends with.';
COMMENT ON COLUMN providers.user_providers.is_active IS 'Whether it is used.';
COMMENT ON COLUMN providers.user_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.user_providers.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN providers.user_providers.last_used IS 'To the hour or so.';

CREATE TABLE providers.user_quotas (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    team_id uuid,
    api_key_id uuid,
    daily_request_limit bigint,
    monthly_request_limit bigint,
    daily_cost_limit numeric(38,12),
    monthly_cost_limit numeric(38,12),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_quotas_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT user_quotas_org_id_user_id_team_id_api_key_id_key UNIQUE NULLS NOT DISTINCT (org_id, user_id, team_id, api_key_id),
    CONSTRAINT user_quotas_check CHECK ((num_nonnulls(user_id, team_id, api_key_id) <= 1)),
    CONSTRAINT user_quotas_daily_cost_limit_check CHECK ((daily_cost_limit >= (0)::numeric)),
    CONSTRAINT user_quotas_daily_request_limit_check CHECK ((daily_request_limit >= 0)),
    CONSTRAINT user_quotas_monthly_cost_limit_check CHECK ((monthly_cost_limit >= (0)::numeric)),
    CONSTRAINT user_quotas_monthly_request_limit_check CHECK ((monthly_request_limit >= 0))
);
CREATE INDEX user_quotas_key ON providers.user_quotas USING btree (org_id, api_key_id);
CREATE INDEX user_quotas_team ON providers.user_quotas USING btree (org_id, team_id);
ALTER TABLE providers.user_quotas OWNER TO witan_owner;
COMMENT ON TABLE providers.user_quotas IS 'Limits on requests and costs, of the organization or of one team, person or key. A limit that is null is none.';
COMMENT ON COLUMN providers.user_quotas.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.user_quotas.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.user_quotas.user_id IS 'The person it limits.';
COMMENT ON COLUMN providers.user_quotas.team_id IS 'The team it limits.';
COMMENT ON COLUMN providers.user_quotas.api_key_id IS 'The key it limits.';
COMMENT ON COLUMN providers.user_quotas.daily_request_limit IS 'Requests a day (UTC).';
COMMENT ON COLUMN providers.user_quotas.monthly_request_limit IS 'Requests a calendar month (UTC).';
COMMENT ON COLUMN providers.user_quotas.daily_cost_limit IS 'Dollars a day (UTC).';
COMMENT ON COLUMN providers.user_quotas.monthly_cost_limit IS 'Dollars a calendar month (UTC).';
COMMENT ON COLUMN providers.user_quotas.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.user_quotas.updated_at IS 'When the row was last changed; kept by a trigger.';

CREATE TABLE quarantine.quarantine_records (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    experiment_id uuid,
    config_hash bytea NOT NULL,
    config jsonb NOT NULL,
    reason text NOT NULL,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    failure_metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    quarantined_by uuid,
    quarantined_at timestamp with time zone DEFAULT now() NOT NULL,
    review_status text DEFAULT 'quarantined'::text NOT NULL,
    reviewed_by uuid,
    reviewed_at timestamp with time zone,
    review_notes text,
    CONSTRAINT quarantine_records_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT quarantine_records_org_id_config_hash_key UNIQUE (org_id, config_hash),
    CONSTRAINT quarantine_records_config_hash_check CHECK ((length(config_hash) = 32)),
    CONSTRAINT quarantine_records_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT quarantine_records_review_status_check CHECK ((review_status = ANY (ARRAY['quarantined'::text, 'under_review'::text, 'approved_retry'::text])))
);
CREATE INDEX quarantine_records_experiment ON quarantine.quarantine_records USING btree (org_id, experiment_id);
CREATE INDEX quarantine_records_quarantined_by ON quarantine.quarantine_records USING btree (org_id, quarantined_by);
CREATE INDEX quarantine_records_reviewed_by ON quarantine.quarantine_records USING btree (org_id, reviewed_by);
CREATE INDEX quarantine_records_status ON quarantine.quarantine_records USING btree (org_id, review_status);
ALTER TABLE quarantine.quarantine_records OWNER TO witan_owner;
COMMENT ON TABLE quarantine.quarantine_records IS 'Configurations in quarantine. Read-only to everybody: quarantine.admit and quarantine.review write them, and only the review may change.';
COMMENT ON COLUMN quarantine.quarantine_records.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN quarantine.quarantine_records.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN quarantine.quarantine_records.experiment_id IS 'The experiment that failed; null for a version that was degraded.';
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

CREATE TABLE quarantine.reevaluation_requests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    requested_by uuid,
    reason text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    completed_at timestamp with time zone,
    result jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reevaluation_requests_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT reevaluation_requests_check CHECK ((approved_by <> requested_by)),
    CONSTRAINT reevaluation_requests_check1 CHECK (((status <> ALL (ARRAY['approved'::text, 'completed'::text])) OR (approved_by IS NOT NULL))),
    CONSTRAINT reevaluation_requests_check2 CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),
    CONSTRAINT reevaluation_requests_reason_check CHECK ((length(reason) >= 1)),
    CONSTRAINT reevaluation_requests_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'completed'::text])))
);
CREATE INDEX reevaluation_requests_approved_by ON quarantine.reevaluation_requests USING btree (org_id, approved_by);
CREATE UNIQUE INDEX reevaluation_requests_open ON quarantine.reevaluation_requests USING btree (org_id, record_id) WHERE (status = ANY (ARRAY['pending'::text, 'approved'::text]));
CREATE INDEX reevaluation_requests_record ON quarantine.reevaluation_requests USING btree (org_id, record_id);
CREATE INDEX reevaluation_requests_requested_by ON quarantine.reevaluation_requests USING btree (org_id, requested_by);
CREATE INDEX reevaluation_requests_status ON quarantine.reevaluation_requests USING btree (org_id, status, created_at);
ALTER TABLE quarantine.reevaluation_requests OWNER TO witan_owner;
COMMENT ON TABLE quarantine.reevaluation_requests IS 'Requests to try a configuration again, and what became of them.';
COMMENT ON COLUMN quarantine.reevaluation_requests.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN quarantine.reevaluation_requests.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN quarantine.reevaluation_requests.record_id IS 'The configuration in quarantine.';
COMMENT ON COLUMN quarantine.reevaluation_requests.requested_by IS 'Who asks; null when a key did.';
COMMENT ON COLUMN quarantine.reevaluation_requests.reason IS 'What is new.';
COMMENT ON COLUMN quarantine.reevaluation_requests.status IS 'Where it stands.';
COMMENT ON COLUMN quarantine.reevaluation_requests.approved_by IS 'Who decided; another person than the one who asks.';
COMMENT ON COLUMN quarantine.reevaluation_requests.approved_at IS 'When.';
COMMENT ON COLUMN quarantine.reevaluation_requests.completed_at IS 'When the new evaluation was done.';
COMMENT ON COLUMN quarantine.reevaluation_requests.result IS 'What it gave.';
COMMENT ON COLUMN quarantine.reevaluation_requests.created_at IS 'When the row was made.';
COMMENT ON COLUMN quarantine.reevaluation_requests.updated_at IS 'When the row was last changed; kept by a trigger.';


-- ── References ──────────────────────────────────────────────────────────────────────────────────────────────────────
ALTER TABLE auth.api_keys ADD CONSTRAINT api_keys_org_id_custom_role_id_fkey
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.api_keys ADD CONSTRAINT api_keys_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.api_keys ADD CONSTRAINT api_keys_org_id_rotated_from_fkey
    FOREIGN KEY (org_id, rotated_from) REFERENCES auth.api_keys(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.api_keys ADD CONSTRAINT api_keys_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.erasures ADD CONSTRAINT erasures_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.invitations ADD CONSTRAINT invitations_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.invitations ADD CONSTRAINT invitations_org_id_created_by_key_fkey
    FOREIGN KEY (org_id, created_by_key) REFERENCES auth.api_keys(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.invitations ADD CONSTRAINT invitations_org_id_custom_role_id_fkey
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.invitations ADD CONSTRAINT invitations_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.invitations ADD CONSTRAINT invitations_org_id_team_id_fkey
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.legal_holds ADD CONSTRAINT legal_holds_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.legal_holds ADD CONSTRAINT legal_holds_org_id_placed_by_fkey
    FOREIGN KEY (org_id, placed_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.legal_holds ADD CONSTRAINT legal_holds_org_id_released_by_fkey
    FOREIGN KEY (org_id, released_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.legal_holds ADD CONSTRAINT legal_holds_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.memberships ADD CONSTRAINT memberships_org_id_custom_role_id_fkey
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.memberships ADD CONSTRAINT memberships_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.memberships ADD CONSTRAINT memberships_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE RESTRICT;
ALTER TABLE auth.password_resets ADD CONSTRAINT password_resets_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE RESTRICT;
ALTER TABLE auth.payload_keys ADD CONSTRAINT payload_keys_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.recovery_codes ADD CONSTRAINT recovery_codes_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE RESTRICT;
ALTER TABLE auth.roles ADD CONSTRAINT roles_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.sessions ADD CONSTRAINT sessions_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.sso_identities ADD CONSTRAINT sso_identities_org_id_sso_provider_id_fkey
    FOREIGN KEY (org_id, sso_provider_id) REFERENCES auth.sso_providers(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.sso_identities ADD CONSTRAINT sso_identities_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.sso_logins ADD CONSTRAINT sso_logins_org_id_sso_provider_id_fkey
    FOREIGN KEY (org_id, sso_provider_id) REFERENCES auth.sso_providers(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.sso_logins ADD CONSTRAINT sso_logins_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.sso_providers ADD CONSTRAINT sso_providers_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.team_members ADD CONSTRAINT team_members_org_id_team_id_fkey
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams(org_id, id) ON DELETE RESTRICT;
ALTER TABLE auth.team_members ADD CONSTRAINT team_members_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE auth.teams ADD CONSTRAINT teams_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE auth.webauthn_credentials ADD CONSTRAINT webauthn_credentials_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE RESTRICT;
ALTER TABLE council.configurations ADD CONSTRAINT configurations_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE council.configurations ADD CONSTRAINT configurations_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE council.red_team_tests ADD CONSTRAINT red_team_tests_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE council.red_team_tests ADD CONSTRAINT red_team_tests_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE council.red_team_tests ADD CONSTRAINT red_team_tests_org_id_reviewed_by_fkey
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE council.session_history ADD CONSTRAINT session_history_org_id_session_id_fkey
    FOREIGN KEY (org_id, session_id) REFERENCES council.sessions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE council.sessions ADD CONSTRAINT sessions_org_id_api_key_id_fkey
    FOREIGN KEY (org_id, api_key_id) REFERENCES auth.api_keys(org_id, id) ON DELETE RESTRICT;
ALTER TABLE council.sessions ADD CONSTRAINT sessions_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE council.sessions ADD CONSTRAINT sessions_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.blacklist ADD CONSTRAINT blacklist_org_id_experiment_id_fkey
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.blacklist ADD CONSTRAINT blacklist_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.blacklist ADD CONSTRAINT blacklist_org_id_quarantined_by_fkey
    FOREIGN KEY (org_id, quarantined_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.blacklist ADD CONSTRAINT blacklist_org_id_reviewed_by_fkey
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.comparison_reports ADD CONSTRAINT comparison_reports_org_id_v1_experiment_id_fkey
    FOREIGN KEY (org_id, v1_experiment_id) REFERENCES experiments_v1.experiments(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.comparison_reports ADD CONSTRAINT comparison_reports_org_id_v2_version_id_fkey
    FOREIGN KEY (org_id, v2_version_id) REFERENCES projects.versions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.evaluations ADD CONSTRAINT evaluations_org_id_evaluator_id_fkey
    FOREIGN KEY (org_id, evaluator_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.evaluations ADD CONSTRAINT evaluations_org_id_experiment_id_fkey
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.experiments ADD CONSTRAINT experiments_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.experiments ADD CONSTRAINT experiments_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.experiments ADD CONSTRAINT experiments_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.promotions ADD CONSTRAINT promotions_org_id_approver_id_fkey
    FOREIGN KEY (org_id, approver_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.promotions ADD CONSTRAINT promotions_org_id_experiment_id_fkey
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments(org_id, id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.promotions ADD CONSTRAINT promotions_org_id_requested_by_fkey
    FOREIGN KEY (org_id, requested_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE experiments_v1.promotions ADD CONSTRAINT promotions_org_id_version_id_fkey
    FOREIGN KEY (org_id, version_id) REFERENCES projects.versions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.circuit_breakers ADD CONSTRAINT circuit_breakers_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE governance.circuit_breakers ADD CONSTRAINT circuit_breakers_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.compliance_checks ADD CONSTRAINT compliance_checks_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.compliance_data ADD CONSTRAINT compliance_data_org_id_checked_by_fkey
    FOREIGN KEY (org_id, checked_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE governance.compliance_data ADD CONSTRAINT compliance_data_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.compliance_history ADD CONSTRAINT compliance_history_org_id_compliance_id_fkey
    FOREIGN KEY (org_id, compliance_id) REFERENCES governance.compliance_data(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.compliance_history ADD CONSTRAINT compliance_history_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.component_usage ADD CONSTRAINT component_usage_org_id_component_id_fkey
    FOREIGN KEY (org_id, component_id) REFERENCES governance.components(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.component_usage ADD CONSTRAINT component_usage_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.components ADD CONSTRAINT components_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE governance.components ADD CONSTRAINT components_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE governance.governance_models ADD CONSTRAINT governance_models_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE governance.governance_models ADD CONSTRAINT governance_models_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.governance_models ADD CONSTRAINT governance_models_org_id_owner_id_fkey
    FOREIGN KEY (org_id, owner_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE governance.kill_switches ADD CONSTRAINT kill_switches_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE governance.kill_switches ADD CONSTRAINT kill_switches_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.kill_switches ADD CONSTRAINT kill_switches_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.project_rules ADD CONSTRAINT project_rules_org_id_applied_by_fkey
    FOREIGN KEY (org_id, applied_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE governance.project_rules ADD CONSTRAINT project_rules_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.project_rules ADD CONSTRAINT project_rules_org_id_rule_id_fkey
    FOREIGN KEY (org_id, rule_id) REFERENCES governance.rules(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.rule_dependencies ADD CONSTRAINT rule_dependencies_org_id_depends_on_fkey
    FOREIGN KEY (org_id, depends_on) REFERENCES governance.rules(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.rule_dependencies ADD CONSTRAINT rule_dependencies_org_id_rule_id_fkey
    FOREIGN KEY (org_id, rule_id) REFERENCES governance.rules(org_id, id) ON DELETE RESTRICT;
ALTER TABLE governance.rules ADD CONSTRAINT rules_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE governance.rules ADD CONSTRAINT rules_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE governance.trust_indexes ADD CONSTRAINT trust_indexes_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES governance.governance_models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE ops.archived_runs ADD CONSTRAINT archived_runs_archive_id_fkey
    FOREIGN KEY (archive_id) REFERENCES ops.archives(id) ON DELETE RESTRICT;
ALTER TABLE ops.retention_policies ADD CONSTRAINT retention_policies_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE ops.retention_policies ADD CONSTRAINT retention_policies_table_name_fkey
    FOREIGN KEY (table_name) REFERENCES ops.retention_defaults(table_name) ON DELETE RESTRICT;
ALTER TABLE orchestrator.execution_steps ADD CONSTRAINT execution_steps_org_id_execution_id_fkey
    FOREIGN KEY (org_id, execution_id) REFERENCES orchestrator.executions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.executions ADD CONSTRAINT executions_org_id_executor_id_fkey
    FOREIGN KEY (org_id, executor_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.executions ADD CONSTRAINT executions_org_id_version_id_fkey
    FOREIGN KEY (org_id, version_id) REFERENCES orchestrator.workflow_versions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.executions ADD CONSTRAINT executions_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.marketplace_items ADD CONSTRAINT marketplace_items_org_id_published_by_fkey
    FOREIGN KEY (org_id, published_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.marketplace_items ADD CONSTRAINT marketplace_items_org_id_version_id_fkey
    FOREIGN KEY (org_id, version_id) REFERENCES orchestrator.workflow_versions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.marketplace_items ADD CONSTRAINT marketplace_items_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.notifications ADD CONSTRAINT notifications_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.notifications ADD CONSTRAINT notifications_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.timers ADD CONSTRAINT timers_org_id_execution_id_fkey
    FOREIGN KEY (org_id, execution_id) REFERENCES orchestrator.executions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.timers ADD CONSTRAINT timers_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_collaborators ADD CONSTRAINT workflow_collaborators_org_id_added_by_fkey
    FOREIGN KEY (org_id, added_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_collaborators ADD CONSTRAINT workflow_collaborators_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_collaborators ADD CONSTRAINT workflow_collaborators_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_ratings ADD CONSTRAINT workflow_ratings_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_ratings ADD CONSTRAINT workflow_ratings_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_versions ADD CONSTRAINT workflow_versions_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflow_versions ADD CONSTRAINT workflow_versions_org_id_workflow_id_fkey
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows(org_id, id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflows ADD CONSTRAINT workflows_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE orchestrator.workflows ADD CONSTRAINT workflows_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE production.analysis_sessions ADD CONSTRAINT analysis_sessions_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE production.analysis_sessions ADD CONSTRAINT analysis_sessions_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE production.analysis_sessions ADD CONSTRAINT analysis_sessions_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE production.analysis_tasks ADD CONSTRAINT analysis_tasks_org_id_session_id_fkey
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE production.artifacts ADD CONSTRAINT artifacts_org_id_session_id_fkey
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE production.code_review_results ADD CONSTRAINT code_review_results_org_id_session_id_fkey
    FOREIGN KEY (org_id, session_id) REFERENCES production.analysis_sessions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.baselines ADD CONSTRAINT baselines_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.policies ADD CONSTRAINT policies_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE projects.policies ADD CONSTRAINT policies_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE projects.project_policies ADD CONSTRAINT project_policies_org_id_applied_by_fkey
    FOREIGN KEY (org_id, applied_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE projects.project_policies ADD CONSTRAINT project_policies_org_id_policy_id_fkey
    FOREIGN KEY (org_id, policy_id) REFERENCES projects.policies(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.project_policies ADD CONSTRAINT project_policies_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.projects ADD CONSTRAINT projects_org_id_created_by_fkey
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE projects.projects ADD CONSTRAINT projects_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE projects.projects ADD CONSTRAINT projects_org_id_owner_id_fkey
    FOREIGN KEY (org_id, owner_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE projects.projects ADD CONSTRAINT projects_org_id_team_id_fkey
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.version_history ADD CONSTRAINT version_history_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.version_history ADD CONSTRAINT version_history_org_id_version_id_fkey
    FOREIGN KEY (org_id, version_id) REFERENCES projects.versions(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.versions ADD CONSTRAINT versions_org_id_project_id_fkey
    FOREIGN KEY (org_id, project_id) REFERENCES projects.projects(org_id, id) ON DELETE RESTRICT;
ALTER TABLE projects.versions ADD CONSTRAINT versions_org_id_promoted_by_fkey
    FOREIGN KEY (org_id, promoted_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE providers.cost_alerts ADD CONSTRAINT cost_alerts_org_id_acknowledged_by_fkey
    FOREIGN KEY (org_id, acknowledged_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE providers.cost_alerts ADD CONSTRAINT cost_alerts_org_id_quota_id_fkey
    FOREIGN KEY (org_id, quota_id) REFERENCES providers.user_quotas(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.models ADD CONSTRAINT models_org_id_provider_id_fkey
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.platform_models ADD CONSTRAINT platform_models_platform_provider_id_fkey
    FOREIGN KEY (platform_provider_id) REFERENCES providers.platform_providers(id) ON DELETE RESTRICT;
ALTER TABLE providers.platform_prices ADD CONSTRAINT platform_prices_platform_model_id_fkey
    FOREIGN KEY (platform_model_id) REFERENCES providers.platform_models(id) ON DELETE RESTRICT;
ALTER TABLE providers.prices ADD CONSTRAINT prices_org_id_model_id_fkey
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.provider_health ADD CONSTRAINT provider_health_org_id_provider_id_fkey
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.providers ADD CONSTRAINT providers_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE providers.providers ADD CONSTRAINT providers_platform_provider_id_fkey
    FOREIGN KEY (platform_provider_id) REFERENCES providers.platform_providers(id) ON DELETE RESTRICT;
ALTER TABLE providers.usage_tracking ADD CONSTRAINT usage_tracking_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE providers.usage_tracking ADD CONSTRAINT usage_tracking_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE providers.user_providers ADD CONSTRAINT user_providers_org_id_provider_id_fkey
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.user_providers ADD CONSTRAINT user_providers_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE providers.user_quotas ADD CONSTRAINT user_quotas_org_id_api_key_id_fkey
    FOREIGN KEY (org_id, api_key_id) REFERENCES auth.api_keys(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.user_quotas ADD CONSTRAINT user_quotas_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE providers.user_quotas ADD CONSTRAINT user_quotas_org_id_team_id_fkey
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams(org_id, id) ON DELETE RESTRICT;
ALTER TABLE providers.user_quotas ADD CONSTRAINT user_quotas_org_id_user_id_fkey
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE quarantine.quarantine_records ADD CONSTRAINT quarantine_records_org_id_experiment_id_fkey
    FOREIGN KEY (org_id, experiment_id) REFERENCES experiments_v1.experiments(org_id, id) ON DELETE RESTRICT;
ALTER TABLE quarantine.quarantine_records ADD CONSTRAINT quarantine_records_org_id_fkey
    FOREIGN KEY (org_id) REFERENCES auth.organizations(id) ON DELETE RESTRICT;
ALTER TABLE quarantine.quarantine_records ADD CONSTRAINT quarantine_records_org_id_quarantined_by_fkey
    FOREIGN KEY (org_id, quarantined_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE quarantine.quarantine_records ADD CONSTRAINT quarantine_records_org_id_reviewed_by_fkey
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE quarantine.reevaluation_requests ADD CONSTRAINT reevaluation_requests_org_id_approved_by_fkey
    FOREIGN KEY (org_id, approved_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;
ALTER TABLE quarantine.reevaluation_requests ADD CONSTRAINT reevaluation_requests_org_id_record_id_fkey
    FOREIGN KEY (org_id, record_id) REFERENCES quarantine.quarantine_records(org_id, id) ON DELETE RESTRICT;
ALTER TABLE quarantine.reevaluation_requests ADD CONSTRAINT reevaluation_requests_org_id_requested_by_fkey
    FOREIGN KEY (org_id, requested_by) REFERENCES auth.memberships(org_id, user_id) ON DELETE RESTRICT;

-- ── Views ───────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE VIEW audits.audit_logs WITH (security_invoker=true) AS
 SELECT audit_log.org_id,
    audit_log.id,
    COALESCE(audits.uuid_after('project'::text, audit_log.entity), audits.uuid_after('project'::text, ('project:'::text || (audit_log.payload ->> 'project_id'::text)))) AS project_id,
    audits.uuid_after('user'::text, audit_log.actor) AS user_id,
    audit_log.action,
    split_part(audit_log.entity, ':'::text, 1) AS resource_type,
    audits.uuid_after(split_part(audit_log.entity, ':'::text, 1), audit_log.entity) AS resource_id,
    (audit_log.payload -> 'old'::text) AS old_values,
    (audit_log.payload -> 'new'::text) AS new_values,
    ops.time_of(audit_log.id) AS "timestamp",
    (audit_log.payload ->> 'ip_address'::text) AS ip_address,
    (audit_log.payload ->> 'user_agent'::text) AS user_agent,
    audit_log.payload AS metadata,
    audits.personal_state(audit_log.org_id, audit_log.payload) AS personal
   FROM audits.audit_log;
ALTER VIEW audits.audit_logs OWNER TO witan_owner;
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
COMMENT ON COLUMN audits.audit_logs."timestamp" IS 'When.';
COMMENT ON COLUMN audits.audit_logs.ip_address IS 'Where it came from; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.audit_logs.user_agent IS 'With what program; null for a person''s, which is sealed.';
COMMENT ON COLUMN audits.audit_logs.metadata IS 'The particulars.';
COMMENT ON COLUMN audits.audit_logs.personal IS 'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';

CREATE VIEW audits.chained_log WITH (security_invoker=true) AS
 SELECT e.org_id,
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
   FROM ((audits.audit_log e
     LEFT JOIN ( SELECT c.org_id,
            c.sequence,
            r.entry_id,
            r.prev_hash,
            r.hash
           FROM (audits.chain c
             CROSS JOIN LATERAL audits.run_hashes(c.org_id, c.entry_ids, c.prev_hash) r(entry_id, prev_hash, hash))) s ON (((s.org_id = e.org_id) AND (s.entry_id = e.id))))
     LEFT JOIN LATERAL ( SELECT p.signature
           FROM audits.checkpoints p
          WHERE ((p.org_id = s.org_id) AND (p.sequence >= s.sequence))
          ORDER BY p.sequence
         LIMIT 1) k ON (true));
ALTER VIEW audits.chained_log OWNER TO witan_owner;
COMMENT ON VIEW audits.chained_log IS '001''s audits.audit_log: each entry with its place in the chain. prev_hash and entry_hash are null until it is sealed, signature until a checkpoint covers it. Recomputes the runs it shows: for looking at, not for reports.';
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

CREATE VIEW audits.governance_audit_log WITH (security_invoker=true) AS
 SELECT audit_log.org_id,
    audit_log.id,
    COALESCE(audits.uuid_after('model'::text, audit_log.entity), audits.uuid_after('model'::text, ('model:'::text || (audit_log.payload ->> 'model_id'::text)))) AS model_id,
    audits.uuid_after('user'::text, audit_log.actor) AS user_id,
    audit_log.action,
    audit_log.entity AS resource,
    audit_log.payload AS details,
    (audit_log.payload ->> 'ip_address'::text) AS ip_address,
    (audit_log.payload ->> 'user_agent'::text) AS user_agent,
    audits.personal_state(audit_log.org_id, audit_log.payload) AS personal,
    ops.time_of(audit_log.id) AS "timestamp"
   FROM audits.audit_log
  WHERE (audit_log.category = 'governance'::text);
ALTER VIEW audits.governance_audit_log OWNER TO witan_owner;
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
COMMENT ON COLUMN audits.governance_audit_log.personal IS 'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';
COMMENT ON COLUMN audits.governance_audit_log."timestamp" IS 'When.';

CREATE VIEW audits.statistics WITH (security_invoker=true) AS
 SELECT audit_log.org_id,
    ((ops.time_of(audit_log.id) AT TIME ZONE 'UTC'::text))::date AS day,
    audit_log.category,
    audit_log.outcome,
    count(*) AS entries,
    count(DISTINCT audit_log.actor) AS actors,
    min(ops.time_of(audit_log.id)) AS first_at,
    max(ops.time_of(audit_log.id)) AS last_at
   FROM audits.audit_log
  GROUP BY audit_log.org_id, (((ops.time_of(audit_log.id) AT TIME ZONE 'UTC'::text))::date), audit_log.category, audit_log.outcome;
ALTER VIEW audits.statistics OWNER TO witan_owner;
COMMENT ON VIEW audits.statistics IS 'How much was logged, by organization, day, part of the program and outcome.';
COMMENT ON COLUMN audits.statistics.org_id IS 'The organization.';
COMMENT ON COLUMN audits.statistics.day IS 'The day (UTC).';
COMMENT ON COLUMN audits.statistics.category IS 'The part of the program.';
COMMENT ON COLUMN audits.statistics.outcome IS 'success or failure.';
COMMENT ON COLUMN audits.statistics.entries IS 'How many entries.';
COMMENT ON COLUMN audits.statistics.actors IS 'How many did something.';
COMMENT ON COLUMN audits.statistics.first_at IS 'The first of them.';
COMMENT ON COLUMN audits.statistics.last_at IS 'The last of them.';

CREATE VIEW audits.system_log WITH (security_invoker=true) AS
 SELECT system_logs.id,
    system_logs.level,
    system_logs.component,
    system_logs.message,
    system_logs.stack_trace,
    system_logs.metadata,
    ops.time_of(system_logs.id) AS "timestamp"
   FROM audits.system_logs;
ALTER VIEW audits.system_log OWNER TO witan_owner;
COMMENT ON VIEW audits.system_log IS '003''s system_logs, with the time that the id holds.';
COMMENT ON COLUMN audits.system_log.id IS 'The entry in audits.system_logs.';
COMMENT ON COLUMN audits.system_log.level IS 'How bad it is.';
COMMENT ON COLUMN audits.system_log.component IS 'The part of the program.';
COMMENT ON COLUMN audits.system_log.message IS 'What happened.';
COMMENT ON COLUMN audits.system_log.stack_trace IS 'Where in the program.';
COMMENT ON COLUMN audits.system_log.metadata IS 'The particulars.';
COMMENT ON COLUMN audits.system_log."timestamp" IS 'When.';

CREATE VIEW auth.audit_logs WITH (security_invoker=true) AS
 SELECT audit_log.org_id,
    audit_log.id,
    audits.uuid_after('user'::text, audit_log.actor) AS user_id,
    audit_log.actor,
    audit_log.action,
    audit_log.entity,
    audit_log.outcome AS status,
    (audit_log.payload ->> 'ip_address'::text) AS ip_address,
    (audit_log.payload ->> 'user_agent'::text) AS user_agent,
    audit_log.payload AS details,
    audits.personal_state(audit_log.org_id, audit_log.payload) AS personal,
    ops.time_of(audit_log.id) AS created_at
   FROM audits.audit_log
  WHERE (audit_log.category = 'auth'::text);
ALTER VIEW auth.audit_logs OWNER TO witan_owner;
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
COMMENT ON COLUMN auth.audit_logs.details IS 'The particulars.';
COMMENT ON COLUMN auth.audit_logs.personal IS 'Whether it holds something of a person: sealed, erased, partly erased; null for nothing.';
COMMENT ON COLUMN auth.audit_logs.created_at IS 'When.';

CREATE VIEW council.request_log WITH (security_invoker=true) AS
 SELECT requests.org_id,
    requests.id,
    requests.user_id,
    requests.api_key_id,
    requests.session_id,
    requests.request_content AS query,
    requests.status,
    requests.consensus_decision,
    requests.agreement_level,
    requests.total_cost,
    requests.total_latency_ms,
    ops.time_of(requests.id) AS created_at,
    (ops.time_of(requests.id) + ((requests.total_latency_ms)::double precision * '00:00:00.001'::interval)) AS completed_at,
    requests.config_snapshot
   FROM council.requests;
ALTER VIEW council.request_log OWNER TO witan_owner;
COMMENT ON VIEW council.request_log IS '002''s requests: every governed call, with the times that its id and latency hold.';
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

CREATE VIEW governance.latest_compliance_checks WITH (security_invoker=true) AS
 SELECT DISTINCT ON (compliance_checks.org_id, compliance_checks.model_id, compliance_checks.framework) compliance_checks.org_id,
    compliance_checks.model_id,
    compliance_checks.framework,
    compliance_checks.id,
    compliance_checks.score,
    compliance_checks.compliant,
    compliance_checks.created_at
   FROM governance.compliance_checks
  ORDER BY compliance_checks.org_id, compliance_checks.model_id, compliance_checks.framework, compliance_checks.id DESC;
ALTER VIEW governance.latest_compliance_checks OWNER TO witan_owner;
COMMENT ON VIEW governance.latest_compliance_checks IS 'The newest run of each framework against each model (governance.compliance_checks).';
COMMENT ON COLUMN governance.latest_compliance_checks.org_id IS 'The organization.';
COMMENT ON COLUMN governance.latest_compliance_checks.model_id IS 'The governed model.';
COMMENT ON COLUMN governance.latest_compliance_checks.framework IS 'The framework.';
COMMENT ON COLUMN governance.latest_compliance_checks.id IS 'The run.';
COMMENT ON COLUMN governance.latest_compliance_checks.score IS '0 to 100.';
COMMENT ON COLUMN governance.latest_compliance_checks.compliant IS 'The verdict.';
COMMENT ON COLUMN governance.latest_compliance_checks.created_at IS 'When.';

CREATE VIEW governance.project_compliance_summary WITH (security_invoker=true) AS
 SELECT p.org_id,
    p.id,
    p.name,
    p.industry_type,
    count(c.id) AS compliance_checks,
    avg(c.score) AS avg_compliance_score,
    count(c.id) FILTER (WHERE (c.status = 'compliant'::text)) AS compliant_checks
   FROM (projects.projects p
     LEFT JOIN governance.compliance_data c ON (((c.org_id = p.org_id) AND (c.project_id = p.id))))
  GROUP BY p.org_id, p.id, p.name, p.industry_type;
ALTER VIEW governance.project_compliance_summary OWNER TO witan_owner;
COMMENT ON VIEW governance.project_compliance_summary IS '003''s project_compliance_summary: how the projects stand. A plain view: PostgreSQL cannot protect a materialized one.';
COMMENT ON COLUMN governance.project_compliance_summary.org_id IS 'The organization.';
COMMENT ON COLUMN governance.project_compliance_summary.id IS 'The project.';
COMMENT ON COLUMN governance.project_compliance_summary.name IS 'Its name.';
COMMENT ON COLUMN governance.project_compliance_summary.industry_type IS 'Whose rules apply.';
COMMENT ON COLUMN governance.project_compliance_summary.compliance_checks IS 'How many kinds of compliance it is held to.';
COMMENT ON COLUMN governance.project_compliance_summary.avg_compliance_score IS 'Mean of their scores, 0 to 100; null until one is checked.';
COMMENT ON COLUMN governance.project_compliance_summary.compliant_checks IS 'How many of them it meets.';

CREATE VIEW providers.cost_log WITH (security_invoker=true) AS
 SELECT cost_records.org_id,
    cost_records.request_id,
    cost_records.call,
    cost_records.provider,
    cost_records.model,
    cost_records.input_tokens AS prompt_tokens,
    cost_records.output_tokens AS completion_tokens,
    cost_records.cost,
    cost_records.pricing_version,
    ops.time_of(cost_records.request_id) AS created_at
   FROM providers.cost_records;
ALTER VIEW providers.cost_log OWNER TO witan_owner;
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

CREATE VIEW quarantine.statistics WITH (security_invoker=true) AS
 SELECT quarantine_records.org_id,
    quarantine_records.review_status,
    count(*) AS records,
    min(quarantine_records.quarantined_at) AS oldest,
    max(quarantine_records.quarantined_at) AS newest,
    count(*) FILTER (WHERE (quarantine_records.quarantined_at >= (now() - '30 days'::interval))) AS in_last_30_days
   FROM quarantine.quarantine_records
  GROUP BY quarantine_records.org_id, quarantine_records.review_status;
ALTER VIEW quarantine.statistics OWNER TO witan_owner;
COMMENT ON VIEW quarantine.statistics IS 'How much is in quarantine, by organization and state of review.';
COMMENT ON COLUMN quarantine.statistics.org_id IS 'The organization.';
COMMENT ON COLUMN quarantine.statistics.review_status IS 'The state of review.';
COMMENT ON COLUMN quarantine.statistics.records IS 'How many records.';
COMMENT ON COLUMN quarantine.statistics.oldest IS 'When the oldest of them came.';
COMMENT ON COLUMN quarantine.statistics.newest IS 'When the newest of them came.';
COMMENT ON COLUMN quarantine.statistics.in_last_30_days IS 'How many of them came in the last 30 days.';


-- ── Triggers and rules ──────────────────────────────────────────────────────────────────────────────────────────────
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON audits.audit_log FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.audit_log FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON audits.chain FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.chain FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON audits.checkpoints FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON audits.row_seals FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.row_seals FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON audits.system_logs FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.system_logs FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER snapshot BEFORE INSERT OR UPDATE OF name, role, custom_role_id, scopes, key_hash, allowed_models, allowed_addresses, user_id, expires_at, revoked_at ON auth.api_keys FOR EACH STATEMENT EXECUTE FUNCTION ops.raise_snapshot('identity');
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF name, role, custom_role_id, scopes, key_hash, allowed_models, allowed_addresses, user_id, expires_at, revoked_at ON auth.api_keys FOR EACH ROW EXECUTE FUNCTION ops.stamp_snapshot('identity');
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON auth.erasures FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON auth.erasures FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER fixed BEFORE UPDATE ON auth.legal_holds FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('released_at', 'released_by');
CREATE TRIGGER no_delete BEFORE DELETE ON auth.legal_holds FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON auth.legal_holds FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER over BEFORE UPDATE ON auth.legal_holds FOR EACH ROW WHEN ((old.released_at IS NOT NULL)) EXECUTE FUNCTION ops.check_fixed('nothing');
CREATE TRIGGER counted BEFORE UPDATE OF role, custom_role_id, retired_at ON auth.memberships FOR EACH ROW EXECUTE FUNCTION auth.raise_version();
CREATE TRIGGER dependents AFTER UPDATE OF role, custom_role_id, retired_at ON auth.memberships FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER keeps_admin AFTER UPDATE OF role, custom_role_id, retired_at ON auth.memberships FOR EACH ROW WHEN (((old.role = 'admin'::text) AND (old.custom_role_id IS NULL) AND (old.retired_at IS NULL) AND (NOT ((new.role = 'admin'::text) AND (new.custom_role_id IS NULL) AND (new.retired_at IS NULL))))) EXECUTE FUNCTION auth.keep_admin();
CREATE TRIGGER snapshot BEFORE INSERT OR UPDATE OF role, custom_role_id, retired_at ON auth.memberships FOR EACH STATEMENT EXECUTE FUNCTION ops.raise_snapshot('identity');
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF role, custom_role_id, retired_at ON auth.memberships FOR EACH ROW EXECUTE FUNCTION ops.stamp_snapshot('identity');
CREATE TRIGGER touch BEFORE UPDATE ON auth.memberships FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER dependents AFTER UPDATE OF require_two_factor ON auth.organizations FOR EACH ROW WHEN ((new.require_two_factor AND (NOT old.require_two_factor))) EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER snapshot BEFORE INSERT OR UPDATE OF content_retention, durable_answers, unknown_price_ceiling, retired_at ON auth.organizations FOR EACH STATEMENT EXECUTE FUNCTION ops.raise_snapshot('identity');
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OF content_retention, durable_answers, unknown_price_ceiling, retired_at ON auth.organizations FOR EACH ROW EXECUTE FUNCTION ops.stamp_snapshot('identity');
CREATE TRIGGER touch BEFORE UPDATE ON auth.organizations FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER erasure BEFORE UPDATE ON auth.payload_keys FOR EACH ROW EXECUTE FUNCTION auth.check_erasure();
CREATE TRIGGER no_delete BEFORE DELETE ON auth.payload_keys FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON auth.payload_keys FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER dependents AFTER UPDATE OF permissions, retired_at ON auth.roles FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER touch BEFORE UPDATE ON auth.roles FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER snapshot BEFORE UPDATE OF revoked_at ON auth.sessions FOR EACH STATEMENT EXECUTE FUNCTION ops.raise_snapshot('identity');
CREATE TRIGGER stamp BEFORE UPDATE OF revoked_at ON auth.sessions FOR EACH ROW EXECUTE FUNCTION ops.stamp_snapshot('identity');
CREATE TRIGGER touch BEFORE UPDATE ON auth.sso_providers FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON auth.teams FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER dependents AFTER UPDATE OF role, retired_at ON auth.users FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER touch BEFORE UPDATE ON auth.users FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER fixed BEFORE UPDATE ON council.configurations FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('active');
CREATE TRIGGER fixed BEFORE UPDATE ON council.red_team_tests FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('reviewed_by', 'review_verdict');
CREATE TRIGGER no_delete BEFORE DELETE ON council.red_team_tests FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON council.red_team_tests FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER fixed BEFORE UPDATE ON experiments_v1.blacklist FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('review_status', 'reviewed_by', 'reviewed_at');
CREATE TRIGGER no_delete BEFORE DELETE ON experiments_v1.blacklist FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON experiments_v1.blacklist FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON experiments_v1.comparison_reports FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON experiments_v1.comparison_reports FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON experiments_v1.evaluations FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON experiments_v1.evaluations FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER moves BEFORE UPDATE OF status ON experiments_v1.experiments FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'created>running', 'created>failed', 'running>completed', 'running>failed', 'running>evaluating', 'completed>evaluating', 'evaluating>completed', 'evaluating>failed', 'evaluating>promoted', 'evaluating>quarantined', 'completed>promoted', 'completed>quarantined', 'failed>evaluating', 'failed>quarantined');
CREATE TRIGGER no_delete BEFORE DELETE ON experiments_v1.experiments FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON experiments_v1.experiments FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON experiments_v1.experiments FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER fixed BEFORE UPDATE ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('version_id', 'status', 'approver_id', 'decided_at', 'promoted_at', 'updated_at');
CREATE TRIGGER moves BEFORE UPDATE OF status ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'pending>approved', 'pending>rejected', 'approved>completed', 'approved>rejected');
CREATE TRIGGER no_delete BEFORE DELETE ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON experiments_v1.promotions FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON experiments_v1.promotions FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF state ON governance.circuit_breakers FOR EACH ROW EXECUTE FUNCTION ops.check_move('state', 'CLOSED>OPEN', 'OPEN>HALF_OPEN', 'OPEN>CLOSED', 'HALF_OPEN>OPEN', 'HALF_OPEN>CLOSED');
CREATE TRIGGER touch BEFORE UPDATE ON governance.circuit_breakers FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON governance.compliance_checks FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON governance.compliance_checks FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER history AFTER UPDATE ON governance.compliance_data FOR EACH ROW EXECUTE FUNCTION governance.keep_compliance();
CREATE TRIGGER touch BEFORE UPDATE ON governance.compliance_data FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON governance.compliance_history FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON governance.compliance_history FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON governance.components FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON governance.governance_models FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'DRAFT>TESTING', 'DRAFT>ACTIVE', 'DRAFT>RETIRED', 'TESTING>DRAFT', 'TESTING>ACTIVE', 'TESTING>SUSPENDED', 'TESTING>RETIRED', 'ACTIVE>TESTING', 'ACTIVE>SUSPENDED', 'ACTIVE>DEPRECATED', 'ACTIVE>RETIRED', 'SUSPENDED>TESTING', 'SUSPENDED>ACTIVE', 'SUSPENDED>DEPRECATED', 'SUSPENDED>RETIRED', 'DEPRECATED>ACTIVE', 'DEPRECATED>RETIRED');
CREATE TRIGGER no_delete BEFORE DELETE ON governance.governance_models FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON governance.governance_models FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON governance.governance_models FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER fixed BEFORE UPDATE ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('status', 'deactivated_by', 'deactivation_reason', 'deactivated_at', 'generation', 'updated_at');
CREATE TRIGGER moves BEFORE UPDATE OF status ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'ACTIVE>INACTIVE');
CREATE TRIGGER no_delete BEFORE DELETE ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON governance.kill_switches FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON governance.kill_switches FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON governance.project_rules FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON governance.rules FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON governance.trust_indexes FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON governance.trust_indexes FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER only_added_to BEFORE DELETE OR UPDATE OR TRUNCATE ON ops._migration_history FOR EACH STATEMENT EXECUTE FUNCTION ops._migration_history_refuse();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON ops.archived_runs FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ops.archived_runs FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON ops.archives FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ops.archives FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON ops.retention_policies FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ops.retention_policies FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.execution_steps FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'PENDING>RUNNING', 'PENDING>SKIPPED', 'PENDING>CANCELLED', 'RUNNING>COMPLETED', 'RUNNING>FAILED', 'RUNNING>CANCELLED');
CREATE TRIGGER touch BEFORE UPDATE ON orchestrator.execution_steps FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.executions FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'PENDING>RUNNING', 'PENDING>CANCELLED', 'RUNNING>PENDING', 'RUNNING>COMPLETED', 'RUNNING>FAILED', 'RUNNING>CANCELLED');
CREATE TRIGGER touch BEFORE UPDATE ON orchestrator.executions FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON orchestrator.marketplace_items FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.notifications FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'pending>sent', 'pending>failed', 'failed>pending');
CREATE TRIGGER touch BEFORE UPDATE ON orchestrator.workflow_ratings FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON orchestrator.workflow_versions FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON orchestrator.workflow_versions FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON orchestrator.workflows FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON production.analysis_sessions FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'created>queued', 'created>running', 'created>cancelled', 'queued>running', 'queued>cancelled', 'queued>failed', 'running>queued', 'running>completed', 'running>failed', 'running>cancelled');
CREATE TRIGGER touch BEFORE UPDATE ON production.analysis_sessions FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON production.analysis_tasks FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'pending>running', 'pending>skipped', 'running>pending', 'running>completed', 'running>failed', 'running>skipped');
CREATE TRIGGER touch BEFORE UPDATE ON production.analysis_tasks FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON production.code_review_results FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON production.code_review_results FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON projects.baselines FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON projects.policies FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER moves BEFORE UPDATE OF status ON projects.projects FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'draft>generating', 'draft>active', 'draft>archived', 'generating>draft', 'generating>active', 'generating>archived', 'active>completed', 'active>archived', 'completed>active', 'completed>archived', 'archived>active');
CREATE TRIGGER touch BEFORE UPDATE ON projects.projects FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON projects.version_history FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON projects.version_history FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON projects.versions FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON providers.cost_records FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON providers.cost_records FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON providers.prices FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON providers.prices FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON providers.provider_health FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON providers.usage_tracking FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON providers.user_providers FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER touch BEFORE UPDATE ON providers.user_quotas FOR EACH ROW EXECUTE FUNCTION ops.touch();
CREATE TRIGGER fixed BEFORE UPDATE ON quarantine.quarantine_records FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('review_status', 'reviewed_by', 'reviewed_at', 'review_notes');
CREATE TRIGGER moves BEFORE UPDATE OF review_status ON quarantine.quarantine_records FOR EACH ROW EXECUTE FUNCTION ops.check_move('review_status', 'quarantined>under_review', 'under_review>quarantined', 'under_review>approved_retry', 'approved_retry>quarantined');
CREATE TRIGGER no_delete BEFORE DELETE ON quarantine.quarantine_records FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON quarantine.quarantine_records FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER moves BEFORE UPDATE OF status ON quarantine.reevaluation_requests FOR EACH ROW EXECUTE FUNCTION ops.check_move('status', 'pending>approved', 'pending>rejected', 'approved>completed', 'approved>rejected');
CREATE TRIGGER no_delete BEFORE DELETE ON quarantine.reevaluation_requests FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON quarantine.reevaluation_requests FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();
CREATE TRIGGER touch BEFORE UPDATE ON quarantine.reevaluation_requests FOR EACH ROW EXECUTE FUNCTION ops.touch();

-- ── Row-level security ──────────────────────────────────────────────────────────────────────────────────────────────
ALTER TABLE audits.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audits.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON audits.audit_log FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY ingest ON audits.audit_log FOR INSERT TO witan_ingest
    WITH CHECK (true);
CREATE POLICY retention ON audits.audit_log FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY retention_record ON audits.audit_log FOR INSERT TO witan_owner
    WITH CHECK ((action = 'partition.archived'::text));
CREATE POLICY sealer ON audits.audit_log FOR SELECT TO witan_sealer
    USING (true);
CREATE POLICY tenant ON audits.audit_log FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE audits.chain ENABLE ROW LEVEL SECURITY;
ALTER TABLE audits.chain FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON audits.chain FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY retention ON audits.chain FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY sealer ON audits.chain FOR ALL TO witan_sealer
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON audits.chain FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE audits.checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE audits.checkpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON audits.checkpoints FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY sealer ON audits.checkpoints FOR ALL TO witan_sealer
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON audits.checkpoints FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE audits.row_seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audits.row_seals FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON audits.row_seals FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON audits.row_seals FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.api_keys FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY dependents ON auth.api_keys FOR UPDATE TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY erasure ON auth.api_keys FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY lookup ON auth.api_keys FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.api_keys FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.erasures FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON auth.erasures FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.erasures FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.invitations FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.invitations FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY lookup ON auth.invitations FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.invitations FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.legal_holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.legal_holds FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.legal_holds FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON auth.legal_holds FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.legal_holds FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.memberships FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY dependents ON auth.memberships FOR UPDATE TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY erasure ON auth.memberships FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY lookup ON auth.memberships FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.memberships FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.organizations FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON auth.organizations FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.organizations FOR ALL TO witan_app, witan_readonly
    USING ((id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.password_resets ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.password_resets FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.password_resets FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.password_resets FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY lookup ON auth.password_resets FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY members ON auth.password_resets FOR ALL TO witan_app
    USING ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = password_resets.user_id))))
    WITH CHECK ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = password_resets.user_id))));
ALTER TABLE auth.payload_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.payload_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.payload_keys FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.payload_keys FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON auth.payload_keys FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.recovery_codes FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.recovery_codes FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY members ON auth.recovery_codes FOR ALL TO witan_app
    USING ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = recovery_codes.user_id))))
    WITH CHECK ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = recovery_codes.user_id))));
ALTER TABLE auth.roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.roles FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.roles FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON auth.roles FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.roles FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.sessions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY dependents ON auth.sessions FOR UPDATE TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY erasure ON auth.sessions FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY expiry ON auth.sessions FOR DELETE TO witan_owner
    USING ((expires_at < now()));
CREATE POLICY lookup ON auth.sessions FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.sessions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.sso_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sso_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.sso_identities FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.sso_identities FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON auth.sso_identities FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.sso_logins ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sso_logins FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.sso_logins FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY expiry ON auth.sso_logins FOR ALL TO witan_owner
    USING ((created_at < (now() - '1 day'::interval)))
    WITH CHECK (false);
CREATE POLICY tenant ON auth.sso_logins FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.sso_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sso_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.sso_providers FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON auth.sso_providers FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON auth.sso_providers FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.team_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.team_members FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.team_members FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.team_members FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON auth.team_members FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.teams FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.teams FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON auth.teams FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.users FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.users FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY lookup ON auth.users FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY members ON auth.users FOR ALL TO witan_app, witan_readonly
    USING ((EXISTS ( SELECT
   FROM auth.memberships m
  WHERE ((m.user_id = users.id) AND (m.retired_at IS NULL) AND (m.org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif"))))))
    WITH CHECK ((EXISTS ( SELECT
   FROM auth.memberships m
  WHERE ((m.user_id = users.id) AND (m.retired_at IS NULL) AND (m.org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif"))))));
CREATE POLICY registration ON auth.users FOR INSERT TO witan_app
    WITH CHECK (true);
ALTER TABLE auth.webauthn_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.webauthn_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON auth.webauthn_credentials FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON auth.webauthn_credentials FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY members ON auth.webauthn_credentials FOR ALL TO witan_app
    USING ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = webauthn_credentials.user_id))))
    WITH CHECK ((EXISTS ( SELECT
   FROM auth.users u
  WHERE (u.id = webauthn_credentials.user_id))));
ALTER TABLE council.configurations ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.configurations FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.configurations FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON council.configurations FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.council_responses ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.council_responses FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.council_responses FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON council.council_responses FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON council.council_responses FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.deliberation_exchanges ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.deliberation_exchanges FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.deliberation_exchanges FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON council.deliberation_exchanges FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON council.deliberation_exchanges FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.red_team_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.red_team_tests FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.red_team_tests FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON council.red_team_tests FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.requests FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.requests FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON council.requests FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY ingest ON council.requests FOR INSERT TO witan_ingest
    WITH CHECK (true);
CREATE POLICY tenant ON council.requests FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.session_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.session_history FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.session_history FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON council.session_history FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY retention_blank ON council.session_history FOR UPDATE TO witan_owner
    USING (true)
    WITH CHECK ((content = ''::text));
CREATE POLICY retention_read ON council.session_history FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON council.session_history FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE council.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE council.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON council.sessions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON council.sessions FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON council.sessions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE experiments_v1.blacklist ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments_v1.blacklist FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON experiments_v1.blacklist FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON experiments_v1.blacklist FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE experiments_v1.comparison_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments_v1.comparison_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON experiments_v1.comparison_reports FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON experiments_v1.comparison_reports FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE experiments_v1.evaluations ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments_v1.evaluations FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON experiments_v1.evaluations FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON experiments_v1.evaluations FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE experiments_v1.experiments ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments_v1.experiments FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON experiments_v1.experiments FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON experiments_v1.experiments AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = experiments.org_id) AND (p.id = experiments.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = experiments.org_id) AND (p.id = experiments.project_id))))));
CREATE POLICY tenant ON experiments_v1.experiments FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE experiments_v1.promotions ENABLE ROW LEVEL SECURITY;
ALTER TABLE experiments_v1.promotions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON experiments_v1.promotions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON experiments_v1.promotions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.circuit_breakers ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.circuit_breakers FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.circuit_breakers FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.circuit_breakers FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.compliance_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.compliance_checks FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.compliance_checks FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.compliance_checks FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.compliance_data ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.compliance_data FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.compliance_data FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON governance.compliance_data AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = compliance_data.org_id) AND (p.id = compliance_data.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = compliance_data.org_id) AND (p.id = compliance_data.project_id))))));
CREATE POLICY tenant ON governance.compliance_data FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.compliance_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.compliance_history FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.compliance_history FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON governance.compliance_history AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = compliance_history.org_id) AND (p.id = compliance_history.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = compliance_history.org_id) AND (p.id = compliance_history.project_id))))));
CREATE POLICY tenant ON governance.compliance_history FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.component_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.component_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.component_usage FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON governance.component_usage AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = component_usage.org_id) AND (p.id = component_usage.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = component_usage.org_id) AND (p.id = component_usage.project_id))))));
CREATE POLICY tenant ON governance.component_usage FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.components ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.components FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.components FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.components FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.governance_models ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.governance_models FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.governance_models FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.governance_models FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.kill_switches ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.kill_switches FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.kill_switches FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.kill_switches FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.project_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.project_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.project_rules FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON governance.project_rules AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = project_rules.org_id) AND (p.id = project_rules.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = project_rules.org_id) AND (p.id = project_rules.project_id))))));
CREATE POLICY tenant ON governance.project_rules FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.rule_dependencies ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.rule_dependencies FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.rule_dependencies FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.rule_dependencies FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.rules FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.rules FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.rules FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE governance.trust_indexes ENABLE ROW LEVEL SECURITY;
ALTER TABLE governance.trust_indexes FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON governance.trust_indexes FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON governance.trust_indexes FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE ops.archived_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.archived_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON ops.archived_runs FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY retention ON ops.archived_runs FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON ops.archived_runs FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE ops.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON ops.idempotency_keys FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON ops.idempotency_keys FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY expiry ON ops.idempotency_keys FOR ALL TO witan_owner
    USING ((expires_at < now()));
CREATE POLICY tenant ON ops.idempotency_keys FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE ops.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON ops.outbox FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY consumer ON ops.outbox FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON ops.outbox FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE ops.retention_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.retention_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON ops.retention_policies FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY retention ON ops.retention_policies FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON ops.retention_policies FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.execution_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.execution_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.execution_steps FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON orchestrator.execution_steps FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.executions ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.executions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.executions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY claim ON orchestrator.executions FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON orchestrator.executions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.marketplace_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.marketplace_items FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.marketplace_items FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY search ON orchestrator.marketplace_items FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON orchestrator.marketplace_items FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.notifications FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY claim ON orchestrator.notifications FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY erasure ON orchestrator.notifications FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON orchestrator.notifications FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.timers ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.timers FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.timers FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY claim ON orchestrator.timers FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON orchestrator.timers FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.workflow_collaborators ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.workflow_collaborators FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.workflow_collaborators FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON orchestrator.workflow_collaborators FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.workflow_ratings ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.workflow_ratings FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.workflow_ratings FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON orchestrator.workflow_ratings FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON orchestrator.workflow_ratings FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.workflow_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.workflow_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.workflow_versions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY search ON orchestrator.workflow_versions FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON orchestrator.workflow_versions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE orchestrator.workflows ENABLE ROW LEVEL SECURITY;
ALTER TABLE orchestrator.workflows FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON orchestrator.workflows FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY search ON orchestrator.workflows FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON orchestrator.workflows FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE production.analysis_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE production.analysis_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON production.analysis_sessions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON production.analysis_sessions FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY team ON production.analysis_sessions AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = analysis_sessions.org_id) AND (p.id = analysis_sessions.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = analysis_sessions.org_id) AND (p.id = analysis_sessions.project_id))))));
CREATE POLICY tenant ON production.analysis_sessions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE production.analysis_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE production.analysis_tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON production.analysis_tasks FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY claim ON production.analysis_tasks FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON production.analysis_tasks FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE production.artifacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE production.artifacts FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON production.artifacts FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON production.artifacts FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE production.code_review_results ENABLE ROW LEVEL SECURITY;
ALTER TABLE production.code_review_results FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON production.code_review_results FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON production.code_review_results FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.baselines ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.baselines FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.baselines FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON projects.baselines AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = baselines.org_id) AND (p.id = baselines.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = baselines.org_id) AND (p.id = baselines.project_id))))));
CREATE POLICY tenant ON projects.baselines FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.policies FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.policies FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON projects.policies FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.project_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.project_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.project_policies FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON projects.project_policies AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = project_policies.org_id) AND (p.id = project_policies.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = project_policies.org_id) AND (p.id = project_policies.project_id))))));
CREATE POLICY tenant ON projects.project_policies FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.projects FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.projects FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY retention ON projects.projects FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY team ON projects.projects AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((team_id IS NULL) OR ( SELECT (current_setting('app.team_id'::text, true) = '*'::text)) OR (team_id = ( SELECT (NULLIF(NULLIF(current_setting('app.team_id'::text, true), ''::text), '*'::text))::uuid AS "nullif"))))
    WITH CHECK (((team_id IS NULL) OR ( SELECT (current_setting('app.team_id'::text, true) = '*'::text)) OR (team_id = ( SELECT (NULLIF(NULLIF(current_setting('app.team_id'::text, true), ''::text), '*'::text))::uuid AS "nullif"))));
CREATE POLICY tenant ON projects.projects FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.version_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.version_history FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.version_history FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON projects.version_history AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = version_history.org_id) AND (p.id = version_history.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = version_history.org_id) AND (p.id = version_history.project_id))))));
CREATE POLICY tenant ON projects.version_history FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE projects.versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects.versions FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON projects.versions FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY team ON projects.versions AS RESTRICTIVE FOR ALL TO witan_app, witan_readonly
    USING (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = versions.org_id) AND (p.id = versions.project_id))))))
    WITH CHECK (((project_id IS NULL) OR (EXISTS ( SELECT
   FROM projects.projects p
  WHERE ((p.org_id = versions.org_id) AND (p.id = versions.project_id))))));
CREATE POLICY tenant ON projects.versions FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.cost_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.cost_alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.cost_alerts FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON providers.cost_alerts FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.cost_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.cost_records FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.cost_records FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY ingest ON providers.cost_records FOR INSERT TO witan_ingest
    WITH CHECK (true);
CREATE POLICY tenant ON providers.cost_records FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.models ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.models FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.models FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON providers.models FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON providers.models FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.prices ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.prices FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.prices FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON providers.prices FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON providers.prices FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.provider_health ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.provider_health FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.provider_health FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON providers.provider_health FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.providers FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.providers FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY lookup ON providers.providers FOR SELECT TO witan_owner
    USING (true);
CREATE POLICY tenant ON providers.providers FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.usage_tracking ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.usage_tracking FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.usage_tracking FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON providers.usage_tracking FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.user_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.user_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.user_providers FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY erasure ON providers.user_providers FOR ALL TO witan_owner
    USING (true)
    WITH CHECK (true);
CREATE POLICY tenant ON providers.user_providers FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE providers.user_quotas ENABLE ROW LEVEL SECURITY;
ALTER TABLE providers.user_quotas FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON providers.user_quotas FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON providers.user_quotas FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE quarantine.quarantine_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine.quarantine_records FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON quarantine.quarantine_records FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY procedures ON quarantine.quarantine_records FOR ALL TO witan_owner
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY tenant ON quarantine.quarantine_records FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));
ALTER TABLE quarantine.reevaluation_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine.reevaluation_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY backup ON quarantine.reevaluation_requests FOR SELECT TO witan_backup
    USING (true);
CREATE POLICY tenant ON quarantine.reevaluation_requests FOR ALL TO witan_app, witan_readonly
    USING ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")))
    WITH CHECK ((org_id = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid AS "nullif")));

-- ── Grants ──────────────────────────────────────────────────────────────────────────────────────────────────────────
GRANT USAGE ON SCHEMA audits TO witan_app;
GRANT USAGE ON SCHEMA audits TO witan_backup;
GRANT USAGE ON SCHEMA audits TO witan_ingest;
GRANT USAGE ON SCHEMA audits TO witan_readonly;
GRANT USAGE ON SCHEMA audits TO witan_sealer;
GRANT EXECUTE ON FUNCTION audits.broken_calls(uuid[]), audits.broken_seals(),
    audits.personal_state(uuid, json), audits.row_digests(regclass, text[]),
    audits.run_hashes(uuid, uuid[], bytea), audits.seal_rows(regclass, uuid),
    audits.sealed_columns(regclass), audits.sealed_tables(), audits.seals(uuid),
    audits.uuid_after(text, text) TO witan_app;
GRANT EXECUTE ON FUNCTION audits.personal_state(uuid, json), audits.run_hashes(uuid, uuid[], bytea),
    audits.uuid_after(text, text) TO witan_readonly;
GRANT EXECUTE ON FUNCTION audits.run_hashes(uuid, uuid[], bytea), audits.summarize_log() TO witan_sealer;
GRANT INSERT ON TABLE audits.system_logs TO witan_app;
GRANT INSERT, SELECT ON TABLE audits.audit_log, audits.row_seals TO witan_app;
GRANT SELECT ON TABLE audits.audit_logs, audits.chain, audits.chained_log, audits.checkpoints,
    audits.governance_audit_log, audits.statistics TO witan_app;
GRANT SELECT ON TABLE audits.audit_log, audits.chain, audits.checkpoints, audits.row_seals,
    audits.seal_position, audits.system_logs TO witan_backup;
GRANT INSERT ON TABLE audits.audit_log TO witan_ingest;
GRANT SELECT ON TABLE audits.audit_log, audits.audit_logs, audits.chain, audits.chained_log,
    audits.checkpoints, audits.governance_audit_log, audits.row_seals,
    audits.seal_position, audits.statistics, audits.system_log, audits.system_logs TO witan_readonly;
GRANT INSERT, SELECT ON TABLE audits.chain, audits.checkpoints TO witan_sealer;
GRANT SELECT ON TABLE audits.audit_log TO witan_sealer;
GRANT SELECT, UPDATE ON TABLE audits.seal_position TO witan_sealer;
GRANT USAGE ON SCHEMA auth TO witan_app;
GRANT USAGE ON SCHEMA auth TO witan_backup;
GRANT USAGE ON SCHEMA auth TO witan_ingest;
GRANT USAGE ON SCHEMA auth TO witan_readonly;
GRANT USAGE ON SCHEMA auth TO witan_sealer;
GRANT EXECUTE ON FUNCTION auth.account(text), auth.begin_erasure(), auth.end_sessions(uuid, text, uuid),
    auth.erase_person(uuid), auth.erasure_obstacle(uuid), auth.forget_lockouts(),
    auth.forget_sessions(), auth.forget_sso_logins(), auth.invitation_by_code(bytea),
    auth.key_holder(bytea), auth.key_snapshot(bigint),
    auth.organization_directory(uuid, integer), auth.organization_exists(),
    auth.organization_snapshot(bigint), auth.organizations_of(uuid),
    auth.password_costs(), auth.password_reset_by_token(bytea),
    auth.revocations(bigint), auth.session_by_token(bytea),
    auth.sso_provider_organization(uuid) TO witan_app;
GRANT INSERT, SELECT ON TABLE auth.erasures TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE auth.api_keys, auth.invitations, auth.legal_holds, auth.lockouts,
    auth.memberships, auth.organizations, auth.password_resets, auth.payload_keys,
    auth.recovery_codes, auth.roles, auth.sessions, auth.sso_identities,
    auth.sso_logins, auth.sso_providers, auth.team_members, auth.teams, auth.users,
    auth.webauthn_credentials TO witan_app;
GRANT SELECT ON TABLE auth.audit_logs TO witan_app;
GRANT SELECT ON TABLE auth.api_keys, auth.erasures, auth.invitations, auth.legal_holds, auth.lockouts,
    auth.memberships, auth.organizations, auth.password_resets, auth.payload_keys,
    auth.recovery_codes, auth.roles, auth.sessions, auth.sso_identities,
    auth.sso_logins, auth.sso_providers, auth.team_members, auth.teams, auth.users,
    auth.webauthn_credentials TO witan_backup;
GRANT SELECT ON TABLE auth.audit_logs, auth.erasures, auth.legal_holds, auth.memberships,
    auth.organizations, auth.roles, auth.team_members, auth.teams TO witan_readonly;
GRANT USAGE ON SCHEMA council TO witan_app;
GRANT USAGE ON SCHEMA council TO witan_backup;
GRANT USAGE ON SCHEMA council TO witan_ingest;
GRANT USAGE ON SCHEMA council TO witan_readonly;
GRANT USAGE ON SCHEMA council TO witan_sealer;
GRANT INSERT, SELECT ON TABLE council.council_responses, council.deliberation_exchanges,
    council.session_history TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE council.configurations, council.red_team_tests, council.sessions TO witan_app;
GRANT SELECT ON TABLE council.request_log, council.requests TO witan_app;
GRANT SELECT ON TABLE council.configurations, council.council_responses,
    council.deliberation_exchanges, council.red_team_tests, council.requests,
    council.session_history, council.sessions TO witan_backup;
GRANT INSERT ON TABLE council.requests TO witan_ingest;
GRANT SELECT ON TABLE council.configurations, council.council_responses,
    council.deliberation_exchanges, council.red_team_tests, council.request_log,
    council.requests, council.session_history, council.sessions TO witan_readonly;
GRANT USAGE ON SCHEMA experiments_v1 TO witan_app;
GRANT USAGE ON SCHEMA experiments_v1 TO witan_backup;
GRANT USAGE ON SCHEMA experiments_v1 TO witan_readonly;
GRANT INSERT, SELECT ON TABLE experiments_v1.comparison_reports, experiments_v1.evaluations TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE experiments_v1.blacklist, experiments_v1.experiments, experiments_v1.promotions TO witan_app;
GRANT SELECT ON TABLE experiments_v1.blacklist, experiments_v1.comparison_reports,
    experiments_v1.evaluations, experiments_v1.experiments,
    experiments_v1.promotions TO witan_backup;
GRANT SELECT ON TABLE experiments_v1.blacklist, experiments_v1.comparison_reports,
    experiments_v1.evaluations, experiments_v1.experiments,
    experiments_v1.promotions TO witan_readonly;
GRANT USAGE ON SCHEMA governance TO witan_app;
GRANT USAGE ON SCHEMA governance TO witan_backup;
GRANT USAGE ON SCHEMA governance TO witan_readonly;
GRANT INSERT, SELECT ON TABLE governance.compliance_checks, governance.compliance_history,
    governance.trust_indexes TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE governance.circuit_breakers, governance.compliance_data,
    governance.component_usage, governance.components, governance.governance_models,
    governance.kill_switches, governance.project_rules, governance.rule_dependencies,
    governance.rules TO witan_app;
GRANT SELECT ON TABLE governance.controls, governance.latest_compliance_checks,
    governance.project_compliance_summary TO witan_app;
GRANT SELECT ON TABLE governance.circuit_breakers, governance.compliance_checks,
    governance.compliance_data, governance.compliance_history,
    governance.component_usage, governance.components, governance.controls,
    governance.governance_models, governance.kill_switches, governance.project_rules,
    governance.rule_dependencies, governance.rules, governance.trust_indexes TO witan_backup;
GRANT SELECT ON TABLE governance.circuit_breakers, governance.compliance_checks,
    governance.compliance_data, governance.compliance_history,
    governance.component_usage, governance.components, governance.controls,
    governance.governance_models, governance.kill_switches,
    governance.latest_compliance_checks, governance.project_compliance_summary,
    governance.project_rules, governance.rule_dependencies, governance.rules,
    governance.trust_indexes TO witan_readonly;
GRANT USAGE ON SCHEMA ops TO witan_app;
GRANT USAGE ON SCHEMA ops TO witan_backup;
GRANT USAGE ON SCHEMA ops TO witan_ingest;
GRANT USAGE ON SCHEMA ops TO witan_readonly;
GRANT USAGE ON SCHEMA ops TO witan_sealer;
GRANT EXECUTE ON FUNCTION ops.current_org(), ops.ensure_partitions(integer), ops.forget_idempotency_keys(),
    ops.joined(text[]), ops.take_outbox(integer), ops.time_of(uuid),
    ops.uuid_at(timestamp with time zone) TO witan_app;
GRANT EXECUTE ON FUNCTION ops.current_org(), ops.time_of(uuid), ops.uuid_at(timestamp with time zone) TO witan_backup;
GRANT EXECUTE ON FUNCTION ops.current_org(), ops.time_of(uuid), ops.uuid_at(timestamp with time zone) TO witan_readonly;
GRANT EXECUTE ON FUNCTION ops.current_org(), ops.time_of(uuid), ops.uuid_at(timestamp with time zone) TO witan_sealer;
GRANT INSERT, SELECT ON TABLE ops.outbox, ops.settings TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE ops.idempotency_keys, ops.jobs, ops.leases, ops.nodes, ops.retention_policies TO witan_app;
GRANT SELECT ON TABLE ops.archived_runs, ops.archives, ops.retention_defaults TO witan_app;
GRANT SELECT, UPDATE ON TABLE ops.snapshot_versions TO witan_app;
GRANT SELECT ON TABLE ops._migration_history, ops.archived_runs, ops.archives, ops.idempotency_keys,
    ops.jobs, ops.leases, ops.nodes, ops.outbox, ops.retention_defaults,
    ops.retention_policies, ops.settings, ops.snapshot_versions TO witan_backup;
GRANT SELECT ON TABLE ops._migration_history, ops.archived_runs, ops.archives, ops.jobs, ops.leases,
    ops.nodes, ops.outbox, ops.retention_defaults, ops.retention_policies,
    ops.settings, ops.snapshot_versions TO witan_readonly;
GRANT USAGE ON SCHEMA orchestrator TO witan_app;
GRANT USAGE ON SCHEMA orchestrator TO witan_backup;
GRANT USAGE ON SCHEMA orchestrator TO witan_readonly;
GRANT EXECUTE ON FUNCTION orchestrator.claim_executions(uuid, integer, interval),
    orchestrator.claim_notifications(integer, interval),
    orchestrator.marketplace_definition(uuid),
    orchestrator.search_marketplace(text, text, integer),
    orchestrator.search_workflows(text, integer), orchestrator.take_timers(integer) TO witan_app;
GRANT INSERT, SELECT ON TABLE orchestrator.workflow_versions TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE orchestrator.execution_steps, orchestrator.executions,
    orchestrator.marketplace_items, orchestrator.notifications, orchestrator.timers,
    orchestrator.workflow_collaborators, orchestrator.workflow_ratings,
    orchestrator.workflows TO witan_app;
GRANT SELECT ON TABLE orchestrator.execution_steps, orchestrator.executions,
    orchestrator.marketplace_items, orchestrator.notifications, orchestrator.timers,
    orchestrator.workflow_collaborators, orchestrator.workflow_ratings,
    orchestrator.workflow_versions, orchestrator.workflows TO witan_backup;
GRANT SELECT ON TABLE orchestrator.execution_steps, orchestrator.executions,
    orchestrator.marketplace_items, orchestrator.notifications, orchestrator.timers,
    orchestrator.workflow_collaborators, orchestrator.workflow_ratings,
    orchestrator.workflow_versions, orchestrator.workflows TO witan_readonly;
GRANT USAGE ON SCHEMA production TO witan_app;
GRANT USAGE ON SCHEMA production TO witan_backup;
GRANT USAGE ON SCHEMA production TO witan_readonly;
GRANT EXECUTE ON FUNCTION production.claim_tasks(uuid, integer, interval) TO witan_app;
GRANT INSERT, SELECT ON TABLE production.code_review_results TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE production.analysis_sessions, production.analysis_tasks, production.artifacts TO witan_app;
GRANT SELECT ON TABLE production.analysis_sessions, production.analysis_tasks, production.artifacts,
    production.code_review_results TO witan_backup;
GRANT SELECT ON TABLE production.analysis_sessions, production.analysis_tasks, production.artifacts,
    production.code_review_results TO witan_readonly;
GRANT USAGE ON SCHEMA projects TO witan_app;
GRANT USAGE ON SCHEMA projects TO witan_backup;
GRANT USAGE ON SCHEMA projects TO witan_readonly;
GRANT INSERT, SELECT ON TABLE projects.version_history TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE projects.baselines, projects.policies, projects.project_policies,
    projects.projects, projects.versions TO witan_app;
GRANT SELECT ON TABLE projects.baselines, projects.policies, projects.project_policies,
    projects.projects, projects.version_history, projects.versions TO witan_backup;
GRANT SELECT ON TABLE projects.baselines, projects.policies, projects.project_policies,
    projects.projects, projects.version_history, projects.versions TO witan_readonly;
GRANT USAGE ON SCHEMA providers TO witan_app;
GRANT USAGE ON SCHEMA providers TO witan_backup;
GRANT USAGE ON SCHEMA providers TO witan_ingest;
GRANT USAGE ON SCHEMA providers TO witan_readonly;
GRANT USAGE ON SCHEMA providers TO witan_sealer;
GRANT EXECUTE ON FUNCTION providers.catalog_snapshot() TO witan_app;
GRANT INSERT, SELECT ON TABLE providers.prices TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE providers.cost_alerts, providers.models, providers.provider_health,
    providers.providers, providers.usage_tracking, providers.user_providers,
    providers.user_quotas TO witan_app;
GRANT SELECT ON TABLE providers.cost_log, providers.cost_records, providers.platform_models,
    providers.platform_prices, providers.platform_providers TO witan_app;
GRANT SELECT ON TABLE providers.cost_alerts, providers.cost_records, providers.models,
    providers.platform_models, providers.platform_prices,
    providers.platform_providers, providers.prices, providers.provider_health,
    providers.providers, providers.usage_tracking, providers.user_providers,
    providers.user_quotas TO witan_backup;
GRANT INSERT ON TABLE providers.cost_records TO witan_ingest;
GRANT SELECT ON TABLE providers.cost_alerts, providers.cost_log, providers.cost_records,
    providers.models, providers.platform_models, providers.platform_prices,
    providers.platform_providers, providers.prices, providers.provider_health,
    providers.usage_tracking, providers.user_quotas TO witan_readonly;
GRANT USAGE ON SCHEMA quarantine TO witan_app;
GRANT USAGE ON SCHEMA quarantine TO witan_backup;
GRANT USAGE ON SCHEMA quarantine TO witan_readonly;
GRANT EXECUTE ON FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid),
    quarantine.review(uuid, text, uuid, text) TO witan_app;
GRANT INSERT, SELECT, UPDATE ON TABLE quarantine.reevaluation_requests TO witan_app;
GRANT SELECT ON TABLE quarantine.quarantine_records, quarantine.statistics TO witan_app;
GRANT SELECT ON TABLE quarantine.quarantine_records, quarantine.reevaluation_requests TO witan_backup;
GRANT SELECT ON TABLE quarantine.quarantine_records, quarantine.reevaluation_requests,
    quarantine.statistics TO witan_readonly;
