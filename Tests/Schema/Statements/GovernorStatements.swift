// SPDX-License-Identifier: Apache-2.0

/// 003, the governor.
extension DesignStatement {
    static let governor = [
        DesignStatement(
            3, "migrate rules from somewhere else",
            """
            CREATE TEMP TABLE existing_rules (rule_name text, industry_type text, category text, content text,
                trigger_keywords text);
            INSERT INTO existing_rules VALUES ('No secrets', NULL, 'security', 'Never print one', 'password');
            INSERT INTO governance.rules (org_id, id, name, industry_type, category, content, triggers, scope)
            SELECT ops.current_org(), ops.uuid_at(now()), rule_name, coalesce(industry_type, 'global'), category,
                content,
                ARRAY[trigger_keywords], 'project' FROM existing_rules;
            SELECT name, industry_type, version, triggers FROM governance.rules WHERE category = 'security';
            """, gives: "No secrets|global|1.0.0|{password}"),
        DesignStatement(
            3, "migrate components from somewhere else",
            """
            INSERT INTO governance.components (org_id, id, name, type, version, content, metadata)
            SELECT ops.current_org(), ops.uuid_at(now()), n, 'ui', '1.0.0', 'x', '{}' FROM (VALUES ('Button')) e (n)
            RETURNING name, usage_count;
            """, gives: "Button|0"),
        DesignStatement(
            3, "validate: projects by state",
            """
            UPDATE projects.projects SET status = 'active', industry_type = 'healthcare'
            WHERE id = {projects.projects.id.0};
            SELECT COUNT(*) AS total_projects, COUNT(CASE WHEN status = 'active' THEN 1 END) AS active_projects,
                COUNT(CASE WHEN industry_type = 'healthcare' THEN 1 END) AS healthcare_projects
            FROM projects.projects;
            """, gives: "2|1|1"),
        DesignStatement(
            3, "validate: rules by industry",
            """
            UPDATE governance.rules SET industry_type = 'finance';
            SELECT industry_type, COUNT(*) AS rule_count, COUNT(CASE WHEN is_active THEN 1 END) AS active_rules
            FROM governance.rules GROUP BY industry_type;
            """, gives: "finance|2|2"),
        DesignStatement(
            3, "archive completed projects that are older than two years (archive_old_projects)",
            """
            UPDATE projects.projects SET status = 'active';
            UPDATE projects.projects SET status = 'completed', created_at = now() - interval '3 years'
            WHERE id = {projects.projects.id.0};
            UPDATE projects.projects SET status = 'archived'
            WHERE created_at < NOW() - INTERVAL '2 years' AND status = 'completed' RETURNING name, status;
            """, gives: "name-a0|archived"),
        DesignStatement(
            3, "old log entries go by whole months (cleanup_old_audit_logs, cleanup_old_system_logs)",
            as: "witan_owner",
            """
            SELECT count(*) FROM pg_inherits WHERE inhparent IN ('audits.audit_log'::regclass,
                'audits.system_logs'::regclass) AND inhrelid::regclass::text ~ '_[0-9]{4}_[0-9]{2}$';
            """, gives: "10"),
        DesignStatement(
            3, "keep what is sensitive as the program sealed it",
            """
            UPDATE projects.projects SET encrypted_config = '\\x01', encrypted_dek = '\\x02', master_key_id = 'k'
            WHERE id = {projects.projects.id.0} RETURNING length(encrypted_config);
            UPDATE governance.compliance_data SET encrypted_violations = '\\x01', encrypted_dek = '\\x02',
                master_key_id = 'k', violation_count = 1 WHERE compliance_type = 'hipaa'
            RETURNING violation_count;
            """, gives: "1\n1"),
        DesignStatement(
            3, "projects of the team alone (project_team_access)",
            """
            SET LOCAL app.team_id = '';
            SELECT count(*) FROM projects.projects;
            SELECT set_config('app.team_id', {auth.teams.id.1}, true) = {auth.teams.id.1};
            SELECT count(*), count(team_id) FROM projects.projects;
            """, gives: "1\nt\n2|1"),
        DesignStatement(
            3, "compliance of the team's projects alone (compliance_team_access)",
            """
            SET LOCAL app.team_id = '';
            SELECT compliance_type FROM governance.compliance_data;
            SET LOCAL app.team_id = '*';
            SELECT count(*) FROM governance.compliance_data;
            """, gives: "hipaa\n2"),
        DesignStatement(
            3, "how projects comply (project_compliance_summary), fresh without REFRESH",
            """
            UPDATE governance.compliance_data SET status = 'compliant', score = 80 WHERE compliance_type = 'hipaa';
            SELECT name, compliance_checks, round(avg_compliance_score, 1), compliant_checks
            FROM governance.project_compliance_summary ORDER BY name;
            """, gives: "name-a0|1|80.0|1\nname-a1|1||0"),
        DesignStatement(
            3, "projects of an industry in a state (idx_projects_industry_status)",
            "SELECT count(*) FROM projects.projects WHERE industry_type = 'custom' AND status = 'draft';", gives: "2"),
        DesignStatement(
            3, "rules of high priority (idx_high_priority_rules)",
            """
            UPDATE governance.rules SET priority = 9 WHERE id = {governance.rules.id.0};
            SELECT name FROM governance.rules WHERE priority >= 8;
            """, gives: "name-a0"),
        DesignStatement(
            3, "popular components (idx_popular_components)",
            """
            UPDATE governance.components SET usage_count = 101, quality_score = 0.95
            WHERE id = {governance.components.id.1};
            SELECT name, quality_score FROM governance.components WHERE usage_count > 100;
            """, gives: "name-a1|0.95"),
        DesignStatement(
            3, "apply a rule to a project, once, and say what it did",
            """
            INSERT INTO governance.project_rules (org_id, id, project_id, rule_id, effectiveness)
            VALUES (ops.current_org(), ops.uuid_at(now()), {projects.projects.id.0}, {governance.rules.id.0}, 0.75)
            ON CONFLICT (org_id, project_id, rule_id) DO UPDATE SET effectiveness = EXCLUDED.effectiveness
            RETURNING effectiveness, is_active;
            """, gives: "0.75|t"),
        DesignStatement(
            3, "what a rule needs of others",
            """
            SELECT d.dependency_type, d.is_required, r.name FROM governance.rule_dependencies d
            JOIN governance.rules r ON r.org_id = d.org_id AND r.id = d.depends_on
            WHERE d.rule_id = {governance.rules.id.0};
            """, gives: "requires|t|name-a1"),
        DesignStatement(
            3, "count the use of a component in a project",
            """
            INSERT INTO governance.component_usage (org_id, id, component_id, project_id)
            VALUES (ops.current_org(), ops.uuid_at(now()), {governance.components.id.0}, {projects.projects.id.0})
            ON CONFLICT (org_id, component_id, project_id) DO UPDATE
            SET usage_count = component_usage.usage_count + 1, last_used_at = now() RETURNING usage_count;
            """, gives: "2"),
        DesignStatement(
            3, "the trail of a project, with what was and what is",
            """
            INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
            VALUES (ops.current_org(), ops.uuid_at(now()), 'projects', 'project.changed', 'success',
                'user:' || {auth.users.id.0}, 'project:' || {projects.projects.id.0},
                '{"old": {"status": "draft"}, "new": {"status": "active"}}', sha256('x'));
            SELECT action, resource_type, old_values ->> 'status', new_values ->> 'status' FROM audits.audit_logs
            WHERE project_id = {projects.projects.id.0} AND "timestamp" > now() - interval '1 year';
            """, gives: "project.changed|project|draft|active"),
        DesignStatement(
            3, "what the program says of itself, by level and component", as: "witan_readonly",
            """
            RESET ROLE; SET LOCAL ROLE witan_app;
            INSERT INTO audits.system_logs (id, level, component, message)
            VALUES (ops.uuid_at(now()), 'WARN', 'scheduler', 'late');
            RESET ROLE; SET LOCAL ROLE witan_readonly;
            SELECT level, component, message, "timestamp" <= now() FROM audits.system_log
            WHERE level IN ('WARN', 'ERROR', 'FATAL') AND "timestamp" > now() - interval '6 months';
            """, gives: "WARN|scheduler|late|t"),
    ]
}
