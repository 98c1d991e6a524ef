// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The page that says where the source designs went, against the catalog.
@Suite struct SourceDesignsTests {
    private let page: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appending(path: "docs/reference/source-designs.md"), encoding: .utf8)
    }

    @Test("what it names is there")
    func named() async throws {
        try await withSchema { store in
            let schemas = try store.psql("SELECT nspname FROM pg_namespace WHERE \(CatalogTests.ours)").split(
                separator: "\n")
            let known = Set(
                try store.psql(
                    """
                    SELECT nspname || '.' || relname FROM \(CatalogTests.relations) UNION ALL
                    SELECT nspname || '.' || proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    UNION ALL SELECT nspname || '.' || relname || '.' || attname
                    FROM \(CatalogTests.relations) JOIN pg_attribute a ON a.attrelid = c.oid
                    UNION ALL SELECT 'ops._migration_history'
                    """
                ).split(separator: "\n"))
            let names = page.matches(of: /`((\w+)\.[\w.]+)`/).filter { schemas.contains($0.2) }.map(\.1)
            #expect(names.count > 60)
            #expect(names.filter { !known.contains($0) } == [])
        }
    }

    @Test("every table of the domains is on it")
    func complete() async throws {
        try await withSchema { store in
            let tables = try store.psql("SELECT relname FROM \(CatalogTests.tables) WHERE nspname <> 'ops'").split(
                separator: "\n")
            #expect(tables.count > 70)
            #expect(tables.filter { !page.contains($0) && !$0.hasPrefix("platform_") } == [])
        }
    }

    @Test(
        "every table of the designs is on it",
        arguments: [
            "GovernanceModel", "ComplianceCheck", "TrustIndex", "KillSwitch", "CircuitBreaker", "GovernanceAuditLog",
            "auth.users", "sessions", "invitations", "auth.audit_logs", "password_resets", "projects.projects",
            "versions", "baselines", "policies", "project_policies", "version_history", "experiments_v1.experiments",
            "evaluations", "promotions", "blacklist", "comparison_reports", "production.analysis_sessions",
            "analysis_tasks", "artifacts", "code_review_results", "quarantine.quarantine_records",
            "reevaluation_requests", "providers.providers", "user_providers", "provider_health", "user_quotas",
            "usage_tracking", "cost_alerts", "audits.audit_log", "requests", "council_responses",
            "deliberation_exchanges", "session_history", "configurations", "cost_records", "red_team_tests", "projects",
            "rules", "components", "project_rules", "rule_dependencies", "component_usage", "compliance_data",
            "audit_logs", "system_logs", "organizations", "users", "workflows", "workflow_versions", "executions",
            "marketplace_items", "_migration_history",
        ])
    func designs(table: String) {
        #expect(page.contains("`\(table)`") || page.contains(".\(table)`"))
    }
}
