-- Providers of models, their models and prices, health, quotas, and the ledger of what calls cost.
-- irreversible: it holds the ledger

CREATE SCHEMA providers AUTHORIZATION witan_owner;
COMMENT ON SCHEMA providers IS 'Providers of models, what they offer, what it costs, and the ledger of every call.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA providers TO witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup;

-- ── What the installation offers ─────────────────────────────────────────────────────────────────────────────────
CREATE TABLE providers.platform_providers (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    provider_type text NOT NULL CHECK (provider_type IN
        ('openai', 'anthropic', 'huggingface', 'local', 'openai_compatible', 'sandbox')),
    api_endpoint text,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
COMMENT ON TABLE providers.platform_providers IS
    'Providers that the installation offers to every organization. No org_id: reference data, kept by operators.';
COMMENT ON COLUMN providers.platform_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.platform_providers.name IS 'First part of a model''s name.';
COMMENT ON COLUMN providers.platform_providers.provider_type IS 'The wire it speaks.';
COMMENT ON COLUMN providers.platform_providers.api_endpoint IS 'Base URL; null is the type''s own.';
COMMENT ON COLUMN providers.platform_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.platform_providers.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.platform_models (
    id uuid PRIMARY KEY,
    platform_provider_id uuid NOT NULL REFERENCES providers.platform_providers ON DELETE RESTRICT,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    capabilities text[] NOT NULL DEFAULT '{}',
    context_tokens integer CHECK (context_tokens > 0),
    max_output_tokens integer CHECK (max_output_tokens > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    UNIQUE (platform_provider_id, name)
);
COMMENT ON TABLE providers.platform_models IS 'Models of platform providers. No org_id: reference data.';
COMMENT ON COLUMN providers.platform_models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.platform_models.platform_provider_id IS 'Who has it.';
COMMENT ON COLUMN providers.platform_models.name IS 'The provider''s own name for it.';
COMMENT ON COLUMN providers.platform_models.capabilities IS 'Such as chat, vision, tools, embeddings.';
COMMENT ON COLUMN providers.platform_models.context_tokens IS 'Tokens of input and output together.';
COMMENT ON COLUMN providers.platform_models.max_output_tokens IS 'Tokens of output.';
COMMENT ON COLUMN providers.platform_models.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.platform_models.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE providers.platform_prices (
    platform_model_id uuid NOT NULL REFERENCES providers.platform_models ON DELETE RESTRICT,
    effective_from timestamptz NOT NULL,
    pricing_version text NOT NULL CHECK (length(pricing_version) BETWEEN 1 AND 100),
    input_per_token numeric(38, 12) NOT NULL CHECK (input_per_token >= 0),
    cached_input_per_token numeric(38, 12) CHECK (cached_input_per_token >= 0),
    output_per_token numeric(38, 12) NOT NULL CHECK (output_per_token >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform_model_id, effective_from)
);
COMMENT ON TABLE providers.platform_prices IS
    'List prices of platform models in dollars per token. No org_id: reference data.';
COMMENT ON COLUMN providers.platform_prices.platform_model_id IS 'What it is the price of.';
COMMENT ON COLUMN providers.platform_prices.effective_from IS 'From when on.';
COMMENT ON COLUMN providers.platform_prices.pricing_version IS 'The list it is from.';
COMMENT ON COLUMN providers.platform_prices.input_per_token IS 'Dollars per input token.';
COMMENT ON COLUMN providers.platform_prices.cached_input_per_token IS
    'Dollars per input token that the provider had cached; null is as input.';
COMMENT ON COLUMN providers.platform_prices.output_per_token IS 'Dollars per output token.';
COMMENT ON COLUMN providers.platform_prices.created_at IS 'When the row was made.';
GRANT SELECT ON providers.platform_providers, providers.platform_models, providers.platform_prices
    TO witan_app, witan_readonly, witan_backup;

-- ── An organization's providers ──────────────────────────────────────────────────────────────────────────────────
CREATE TABLE providers.providers (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
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
    platform_provider_id uuid REFERENCES providers.platform_providers ON DELETE RESTRICT,
    is_platform_provided boolean NOT NULL GENERATED ALWAYS AS (platform_provider_id IS NOT NULL) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    CHECK ((encrypted_api_key IS NULL) = (encrypted_dek IS NULL)),
    CHECK ((encrypted_api_key IS NULL) = (master_key_id IS NULL))
);
COMMENT ON TABLE providers.providers IS 'Providers that an organization calls, each with its key.';
COMMENT ON COLUMN providers.providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.providers.name IS 'First part of a model''s name (provider/model).';
COMMENT ON COLUMN providers.providers.provider_type IS 'The wire it speaks.';
COMMENT ON COLUMN providers.providers.api_endpoint IS 'Base URL; null is the type''s own.';
COMMENT ON COLUMN providers.providers.encrypted_api_key IS
    'The provider''s key, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN providers.providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN providers.providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN providers.providers.key_last_4_chars IS 'What the key ends with, for people to recognize it by.';
COMMENT ON COLUMN providers.providers.timeout_ms IS 'How long a call may take.';
COMMENT ON COLUMN providers.providers.is_active IS 'Whether calls may go there.';
COMMENT ON COLUMN providers.providers.platform_provider_id IS
    'The offer of the installation it was taken from; null for one of the organization''s own.';
COMMENT ON COLUMN providers.providers.is_platform_provided IS 'Whether it was taken from the installation''s offer.';
COMMENT ON COLUMN providers.providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.providers.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX providers_name ON providers.providers (org_id, name) WHERE retired_at IS NULL;
-- Not led by org_id: it belongs to a foreign key into reference data.
CREATE INDEX providers_platform ON providers.providers (platform_provider_id);

CREATE TABLE providers.models (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    capabilities text[] NOT NULL DEFAULT '{}',
    context_tokens integer CHECK (context_tokens > 0),
    max_output_tokens integer CHECK (max_output_tokens > 0),
    risk_tier text CHECK (risk_tier IN ('minimal', 'limited', 'high', 'unacceptable')),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers ON DELETE RESTRICT
);
COMMENT ON TABLE providers.models IS 'Models of an organization''s providers.';
COMMENT ON COLUMN providers.models.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.models.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.models.provider_id IS 'Who has it.';
COMMENT ON COLUMN providers.models.name IS 'The provider''s own name for it.';
COMMENT ON COLUMN providers.models.capabilities IS 'Such as chat, vision, tools, embeddings.';
COMMENT ON COLUMN providers.models.context_tokens IS 'Tokens of input and output together; null is not known.';
COMMENT ON COLUMN providers.models.max_output_tokens IS
    'Tokens of output (the designs'' max_tokens); null is not known.';
COMMENT ON COLUMN providers.models.risk_tier IS
    'The organization''s own judgement, in the EU AI Act''s words; null until judged.';
COMMENT ON COLUMN providers.models.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.models.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX models_name ON providers.models (org_id, provider_id, name) WHERE retired_at IS NULL;
CREATE INDEX models_provider ON providers.models (org_id, provider_id);

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
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models ON DELETE RESTRICT
);
COMMENT ON TABLE providers.prices IS
    'What a model costs, in dollars per token, from when on. A price is never changed: a new one takes its place. '
    'A model without a price has an unknown price, which is never 0.';
COMMENT ON COLUMN providers.prices.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.prices.model_id IS 'What it is the price of.';
COMMENT ON COLUMN providers.prices.effective_from IS 'From when on.';
COMMENT ON COLUMN providers.prices.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.prices.pricing_version IS 'The list it is from; the ledger names it.';
COMMENT ON COLUMN providers.prices.input_per_token IS 'Dollars per input token.';
COMMENT ON COLUMN providers.prices.cached_input_per_token IS
    'Dollars per input token that the provider had cached; null is as input.';
COMMENT ON COLUMN providers.prices.output_per_token IS 'Dollars per output token.';
COMMENT ON COLUMN providers.prices.created_at IS 'When the row was made.';

CREATE TABLE providers.user_providers (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider_type text NOT NULL CHECK (provider_type IN
        ('openai', 'anthropic', 'huggingface', 'local', 'openai_compatible')),
    provider_id uuid,
    encrypted_api_key bytea NOT NULL,
    encrypted_dek bytea NOT NULL,
    master_key_id text NOT NULL,
    key_last_4_chars text NOT NULL CHECK (length(key_last_4_chars) = 4),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_used timestamptz,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, user_id, provider_type),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers ON DELETE RESTRICT
);
COMMENT ON TABLE providers.user_providers IS 'Keys of providers that people brought along for themselves.';
COMMENT ON COLUMN providers.user_providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.user_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.user_providers.user_id IS 'Whose key.';
COMMENT ON COLUMN providers.user_providers.provider_type IS 'The wire it is for.';
COMMENT ON COLUMN providers.user_providers.provider_id IS
    'The organization''s provider it is used at; null is any of the type.';
COMMENT ON COLUMN providers.user_providers.encrypted_api_key IS 'The key, sealed with AES-256-GCM by the program.';
COMMENT ON COLUMN providers.user_providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN providers.user_providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN providers.user_providers.key_last_4_chars IS 'What the key ends with.';
COMMENT ON COLUMN providers.user_providers.is_active IS 'Whether it is used.';
COMMENT ON COLUMN providers.user_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN providers.user_providers.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN providers.user_providers.last_used IS 'To the hour or so.';
CREATE INDEX user_providers_provider ON providers.user_providers (org_id, provider_id);

CREATE TABLE providers.provider_health (
    org_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('unknown', 'healthy', 'degraded', 'unhealthy', 'disabled')),
    success_rate numeric(5, 4) CHECK (success_rate BETWEEN 0 AND 1),
    avg_latency_ms integer CHECK (avg_latency_ms >= 0),
    consecutive_failures integer NOT NULL DEFAULT 0 CHECK (consecutive_failures >= 0),
    last_failure_at timestamptz,
    last_check_at timestamptz,
    disabled_reason text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, provider_id),
    FOREIGN KEY (org_id, provider_id) REFERENCES providers.providers ON DELETE RESTRICT,
    CHECK (status <> 'disabled' OR disabled_reason IS NOT NULL)
) WITH (fillfactor = 85);
COMMENT ON TABLE providers.provider_health IS
    'How a provider has been lately; written by the health check, at most every few seconds.';
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
CREATE INDEX provider_health_status ON providers.provider_health (org_id, status);

-- ── Quotas and costs ─────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE providers.user_quotas (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    user_id uuid,
    team_id uuid,
    api_key_id uuid,
    daily_request_limit bigint CHECK (daily_request_limit >= 0),
    monthly_request_limit bigint CHECK (monthly_request_limit >= 0),
    daily_cost_limit numeric(38, 12) CHECK (daily_cost_limit >= 0),
    monthly_cost_limit numeric(38, 12) CHECK (monthly_cost_limit >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE NULLS NOT DISTINCT (org_id, user_id, team_id, api_key_id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams ON DELETE RESTRICT,
    FOREIGN KEY (org_id, api_key_id) REFERENCES auth.api_keys ON DELETE RESTRICT,
    CHECK (num_nonnulls(user_id, team_id, api_key_id) <= 1)
);
COMMENT ON TABLE providers.user_quotas IS
    'Limits on requests and costs, of the organization or of one team, person or key. A limit that is null is '
    'none.';
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
CREATE INDEX user_quotas_team ON providers.user_quotas (org_id, team_id);
CREATE INDEX user_quotas_key ON providers.user_quotas (org_id, api_key_id);

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
COMMENT ON TABLE providers.cost_records IS
    'The ledger: one row per upstream call, written once by the ingest role. Partitioned by the time in '
    'request_id. No foreign keys: it is written from a snapshot that is already checked, and it outlasts what it '
    'names.';
COMMENT ON COLUMN providers.cost_records.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.cost_records.request_id IS 'The governed call (council.requests); its UUIDv7 says when.';
COMMENT ON COLUMN providers.cost_records.call IS 'Which upstream call of the request, from 0.';
COMMENT ON COLUMN providers.cost_records.provider IS 'The provider''s name then.';
COMMENT ON COLUMN providers.cost_records.model IS 'The model''s name then.';
COMMENT ON COLUMN providers.cost_records.input_tokens IS 'Tokens sent (002''s prompt_tokens).';
COMMENT ON COLUMN providers.cost_records.cached_tokens IS 'Those of them that the provider had cached.';
COMMENT ON COLUMN providers.cost_records.output_tokens IS 'Tokens received (002''s completion_tokens).';
COMMENT ON COLUMN providers.cost_records.estimated IS
    'Whether the tokens are the program''s estimate, since the provider did not say.';
COMMENT ON COLUMN providers.cost_records.cost IS 'Dollars, exact.';
COMMENT ON COLUMN providers.cost_records.pricing_version IS 'The price list it was computed with.';
SELECT ops.append_only('providers.cost_records');

CREATE TABLE providers.usage_tracking (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    usage_date date NOT NULL,
    user_id uuid,
    provider text NOT NULL,
    model text NOT NULL,
    request_count bigint NOT NULL CHECK (request_count >= 0),
    input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
    output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
    total_cost numeric(38, 12) NOT NULL CHECK (total_cost >= 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE NULLS NOT DISTINCT (org_id, usage_date, user_id, provider, model),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT
) WITH (fillfactor = 85);
COMMENT ON TABLE providers.usage_tracking IS
    'What people used, per provider, model and day: sums of the ledger, computed anew at any time.';
COMMENT ON COLUMN providers.usage_tracking.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN providers.usage_tracking.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN providers.usage_tracking.usage_date IS 'The day (UTC).';
COMMENT ON COLUMN providers.usage_tracking.user_id IS
    'Whose keys called; null for keys that are the organization''s.';
COMMENT ON COLUMN providers.usage_tracking.provider IS 'The provider''s name in the ledger.';
COMMENT ON COLUMN providers.usage_tracking.model IS 'The model''s name in the ledger.';
COMMENT ON COLUMN providers.usage_tracking.request_count IS 'Upstream calls.';
COMMENT ON COLUMN providers.usage_tracking.input_tokens IS 'Tokens sent.';
COMMENT ON COLUMN providers.usage_tracking.output_tokens IS 'Tokens received.';
COMMENT ON COLUMN providers.usage_tracking.total_cost IS 'Dollars.';
COMMENT ON COLUMN providers.usage_tracking.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX usage_tracking_user ON providers.usage_tracking (org_id, user_id, usage_date);

CREATE TABLE providers.cost_alerts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    quota_id uuid NOT NULL,
    period text NOT NULL CHECK (period IN ('daily', 'monthly')),
    period_start date NOT NULL,
    threshold integer NOT NULL CHECK (threshold IN (80, 90, 100)),
    current_cost numeric(38, 12) NOT NULL CHECK (current_cost >= 0),
    limit_cost numeric(38, 12) NOT NULL CHECK (limit_cost >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    acknowledged boolean NOT NULL GENERATED ALWAYS AS (acknowledged_at IS NOT NULL) STORED,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, quota_id, period, period_start, threshold),
    FOREIGN KEY (org_id, quota_id) REFERENCES providers.user_quotas ON DELETE RESTRICT,
    FOREIGN KEY (org_id, acknowledged_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
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
CREATE INDEX cost_alerts_acknowledged_by ON providers.cost_alerts (org_id, acknowledged_by);
CREATE INDEX cost_alerts_open ON providers.cost_alerts (org_id, id) WHERE acknowledged_at IS NULL;

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('providers.providers', is_secret => true);
SELECT ops.protect('providers.models');
SELECT ops.protect('providers.prices', 'SELECT, INSERT');
SELECT ops.append_only('providers.prices');
SELECT ops.protect('providers.user_providers', is_secret => true);
SELECT ops.protect('providers.provider_health');
SELECT ops.protect('providers.user_quotas');
SELECT ops.protect('providers.cost_records', 'SELECT');
SELECT ops.protect('providers.usage_tracking');
SELECT ops.protect('providers.cost_alerts');

-- The ingest role carries many organizations in one commit, and can do nothing else.
CREATE POLICY ingest ON providers.cost_records FOR INSERT TO witan_ingest WITH CHECK (true);
GRANT INSERT ON providers.cost_records TO witan_ingest;

-- The snapshot function runs as the owner and reads every organization.
CREATE POLICY lookup ON providers.providers FOR SELECT TO witan_owner USING (true);
CREATE POLICY lookup ON providers.models FOR SELECT TO witan_owner USING (true);
CREATE POLICY lookup ON providers.prices FOR SELECT TO witan_owner USING (true);

CREATE FUNCTION providers.catalog_snapshot()
    RETURNS TABLE (org_id uuid, provider_id uuid, provider text, provider_type text, api_endpoint text,
                   encrypted_api_key bytea, encrypted_dek bytea, master_key_id text, timeout_ms integer, model_id uuid,
                   model text, max_output_tokens integer, effective_from timestamptz, pricing_version text,
                   input_per_token numeric, cached_input_per_token numeric, output_per_token numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.org_id, p.id, p.name, p.provider_type, p.api_endpoint, p.encrypted_api_key, p.encrypted_dek,
           p.master_key_id, p.timeout_ms, m.id, m.name, m.max_output_tokens, c.effective_from, c.pricing_version,
           c.input_per_token, c.cached_input_per_token, c.output_per_token
    FROM providers.providers p
    LEFT JOIN providers.models m ON m.org_id = p.org_id AND m.provider_id = p.id AND m.retired_at IS NULL
    LEFT JOIN providers.prices c ON c.org_id = m.org_id AND c.model_id = m.id
    WHERE p.retired_at IS NULL AND p.is_active
    ORDER BY p.org_id, p.name, m.name, c.effective_from
$$;
COMMENT ON FUNCTION providers.catalog_snapshot() IS
    'Every active provider with its models and prices: the snapshot that nodes keep in memory.';
GRANT EXECUTE ON FUNCTION providers.catalog_snapshot() TO witan_app;

RESET ROLE;
