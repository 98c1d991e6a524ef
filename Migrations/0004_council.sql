-- Governed calls and councils: requests, what members answered, deliberations, conversations, configurations, red team.
-- irreversible: it holds the record of every governed call

CREATE SCHEMA council AUTHORIZATION witan_owner;
COMMENT ON SCHEMA council IS
    'Governed calls and the councils that deliberate on them; a plain call is a council of one.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA council TO witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup;

-- ── Conversations ────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE council.sessions (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    user_id uuid,
    api_key_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_activity_at timestamptz NOT NULL DEFAULT now(),
    context_window_used integer NOT NULL DEFAULT 0 CHECK (context_window_used >= 0),
    expired boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, api_key_id) REFERENCES auth.api_keys ON DELETE RESTRICT
) WITH (fillfactor = 85);
COMMENT ON TABLE council.sessions IS
    'Conversations, whose context goes along with each call. Redis holds copies; this is the truth.';
COMMENT ON COLUMN council.sessions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.sessions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.sessions.user_id IS 'Whose conversation; null when a key of the organization''s holds it.';
COMMENT ON COLUMN council.sessions.api_key_id IS 'The key that began it; null when a person at the dashboard did.';
COMMENT ON COLUMN council.sessions.created_at IS 'When the row was made.';
COMMENT ON COLUMN council.sessions.last_activity_at IS 'The last message.';
COMMENT ON COLUMN council.sessions.context_window_used IS 'Tokens of context it takes up.';
COMMENT ON COLUMN council.sessions.expired IS 'Whether it has ended for want of activity (30 days).';
CREATE INDEX sessions_user ON council.sessions (org_id, user_id);
CREATE INDEX sessions_key ON council.sessions (org_id, api_key_id);
-- Not led by org_id: the clean-up looks for what nobody speaks in any more, in every organization.
CREATE INDEX sessions_idle ON council.sessions (last_activity_at) WHERE NOT expired;

CREATE TABLE council.session_history (
    org_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    content text NOT NULL,
    request_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, session_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES council.sessions ON DELETE RESTRICT
);
COMMENT ON TABLE council.session_history IS
    'Messages of conversations, in order. Not partitioned: its rows go with their conversation, not with their '
    'month.';
COMMENT ON COLUMN council.session_history.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.session_history.session_id IS 'The conversation.';
COMMENT ON COLUMN council.session_history.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.session_history.role IS 'Who speaks.';
COMMENT ON COLUMN council.session_history.content IS 'What is said.';
COMMENT ON COLUMN council.session_history.request_id IS
    'The governed call that carried it (council.requests); no foreign key, since months of calls go before '
    'conversations do.';
COMMENT ON COLUMN council.session_history.created_at IS 'When the row was made.';

-- ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE council.requests (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    api_key_id uuid,
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
    user_id uuid,
    consensus_decision text,
    agreement_level numeric(4, 3) CHECK (agreement_level BETWEEN 0 AND 1),
    config_snapshot jsonb,
    PRIMARY KEY (org_id, id),
    CHECK (api_key_id IS NOT NULL OR user_id IS NOT NULL)
) PARTITION BY RANGE (id);
COMMENT ON TABLE council.requests IS
    'Every governed call, written once by the ingest role when it is over. Partitioned by the time in its id, '
    'which is when it began; it ended total_latency_ms later. No foreign keys: it is written from a snapshot that '
    'is already checked, and a key more costs a sixth of PostgreSQL''s time for a call.';
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
COMMENT ON COLUMN council.requests.request_content IS
    'The request''s body (002''s query); null unless the organization keeps contents.';
COMMENT ON COLUMN council.requests.response_content IS
    'The answer''s body; null unless the organization keeps contents.';
COMMENT ON COLUMN council.requests.session_id IS 'The conversation (council.sessions); null outside of one.';
COMMENT ON COLUMN council.requests.user_id IS
    'The person, when one called without a key; else the key says whose it is.';
COMMENT ON COLUMN council.requests.consensus_decision IS 'What the council agreed on; null for a plain call.';
COMMENT ON COLUMN council.requests.agreement_level IS 'How much they agreed, 0 to 1; null for a plain call.';
COMMENT ON COLUMN council.requests.config_snapshot IS
    'The configuration the council ran with; null for a plain call.';
-- Both stay empty for plain calls, and so cost them nothing.
CREATE INDEX requests_session ON council.requests (org_id, session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX requests_user ON council.requests (org_id, user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE council.council_responses (
    org_id uuid NOT NULL,
    request_id uuid NOT NULL,
    id uuid NOT NULL,
    council_member_id text NOT NULL CHECK (length(council_member_id) BETWEEN 1 AND 255),
    round_number integer NOT NULL CHECK (round_number >= 0),
    provider text,
    model text,
    content text NOT NULL,
    token_usage jsonb NOT NULL,
    latency_ms integer NOT NULL CHECK (latency_ms >= 0),
    cost numeric(38, 12) CHECK (cost >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, request_id, id)
) PARTITION BY RANGE (request_id);
COMMENT ON TABLE council.council_responses IS
    'What each member of a council said in each round. Partitioned like the requests, with which it goes. No '
    'foreign key: it is written before its request is over and recorded.';
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
    round_number integer NOT NULL CHECK (round_number >= 0),
    council_member_id text NOT NULL CHECK (length(council_member_id) BETWEEN 1 AND 255),
    content text NOT NULL,
    references_to text[] NOT NULL DEFAULT '{}',
    token_usage jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, request_id, id)
) PARTITION BY RANGE (request_id);
COMMENT ON TABLE council.deliberation_exchanges IS
    'What members said to each other between the rounds. Partitioned and without foreign key as '
    'council.council_responses.';
COMMENT ON COLUMN council.deliberation_exchanges.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.deliberation_exchanges.request_id IS 'The council''s request (council.requests).';
COMMENT ON COLUMN council.deliberation_exchanges.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.deliberation_exchanges.round_number IS 'The round, from 0.';
COMMENT ON COLUMN council.deliberation_exchanges.council_member_id IS 'Who speaks.';
COMMENT ON COLUMN council.deliberation_exchanges.content IS 'What it said.';
COMMENT ON COLUMN council.deliberation_exchanges.references_to IS 'Members it answers.';
COMMENT ON COLUMN council.deliberation_exchanges.token_usage IS 'Tokens: input, output, cached.';
COMMENT ON COLUMN council.deliberation_exchanges.created_at IS 'When the row was made.';

-- ── Configuration ────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE council.configurations (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    config_type text NOT NULL CHECK (config_type IN ('council', 'deliberation', 'synthesis', 'performance')),
    name text NOT NULL DEFAULT 'default' CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    config_data jsonb NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    active boolean NOT NULL DEFAULT true,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, config_type, name, version),
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE council.configurations IS
    'Versions of the configuration; of each type and name one is active. A version is never changed but for that.';
COMMENT ON COLUMN council.configurations.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN council.configurations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN council.configurations.config_type IS 'What it configures.';
COMMENT ON COLUMN council.configurations.name IS 'Which council (council/name); else default.';
COMMENT ON COLUMN council.configurations.config_data IS 'The configuration.';
COMMENT ON COLUMN council.configurations.version IS '1, 2, 3, …';
COMMENT ON COLUMN council.configurations.active IS 'Whether it is the one in use.';
COMMENT ON COLUMN council.configurations.created_by IS
    'The person who made it; null when the program or a key without an owner did.';
COMMENT ON COLUMN council.configurations.created_at IS 'When the row was made.';
CREATE UNIQUE INDEX configurations_active ON council.configurations (org_id, config_type, name) WHERE active;
CREATE INDEX configurations_created_by ON council.configurations (org_id, created_by);
CREATE TRIGGER fixed BEFORE UPDATE ON council.configurations
    FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('active');

-- ── Red team ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE council.red_team_tests (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    test_name text NOT NULL CHECK (length(test_name) BETWEEN 1 AND 255),
    prompt text NOT NULL,
    attack_category text NOT NULL CHECK (length(attack_category) BETWEEN 1 AND 100),
    council_member_id text NOT NULL CHECK (length(council_member_id) BETWEEN 1 AND 255),
    model_id uuid,
    model_version text,
    config_hash bytea CHECK (length(config_hash) = 32),
    generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
    response text NOT NULL,
    detector text NOT NULL DEFAULT 'marker',
    score numeric(5, 4) CHECK (score BETWEEN 0 AND 1),
    compromised boolean NOT NULL,
    reviewed_by uuid,
    review_verdict boolean,
    latency_ms integer CHECK (latency_ms >= 0),
    cost numeric(38, 12) CHECK (cost >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, model_id) REFERENCES providers.models ON DELETE RESTRICT,
    FOREIGN KEY (org_id, reviewed_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((reviewed_by IS NULL) = (review_verdict IS NULL))
);
COMMENT ON TABLE council.red_team_tests IS
    'Attacks tried on members of councils, and whether they worked. The verdict stays; a review stands beside it.';
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
CREATE INDEX red_team_tests_campaign ON council.red_team_tests (org_id, campaign_id);
CREATE INDEX red_team_tests_model ON council.red_team_tests (org_id, model_id);
CREATE INDEX red_team_tests_reviewed_by ON council.red_team_tests (org_id, reviewed_by);
CREATE INDEX red_team_tests_category ON council.red_team_tests (org_id, attack_category, compromised);
CREATE TRIGGER fixed BEFORE UPDATE ON council.red_team_tests
    FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('reviewed_by', 'review_verdict');
SELECT ops.keep_rows('council.red_team_tests');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('council.sessions');
SELECT ops.protect('council.session_history', 'SELECT, INSERT');
SELECT ops.protect('council.requests', 'SELECT');
SELECT ops.protect('council.council_responses', 'SELECT, INSERT');
SELECT ops.protect('council.deliberation_exchanges', 'SELECT, INSERT');
SELECT ops.protect('council.configurations');
SELECT ops.protect('council.red_team_tests');

-- The ingest role carries many organizations in one commit, and can do nothing else.
CREATE POLICY ingest ON council.requests FOR INSERT TO witan_ingest WITH CHECK (true);
GRANT INSERT ON council.requests TO witan_ingest;

RESET ROLE;
