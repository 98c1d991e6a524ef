// SPDX-License-Identifier: Apache-2.0
import Testing

/// An index that a design names, and the question it is for.
struct DesignIndex: Sendable, CustomTestStringConvertible {
    /// As the design writes it.
    let name: String
    let table: String
    /// What serves it here.
    let index: String
    /// What is asked for; the policy adds the organization.
    let condition: String
    /// Columns beside `org_id` that the index has to narrow by; none for a partial index.
    let columns: [String]

    var testDescription: String { name }

    private static func row(
        _ name: String, _ table: String, _ index: String, _ condition: String, _ columns: String...
    ) -> DesignIndex {
        DesignIndex(name: name, table: table, index: index, condition: condition, columns: columns)
    }

    static let all = governance000 + platform001 + council002 + governor003 + composite003 + orchestrator004

    private static let anID = "'00000000-0000-7000-8000-000000000001'"
    private static let aDay = "now() - interval '1 day'"

    static let governance000 = [
        row(
            "000 GovernanceModel.ownerId", "governance.governance_models", "governance_models_owner",
            "owner_id = \(anID)", "owner_id"),
        row(
            "000 GovernanceModel.status", "governance.governance_models", "governance_models_status",
            "status = 'ACTIVE'", "status"),
        row(
            "000 GovernanceModel.provider", "governance.governance_models", "governance_models_provider",
            "provider = 'OpenAI'", "provider"),
        row(
            "000 GovernanceModel.createdAt", "governance.governance_models", "governance_models_created_at",
            "created_at >= \(aDay)", "created_at"),
        row(
            "000 ComplianceCheck.modelId + framework", "governance.compliance_checks", "compliance_checks_model",
            "model_id = \(anID) AND framework = 'GDPR'", "model_id", "framework"),
        row(
            "000 ComplianceCheck.framework, compliant", "governance.compliance_checks", "compliance_checks_framework",
            "framework = 'GDPR' AND compliant = false", "framework", "compliant"),
        row(
            "000 ComplianceCheck.createdAt", "governance.compliance_checks", "compliance_checks_created_at",
            "created_at >= \(aDay)", "created_at"),
        row(
            "000 TrustIndex.modelId", "governance.trust_indexes", "trust_indexes_model",
            "model_id = \(anID) AND calculated_at >= \(aDay)", "model_id", "calculated_at"),
        row("000 TrustIndex.tier", "governance.trust_indexes", "trust_indexes_tier", "tier = 'GOLD'", "tier"),
        row(
            "000 TrustIndex.calculatedAt", "governance.trust_indexes", "trust_indexes_calculated_at",
            "calculated_at >= \(aDay)", "calculated_at"),
        row(
            "000 KillSwitch.modelId", "governance.kill_switches", "kill_switches_model", "model_id = \(anID)",
            "model_id"),
        row(
            "000 KillSwitch.status", "governance.kill_switches", "kill_switches_status", "status = 'INACTIVE'", "status"
        ),
        row(
            "000 KillSwitch.triggeredAt", "governance.kill_switches", "kill_switches_triggered_at",
            "triggered_at >= \(aDay)", "triggered_at"),
        row(
            "000 CircuitBreaker.modelId", "governance.circuit_breakers", "circuit_breakers_org_id_model_id_name_key",
            "model_id = \(anID)", "model_id"),
        row(
            "000 CircuitBreaker.state", "governance.circuit_breakers", "circuit_breakers_state", "state = 'OPEN'",
            "state"),
        row(
            "000 CircuitBreaker.createdAt", "governance.circuit_breakers", "circuit_breakers_created_at",
            "created_at >= \(aDay)", "created_at"),
        row(
            "000 GovernanceAuditLog.timestamp", "audits.audit_log", "audit_log_pkey", "id >= ops.uuid_at(\(aDay))", "id"
        ),
    ]

    static let platform001 = [
        row("001 sessions (user_id)", "auth.sessions", "sessions_user", "user_id = \(anID)", "user_id"),
        row(
            "001 invitations (created by)", "auth.invitations", "invitations_created_by", "created_by = \(anID)",
            "created_by"),
        row("001 projects (owner_id)", "projects.projects", "projects_owner", "owner_id = \(anID)", "owner_id"),
        row(
            "001 versions (project_id)", "projects.versions", "versions_org_id_project_id_tag_key",
            "project_id = \(anID) AND tag = 'v2'", "project_id", "tag"),
        row(
            "001 baselines (project_id)", "projects.baselines", "baselines_project", "project_id = \(anID)",
            "project_id"),
        row(
            "001 project_policies (project_id)", "projects.project_policies", "project_policies_pkey",
            "project_id = \(anID)", "project_id"),
        row(
            "001 version_history (version_id)", "projects.version_history", "version_history_version",
            "version_id = \(anID)", "version_id"),
        row(
            "001 experiments (created_by)", "experiments_v1.experiments", "experiments_created_by",
            "created_by = \(anID)", "created_by"),
        row(
            "001 experiments (status)", "experiments_v1.experiments", "experiments_status",
            "status = 'running' AND created_at >= \(aDay)", "status", "created_at"),
        row(
            "001 evaluations (experiment_id)", "experiments_v1.evaluations", "evaluations_experiment",
            "experiment_id = \(anID)", "experiment_id"),
        row(
            "001 evaluations (evaluator_id)", "experiments_v1.evaluations", "evaluations_evaluator",
            "evaluator_id = \(anID)", "evaluator_id"),
        row(
            "001 promotions (approver_id)", "experiments_v1.promotions", "promotions_approver", "approver_id = \(anID)",
            "approver_id"),
        row(
            "001 promotions (status)", "experiments_v1.promotions", "promotions_status", "status = 'pending'",
            "status"),
        row(
            "001 promotions (from_version_id)", "experiments_v1.promotions", "promotions_experiment",
            "experiment_id = \(anID)", "experiment_id"),
        row(
            "001 blacklist (config_hash)", "experiments_v1.blacklist", "blacklist_org_id_config_hash_key",
            "config_hash = sha256('x')", "config_hash"),
        row(
            "001 comparison_reports (v1_experiment_id)", "experiments_v1.comparison_reports",
            "comparison_reports_experiment", "v1_experiment_id = \(anID)", "v1_experiment_id"),
        row(
            "001 analysis_sessions (user_id)", "production.analysis_sessions", "analysis_sessions_user",
            "user_id = \(anID)", "user_id"),
        row(
            "001 analysis_sessions (project_id)", "production.analysis_sessions", "analysis_sessions_project",
            "project_id = \(anID)", "project_id"),
        row(
            "001 analysis_sessions (status)", "production.analysis_sessions", "analysis_sessions_status",
            "status = 'queued'", "status"),
        row(
            "001 analysis_tasks (session_id)", "production.analysis_tasks", "analysis_tasks_session",
            "session_id = \(anID)", "session_id"),
        row(
            "001 artifacts (session_id)", "production.artifacts", "artifacts_session", "session_id = \(anID)",
            "session_id"),
        row(
            "001 code_review_results (session_id)", "production.code_review_results", "code_review_results_session",
            "session_id = \(anID)", "session_id"),
        row(
            "001 quarantine_records (quarantined_by)", "quarantine.quarantine_records",
            "quarantine_records_quarantined_by", "quarantined_by = \(anID)", "quarantined_by"),
        row(
            "001 quarantine_records (config_hash)", "quarantine.quarantine_records",
            "quarantine_records_org_id_config_hash_key", "config_hash = sha256('x')", "config_hash"),
        row(
            "001 reevaluation_requests (requested_by)", "quarantine.reevaluation_requests",
            "reevaluation_requests_requested_by", "requested_by = \(anID)", "requested_by"),
        row(
            "001 user_providers (user_id)", "providers.user_providers",
            "user_providers_org_id_user_id_provider_type_key", "user_id = \(anID) AND provider_type = 'openai'",
            "user_id", "provider_type"),
        row(
            "001 provider_health (provider_id)", "providers.provider_health", "provider_health_pkey",
            "provider_id = \(anID)", "provider_id"),
        row(
            "001 user_quotas (user_id)", "providers.user_quotas",
            "user_quotas_org_id_user_id_team_id_api_key_id_key", "user_id = \(anID)", "user_id"),
        row(
            "001 usage_tracking (user_id, day)", "providers.usage_tracking", "usage_tracking_user",
            "user_id = \(anID) AND usage_date >= current_date - 30", "user_id", "usage_date"),
        row("001 cost_alerts (unacknowledged)", "providers.cost_alerts", "cost_alerts_open", "acknowledged_at IS NULL"),
        row("001 audit_log (ts)", "audits.audit_log", "audit_log_pkey", "id >= ops.uuid_at(\(aDay))", "id"),
    ]

    static let council002 = [
        row(
            "002 idx_requests_user_id", "council.requests", "requests_user",
            "user_id = \(anID) AND user_id IS NOT NULL", "user_id"),
        row(
            "002 idx_requests_session_id", "council.requests", "requests_session", "session_id = \(anID)",
            "session_id"),
        row(
            "002 idx_requests_created_at", "council.requests", "requests_pkey",
            "id >= ops.uuid_at(\(aDay)) AND id < ops.uuid_at(now())", "id"),
        row(
            "002 idx_council_responses_request_id", "council.council_responses", "council_responses_pkey",
            "request_id = ops.uuid_at(now())", "request_id"),
        row(
            "002 idx_deliberation_exchanges_request_id", "council.deliberation_exchanges",
            "deliberation_exchanges_pkey", "request_id = ops.uuid_at(now())", "request_id"),
        row(
            "002 idx_session_history_session_id", "council.session_history", "session_history_pkey",
            "session_id = \(anID)", "session_id"),
        row(
            "002 idx_cost_records_request_id", "providers.cost_records", "cost_records_pkey",
            "request_id = ops.uuid_at(now())", "request_id"),
        row(
            "002 idx_cost_records_created_at", "providers.cost_records", "cost_records_pkey",
            "request_id >= ops.uuid_at(\(aDay))", "request_id"),
        row("002 sessions of a user", "council.sessions", "sessions_user", "user_id = \(anID)", "user_id"),
        row(
            "002 the active configuration of a type", "council.configurations", "configurations_active",
            "config_type = 'council' AND active", "config_type"),
    ]
}
