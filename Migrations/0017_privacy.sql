-- Erasure: what goes when a person is erased from an organization.
-- irreversible: whoever was erased does not come back

SET ROLE witan_owner;

-- Erasure runs as the owner, which row-level security binds too.
DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'auth.users', 'auth.memberships', 'auth.team_members', 'auth.sessions', 'auth.api_keys', 'auth.invitations',
        'auth.password_resets', 'auth.recovery_codes', 'auth.webauthn_credentials', 'auth.sso_identities',
        'auth.payload_keys', 'providers.user_providers', 'council.sessions', 'council.session_history',
        'council.requests', 'council.council_responses', 'council.deliberation_exchanges',
        'production.analysis_sessions', 'orchestrator.workflow_ratings', 'orchestrator.notifications',
        'ops.idempotency_keys']
    LOOP
        EXECUTE format('CREATE POLICY erasure ON %s TO witan_owner USING (true) WITH CHECK (true)', target);
    END LOOP;
END
$$;

CREATE FUNCTION auth.begin_erasure() RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('witan.erasure:' || ops.current_org()::text, 0))
$$;
COMMENT ON FUNCTION auth.begin_erasure() IS
    'Makes erasures and the placing of legal holds in an organization wait for each other, until the transaction ends.';

CREATE FUNCTION auth.erasure_obstacle(person uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.erasure_obstacle(uuid) IS
    'Why a person cannot be erased from the organization now: unknown, erased, held (legal hold), last (administrator), '
    'operator (the only one); null when nothing is in the way. Holds off other erasures and holds until the transaction '
    'ends.';

CREATE FUNCTION auth.erase_contents(person uuid) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.erase_contents(uuid) IS
    'Blanks what a person or the person''s keys said and were answered; a step of auth.erase_person, which counts it.';

CREATE FUNCTION auth.erase_belongings(person uuid) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.erase_belongings(uuid) IS
    'Ends what a person has in the organization and blanks what tells of the person; a step of auth.erase_person.';

CREATE FUNCTION auth.erase_account(person uuid) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.erase_account(uuid) IS
    'Overwrites the account itself, once no organization has the person as a member or under a legal hold; says whether '
    'it did. A step of auth.erase_person.';

CREATE FUNCTION auth.erase_person(person uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION auth.erase_person(uuid) IS
    'Erases a person from the organization, for good: destroys the key of what the log holds, blanks contents, ends keys '
    'and sessions, and the account when nobody else has the person. Refuses what auth.erasure_obstacle names. Says what '
    'it did. Runs as the owner: an account and its holds may be several organizations''.';

GRANT EXECUTE ON FUNCTION auth.begin_erasure(), auth.erasure_obstacle(uuid), auth.erase_person(uuid) TO witan_app;

RESET ROLE;
