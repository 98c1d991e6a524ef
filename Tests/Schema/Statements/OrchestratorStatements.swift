// SPDX-License-Identifier: Apache-2.0

/// 004, the orchestrator.
extension DesignStatement {
    static let orchestrator = [
        DesignStatement(
            4, "an organization and what it has booked",
            "SELECT plan, settings, slug FROM auth.organizations;", gives: "free|{}|slug-a0"),
        DesignStatement(
            4, "people of an organization with their roles (RBAC)",
            """
            SELECT u.name, m.role FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
            WHERE m.retired_at IS NULL ORDER BY 1;
            """, gives: "name-a0|admin\nname-a1|manager"),
        DesignStatement(
            4, "workflows by engine type",
            "SELECT engine_type, count(*) FROM orchestrator.workflows WHERE engine_type = 'native' GROUP BY 1;",
            gives: "native|2"),
        DesignStatement(
            4, "publish a version of a workflow, once",
            """
            INSERT INTO orchestrator.workflow_versions (org_id, id, workflow_id, version, definition, change_log)
            VALUES (ops.current_org(), ops.uuid_at(now()), {orchestrator.workflows.id.0}, '2', '{}', 'faster')
            ON CONFLICT (org_id, workflow_id, version) DO NOTHING RETURNING version, change_log;
            """, gives: "2|faster"),
        DesignStatement(
            4, "run a workflow to its end",
            """
            SELECT attempt FROM orchestrator.claim_executions(ops.uuid_at(now()), 100, '1 minute')
            WHERE id = {orchestrator.executions.id.0};
            UPDATE orchestrator.executions SET status = 'COMPLETED', result = '{"n": 3}', lease_expires_at = NULL,
                end_time = now(), metrics = '{"ms": 5}'
            WHERE id = {orchestrator.executions.id.0} AND attempt = 1 RETURNING status, result ->> 'n';
            """, gives: "1\nCOMPLETED|3"),
        DesignStatement(
            4, "executions by status and time",
            """
            SELECT count(*) FROM orchestrator.executions
            WHERE status = 'PENDING' AND created_at > now() - interval '1 day';
            """, gives: "2"),
        DesignStatement(
            4, "steps of an execution that is taken up again",
            """
            UPDATE orchestrator.execution_steps SET status = 'RUNNING', start_time = now()
            WHERE execution_id = {orchestrator.executions.id.0};
            UPDATE orchestrator.execution_steps SET status = 'COMPLETED', output = '{}', end_time = now()
            WHERE execution_id = {orchestrator.executions.id.0} RETURNING step_key, attempt, status;
            """, gives: "step_key-a0|1|COMPLETED"),
        DesignStatement(
            4, "timers that are due",
            """
            UPDATE orchestrator.timers SET fire_at = now() - interval '1 s' WHERE id = {orchestrator.timers.id.0};
            SELECT count(*) FROM orchestrator.take_timers(10) WHERE id = {orchestrator.timers.id.0};
            SELECT fired_at = now() FROM orchestrator.timers WHERE id = {orchestrator.timers.id.0};
            """, gives: "1\nt"),
        DesignStatement(
            4, "full-text search over workflows",
            """
            UPDATE orchestrator.workflows SET description = 'sorts letters', tags = '{mail}'
            WHERE id = {orchestrator.workflows.id.1};
            SELECT id = {orchestrator.workflows.id.1} FROM orchestrator.search_workflows('letters mail', 10);
            """, gives: "t"),
        DesignStatement(
            4, "share a workflow on the marketplace, and count its downloads",
            """
            UPDATE orchestrator.marketplace_items SET is_public = true, title = 'Letters', downloads = downloads + 1,
                rating = 4.5 WHERE id = {orchestrator.marketplace_items.id.0};
            SELECT title, downloads, rating FROM orchestrator.search_marketplace('letters', NULL, 10);
            """, gives: "Letters|1|4.50"),
        DesignStatement(
            4, "rate a workflow once",
            """
            INSERT INTO orchestrator.workflow_ratings (org_id, workflow_id, user_id, rating)
            VALUES (ops.current_org(), {orchestrator.workflows.id.0}, {auth.users.id.1}, 5);
            SELECT round(avg(rating), 1), count(*) FROM orchestrator.workflow_ratings
            WHERE workflow_id = {orchestrator.workflows.id.0};
            """, gives: "3.0|2"),
        DesignStatement(
            4, "tell somebody, and what they have not read yet",
            """
            INSERT INTO orchestrator.notifications (org_id, id, channel, user_id, subject)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'in_app', {auth.users.id.0}, 'Done');
            SELECT subject FROM orchestrator.notifications WHERE user_id = {auth.users.id.0} AND read_at IS NULL;
            """, gives: "Done"),
        DesignStatement(
            4, "people who share in a workflow",
            """
            SELECT w.name, c.role FROM orchestrator.workflow_collaborators c
            JOIN orchestrator.workflows w ON w.org_id = c.org_id AND w.id = c.workflow_id ORDER BY 1;
            """, gives: "name-a0|viewer\nname-a1|viewer"),
        DesignStatement(
            4, "tell the search index what changed, each change once",
            """
            INSERT INTO ops.outbox (org_id, id, entity, entity_key, version, operation, payload)
            VALUES (ops.current_org(), ops.uuid_at(now() - interval '1 day'), 'workflow', 'w1', 1, 'upsert', '{}');
            SELECT entity, entity_key FROM ops.take_outbox(1);
            """, gives: "workflow|w1"),
        DesignStatement(
            4, "which migrations have run (_migration_history)", as: "witan_readonly",
            "SELECT count(*) >= 13 FROM ops._migration_history;", gives: "t"),
    ]

    /// What all of them ask of the database itself: sizes, connections, slow queries, health.
    static let operating = [
        DesignStatement(
            2, "size of the database", as: "witan_readonly",
            "SELECT pg_database_size(current_database()) > 1000000;", gives: "t"),
        DesignStatement(
            2, "sizes of the tables", as: "witan_readonly",
            """
            SELECT count(*) > 60 FROM (SELECT tablename,
                pg_size_pretty(pg_total_relation_size(schemaname || '.' || tablename)) AS size
                FROM pg_tables WHERE schemaname !~ '^pg_|^information'
                ORDER BY pg_total_relation_size(schemaname || '.' || tablename) DESC) s;
            """, gives: "t"),
        DesignStatement(
            2, "connections and long-running queries", as: "witan_readonly",
            """
            SELECT count(*) >= 1 FROM pg_stat_activity WHERE datname = current_database();
            SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND now() - query_start > interval '1 hour';
            """, gives: "t\n0"),
        DesignStatement(
            2, "VACUUM ANALYZE is the server's; its statistics say when it ran", as: "witan_readonly",
            "SELECT count(*) > 60 FROM pg_stat_user_tables WHERE schemaname <> 'public';", gives: "t"),
        DesignStatement(
            4, "is the database well (health check)", "SELECT 1, current_setting('app.org_id') <> '';", gives: "1|t"),
    ]
}
