-- Organizations, people, teams, roles, and every way to prove who one is.
-- irreversible: every other table belongs to an organization

CREATE SCHEMA auth AUTHORIZATION witan_owner;
COMMENT ON SCHEMA auth IS 'Organizations, people, teams, roles, sessions and keys: who may do what.';

SET ROLE witan_owner;
GRANT USAGE ON SCHEMA auth TO witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup;

-- ── Organizations and people ─────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE auth.organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- Unique in the whole installation: it stands in addresses, before an organization is known.
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'professional', 'enterprise')),
    content_retention boolean NOT NULL DEFAULT false,
    durable_answers boolean NOT NULL DEFAULT true,
    unknown_price_ceiling numeric(38, 12) CHECK (unknown_price_ceiling > 0),
    require_two_factor boolean NOT NULL DEFAULT false,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    snapshot_version bigint NOT NULL DEFAULT 0,
    retired_at timestamptz
);
COMMENT ON TABLE auth.organizations IS
    'The tenants. No org_id: an organization''s own id is its tenant, and its policy compares that.';
COMMENT ON COLUMN auth.organizations.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.organizations.name IS 'What people call it.';
COMMENT ON COLUMN auth.organizations.slug IS 'Its name in addresses.';
COMMENT ON COLUMN auth.organizations.plan IS 'What it has booked.';
COMMENT ON COLUMN auth.organizations.content_retention IS 'Whether the contents of calls are stored.';
COMMENT ON COLUMN auth.organizations.durable_answers IS 'Whether an answer waits until its record is on disk.';
COMMENT ON COLUMN auth.organizations.unknown_price_ceiling IS
    'Dollars per token that a model without a price is taken to cost; null refuses such models.';
COMMENT ON COLUMN auth.organizations.require_two_factor IS 'Whether its people need a second factor to sign in.';
COMMENT ON COLUMN auth.organizations.settings IS 'Whatever else it has chosen.';
COMMENT ON COLUMN auth.organizations.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.organizations.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.organizations.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.organizations.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';

CREATE TABLE auth.users (
    id uuid PRIMARY KEY,
    -- Unique in the whole installation: who signs in gives no organization. What is refused tells nobody more than
    -- the sign-in page does.
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 320
        AND email ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'),
    name text NOT NULL CHECK (length(name) <= 200),
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'operator')),
    verified boolean NOT NULL DEFAULT false,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    totp_secret bytea,
    totp_dek bytea,
    totp_master_key_id text,
    totp_confirmed_at timestamptz,
    totp_last_step bigint,
    last_login timestamptz,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    erased_at timestamptz,
    CHECK ((totp_secret IS NULL) = (totp_dek IS NULL) AND (totp_secret IS NULL) = (totp_master_key_id IS NULL)),
    CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
COMMENT ON TABLE auth.users IS
    'People. No org_id: one may belong to several organizations, and is seen by those (auth.memberships).';
COMMENT ON COLUMN auth.users.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.users.email IS 'Address in lower case; a made-up one after erasure.';
COMMENT ON COLUMN auth.users.name IS 'What the person is called.';
COMMENT ON COLUMN auth.users.role IS
    'Rights over the installation itself; those in an organization are in auth.memberships.';
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
COMMENT ON COLUMN auth.users.erased_at IS
    'When the personal data in this row were overwritten; null while they are there.';

CREATE TABLE auth.roles (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description text NOT NULL DEFAULT '',
    permissions text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id)
);
COMMENT ON TABLE auth.roles IS
    'Roles that an organization made itself: sets of permissions beside the four that are built in.';
COMMENT ON COLUMN auth.roles.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.roles.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.roles.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN auth.roles.description IS 'What it is for.';
COMMENT ON COLUMN auth.roles.permissions IS 'What it allows, such as keys:create.';
COMMENT ON COLUMN auth.roles.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.roles.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.roles.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX roles_name ON auth.roles (org_id, name) WHERE retired_at IS NULL;

CREATE TABLE auth.memberships (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE RESTRICT,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'developer', 'viewer')),
    custom_role_id uuid,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    snapshot_version bigint NOT NULL DEFAULT 0,
    retired_at timestamptz,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles ON DELETE RESTRICT
);
COMMENT ON TABLE auth.memberships IS
    'Who belongs to which organization, and as what. People of a tenant''s rows are named by this key, so that '
    'none of them can name somebody of another organization; a membership is therefore retired, never removed.';
COMMENT ON COLUMN auth.memberships.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.memberships.user_id IS 'The person.';
COMMENT ON COLUMN auth.memberships.role IS 'The built-in role.';
COMMENT ON COLUMN auth.memberships.custom_role_id IS 'A role of the organization''s own, which then counts instead.';
COMMENT ON COLUMN auth.memberships.version IS
    'Goes up when the role changes or the person leaves; access tokens of an older one are refused.';
COMMENT ON COLUMN auth.memberships.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.memberships.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.memberships.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.memberships.retired_at IS 'When the person left; null while they belong.';
-- Not led by org_id: a person's organizations are looked up before one is chosen.
CREATE INDEX memberships_user ON auth.memberships (user_id);
CREATE INDEX memberships_custom_role ON auth.memberships (org_id, custom_role_id);
-- Not led by org_id: nodes read what is new in every organization.
CREATE INDEX memberships_snapshot ON auth.memberships (snapshot_version);

CREATE TABLE auth.teams (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id)
);
COMMENT ON TABLE auth.teams IS 'Teams of an organization; projects may belong to one.';
COMMENT ON COLUMN auth.teams.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.teams.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.teams.name IS 'Unique in the organization while in use.';
COMMENT ON COLUMN auth.teams.description IS 'What the team does.';
COMMENT ON COLUMN auth.teams.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.teams.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.teams.retired_at IS 'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX teams_name ON auth.teams (org_id, name) WHERE retired_at IS NULL;

CREATE TABLE auth.team_members (
    org_id uuid NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('lead', 'member')),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, team_id, user_id),
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE auth.team_members IS 'Who is in which team.';
COMMENT ON COLUMN auth.team_members.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.team_members.team_id IS 'The team.';
COMMENT ON COLUMN auth.team_members.user_id IS 'The person, who belongs to the same organization.';
COMMENT ON COLUMN auth.team_members.role IS 'Leads may add others.';
COMMENT ON COLUMN auth.team_members.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.team_members.retired_at IS 'When the person left the team; null while in it.';
CREATE INDEX team_members_user ON auth.team_members (org_id, user_id);

-- ── Sessions and keys ────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE auth.sessions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    family_id uuid NOT NULL,
    user_id uuid NOT NULL,
    refresh_token_hash bytea NOT NULL CHECK (length(refresh_token_hash) = 32),
    device_info jsonb NOT NULL DEFAULT '{}',
    ip_address inet,
    second_factor text CHECK (second_factor IN ('totp', 'recovery_code', 'webauthn', 'sso')),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used timestamptz NOT NULL DEFAULT now(),
    snapshot_version bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    revoked_at timestamptz,
    revoked_reason text,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE auth.sessions IS
    'Signed-in devices: a row per refresh token. A token that is used makes the next row of its family, which expires '
    'with it; one that is used twice revokes the family. A family is over when any of its rows is revoked: who revokes '
    'cannot see a row that is being made.';
COMMENT ON COLUMN auth.sessions.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sessions.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sessions.family_id IS
    'The sign-in that this token descends from; the same for all of a device''s tokens.';
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
-- Not led by org_id: a token is looked up before its organization is known.
CREATE UNIQUE INDEX sessions_refresh_token ON auth.sessions (refresh_token_hash);
CREATE INDEX sessions_user ON auth.sessions (org_id, user_id);
CREATE INDEX sessions_family ON auth.sessions (org_id, family_id);
-- Not led by org_id: the clean-up looks for what expired, in every organization.
CREATE INDEX sessions_expiry ON auth.sessions (expires_at);
-- Not led by org_id: nodes read what is new in every organization.
CREATE INDEX sessions_snapshot ON auth.sessions (snapshot_version) WHERE revoked_at IS NOT NULL;

CREATE TABLE auth.api_keys (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'developer', 'viewer')),
    custom_role_id uuid,
    scopes text[] NOT NULL DEFAULT '{}',
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    prefix text NOT NULL DEFAULT 'wtn_' CHECK (length(prefix) BETWEEN 1 AND 16),
    last_four text NOT NULL CHECK (length(last_four) = 4),
    allowed_models text[] NOT NULL DEFAULT '{}',
    allowed_addresses cidr[] NOT NULL DEFAULT '{}',
    user_id uuid,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    rotated_from uuid,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    snapshot_version bigint NOT NULL DEFAULT 0,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, rotated_from) REFERENCES auth.api_keys ON DELETE RESTRICT
);
COMMENT ON TABLE auth.api_keys IS 'Keys of programs. The key itself is nowhere; what is stored recognizes it.';
COMMENT ON COLUMN auth.api_keys.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.api_keys.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.api_keys.name IS 'What it is for.';
COMMENT ON COLUMN auth.api_keys.role IS 'What it may do at most.';
COMMENT ON COLUMN auth.api_keys.custom_role_id IS 'A role of the organization''s own, which then counts instead.';
COMMENT ON COLUMN auth.api_keys.scopes IS
    'Permissions it is narrowed to, such as chat:create; empty is all of its role.';
COMMENT ON COLUMN auth.api_keys.key_hash IS 'HMAC-SHA-256 of the key under the installation''s pepper.';
COMMENT ON COLUMN auth.api_keys.prefix IS 'What the key begins with.';
COMMENT ON COLUMN auth.api_keys.last_four IS 'What it ends with, for people to recognize it by.';
COMMENT ON COLUMN auth.api_keys.allowed_models IS 'Models it may call (provider/model); empty is all.';
COMMENT ON COLUMN auth.api_keys.allowed_addresses IS 'Networks it may come from; empty is all.';
COMMENT ON COLUMN auth.api_keys.user_id IS 'Whose it is; null when it belongs to the organization.';
COMMENT ON COLUMN auth.api_keys.version IS '2 for the key that replaced the first, and so on.';
COMMENT ON COLUMN auth.api_keys.rotated_from IS 'The key this one replaces, which works on until its expires_at.';
COMMENT ON COLUMN auth.api_keys.created_by IS
    'The key or person that made it; no foreign key, since it may be either.';
COMMENT ON COLUMN auth.api_keys.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.api_keys.snapshot_version IS 'The identity snapshot that first has the row as it is.';
COMMENT ON COLUMN auth.api_keys.expires_at IS 'From then on it is refused; null is never.';
COMMENT ON COLUMN auth.api_keys.revoked_at IS 'When it was ended for good.';
COMMENT ON COLUMN auth.api_keys.last_used IS 'To the hour or so: it is not written for each call.';
-- Not led by org_id: a key is looked up before its organization is known.
CREATE UNIQUE INDEX api_keys_hash ON auth.api_keys (key_hash);
CREATE INDEX api_keys_custom_role ON auth.api_keys (org_id, custom_role_id);
CREATE INDEX api_keys_user ON auth.api_keys (org_id, user_id);
CREATE INDEX api_keys_rotated_from ON auth.api_keys (org_id, rotated_from);
-- Not led by org_id: nodes read what is new in every organization.
CREATE INDEX api_keys_snapshot ON auth.api_keys (snapshot_version);

CREATE TABLE auth.invitations (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    email text CHECK (email = lower(email) AND length(email) <= 320),
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'developer', 'viewer')),
    custom_role_id uuid,
    team_id uuid,
    max_uses integer NOT NULL DEFAULT 1 CHECK (max_uses BETWEEN 1 AND 10000),
    uses integer NOT NULL DEFAULT 0,
    mailed boolean NOT NULL DEFAULT false,
    created_by uuid,
    created_by_key uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, custom_role_id) REFERENCES auth.roles ON DELETE RESTRICT,
    FOREIGN KEY (org_id, created_by_key) REFERENCES auth.api_keys ON DELETE RESTRICT,
    FOREIGN KEY (org_id, team_id) REFERENCES auth.teams ON DELETE RESTRICT,
    FOREIGN KEY (org_id, created_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (uses BETWEEN 0 AND max_uses),
    CHECK (email IS NOT NULL OR NOT mailed)
);
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
COMMENT ON COLUMN auth.invitations.mailed IS
    'Whether the code went to the address and to nobody else: who accepts has then proven the address.';
COMMENT ON COLUMN auth.invitations.created_by IS 'Who invites; null when a key did that is nobody''s.';
COMMENT ON COLUMN auth.invitations.created_by_key IS
    'The key that invites, without which the invitation is worth nothing; null when a person did who signed in.';
COMMENT ON COLUMN auth.invitations.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.invitations.expires_at IS 'From then on it is refused.';
COMMENT ON COLUMN auth.invitations.revoked_at IS 'When it was taken back.';
-- Not led by org_id: a code is looked up before its organization is known.
CREATE UNIQUE INDEX invitations_code ON auth.invitations (code_hash);
CREATE INDEX invitations_custom_role ON auth.invitations (org_id, custom_role_id);
CREATE INDEX invitations_team ON auth.invitations (org_id, team_id);
CREATE INDEX invitations_created_by ON auth.invitations (org_id, created_by);
CREATE INDEX invitations_created_by_key ON auth.invitations (org_id, created_by_key);

-- ── A person's own ───────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE auth.password_resets (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE RESTRICT,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    used_at timestamptz,
    used boolean NOT NULL GENERATED ALWAYS AS (used_at IS NOT NULL) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE auth.password_resets IS
    'Links that set a new password, good once. No org_id: a password is the person''s, not an organization''s.';
COMMENT ON COLUMN auth.password_resets.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.password_resets.user_id IS 'Whose password.';
COMMENT ON COLUMN auth.password_resets.token_hash IS 'SHA-256 of the token in the link.';
COMMENT ON COLUMN auth.password_resets.used_at IS 'When it was used; null while it is good.';
COMMENT ON COLUMN auth.password_resets.used IS 'Whether it was used.';
COMMENT ON COLUMN auth.password_resets.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.password_resets.expires_at IS 'From then on it is refused.';
CREATE INDEX password_resets_user ON auth.password_resets (user_id);

CREATE TABLE auth.recovery_codes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE RESTRICT,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, code_hash)
);
COMMENT ON TABLE auth.recovery_codes IS
    'Codes for who lost the second factor, each good once. No org_id: they are the person''s.';
COMMENT ON COLUMN auth.recovery_codes.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.recovery_codes.user_id IS 'Whose they are.';
COMMENT ON COLUMN auth.recovery_codes.code_hash IS 'HMAC-SHA-256 of the code under the installation''s pepper.';
COMMENT ON COLUMN auth.recovery_codes.used_at IS 'When it was used; null while it is good.';
COMMENT ON COLUMN auth.recovery_codes.created_at IS 'When the row was made.';

CREATE TABLE auth.webauthn_credentials (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE RESTRICT,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL DEFAULT 0 CHECK (sign_count >= 0),
    aaguid uuid,
    transports text[] NOT NULL DEFAULT '{}',
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used timestamptz,
    retired_at timestamptz
);
COMMENT ON TABLE auth.webauthn_credentials IS
    'Security keys and passkeys (WebAuthn level 2, section 6.1). No org_id: they are the person''s.';
COMMENT ON COLUMN auth.webauthn_credentials.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.webauthn_credentials.user_id IS 'Whose it is.';
COMMENT ON COLUMN auth.webauthn_credentials.credential_id IS 'What the authenticator calls it.';
COMMENT ON COLUMN auth.webauthn_credentials.public_key IS 'The credential''s public key, as COSE_Key.';
COMMENT ON COLUMN auth.webauthn_credentials.sign_count IS
    'The authenticator''s counter: one that goes back is a copy.';
COMMENT ON COLUMN auth.webauthn_credentials.aaguid IS 'The authenticator''s model.';
COMMENT ON COLUMN auth.webauthn_credentials.transports IS 'How it is reached: usb, nfc, ble, internal.';
COMMENT ON COLUMN auth.webauthn_credentials.name IS 'What the person calls it.';
COMMENT ON COLUMN auth.webauthn_credentials.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.webauthn_credentials.last_used IS 'When it last signed.';
COMMENT ON COLUMN auth.webauthn_credentials.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
CREATE INDEX webauthn_credentials_user ON auth.webauthn_credentials (user_id);

CREATE TABLE auth.lockouts (
    subject bytea PRIMARY KEY CHECK (length(subject) = 32),
    kind text NOT NULL CHECK (kind IN ('account', 'network', 'familiar')),
    failures integer NOT NULL DEFAULT 0 CHECK (failures BETWEEN 0 AND 15),
    last_failure timestamptz,
    familiar_until timestamptz CHECK (familiar_until IS NULL OR kind = 'familiar'),
    ends_at timestamptz NOT NULL DEFAULT '-infinity',
    CHECK (failures = 0 OR last_failure IS NOT NULL)
);
COMMENT ON TABLE auth.lockouts IS
    'Wrong passwords and codes, counted. No org_id: who tries says no organization, and the account need not exist. '
    'Bounded: a row ends at most 15 quarters of an hour after its last failure, and each failure takes a slow hash.';
COMMENT ON COLUMN auth.lockouts.subject IS
    'HMAC-SHA-256 of the account''s address, of the network (an IPv4 address, an IPv6 /64), or of both.';
COMMENT ON COLUMN auth.lockouts.kind IS
    'An account, tried from where it is not known; a network; or an account in a network it was signed in from.';
COMMENT ON COLUMN auth.lockouts.failures IS 'As of the last one; a quarter of an hour without forgives one.';
COMMENT ON COLUMN auth.lockouts.last_failure IS 'When it was; from then on the lock is reckoned.';
COMMENT ON COLUMN auth.lockouts.familiar_until IS 'Until when the person is not refused there for others'' failures.';
COMMENT ON COLUMN auth.lockouts.ends_at IS 'From then on the row says nothing and may be removed.';
CREATE INDEX lockouts_end ON auth.lockouts (ends_at);

CREATE FUNCTION auth.forget_lockouts() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM auth.lockouts WHERE subject IN (
        SELECT l.subject FROM auth.lockouts l WHERE l.ends_at < now() ORDER BY l.ends_at LIMIT 20
        FOR UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION auth.forget_lockouts() IS
    'Removes up to 20 counters of which nothing is left; called with each failure, so that they cannot pile up.';

-- ── Single sign-on ───────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE auth.sso_providers (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    issuer text NOT NULL CHECK (issuer LIKE 'http%'),
    client_id text NOT NULL,
    encrypted_client_secret bytea,
    encrypted_dek bytea,
    master_key_id text,
    allowed_domains text[] NOT NULL DEFAULT '{}',
    trusts_email boolean NOT NULL DEFAULT false,
    scopes text[] NOT NULL DEFAULT '{openid,email,profile}',
    group_claim text,
    role_mapping jsonb NOT NULL DEFAULT '{}',
    default_role text CHECK (default_role IN ('admin', 'manager', 'developer', 'viewer')),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    PRIMARY KEY (org_id, id),
    CHECK (NOT trusts_email OR allowed_domains <> '{}'),
    CHECK ((encrypted_client_secret IS NULL) = (encrypted_dek IS NULL)),
    CHECK ((encrypted_client_secret IS NULL) = (master_key_id IS NULL))
);
COMMENT ON TABLE auth.sso_providers IS 'OpenID Connect providers that an organization trusts.';
COMMENT ON COLUMN auth.sso_providers.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_providers.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sso_providers.name IS 'What stands on the button.';
COMMENT ON COLUMN auth.sso_providers.issuer IS 'The issuer''s URL, exactly as in its tokens.';
COMMENT ON COLUMN auth.sso_providers.client_id IS 'What the issuer calls this program.';
COMMENT ON COLUMN auth.sso_providers.encrypted_client_secret IS
    'The client secret, sealed with AES-256-GCM by the program; null for a public client.';
COMMENT ON COLUMN auth.sso_providers.encrypted_dek IS 'Its data key, wrapped by the master key.';
COMMENT ON COLUMN auth.sso_providers.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN auth.sso_providers.allowed_domains IS 'Domains of addresses that may come; empty is all.';
COMMENT ON COLUMN auth.sso_providers.trusts_email IS
    'Whether addresses of the allowed domains count as verified where it does not say.';
COMMENT ON COLUMN auth.sso_providers.scopes IS 'What is asked of it, such as groups.';
COMMENT ON COLUMN auth.sso_providers.group_claim IS 'The claim that names a person''s groups.';
COMMENT ON COLUMN auth.sso_providers.role_mapping IS 'Group to role.';
COMMENT ON COLUMN auth.sso_providers.default_role IS 'Without a mapped group; null lets nobody in without one.';
COMMENT ON COLUMN auth.sso_providers.is_active IS 'Whether it may be used.';
COMMENT ON COLUMN auth.sso_providers.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_providers.updated_at IS 'When the row was last changed; kept by a trigger.';
COMMENT ON COLUMN auth.sso_providers.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
CREATE UNIQUE INDEX sso_providers_client ON auth.sso_providers (org_id, issuer, client_id) WHERE retired_at IS NULL;

CREATE TABLE auth.sso_identities (
    org_id uuid NOT NULL,
    sso_provider_id uuid NOT NULL,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id uuid NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used timestamptz,
    PRIMARY KEY (org_id, sso_provider_id, subject),
    FOREIGN KEY (org_id, sso_provider_id) REFERENCES auth.sso_providers ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE auth.sso_identities IS 'Whom an issuer''s subject is here.';
COMMENT ON COLUMN auth.sso_identities.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_identities.sso_provider_id IS 'Who says so.';
COMMENT ON COLUMN auth.sso_identities.subject IS 'The person''s name at the issuer (claim sub).';
COMMENT ON COLUMN auth.sso_identities.user_id IS 'The person here.';
COMMENT ON COLUMN auth.sso_identities.email IS 'The address in the last token.';
COMMENT ON COLUMN auth.sso_identities.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_identities.last_used IS 'When it last signed somebody in.';
CREATE INDEX sso_identities_user ON auth.sso_identities (org_id, user_id);

CREATE TABLE auth.sso_logins (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    sso_provider_id uuid NOT NULL,
    state_hash bytea NOT NULL CHECK (length(state_hash) = 32),
    user_id uuid,
    code_hash bytea CHECK (length(code_hash) = 32),
    code_challenge text CHECK (length(code_challenge) = 43),
    created_at timestamptz NOT NULL DEFAULT now(),
    code_expires_at timestamptz,
    used_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, sso_provider_id) REFERENCES auth.sso_providers ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((code_hash IS NULL) = (user_id IS NULL) AND (code_hash IS NULL) = (code_challenge IS NULL)
        AND (code_hash IS NULL) = (code_expires_at IS NULL)),
    CHECK (used_at IS NULL OR code_hash IS NOT NULL)
);
COMMENT ON TABLE auth.sso_logins IS
    'People who came back from an issuer: a return counts once, and so does the code that it gives.';
COMMENT ON COLUMN auth.sso_logins.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.sso_logins.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.sso_logins.sso_provider_id IS 'Where they had been.';
COMMENT ON COLUMN auth.sso_logins.state_hash IS 'SHA-256 of the state they came back with.';
COMMENT ON COLUMN auth.sso_logins.user_id IS 'Who they are; null when they were refused.';
COMMENT ON COLUMN auth.sso_logins.code_hash IS 'SHA-256 of the code that a session is exchanged for.';
COMMENT ON COLUMN auth.sso_logins.code_challenge IS
    'SHA-256, in base64url, of what the program must show with the code (RFC 7636).';
COMMENT ON COLUMN auth.sso_logins.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.sso_logins.code_expires_at IS 'From then on the code is refused.';
COMMENT ON COLUMN auth.sso_logins.used_at IS 'When the code was exchanged.';
CREATE UNIQUE INDEX sso_logins_state ON auth.sso_logins (org_id, state_hash);
CREATE UNIQUE INDEX sso_logins_code ON auth.sso_logins (org_id, code_hash);
CREATE INDEX sso_logins_provider ON auth.sso_logins (org_id, sso_provider_id);
CREATE INDEX sso_logins_user ON auth.sso_logins (org_id, user_id);

-- ── Erasure and holds ────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE auth.legal_holds (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    user_id uuid,
    matter text NOT NULL CHECK (length(matter) BETWEEN 1 AND 2000),
    placed_by uuid,
    placed_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    released_by uuid,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, placed_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    FOREIGN KEY (org_id, released_by) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (released_by IS NULL OR released_at IS NOT NULL)
);
COMMENT ON TABLE auth.legal_holds IS
    'Orders that nothing of a person, or of the whole organization, may be erased or dropped.';
COMMENT ON COLUMN auth.legal_holds.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.legal_holds.id IS 'UUIDv7 made by the program; its order is time.';
COMMENT ON COLUMN auth.legal_holds.user_id IS 'Whose data are held; null holds the whole organization''s.';
COMMENT ON COLUMN auth.legal_holds.matter IS 'The case it is for.';
COMMENT ON COLUMN auth.legal_holds.placed_by IS 'Who ordered it; null when a key did.';
COMMENT ON COLUMN auth.legal_holds.placed_at IS 'From when on.';
COMMENT ON COLUMN auth.legal_holds.released_at IS 'When it ended; null while it holds.';
COMMENT ON COLUMN auth.legal_holds.released_by IS 'Who ended it.';
CREATE INDEX legal_holds_user ON auth.legal_holds (org_id, user_id);
CREATE INDEX legal_holds_placed_by ON auth.legal_holds (org_id, placed_by);
CREATE INDEX legal_holds_released_by ON auth.legal_holds (org_id, released_by);
CREATE INDEX legal_holds_live ON auth.legal_holds (org_id, id) WHERE released_at IS NULL;

CREATE TABLE auth.payload_keys (
    org_id uuid NOT NULL,
    user_id uuid NOT NULL,
    encrypted_dek bytea,
    master_key_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK ((encrypted_dek IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK (encrypted_dek IS NULL OR master_key_id IS NOT NULL)
);
COMMENT ON TABLE auth.payload_keys IS
    'The key of a person''s personal payloads in an organization''s log. Destroying it erases them wherever they '
    'are copied to, and leaves the log verifiable.';
COMMENT ON COLUMN auth.payload_keys.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.payload_keys.user_id IS 'Whose payloads.';
COMMENT ON COLUMN auth.payload_keys.encrypted_dek IS 'The key, wrapped by the master key; null once it is destroyed.';
COMMENT ON COLUMN auth.payload_keys.master_key_id IS 'Which master key wraps it.';
COMMENT ON COLUMN auth.payload_keys.created_at IS 'When the row was made.';
COMMENT ON COLUMN auth.payload_keys.destroyed_at IS 'When it was destroyed, which is when the person was erased.';

CREATE TABLE auth.erasures (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    certificate text NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    master_key_id text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE auth.erasures IS
    'Who was erased from an organization, with the signed certificate; more than once who came back in between. Holds '
    'nothing personal but the id, which names nobody any more. After an older backup was restored, certificates kept elsewhere are replayed into it.';
COMMENT ON COLUMN auth.erasures.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN auth.erasures.id IS 'UUIDv7 made by the program; the id of the entry in audits.audit_log, too.';
COMMENT ON COLUMN auth.erasures.user_id IS 'Whom the id named.';
COMMENT ON COLUMN auth.erasures.certificate IS 'What was destroyed, as canonical JSON, byte for byte.';
COMMENT ON COLUMN auth.erasures.signature IS
    'Ed25519 (RFC 8032) over the certificate, by the key that signs archives.';
COMMENT ON COLUMN auth.erasures.master_key_id IS 'The master key that the signing key is derived from.';
COMMENT ON COLUMN auth.erasures.erased_at IS 'When the row was made.';
CREATE INDEX erasures_user ON auth.erasures (org_id, user_id);

CREATE FUNCTION auth.check_erasure() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.check_erasure() IS
    'Trigger: a payload key is destroyed once, and not while a legal hold covers its person. Runs as the owner, '
    'so that no policy hides a hold.';
CREATE TRIGGER erasure BEFORE UPDATE ON auth.payload_keys FOR EACH ROW EXECUTE FUNCTION auth.check_erasure();
SELECT ops.keep_rows('auth.payload_keys');
SELECT ops.append_only('auth.erasures');
SELECT ops.keep_rows('auth.legal_holds');
CREATE TRIGGER fixed BEFORE UPDATE ON auth.legal_holds
    FOR EACH ROW EXECUTE FUNCTION ops.check_fixed('released_at', 'released_by');
CREATE TRIGGER over BEFORE UPDATE ON auth.legal_holds
    FOR EACH ROW WHEN (OLD.released_at IS NOT NULL) EXECUTE FUNCTION ops.check_fixed('nothing');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('auth.roles');
SELECT ops.protect('auth.memberships');
SELECT ops.protect('auth.teams');
SELECT ops.protect('auth.team_members');
SELECT ops.protect('auth.sessions', is_secret => true);
SELECT ops.protect('auth.api_keys', is_secret => true);
SELECT ops.protect('auth.invitations', is_secret => true);
SELECT ops.protect('auth.sso_providers', is_secret => true);
SELECT ops.protect('auth.sso_identities', is_secret => true);
SELECT ops.protect('auth.sso_logins', is_secret => true);
CREATE POLICY expiry ON auth.sso_logins TO witan_owner
    USING (created_at < now() - interval '1 day') WITH CHECK (false);
SELECT ops.protect('auth.legal_holds');
SELECT ops.protect('auth.payload_keys', is_secret => true);
SELECT ops.protect('auth.erasures', 'SELECT, INSERT');

ALTER TABLE auth.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.organizations TO witan_app, witan_readonly
    USING (id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
CREATE POLICY members ON auth.users TO witan_app, witan_readonly
    USING (EXISTS (SELECT FROM auth.memberships m WHERE m.user_id = users.id AND m.retired_at IS NULL
        AND m.org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)))
    WITH CHECK (EXISTS (SELECT FROM auth.memberships m WHERE m.user_id = users.id AND m.retired_at IS NULL
        AND m.org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)));
-- Somebody new belongs nowhere yet.
CREATE POLICY registration ON auth.users FOR INSERT TO witan_app WITH CHECK (true);

-- What is a person's own is seen where the person is.
DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['auth.password_resets', 'auth.recovery_codes', 'auth.webauthn_credentials']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
        EXECUTE format($policy$CREATE POLICY members ON %s TO witan_app
            USING (EXISTS (SELECT FROM auth.users u WHERE u.id = user_id))
            WITH CHECK (EXISTS (SELECT FROM auth.users u WHERE u.id = user_id))$policy$, target);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO witan_app', target);
    END LOOP;
    FOREACH target IN ARRAY ARRAY['auth.organizations', 'auth.users', 'auth.password_resets', 'auth.recovery_codes',
                                  'auth.webauthn_credentials']
    LOOP
        EXECUTE format('CREATE POLICY backup ON %s FOR SELECT TO witan_backup USING (true)', target);
        EXECUTE format('GRANT SELECT ON %s TO witan_backup', target);
    END LOOP;
    -- The functions below run as the owner and look through every organization.
    FOREACH target IN ARRAY ARRAY['auth.organizations', 'auth.users', 'auth.memberships', 'auth.api_keys',
                                  'auth.sessions', 'auth.invitations', 'auth.password_resets', 'auth.legal_holds',
                                  'auth.roles', 'auth.sso_providers', 'auth.erasures']
    LOOP
        EXECUTE format('CREATE POLICY lookup ON %s FOR SELECT TO witan_owner USING (true)', target);
    END LOOP;
    FOREACH target IN ARRAY ARRAY['auth.organizations', 'auth.users']
    LOOP
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION ops.touch()', target);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO witan_app', target);
    END LOOP;
END
$$;
GRANT SELECT ON auth.organizations TO witan_readonly;
GRANT SELECT, INSERT, UPDATE ON auth.lockouts TO witan_app;
GRANT SELECT ON auth.lockouts TO witan_backup;

-- ── Look-ups made before the organization is known ───────────────────────────────────────────────────────────────
CREATE FUNCTION auth.key_snapshot(since bigint)
    RETURNS TABLE (org_id uuid, id uuid, user_id uuid, is_operator boolean, name text, role text, permissions text[],
                   scopes text[], owner_role text, owner_permissions text[], key_hash bytea, allowed_models text[],
                   allowed_addresses text[], expires_at timestamptz, is_live boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.org_id, k.id, k.user_id, coalesce(u.role = 'operator', false), k.name, k.role, r.permissions, k.scopes,
           m.role, p.permissions, k.key_hash, k.allowed_models, k.allowed_addresses::text[], k.expires_at,
           k.revoked_at IS NULL AND m.retired_at IS NULL AND r.retired_at IS NULL
    FROM auth.api_keys k
    LEFT JOIN auth.memberships m ON m.org_id = k.org_id AND m.user_id = k.user_id
    LEFT JOIN auth.users u ON u.id = k.user_id
    LEFT JOIN auth.roles r ON r.org_id = k.org_id AND r.id = k.custom_role_id
    LEFT JOIN auth.roles p ON p.org_id = m.org_id AND p.id = m.custom_role_id
    WHERE k.snapshot_version > since AND (since > 0 OR k.revoked_at IS NULL)
$$;
COMMENT ON FUNCTION auth.key_snapshot(bigint) IS
    'Keys that changed after a snapshot, with what their owner may do at most, and whether they are good: not revoked, '
    'nor their owner or role retired. '
    'After 0, all that are not revoked. Nodes keep them in memory.';

CREATE FUNCTION auth.key_holder(hash bytea) RETURNS TABLE (org_id uuid, id uuid, user_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.org_id, k.id, k.user_id FROM auth.api_keys k WHERE k.key_hash = hash
$$;
COMMENT ON FUNCTION auth.key_holder(bytea) IS
    'Whose a key is or was, by its HMAC, good or not: so that the use of a revoked key stands in the log.';

CREATE FUNCTION auth.organization_snapshot(since bigint)
    RETURNS TABLE (id uuid, content_retention boolean, durable_answers boolean, unknown_price_ceiling numeric,
                   is_live boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.content_retention, o.durable_answers, o.unknown_price_ceiling, o.retired_at IS NULL
    FROM auth.organizations o WHERE o.snapshot_version > since
$$;
COMMENT ON FUNCTION auth.organization_snapshot(bigint) IS
    'Organizations that changed after a snapshot, with what they chose about their calls.';

CREATE FUNCTION auth.revocations(since bigint)
    RETURNS TABLE (org_id uuid, family_id uuid, user_id uuid, version integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT s.org_id, s.family_id, s.user_id, NULL::integer FROM auth.sessions s
    WHERE s.snapshot_version > since AND s.revoked_at > now() - interval '2 hours'
    UNION ALL
    SELECT m.org_id, NULL, m.user_id, CASE WHEN m.retired_at IS NULL THEN m.version ELSE 2147483647 END
    FROM auth.memberships m
    WHERE m.snapshot_version > since AND m.version > 1 AND m.updated_at > now() - interval '2 hours'
$$;
COMMENT ON FUNCTION auth.revocations(bigint) IS
    'What makes access tokens void after a snapshot: families of sessions that were ended, and the least version of '
    'memberships that changed (none is enough for who left). Two hours back, which is longer than any token lives.';

CREATE FUNCTION auth.organization_exists() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM auth.organizations)
$$;
COMMENT ON FUNCTION auth.organization_exists() IS 'Whether there is an organization yet; the first start makes one.';

CREATE FUNCTION auth.organization_directory(after uuid, most integer)
    RETURNS TABLE (id uuid, name text, slug text, plan text, member_count bigint, created_at timestamptz,
                   retired_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.name, o.slug, o.plan,
           (SELECT count(*) FROM auth.memberships m WHERE m.org_id = o.id AND m.retired_at IS NULL),
           o.created_at, o.retired_at
    FROM auth.organizations o WHERE after IS NULL OR o.id < after ORDER BY o.id DESC LIMIT most
$$;
COMMENT ON FUNCTION auth.organization_directory(uuid, integer) IS
    'A page of all organizations, newest first, for those who run the installation: names and numbers, nobody''s data.';

CREATE FUNCTION auth.account(address text)
    RETURNS TABLE (user_id uuid, password_hash text, verified boolean, has_second_factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.password_hash, u.verified, u.totp_confirmed_at IS NOT NULL
    FROM auth.users u WHERE u.email = lower(address) AND u.retired_at IS NULL
$$;
COMMENT ON FUNCTION auth.account(text) IS 'What a sign-in needs to know of an address; no row when nobody has it.';

CREATE FUNCTION auth.password_costs() RETURNS TABLE (cost text, accounts bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT split_part(u.password_hash, '$', 4), count(*) FROM auth.users u
    WHERE u.password_hash IS NOT NULL AND u.retired_at IS NULL GROUP BY 1 ORDER BY 1 LIMIT 100
$$;
COMMENT ON FUNCTION auth.password_costs() IS
    'How many accounts have a hash of which cost (m=…,t=…,p=…), so that checking a password of nobody takes as long.';

CREATE FUNCTION auth.organizations_of(person uuid)
    RETURNS TABLE (org_id uuid, slug text, name text, role text, require_two_factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.slug, o.name, m.role, o.require_two_factor
    FROM auth.memberships m JOIN auth.organizations o ON o.id = m.org_id
    WHERE m.user_id = person AND m.retired_at IS NULL AND o.retired_at IS NULL ORDER BY o.slug
$$;
COMMENT ON FUNCTION auth.organizations_of(uuid) IS
    'The organizations that a person may choose between after sign-in.';

CREATE FUNCTION auth.forget_sso_logins() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH forgotten AS (
        DELETE FROM auth.sso_logins l
        WHERE l.created_at < now() - interval '1 day' AND NOT EXISTS (
            SELECT FROM auth.legal_holds h WHERE h.org_id = l.org_id AND h.released_at IS NULL
                AND (h.user_id IS NULL OR h.user_id = l.user_id))
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
COMMENT ON FUNCTION auth.forget_sso_logins() IS
    'Deletes returns of more than a day ago, which is longer than any state is good, but for those under a legal hold; '
    'returns how many. The log keeps who came.';

CREATE FUNCTION auth.sso_provider_organization(provider uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.org_id FROM auth.sso_providers p JOIN auth.organizations o ON o.id = p.org_id
    WHERE p.id = provider AND p.is_active AND p.retired_at IS NULL AND o.retired_at IS NULL
$$;
COMMENT ON FUNCTION auth.sso_provider_organization(uuid) IS
    'Whose an issuer is that people may sign in at; null when it is nobody''s.';

CREATE FUNCTION auth.session_by_token(token_hash bytea)
    RETURNS TABLE (org_id uuid, id uuid, family_id uuid, user_id uuid, expires_at timestamptz, rotated_at timestamptz,
                   revoked_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.org_id, s.id, s.family_id, s.user_id, s.expires_at, s.rotated_at, s.revoked_at
    FROM auth.sessions s WHERE s.refresh_token_hash = token_hash
$$;
COMMENT ON FUNCTION auth.session_by_token(bytea) IS 'The session of a refresh token, by its SHA-256.';

CREATE FUNCTION auth.invitation_by_code(hash bytea)
    RETURNS TABLE (org_id uuid, id uuid, email text, organization text, slug text, is_good boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.org_id, i.id, i.email, o.name, o.slug,
           i.revoked_at IS NULL AND i.uses < i.max_uses AND i.expires_at > now() AND o.retired_at IS NULL
    FROM auth.invitations i JOIN auth.organizations o ON o.id = i.org_id WHERE i.code_hash = hash
$$;
COMMENT ON FUNCTION auth.invitation_by_code(bytea) IS
    'The invitation of a code, by its SHA-256, and whether it is good: not used up, revoked or expired, nor its '
    'organization retired.';

CREATE FUNCTION auth.password_reset_by_token(hash bytea)
    RETURNS TABLE (id uuid, user_id uuid, is_used boolean, is_expired boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.id, r.user_id, r.used_at IS NOT NULL, r.expires_at <= now() FROM auth.password_resets r
    WHERE r.token_hash = hash
$$;
COMMENT ON FUNCTION auth.password_reset_by_token(bytea) IS
    'The password reset of a token, by its SHA-256, and whether it is used or too old.';

CREATE FUNCTION auth.end_sessions(person uuid, why text, spared_family uuid DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.end_sessions(uuid, text, uuid) IS
    'Ends a person''s sessions in every organization, but for the family spared: a password is the person''s, not an '
    'organization''s. Marks the current row of each family only.';

CREATE FUNCTION auth.forget_sessions() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT s.org_id, s.id FROM auth.sessions s
        WHERE s.expires_at < now() - interval '1 day' AND NOT EXISTS (
            SELECT FROM auth.legal_holds h WHERE h.org_id = s.org_id AND h.released_at IS NULL
                AND (h.user_id IS NULL OR h.user_id = s.user_id))
        ORDER BY s.expires_at LIMIT 10000),
    forgotten AS (
        DELETE FROM auth.sessions s USING old WHERE s.org_id = old.org_id AND s.id = old.id RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
COMMENT ON FUNCTION auth.forget_sessions() IS
    'Deletes up to 10,000 rows of sessions that expired more than a day ago, which is longer than their revocation is '
    'asked for, but for those under a legal hold; returns how many. A family expires as a whole.';

-- ── The identity snapshot ────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION auth.raise_version() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION auth.raise_version() IS 'Trigger: counts the changes of a membership.';

CREATE FUNCTION auth.keep_admin() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM auth.memberships m WHERE m.org_id = NEW.org_id AND m.role = 'admin'
        AND m.custom_role_id IS NULL AND m.retired_at IS NULL) THEN
        RAISE EXCEPTION 'this is the last administrator of the organization'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'memberships_admin';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION auth.keep_admin() IS
    'Trigger: an organization that has an administrator keeps one. Changes of memberships wait for each other at the '
    'snapshot''s counter, so two administrators who demote each other at once leave one.';
CREATE TRIGGER keeps_admin AFTER UPDATE OF role, custom_role_id, retired_at ON auth.memberships
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.custom_role_id IS NULL AND OLD.retired_at IS NULL
        AND NOT (NEW.role = 'admin' AND NEW.custom_role_id IS NULL AND NEW.retired_at IS NULL))
    EXECUTE FUNCTION auth.keep_admin();

CREATE FUNCTION auth.touch_dependents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.touch_dependents() IS
    'Trigger: what a person''s, role''s or membership''s change, or the demand of a second factor, means for others '
    'counts as their change too, so that nodes read them anew. Runs as the owner: a person may belong to several organizations.';
CREATE TRIGGER dependents AFTER UPDATE OF require_two_factor ON auth.organizations
    FOR EACH ROW WHEN (NEW.require_two_factor AND NOT OLD.require_two_factor)
    EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER dependents AFTER UPDATE OF role, retired_at ON auth.users
    FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER dependents AFTER UPDATE OF permissions, retired_at ON auth.roles
    FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER dependents AFTER UPDATE OF role, custom_role_id, retired_at ON auth.memberships
    FOR EACH ROW EXECUTE FUNCTION auth.touch_dependents();
CREATE TRIGGER counted BEFORE UPDATE OF role, custom_role_id, retired_at ON auth.memberships
    FOR EACH ROW EXECUTE FUNCTION auth.raise_version();

DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM (VALUES
        ('auth.organizations', 'INSERT OR UPDATE OF content_retention, durable_answers, unknown_price_ceiling, '
            || 'retired_at'),
        ('auth.memberships', 'INSERT OR UPDATE OF role, custom_role_id, retired_at'),
        ('auth.sessions', 'UPDATE OF revoked_at'),
        ('auth.api_keys', 'INSERT OR UPDATE OF name, role, custom_role_id, scopes, key_hash, allowed_models, '
            || 'allowed_addresses, user_id, expires_at, revoked_at')) AS x (target, events)
    LOOP
        EXECUTE format('CREATE TRIGGER snapshot BEFORE %s ON %s FOR EACH STATEMENT
            EXECUTE FUNCTION ops.raise_snapshot(''identity'')', part.events, part.target);
        EXECUTE format('CREATE TRIGGER stamp BEFORE %s ON %s FOR EACH ROW
            EXECUTE FUNCTION ops.stamp_snapshot(''identity'')', part.events, part.target);
    END LOOP;
    -- What the functions above change runs as the owner, which row-level security binds too.
    FOR part IN SELECT unnest(ARRAY['auth.memberships', 'auth.api_keys', 'auth.sessions']) AS target
    LOOP
        EXECUTE format('CREATE POLICY dependents ON %s FOR UPDATE TO witan_owner USING (true) WITH CHECK (true)', part.target);
    END LOOP;
    CREATE POLICY expiry ON auth.sessions FOR DELETE TO witan_owner USING (expires_at < now());
END
$$;

GRANT EXECUTE ON FUNCTION auth.key_snapshot(bigint), auth.key_holder(bytea), auth.organization_snapshot(bigint), auth.revocations(bigint),
    auth.end_sessions(uuid, text, uuid), auth.organization_exists(), auth.account(text),
    auth.organization_directory(uuid, integer), auth.organizations_of(uuid),
    auth.sso_provider_organization(uuid), auth.session_by_token(bytea),
    auth.invitation_by_code(bytea), auth.password_reset_by_token(bytea), auth.forget_lockouts(),
    auth.forget_sso_logins(), auth.forget_sessions(), auth.password_costs() TO witan_app;

RESET ROLE;
