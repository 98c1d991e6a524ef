// SPDX-License-Identifier: Apache-2.0

/// What 003 and 004 name.
extension DesignIndex {
    private static func row(
        _ name: String, _ table: String, _ index: String, _ condition: String, _ columns: String...
    ) -> DesignIndex {
        DesignIndex(name: name, table: table, index: index, condition: condition, columns: columns)
    }

    private static let anID = "'00000000-0000-7000-8000-000000000001'"
    private static let aDay = "now() - interval '1 day'"

    static let governor003 = [
        row(
            "003 idx_projects_industry_type", "projects.projects", "projects_industry", "industry_type = 'finance'",
            "industry_type"),
        row("003 idx_projects_status", "projects.projects", "projects_status", "status = 'completed'", "status"),
        row(
            "003 idx_projects_created_at", "projects.projects", "projects_created_at", "created_at >= \(aDay)",
            "created_at"),
        row("003 idx_projects_team_id", "projects.projects", "projects_team", "team_id = \(anID)", "team_id"),
        row(
            "003 idx_rules_industry_type", "governance.rules", "rules_industry", "industry_type = 'finance'",
            "industry_type"),
        row("003 idx_rules_category", "governance.rules", "rules_category", "category = 'safety'", "category"),
        row("003 idx_rules_priority", "governance.rules", "rules_priority", "priority >= 5", "priority"),
        row("003 idx_rules_is_active", "governance.rules", "rules_is_active", "is_active = false", "is_active"),
        row("003 idx_rules_scope", "governance.rules", "rules_scope", "scope = 'industry'", "scope"),
        row("003 idx_components_type", "governance.components", "components_type", "type = 'ui'", "type"),
        row(
            "003 idx_components_industry_type", "governance.components", "components_industry",
            "industry_type = 'universal'", "industry_type"),
        row(
            "003 idx_components_usage_count", "governance.components", "components_usage_count", "usage_count >= 10",
            "usage_count"),
        row(
            "003 idx_project_rules_project_id", "governance.project_rules",
            "project_rules_org_id_project_id_rule_id_key",
            "project_id = \(anID)", "project_id"),
        row(
            "003 idx_project_rules_rule_id", "governance.project_rules", "project_rules_rule", "rule_id = \(anID)",
            "rule_id"),
        row(
            "003 idx_project_rules_applied_at", "governance.project_rules", "project_rules_applied_at",
            "applied_at >= \(aDay)", "applied_at"),
        row(
            "003 idx_component_usage_component_id", "governance.component_usage",
            "component_usage_org_id_component_id_project_id_key", "component_id = \(anID)", "component_id"),
        row(
            "003 idx_component_usage_project_id", "governance.component_usage", "component_usage_project",
            "project_id = \(anID)", "project_id"),
        row(
            "003 idx_component_usage_used_at", "governance.component_usage", "component_usage_used_at",
            "used_at >= \(aDay)", "used_at"),
        row(
            "003 idx_compliance_data_project_id", "governance.compliance_data",
            "compliance_data_org_id_project_id_compliance_type_key", "project_id = \(anID)", "project_id"),
        row(
            "003 idx_compliance_data_type", "governance.compliance_data", "compliance_data_type",
            "compliance_type = 'gdpr'", "compliance_type"),
        row(
            "003 idx_compliance_data_status", "governance.compliance_data", "compliance_data_status",
            "status = 'non_compliant'", "status"),
        row(
            "003 idx_compliance_data_last_checked", "governance.compliance_data", "compliance_data_last_checked",
            "last_checked < \(aDay)", "last_checked"),
        row("003 idx_audit_logs_timestamp", "audits.audit_log", "audit_log_pkey", "id >= ops.uuid_at(\(aDay))", "id"),
    ]

    static let composite003 = [
        row(
            "003 idx_projects_industry_status", "projects.projects", "projects_industry",
            "industry_type = 'finance' AND status = 'active'", "industry_type", "status"),
        row(
            "003 idx_rules_industry_active", "governance.rules", "rules_industry",
            "industry_type = 'finance' AND is_active = true", "industry_type", "is_active"),
        row(
            "003 idx_components_type_industry", "governance.components", "components_type",
            "type = 'ui' AND industry_type = 'finance'", "type", "industry_type"),
        row("003 idx_active_projects", "projects.projects", "projects_active", "status = 'active'"),
        row("003 idx_high_priority_rules", "governance.rules", "rules_high_priority", "priority >= 8"),
        row("003 idx_popular_components", "governance.components", "components_popular", "usage_count > 100"),
    ]

    static let orchestrator004 = [
        row(
            "004 user look-ups by organization", "auth.memberships", "memberships_pkey", "user_id = \(anID)",
            "user_id"),
        row(
            "004 workflow searches by engine type", "orchestrator.workflows", "workflows_engine",
            "engine_type = 'native'", "engine_type"),
        row(
            "004 executions by status and time", "orchestrator.executions", "executions_status",
            "status = 'FAILED' AND created_at >= \(aDay)", "status", "created_at"),
        row(
            "004 executions of a workflow", "orchestrator.executions", "executions_workflow", "workflow_id = \(anID)",
            "workflow_id"),
        row(
            "004 versions of a workflow", "orchestrator.workflow_versions",
            "workflow_versions_org_id_workflow_id_version_key", "workflow_id = \(anID) AND version = '1'",
            "workflow_id", "version"),
        row(
            "004 marketplace by category", "orchestrator.marketplace_items", "marketplace_items_category",
            "category = 'mail'", "category"),
        row(
            "004 notifications of a user", "orchestrator.notifications", "notifications_user", "user_id = \(anID)",
            "user_id"),
    ]
}
