// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// A rule for the whole schema, as a question to the catalog that gives what breaks it.
struct SchemaRule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let query: String
    /// What breaks it, so that the question is known to find something.
    let breach: String

    init(_ sentence: String, _ query: String, breach: String) {
        (testDescription, self.query, self.breach) = (sentence, query, breach)
    }

    private static let ours = TableShape.ours
    private static let relations = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND \(ours)"
    private static let tables = "\(relations) AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    private static let columns =
        "\(tables) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    private static let functions = "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND \(ours)"
    private static let roles = """
        ('witan_owner', 'witan_migrator', 'witan_app', 'witan_ingest', 'witan_sealer', 'witan_readonly', 'witan_backup')
        """

    static let all = policies + columnRules + powers

    static let policies = [
        SchemaRule(
            "a policy for everything says both what is seen and what may be written",
            """
            SELECT c.relname, p.polname FROM pg_policy p JOIN \(relations) ON c.oid = p.polrelid
            WHERE p.polcmd IN ('*', 'w') AND (p.polqual IS NULL OR p.polwithcheck IS NULL)
                AND (c.relname, p.polname) NOT IN (('idempotency_keys', 'expiry'))
            """,
            breach: "CREATE POLICY half ON auth.teams TO witan_app USING (false)"),
        SchemaRule(
            "no policy asks for a setting outside of a sub-select, which would be once for each row",
            """
            SELECT c.relname, p.polname FROM pg_policy p JOIN \(relations) ON c.oid = p.polrelid,
                concat(pg_get_expr(p.polqual, p.polrelid), ' ', pg_get_expr(p.polwithcheck, p.polrelid)) AS e
            WHERE regexp_replace(e, '\\( SELECT [^=]*current_setting', '', 'g') ~ 'current_setting'
                AND e !~ 'SELECT \\(current_setting'
            """,
            breach: """
                CREATE POLICY slow ON auth.teams TO witan_app USING (org_id = current_setting('app.org_id', true)::uuid)
                """),
        SchemaRule(
            "no policy is for everybody, and a table with policies forces them",
            """
            SELECT c.relname, p.polname FROM pg_policy p JOIN \(relations) ON c.oid = p.polrelid
            WHERE 0 = ANY (p.polroles) OR NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """,
            breach: "CREATE POLICY everybody ON auth.teams USING (false) WITH CHECK (false)"),
        SchemaRule(
            "no role of the program logs in, is a superuser or passes by row-level security",
            """
            SELECT rolname FROM pg_roles WHERE rolname IN \(roles)
                AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication)
            UNION ALL SELECT 'missing' FROM pg_roles WHERE rolname IN \(roles) HAVING count(*) <> 7
            """,
            breach: ""),
        SchemaRule(
            "no role that works with the tables may act as the owner",
            """
            SELECT r FROM unnest('{witan_app,witan_ingest,witan_sealer,witan_readonly,witan_backup}'::name[]) r
            WHERE pg_has_role(r, 'witan_owner', 'MEMBER') OR pg_has_role(r, 'witan_migrator', 'MEMBER')
            """,
            breach: ""),
    ]

    static let columnRules = [
        SchemaRule(
            "identifiers are UUIDs, but for names that others give",
            """
            SELECT c.oid::regclass, a.attname FROM \(columns)
            WHERE (a.attname = 'id' OR a.attname ~ '_id$') AND a.atttypid <> 'uuid'::regtype
                -- What a configuration, a key store, an issuer or PostgreSQL calls something.
                AND a.attname NOT IN ('council_member_id', 'master_key_id', 'totp_master_key_id', 'key_id', 'client_id',
                    'credential_id', 'transaction_id', 'next_transaction_id')
                AND c.relname !~ '^_migration_'
            """,
            breach: "ALTER TABLE auth.teams ADD COLUMN other_id text"),
        SchemaRule(
            "identifiers are made by the program: none has a default, and there is no sequence",
            """
            SELECT c.oid::regclass::text FROM \(columns) JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE a.atttypid = 'uuid'::regtype
            UNION ALL SELECT c.oid::regclass::text FROM \(relations) WHERE c.relkind = 'S'
            """,
            breach: "CREATE SEQUENCE auth.numbers"),
        SchemaRule(
            "money and scores are numeric, never a binary fraction",
            """
            SELECT c.oid::regclass, a.attname FROM \(columns)
            WHERE a.atttypid IN ('float4'::regtype, 'float8'::regtype, 'money'::regtype)
                OR a.attname ~ '(^|_)(cost|price|ceiling|score|rating|per_token|threshold|confidence)(_|$)'
                    AND a.atttypid NOT IN ('numeric'::regtype, 'int2'::regtype, 'int4'::regtype)
                    AND a.attname !~ '_(sha256|hash)$'
            """,
            breach: "ALTER TABLE auth.teams ADD COLUMN cost double precision"),
        SchemaRule(
            "money has twelve places after the point: a token costs less than a ten-thousandth of a dollar",
            """
            SELECT c.oid::regclass, a.attname FROM \(columns)
            WHERE a.attname ~ '(^|_)(cost|price|ceiling|per_token)(_|$)' AND a.atttypid = 'numeric'::regtype
                AND format_type(a.atttypid, a.atttypmod) <> 'numeric(38,12)'
            """,
            breach: "ALTER TABLE auth.teams ADD COLUMN price numeric(10, 4)"),
        SchemaRule(
            "every table with updated_at has the trigger that keeps it",
            """
            SELECT c.oid::regclass FROM \(columns) WHERE a.attname = 'updated_at' AND NOT EXISTS (
                SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'touch' AND t.tgenabled = 'O')
            """,
            breach: "CREATE TABLE auth.untouched (id uuid PRIMARY KEY, updated_at timestamptz)"),
        SchemaRule(
            "the three hot tables have their key, at most one index more, and the rest partial",
            """
            SELECT c.relname FROM \(tables) JOIN pg_index i ON i.indrelid = c.oid
            WHERE c.oid IN ('council.requests'::regclass, 'providers.cost_records'::regclass,
                'audits.audit_log'::regclass)
                AND NOT i.indisprimary AND i.indpred IS NULL
            GROUP BY c.relname HAVING count(*) > 1
            UNION ALL SELECT k.conname FROM pg_constraint k
            WHERE k.contype = 'f' AND k.conrelid IN ('council.requests'::regclass, 'providers.cost_records'::regclass,
                'audits.audit_log'::regclass)
            """,
            breach: """
                CREATE INDEX ON audits.audit_log (org_id, actor); CREATE INDEX ON audits.audit_log (org_id, action)
                """),
        SchemaRule(
            "every foreign key restricts, and every unique key of a tenant's table begins with the organization",
            """
            SELECT k.conname FROM pg_constraint k JOIN \(tables) ON c.oid = k.conrelid
            WHERE k.contype = 'f' AND k.confdeltype <> 'r'
            UNION ALL SELECT i.indexrelid::regclass::text FROM \(columns) JOIN pg_index i ON i.indrelid = c.oid
            WHERE a.attname = 'org_id' AND i.indisunique AND i.indkey[0] <> a.attnum
                -- What is looked up before the organization is known, by the hash of a secret.
                AND i.indexrelid::regclass::text NOT IN ('auth.sessions_refresh_token', 'auth.api_keys_hash',
                    'auth.invitations_code')
            """,
            breach: "ALTER TABLE auth.teams ADD CONSTRAINT teams_anywhere UNIQUE (name)"),
    ]

    static let powers = [
        SchemaRule(
            "no extension is needed, nothing is materialized, nothing is rewritten, nothing is published",
            """
            SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'
            UNION ALL SELECT matviewname::text FROM pg_matviews
            UNION ALL SELECT r.rulename::text FROM pg_rewrite r JOIN \(relations) ON c.oid = r.ev_class
            WHERE r.rulename <> '_RETURN'
            UNION ALL SELECT pubname::text FROM pg_publication UNION ALL SELECT evtname::text FROM pg_event_trigger
            """,
            breach: "CREATE MATERIALIZED VIEW auth.copies AS SELECT * FROM auth.teams"),
        SchemaRule(
            "rights are on whole tables: no column has some of its own",
            "SELECT c.oid::regclass, a.attname FROM \(columns) WHERE a.attacl IS NOT NULL",
            breach: "GRANT UPDATE (name) ON auth.teams TO witan_readonly"),
        SchemaRule(
            "nobody but the owner makes anything in a schema",
            """
            SELECT n.nspname, r FROM pg_namespace n,
                unnest('{witan_app,witan_ingest,witan_sealer,witan_readonly,witan_backup}'::name[]) r
            WHERE \(ours) AND has_schema_privilege(r, n.oid, 'CREATE')
            """,
            breach: "GRANT CREATE ON SCHEMA auth TO witan_app"),
        SchemaRule(
            "the ingest role does nothing but INSERT, and calls no function",
            """
            SELECT c.oid::regclass::text || ' ' || x.privilege_type FROM \(relations), aclexplode(c.relacl) x
            WHERE x.grantee = 'witan_ingest'::regrole AND (x.privilege_type <> 'INSERT' OR c.oid NOT IN
                ('council.requests'::regclass, 'providers.cost_records'::regclass, 'audits.audit_log'::regclass))
            UNION ALL SELECT p.oid::regprocedure::text FROM \(functions) AND has_function_privilege('witan_ingest',
                p.oid,
                'EXECUTE')
            """,
            breach: "GRANT UPDATE ON council.requests TO witan_ingest"),
        SchemaRule(
            "nobody may pass a right on",
            """
            SELECT c.oid::regclass FROM \(relations), aclexplode(c.relacl) x
            WHERE x.is_grantable AND x.grantee <> c.relowner
            """,
            breach: "GRANT SELECT ON auth.teams TO witan_readonly WITH GRANT OPTION"),
        SchemaRule(
            "what a function that runs as its owner lets through is known, and it is not for everybody",
            """
            SELECT p.oid::regprocedure FROM \(functions) WHERE p.prosecdef
                AND n.nspname || '.' || p.proname <> ALL ('{\(OwnerFunctions.names.joined(separator: ","))}')
            UNION ALL SELECT p.oid::regprocedure FROM \(functions), aclexplode(coalesce(p.proacl, acldefault('f',
                p.proowner))) x
            WHERE p.prosecdef AND x.grantee NOT IN (p.proowner, 'witan_app'::regrole, 'witan_sealer'::regrole)
            """,
            breach: "CREATE FUNCTION auth.everything() RETURNS SETOF auth.users LANGUAGE sql SECURITY DEFINER "
                + "SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM auth.users'"),
    ]
}

/// The functions that look beyond one tenant, or write where their caller may not, each with what it lets through.
enum OwnerFunctions {
    static let all = [
        "auth.key_snapshot": "hashes of keys and what they may do, to recognize a caller by",
        "auth.key_holder": "whose a key is or was, by its HMAC, which nobody guesses",
        "auth.organization_snapshot": "what organizations chose about their calls",
        "auth.revocations": "ids of sessions that were ended, and versions of memberships",
        "auth.end_sessions": "ends one person's sessions everywhere, and says how many",
        "auth.forget_sso_logins": "a number: it deletes returns from identity providers of a day ago and more",
        "auth.forget_sessions": "a number: it deletes sessions that expired a day ago and more",
        "auth.erasure_obstacle": "one word: why a person cannot be erased from the organization",
        "auth.erase_person": "counts of what it erased",
        "auth.touch_dependents": "a trigger, which changes nothing but the snapshot's version",
        "ops.raise_snapshot": "a trigger, which counts", "ops.stamp_snapshot": "a trigger, which reads that count",
        "auth.organization_exists": "one bit: whether there is an organization at all",
        "auth.organization_directory": "names and sizes of all organizations, for operators",
        "auth.account": "what a sign-in needs, by the exact address",
        "auth.organizations_of": "where one person belongs, after sign-in",
        "auth.sso_provider_organization": "whose an issuer is that people may sign in at, by its exact id",
        "auth.forget_lockouts": "removes counters that say nothing any more",
        "auth.session_by_token": "one session, by the hash of its token",
        "auth.invitation_by_code": "one invitation, by the hash of its code",
        "auth.password_reset_by_token": "one reset, by the hash of its token",
        "auth.password_costs": "how many accounts have a hash of which cost",
        "audits.summarize_log": "a number: it keeps the index that the sealer reads",
        "auth.check_erasure": "a trigger, which looks for legal holds",
        "providers.catalog_snapshot": "providers and prices of all, keys sealed, for nodes to keep in memory",
        "quarantine.admit": "writes within the caller's organization", "quarantine.review": "the same",
        "ops.ensure_partitions": "makes months, by the clock", "ops.take_outbox": "what the search index is told",
        "ops.forget_idempotency_keys": "a number", "production.claim_tasks": "work for a node",
        "orchestrator.claim_executions": "work for a node", "orchestrator.take_timers": "work for a node",
        "orchestrator.claim_notifications": "work for a node",
        "orchestrator.search_workflows": "within the caller's organization",
        "orchestrator.search_marketplace": "what is public", "orchestrator.marketplace_definition": "what is public",
    ]

    static var names: [String] { Array(all.keys) }
}
