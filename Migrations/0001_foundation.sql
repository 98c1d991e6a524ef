-- Roles, identity, providers, the call record and the audit log.
-- Runs on a plain PostgreSQL 15–18; no extension. Tenant tables lead with org_id and force row-level security.

-- ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Roles belong to the whole cluster, so another database may have made them already.
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

-- Who migrates gives its work to the owner, and may act as each of the roles. A superuser needs no grant.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT witan_owner, witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup TO %I',
                       current_user);
    END IF;
END
$$;

CREATE SCHEMA auth;
CREATE SCHEMA providers;
CREATE SCHEMA council;
CREATE SCHEMA audits;
CREATE SCHEMA IF NOT EXISTS ops;

-- ── auth ─────────────────────────────────────────────────────────────────────────────────────────────────────────
-- No org_id: the organization itself. Its own id is its tenant.
CREATE TABLE auth.organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'professional', 'enterprise')),
    content_retention boolean NOT NULL DEFAULT false,
    durable_answers boolean NOT NULL DEFAULT true,
    unknown_price_ceiling numeric(38, 12) CHECK (unknown_price_ceiling > 0),
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- No org_id: a person may belong to several organizations.
CREATE TABLE auth.users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '%_@_%' AND length(email) <= 320),
    name text NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

CREATE TABLE auth.memberships (
    org_id uuid NOT NULL REFERENCES auth.organizations,
    user_id uuid NOT NULL REFERENCES auth.users,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'developer', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_user ON auth.memberships (user_id);

CREATE TABLE auth.api_keys (
    org_id uuid NOT NULL REFERENCES auth.organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'developer', 'viewer')),
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    last_four text NOT NULL CHECK (length(last_four) = 4),
    allowed_models text[] NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (org_id, id)
);
-- A key is looked up before its organization is known.
CREATE UNIQUE INDEX api_keys_hash ON auth.api_keys (key_hash);

-- ── providers ────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE providers.providers (
    org_id uuid NOT NULL REFERENCES auth.organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    provider_type text NOT NULL CHECK (provider_type IN
        ('openai', 'anthropic', 'huggingface', 'local', 'openai_compatible', 'sandbox')),
    api_endpoint text,
    encrypted_api_key bytea,
    encrypted_dek bytea,
    master_key_id text,
    key_last_4_chars text,
    timeout_ms integer NOT NULL DEFAULT 600000 CHECK (timeout_ms BETWEEN 100 AND 3600000),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    CHECK ((encrypted_api_key IS NULL) = (encrypted_dek IS NULL)),
    CHECK ((encrypted_api_key IS NULL) = (master_key_id IS NULL))
);
CREATE UNIQUE INDEX providers_name ON providers.providers (org_id, name) WHERE retired_at IS NULL;

CREATE TABLE providers.models (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    max_output_tokens integer CHECK (max_output_tokens > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers
);
CREATE UNIQUE INDEX models_name ON providers.models (org_id, provider_id, name) WHERE retired_at IS NULL;

CREATE TABLE providers.prices (
    org_id uuid NOT NULL,
    model_id uuid NOT NULL,
    effective_from timestamptz NOT NULL,
    id uuid NOT NULL,
    pricing_version text NOT NULL CHECK (length(pricing_version) BETWEEN 1 AND 100),
    input_per_token numeric(38, 12) NOT NULL CHECK (input_per_token >= 0),
    cached_input_per_token numeric(38, 12) CHECK (cached_input_per_token >= 0),
    output_per_token numeric(38, 12) NOT NULL CHECK (output_per_token >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, model_id, effective_from),
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models
);

-- The ledger: one row per upstream call. request_id is a UUIDv7, so its order is time and it carries the partitions.
-- No foreign keys on the three hot tables: they are written by the ingest role from a snapshot it has already checked.
CREATE TABLE providers.cost_records (
    org_id uuid NOT NULL,
    request_id uuid NOT NULL,
    call integer NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    input_tokens integer NOT NULL CHECK (input_tokens >= 0),
    cached_tokens integer NOT NULL CHECK (cached_tokens >= 0),
    output_tokens integer NOT NULL CHECK (output_tokens >= 0),
    estimated boolean NOT NULL,
    cost numeric(38, 12) NOT NULL CHECK (cost >= 0),
    pricing_version text NOT NULL,
    PRIMARY KEY (org_id, request_id, call)
) PARTITION BY RANGE (request_id);

-- ── council ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- Every governed call; a plain call is a council of one. The start of a request is the time in its id.
CREATE TABLE council.requests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    api_key_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('completed', 'failed', 'cancelled', 'interrupted')),
    model text NOT NULL,
    stream boolean NOT NULL,
    http_status integer NOT NULL,
    error_code text,
    total_cost numeric(38, 12) NOT NULL,
    total_latency_ms integer NOT NULL,
    request_sha256 bytea NOT NULL,
    response_sha256 bytea,
    request_content text,
    response_content text,
    session_id uuid,
    consensus_decision text,
    agreement_level numeric(4, 3),
    config_snapshot jsonb,
    PRIMARY KEY (org_id, id)
) PARTITION BY RANGE (id);

-- ── audits ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- Append-only. `transaction_id` lets the sealer take exactly what is committed and final (see audits.chain).
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
-- Nearly free to keep on an append-only table, and enough to find the newest transactions.
CREATE INDEX audit_log_transaction ON audits.audit_log USING brin (transaction_id)
    WITH (pages_per_range = 16, autosummarize = on);

-- One row seals a run of entries: hash = fold of SHA-256(previous ‖ entry digest), starting from prev_hash.
CREATE TABLE audits.chain (
    org_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    entry_ids uuid[] NOT NULL CHECK (cardinality(entry_ids) BETWEEN 1 AND 10000),
    prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, sequence)
);

-- No org_id: where the one sealer stands. Everything with a smaller transaction id is sealed.
CREATE TABLE audits.seal_position (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    next_transaction_id bigint NOT NULL
);
INSERT INTO audits.seal_position (next_transaction_id) VALUES (0);

CREATE FUNCTION audits.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audits.audit_log
    FOR EACH ROW EXECUTE FUNCTION audits.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audits.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audits.chain
    FOR EACH ROW EXECUTE FUNCTION audits.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audits.chain
    FOR EACH STATEMENT EXECUTE FUNCTION audits.refuse_change();

-- ── ops ──────────────────────────────────────────────────────────────────────────────────────────────────────────
-- No org_id: a counter per snapshot that nodes hold in memory; it goes up in the transaction that changes the facts.
CREATE TABLE ops.snapshot_versions (
    snapshot text PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO ops.snapshot_versions (snapshot, version) VALUES ('identity', 1), ('providers', 1);

-- No org_id: facts about this installation, such as which master key seals it.
CREATE TABLE ops.settings (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    value text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);

-- No org_id: who runs.
CREATE TABLE ops.nodes (
    id uuid PRIMARY KEY,
    hostname text NOT NULL,
    program_version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- The smallest UUIDv7 of an instant: bounds of partitions by id.
CREATE FUNCTION ops.uuid_at(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Creates the monthly partitions from last month to `months_ahead` months ahead, and says how many were missing.
CREATE FUNCTION ops.ensure_partitions(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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
    FOREACH parent IN ARRAY ARRAY['council.requests', 'providers.cost_records', 'audits.audit_log']
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
                created := created + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN created;
END
$$;

-- ── Row-level security ───────────────────────────────────────────────────────────────────────────────────────────
-- Unset means no rows: never an error, never all rows.
CREATE FUNCTION ops.current_org() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT nullif(current_setting('app.org_id', true), '')::uuid
$$;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['auth.memberships', 'auth.api_keys', 'providers.providers', 'providers.models',
        'providers.prices', 'providers.cost_records', 'council.requests', 'audits.audit_log', 'audits.chain']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format($policy$CREATE POLICY tenant ON %s TO witan_app, witan_readonly
            USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
            WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))$policy$, tenant_table);
    END LOOP;
END
$$;
ALTER TABLE auth.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.organizations TO witan_app, witan_readonly
    USING (id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
CREATE POLICY members ON auth.users TO witan_app, witan_readonly
    USING (EXISTS (SELECT FROM auth.memberships WHERE memberships.user_id = users.id
        AND memberships.org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)));
CREATE POLICY registration ON auth.users FOR INSERT TO witan_app WITH CHECK (true);

-- The ingest role carries many organizations in one commit, and can do nothing else.
CREATE POLICY ingest ON council.requests FOR INSERT TO witan_ingest WITH CHECK (true);
CREATE POLICY ingest ON providers.cost_records FOR INSERT TO witan_ingest WITH CHECK (true);
CREATE POLICY ingest ON audits.audit_log FOR INSERT TO witan_ingest WITH CHECK (true);
-- The sealer reads the whole log and writes the chain.
CREATE POLICY sealer ON audits.audit_log FOR SELECT TO witan_sealer USING (true);
CREATE POLICY sealer ON audits.chain TO witan_sealer USING (true) WITH CHECK (true);
-- The snapshot functions below run as the owner and read every organization.
CREATE POLICY snapshot ON auth.organizations FOR SELECT TO witan_owner USING (true);
CREATE POLICY snapshot ON auth.api_keys FOR SELECT TO witan_owner USING (true);
CREATE POLICY snapshot ON providers.providers FOR SELECT TO witan_owner USING (true);
CREATE POLICY snapshot ON providers.models FOR SELECT TO witan_owner USING (true);
CREATE POLICY snapshot ON providers.prices FOR SELECT TO witan_owner USING (true);
CREATE POLICY partitions ON council.requests FOR SELECT TO witan_owner USING (true);

-- ── Look-ups made before the organization is known ───────────────────────────────────────────────────────────────
CREATE FUNCTION auth.key_snapshot()
    RETURNS TABLE (org_id uuid, id uuid, name text, role text, key_hash bytea, allowed_models text[],
                   expires_at timestamptz, content_retention boolean, durable_answers boolean,
                   unknown_price_ceiling numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.org_id, k.id, k.name, k.role, k.key_hash, k.allowed_models, k.expires_at, o.content_retention,
           o.durable_answers, o.unknown_price_ceiling
    FROM auth.api_keys k JOIN auth.organizations o ON o.id = k.org_id
    WHERE k.revoked_at IS NULL
$$;

CREATE FUNCTION providers.catalog_snapshot()
    RETURNS TABLE (org_id uuid, provider_id uuid, provider text, provider_type text, api_endpoint text,
                   encrypted_api_key bytea, encrypted_dek bytea, master_key_id text, timeout_ms integer, model_id uuid, model text,
                   max_output_tokens integer, effective_from timestamptz, pricing_version text,
                   input_per_token numeric, cached_input_per_token numeric, output_per_token numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT p.org_id, p.id, p.name, p.provider_type, p.api_endpoint, p.encrypted_api_key, p.encrypted_dek, p.master_key_id,
           p.timeout_ms,
           m.id, m.name, m.max_output_tokens, c.effective_from, c.pricing_version, c.input_per_token,
           c.cached_input_per_token, c.output_per_token
    FROM providers.providers p
    LEFT JOIN providers.models m ON m.org_id = p.org_id AND m.provider_id = p.id AND m.retired_at IS NULL
    LEFT JOIN providers.prices c ON c.org_id = m.org_id AND c.model_id = m.id
    WHERE p.retired_at IS NULL AND p.is_active
    ORDER BY p.org_id, p.name, m.name, c.effective_from
$$;

CREATE FUNCTION auth.organization_exists() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM auth.organizations)
$$;

-- ── Ownership and grants ─────────────────────────────────────────────────────────────────────────────────────────
GRANT USAGE ON SCHEMA auth, providers, council, audits, ops TO witan_owner, witan_app, witan_ingest, witan_sealer,
    witan_readonly, witan_backup;
GRANT CREATE ON SCHEMA auth, providers, council, audits, ops TO witan_owner;
DO $$
DECLARE
    object record;
BEGIN
    FOR object IN
        SELECT format('%I.%I', n.nspname, c.relname) AS name
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('auth', 'providers', 'council', 'audits') AND c.relkind IN ('r', 'p')
           OR n.nspname = 'ops' AND c.relname IN ('snapshot_versions', 'settings', 'nodes')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO witan_owner', object.name);
    END LOOP;
    FOR object IN
        SELECT p.oid::regprocedure AS name
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('auth', 'providers', 'council', 'audits', 'ops')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO witan_owner', object.name);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object.name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON auth.organizations, auth.users, auth.memberships, auth.api_keys, providers.providers,
    providers.models, providers.prices, ops.nodes TO witan_app;
GRANT SELECT ON providers.cost_records, council.requests, audits.chain TO witan_app;
GRANT SELECT, INSERT ON audits.audit_log TO witan_app;
GRANT SELECT, UPDATE ON ops.snapshot_versions TO witan_app;
GRANT SELECT, INSERT ON ops.settings TO witan_app;
GRANT INSERT ON council.requests, providers.cost_records, audits.audit_log TO witan_ingest;
GRANT SELECT ON audits.audit_log TO witan_sealer;
GRANT SELECT, INSERT ON audits.chain TO witan_sealer;
GRANT SELECT, UPDATE ON audits.seal_position TO witan_sealer;
GRANT EXECUTE ON FUNCTION auth.key_snapshot(), providers.catalog_snapshot(), auth.organization_exists(),
    ops.ensure_partitions(integer), ops.uuid_at(timestamptz), ops.current_org() TO witan_app;
GRANT SELECT ON ALL TABLES IN SCHEMA council, audits, ops TO witan_readonly;
GRANT SELECT ON auth.organizations, auth.memberships, providers.models, providers.prices, providers.cost_records
    TO witan_readonly;
GRANT SELECT ON ALL TABLES IN SCHEMA auth, providers, council, audits, ops TO witan_backup;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'witan') THEN
        GRANT witan_app, witan_ingest, witan_sealer, witan_readonly TO witan;
    END IF;
END
$$;

SELECT ops.ensure_partitions(3);
