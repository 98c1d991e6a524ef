// SPDX-License-Identifier: Apache-2.0

/// 001, the three zones: projects, experiments, production, quarantine.
extension DesignStatement {
    static let zones = [
        DesignStatement(
            1, "a project has one version of each tag",
            """
            INSERT INTO projects.versions (org_id, id, project_id, tag, model_config)
            VALUES (ops.current_org(), ops.uuid_at(now()), {projects.projects.id.0}, 'v1', '{}')
            ON CONFLICT (org_id, project_id, tag) DO NOTHING;
            SELECT tag, count(*) FROM projects.versions WHERE project_id = {projects.projects.id.0} GROUP BY tag;
            """, gives: "v1|1"),
        DesignStatement(
            1, "hold a version's metrics against the baselines",
            """
            INSERT INTO projects.baselines (org_id, id, project_id, metric_key, operator, threshold)
            VALUES (ops.current_org(), ops.uuid_at(now()), {projects.projects.id.0}, 'accuracy', '>=', 0.9);
            SELECT metric_key, CASE operator WHEN '>' THEN m > threshold WHEN '<' THEN m < threshold
                WHEN '>=' THEN m >= threshold WHEN '<=' THEN m <= threshold ELSE m = threshold END
            FROM projects.baselines, (VALUES (0.93)) v (m)
            WHERE project_id = {projects.projects.id.0} AND metric_key = 'accuracy';
            """, gives: "accuracy|t"),
        DesignStatement(
            1, "the policies that a project is under",
            """
            SELECT p.name, p.rego_code FROM projects.project_policies a
            JOIN projects.policies p ON p.org_id = a.org_id AND p.id = a.policy_id
            WHERE a.project_id = {projects.projects.id.0} AND a.active AND p.active;
            """, gives: "name-a0|package a0"),
        DesignStatement(
            1, "promote a version and note why",
            """
            UPDATE projects.versions SET promoted_at = now(), promoted_by = {auth.users.id.0}
            WHERE id = {projects.versions.id.0};
            INSERT INTO projects.version_history (org_id, id, project_id, version_id, action, from_tag, to_tag, reason,
                actor)
            VALUES (ops.current_org(), ops.uuid_at(now()), {projects.projects.id.0}, {projects.versions.id.0},
                'promoted', 'v1', 'v2', 'better', 'user:1');
            SELECT action, from_tag, to_tag, reason FROM projects.version_history
            WHERE project_id = {projects.projects.id.0} ORDER BY created_at DESC, id DESC LIMIT 1;
            """, gives: "promoted|v1|v2|better"),
        DesignStatement(
            1, "run an experiment through its life",
            """
            UPDATE experiments_v1.experiments SET status = 'running', started_at = now()
            WHERE id = {experiments_v1.experiments.id.0};
            UPDATE experiments_v1.experiments SET status = 'completed', completed_at = now()
            WHERE id = {experiments_v1.experiments.id.0} RETURNING version, status;
            """, gives: "v1|completed"),
        DesignStatement(
            1, "a person overrules the verdict, with a reason",
            """
            INSERT INTO experiments_v1.evaluations (org_id, id, experiment_id, metrics, ai_verdict, ai_confidence,
                human_override, override_reason, evaluated_by, evaluator_id)
            VALUES (ops.current_org(), ops.uuid_at(now()), {experiments_v1.experiments.id.0}, '{}', 'fail', 0.61,
                'pass',
                'the data set was wrong', 'human', {auth.users.id.0})
            RETURNING coalesce(human_override, ai_verdict), ai_confidence;
            """, gives: "pass|0.610"),
        DesignStatement(
            1, "approve a promotion: another person than who asked",
            """
            UPDATE experiments_v1.promotions SET status = 'approved',
                approver_id = {auth.users.id.1}, decided_at = now() WHERE id = {experiments_v1.promotions.id.0};
            UPDATE experiments_v1.promotions SET status = 'completed', promoted_at = now()
            WHERE id = {experiments_v1.promotions.id.0} RETURNING status, from_version, to_version;
            """, gives: "completed|v1|v2"),
        DesignStatement(
            1, "a barred configuration is found by its hash",
            """
            SELECT count(*) FROM experiments_v1.blacklist
            WHERE config_hash = {experiments_v1.blacklist.config_hash.0};
            SELECT count(*) FROM experiments_v1.blacklist
            WHERE config_hash = {b:experiments_v1.blacklist.config_hash.0};
            """, gives: "1\n0"),
        DesignStatement(
            1, "compare an experiment with the version in production",
            """
            SELECT r.recommendation, e.name, v.tag FROM experiments_v1.comparison_reports r
            JOIN experiments_v1.experiments e ON e.org_id = r.org_id AND e.id = r.v1_experiment_id
            JOIN projects.versions v ON v.org_id = r.org_id AND v.id = r.v2_version_id ORDER BY 2;
            """, gives: "promote|name-a0|v1\nhold|name-a1|v2"),
        DesignStatement(
            1, "tasks of an analysis, all of them done",
            """
            SELECT count(*) FROM production.claim_tasks(ops.uuid_at(now()), 100, '1 minute')
            WHERE org_id = ops.current_org();
            UPDATE production.analysis_tasks SET status = 'completed', result = '{}', duration_ms = 12,
                lease_expires_at = NULL, completed_at = now() WHERE attempt = 1;
            SELECT type, status, duration_ms FROM production.analysis_tasks ORDER BY type;
            """, gives: "2\ndynamic|completed|12\nstatic|completed|12"),
        DesignStatement(
            1, "artifacts that are due to go",
            """
            UPDATE production.artifacts SET expires_at = now() - interval '1 day' WHERE type = 'report';
            SELECT s3_uri, length(sha256) FROM production.artifacts
            WHERE purged_at IS NULL AND expires_at < now();
            """, gives: "s3://a/0|32"),
        DesignStatement(
            1, "scores of code reviews by language",
            """
            SELECT language, round(avg(overall_score), 2), sum(vulnerabilities_count)
            FROM production.code_review_results GROUP BY language ORDER BY language;
            """, gives: "language-a0|0.10|0\nlanguage-a1|0.20|0"),
        DesignStatement(
            1, "put a configuration into quarantine and look at the statistics",
            """
            SELECT quarantine.admit(ops.uuid_at(now()), {experiments_v1.experiments.id.0}, sha256('bad'), '{}',
                'unsafe', '{}', '{}', {auth.users.id.0});
            SELECT review_status, records, in_last_30_days FROM quarantine.statistics;
            """, gives: "\nquarantined|3|3"),
        DesignStatement(
            1, "ask for a re-evaluation, which another person approves",
            """
            UPDATE quarantine.reevaluation_requests SET status = 'approved', requested_by = {auth.users.id.0},
                approved_by = {auth.users.id.1}, approved_at = now()
            WHERE id = {quarantine.reevaluation_requests.id.0};
            UPDATE quarantine.reevaluation_requests SET status = 'completed', completed_at = now(), result = '{}'
            WHERE id = {quarantine.reevaluation_requests.id.0} RETURNING status;
            """, gives: "completed"),
    ]
}
