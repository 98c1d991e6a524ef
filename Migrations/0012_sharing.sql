-- What workflows share with people and other organizations: the marketplace, ratings and notifications.

SET ROLE witan_owner;

CREATE TABLE orchestrator.marketplace_items (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version_id uuid NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '',
    category text NOT NULL CHECK (length(category) BETWEEN 1 AND 100),
    price numeric(38, 12) NOT NULL DEFAULT 0 CHECK (price >= 0),
    is_public boolean NOT NULL DEFAULT false,
    downloads bigint NOT NULL DEFAULT 0 CHECK (downloads >= 0),
    rating numeric(3, 2) CHECK (rating BETWEEN 1 AND 5),
    published_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    search tsvector NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple', title || ' ' || description || ' ' || category)) STORED,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, workflow_id),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, version_id) REFERENCES orchestrator.workflow_versions ON DELETE RESTRICT,
    FOREIGN KEY (org_id, published_by) REFERENCES auth.memberships ON DELETE RESTRICT
) WITH (fillfactor = 85);
COMMENT ON TABLE orchestrator.marketplace_items IS
    'Workflows that are offered to others. Other organizations see the public ones through '
    'orchestrator.search_marketplace, never this table.';
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
COMMENT ON COLUMN orchestrator.marketplace_items.retired_at IS
    'When it was retired; null while it is in use. Nothing is deleted.';
COMMENT ON COLUMN orchestrator.marketplace_items.search IS 'Its words, for full-text search.';
CREATE INDEX marketplace_items_version ON orchestrator.marketplace_items (org_id, version_id);
CREATE INDEX marketplace_items_published_by ON orchestrator.marketplace_items (org_id, published_by);
CREATE INDEX marketplace_items_category ON orchestrator.marketplace_items (org_id, category);
-- Not led by org_id: what is public is looked for across organizations.
CREATE INDEX marketplace_items_search ON orchestrator.marketplace_items USING gin (search);
CREATE INDEX marketplace_items_public ON orchestrator.marketplace_items (id) WHERE is_public AND retired_at IS NULL;

CREATE TABLE orchestrator.workflow_ratings (
    org_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    user_id uuid NOT NULL,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    review text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, workflow_id, user_id),
    FOREIGN KEY (org_id, workflow_id) REFERENCES orchestrator.workflows ON DELETE RESTRICT,
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT
);
COMMENT ON TABLE orchestrator.workflow_ratings IS
    'What people think of workflows; one rating of a person for a workflow.';
COMMENT ON COLUMN orchestrator.workflow_ratings.org_id IS 'The organization whose row this is.';
COMMENT ON COLUMN orchestrator.workflow_ratings.workflow_id IS 'The workflow.';
COMMENT ON COLUMN orchestrator.workflow_ratings.user_id IS 'The person.';
COMMENT ON COLUMN orchestrator.workflow_ratings.rating IS '1 to 5.';
COMMENT ON COLUMN orchestrator.workflow_ratings.review IS 'Why.';
COMMENT ON COLUMN orchestrator.workflow_ratings.created_at IS 'When the row was made.';
COMMENT ON COLUMN orchestrator.workflow_ratings.updated_at IS 'When the row was last changed; kept by a trigger.';
CREATE INDEX workflow_ratings_user ON orchestrator.workflow_ratings (org_id, user_id);

CREATE TABLE orchestrator.notifications (
    org_id uuid NOT NULL REFERENCES auth.organizations ON DELETE RESTRICT,
    id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'slack', 'webhook', 'in_app')),
    user_id uuid,
    address text,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    body text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    read_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES auth.memberships ON DELETE RESTRICT,
    CHECK (channel = 'in_app' OR address IS NOT NULL),
    CHECK (channel <> 'in_app' OR user_id IS NOT NULL),
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
) WITH (fillfactor = 85);
COMMENT ON TABLE orchestrator.notifications IS
    'Messages to people, and the queue they wait in; nodes take them with orchestrator.claim_notifications.';
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
CREATE INDEX notifications_user ON orchestrator.notifications (org_id, user_id, id);
CREATE INDEX notifications_unread ON orchestrator.notifications (org_id, user_id) WHERE read_at IS NULL;
-- Not led by org_id: nodes take what is due in any organization.
CREATE INDEX notifications_due ON orchestrator.notifications (next_attempt_at) WHERE status = 'pending';
CREATE TRIGGER moves BEFORE UPDATE OF status ON orchestrator.notifications FOR EACH ROW EXECUTE FUNCTION
    ops.check_move('status', 'pending>sent', 'pending>failed', 'failed>pending');

-- ── Row-level security and rights ────────────────────────────────────────────────────────────────────────────────
SELECT ops.protect('orchestrator.marketplace_items');
SELECT ops.protect('orchestrator.workflow_ratings');
SELECT ops.protect('orchestrator.notifications');

-- The functions run as the owner: what is due, and what is public, may be any organization's.
CREATE POLICY claim ON orchestrator.notifications TO witan_owner USING (true) WITH CHECK (true);
CREATE POLICY search ON orchestrator.marketplace_items FOR SELECT TO witan_owner USING (true);
CREATE POLICY search ON orchestrator.workflow_versions FOR SELECT TO witan_owner USING (true);

CREATE FUNCTION orchestrator.claim_notifications(row_limit integer, lease interval)
    RETURNS TABLE (org_id uuid, id uuid, channel text, address text, subject text, body text, data jsonb,
                   attempt integer)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT d.org_id, d.id FROM orchestrator.notifications d
        WHERE d.status = 'pending' AND d.next_attempt_at <= now()
        ORDER BY d.next_attempt_at LIMIT least(row_limit, 1000) FOR UPDATE SKIP LOCKED
    )
    UPDATE orchestrator.notifications n SET next_attempt_at = now() + lease, attempt = n.attempt + 1
    FROM due WHERE n.org_id = due.org_id AND n.id = due.id
    RETURNING n.org_id, n.id, n.channel, n.address, n.subject, n.body, n.data, n.attempt
$$;
COMMENT ON FUNCTION orchestrator.claim_notifications(integer, interval) IS
    'Gives a node notifications to send; one that is not marked as sent within the lease is due again.';

CREATE FUNCTION orchestrator.search_marketplace(words text, in_category text, row_limit integer)
    RETURNS TABLE (item_id uuid, publisher text, title text, description text, category text, price numeric,
                   downloads bigint, rating numeric, rank real)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.id, o.name, i.title, i.description, i.category, i.price, i.downloads, i.rating,
           CASE WHEN words = '' THEN 0 ELSE ts_rank(i.search, websearch_to_tsquery('simple', words)) END
    FROM orchestrator.marketplace_items i JOIN auth.organizations o ON o.id = i.org_id
    WHERE i.is_public AND i.retired_at IS NULL AND ops.current_org() IS NOT NULL
        AND (words = '' OR i.search @@ websearch_to_tsquery('simple', words))
        AND (in_category IS NULL OR i.category = in_category)
    ORDER BY 9 DESC, i.downloads DESC, i.id DESC LIMIT least(row_limit, 1000)
$$;
COMMENT ON FUNCTION orchestrator.search_marketplace(text, text, integer) IS
    'What organizations offer to all others: only what is public, only what stands on the label. Empty words find '
    'everything.';

CREATE FUNCTION orchestrator.marketplace_definition(item uuid)
    RETURNS TABLE (title text, version text, definition jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.title, v.version, v.definition
    FROM orchestrator.marketplace_items i
    JOIN orchestrator.workflow_versions v ON v.org_id = i.org_id AND v.id = i.version_id
    WHERE i.id = item AND i.is_public AND i.retired_at IS NULL AND ops.current_org() IS NOT NULL
$$;
COMMENT ON FUNCTION orchestrator.marketplace_definition(uuid) IS
    'The workflow of a public offer, for another organization to take.';

GRANT EXECUTE ON FUNCTION orchestrator.claim_notifications(integer, interval),
    orchestrator.search_marketplace(text, text, integer), orchestrator.marketplace_definition(uuid) TO witan_app;

RESET ROLE;
