// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Everything that the design of the schema says lives somewhere does.
@Suite struct PlacementTests {
    /// Per schema: tables, then views after a slash.
    static let places = """
        auth: organizations teams team_members users memberships sessions api_keys invitations \
        password_resets / audit_logs
        providers: providers models prices user_providers provider_health user_quotas cost_records \
        usage_tracking cost_alerts
        council: requests council_responses deliberation_exchanges sessions session_history configurations \
        red_team_tests
        governance: governance_models compliance_checks compliance_data trust_indexes kill_switches \
        circuit_breakers rules rule_dependencies project_rules components component_usage
        projects: projects versions baselines policies project_policies version_history
        experiments_v1: experiments evaluations promotions blacklist comparison_reports
        production: analysis_sessions analysis_tasks artifacts code_review_results
        quarantine: quarantine_records reevaluation_requests / statistics
        orchestrator: workflows workflow_versions workflow_collaborators executions execution_steps timers \
        marketplace_items workflow_ratings notifications
        audits: audit_log chain checkpoints system_logs / statistics
        ops: _migration_history outbox nodes settings
        """

    /// Columns that the texts name or leave out, by table. A renamed one stands with what it was.
    static let columns = """
        auth.organizations: name slug plan settings
        auth.users: email password_hash role verified totp_secret last_login settings
        auth.lockouts: failures last_failure
        auth.memberships: user_id org_id role
        auth.sessions: refresh_token_hash device_info expires_at last_used revoked_at
        auth.api_keys: key_hash prefix last_four scopes allowed_models expires_at version
        auth.invitations: code_hash role max_uses uses expires_at created_by
        auth.password_resets: token_hash used expires_at
        providers.providers: name provider_type api_endpoint is_active is_platform_provided timeout_ms
        providers.models: provider_id name capabilities max_output_tokens risk_tier
        providers.prices: pricing_version effective_from
        providers.user_providers: encrypted_api_key encrypted_dek key_last_4_chars provider_type user_id
        providers.provider_health: status success_rate avg_latency_ms consecutive_failures last_failure_at \
        last_check_at disabled_reason
        providers.user_quotas: daily_request_limit monthly_request_limit daily_cost_limit monthly_cost_limit \
        user_id team_id api_key_id
        providers.cost_records: provider model input_tokens output_tokens cost pricing_version request_id
        providers.cost_alerts: period threshold acknowledged
        council.requests: status consensus_decision agreement_level total_cost total_latency_ms \
        config_snapshot session_id user_id
        council.council_responses: request_id council_member_id round_number content token_usage latency_ms cost
        council.deliberation_exchanges: round_number council_member_id content references_to token_usage
        council.sessions: user_id last_activity_at context_window_used expired
        council.session_history: session_id role content request_id
        council.configurations: config_type config_data version active
        council.red_team_tests: test_name prompt attack_category council_member_id response compromised detector score \
        model_version campaign_id
        governance.governance_models: name version description provider status metadata owner_id
        governance.compliance_checks: model_id framework score compliant results
        governance.compliance_data: project_id compliance_type status last_checked encrypted_violations \
        remediation score checked_by
        governance.trust_indexes: model_id global_score tier transparency accountability fairness privacy robustness \
        calculated_at expires_at
        governance.kill_switches: status reason triggered_by triggered_at deactivated_at scope generation model_id
        governance.circuit_breakers: name threshold window_ms failure_count state trips model_id
        governance.rules: name industry_type category priority is_active content triggers scope version metadata
        governance.rule_dependencies: rule_id depends_on dependency_type is_required
        governance.project_rules: project_id rule_id applied_at effectiveness is_active applied_by
        governance.components: name type version industry_type dependencies metadata content usage_count quality_score \
        created_by
        governance.component_usage: component_id project_id used_at usage_context usage_count last_used_at
        projects.projects: name industry_type status config settings team_id metadata created_by encrypted_config
        projects.versions: project_id tag model_config changelog promoted_at promoted_by
        projects.baselines: metric_key threshold operator
        projects.policies: rego_code builtin active
        projects.version_history: action from_tag to_tag reason
        experiments_v1.experiments: name description version config dataset_id status created_by started_at completed_at
        experiments_v1.evaluations: experiment_id metrics ai_verdict ai_confidence human_override override_reason \
        evaluated_by evaluator_id evaluated_at
        experiments_v1.promotions: from_version to_version status reason approver_id promoted_at
        experiments_v1.blacklist: config_hash reason evidence quarantined_at quarantined_by review_status reviewed_by \
        reviewed_at
        experiments_v1.comparison_reports: v1_experiment_id v2_version_id dataset_id metrics recommendation confidence
        production.analysis_sessions: user_id project_id version status metadata
        production.analysis_tasks: type status result duration_ms
        production.artifacts: type s3_uri sha256 size_bytes expires_at
        production.code_review_results: language length overall_score vulnerabilities_count issues_count model_used \
        analysis_time_ms
        quarantine.quarantine_records: experiment_id config_hash config reason evidence failure_metrics review_status \
        reviewed_at reviewed_by review_notes
        quarantine.reevaluation_requests: requested_by reason status approved_by approved_at completed_at result
        orchestrator.workflows: name description engine_type definition version visibility tags created_by
        orchestrator.workflow_versions: version definition change_log
        orchestrator.executions: workflow_id version_id status parameters result logs metrics start_time \
        end_time executor_id
        orchestrator.marketplace_items: workflow_id title description category price is_public downloads \
        rating published_by
        orchestrator.workflow_ratings: rating review workflow_id user_id
        orchestrator.notifications: channel
        audits.audit_log: entity action actor payload
        audits.chain: sequence prev_hash hash
        audits.chained_log: entity action actor payload signature prev_hash ts
        audits.system_logs: level component message stack_trace
        audits.governance_audit_log: model_id user_id action resource details ip_address user_agent timestamp
        audits.audit_logs: project_id user_id action resource_type resource_id old_values new_values \
        timestamp ip_address user_agent metadata
        auth.audit_logs: status
        governance.project_compliance_summary: id name industry_type compliance_checks avg_compliance_score \
        compliant_checks
        """

    /// Values that a state may have: a CHECK lists exactly these.
    static let states = """
        auth.organizations.plan: free professional enterprise
        auth.memberships.role: admin manager developer viewer
        projects.projects.status: draft generating active completed archived
        projects.versions.tag: v1 v2 v3
        projects.baselines.operator: > < >= <= =
        projects.version_history.action: promoted degraded updated
        experiments_v1.experiments.status: created running completed failed evaluating promoted quarantined
        experiments_v1.evaluations.ai_verdict: pass fail manual_review
        experiments_v1.evaluations.evaluated_by: ai human
        experiments_v1.promotions.status: pending approved rejected completed
        experiments_v1.blacklist.review_status: pending reviewed appealed
        production.analysis_sessions.status: created queued running completed failed cancelled
        production.analysis_tasks.type: static dynamic graph ai
        production.analysis_tasks.status: pending running completed failed skipped
        production.artifacts.type: report patch log metrics
        quarantine.quarantine_records.review_status: quarantined under_review approved_retry
        quarantine.reevaluation_requests.status: pending approved rejected completed
        orchestrator.workflows.visibility: private organization public
        orchestrator.executions.status: PENDING RUNNING COMPLETED FAILED CANCELLED
        orchestrator.notifications.channel: email slack webhook in_app
        governance.trust_indexes.tier: PLATINUM GOLD SILVER BRONZE UNVERIFIED
        governance.kill_switches.status: ACTIVE INACTIVE
        governance.circuit_breakers.state: CLOSED OPEN HALF_OPEN
        governance.rules.scope: global industry project
        governance.rules.industry_type: healthcare finance ecommerce enterprise global
        governance.components.type: ui api auth payment data security compliance
        governance.components.industry_type: healthcare finance ecommerce enterprise universal
        governance.compliance_data.compliance_type: hipaa sox pci_dss gdpr ccpa soc2
        governance.compliance_data.status: pending compliant non_compliant in_review
        projects.projects.industry_type: healthcare finance ecommerce enterprise custom
        council.configurations.config_type: council deliberation synthesis performance
        audits.system_logs.level: DEBUG INFO WARN ERROR FATAL
        """

    /// What stands before and after the colon of each line.
    private func lines(_ text: String) -> [(head: String, words: [String])] {
        text.split(separator: "\n").map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts[1].split(separator: " ").map(String.init))
        }
    }

    /// The second words of a question's lines, by the first.
    private func pairs(_ query: String) async throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for line in try await SeededStore.shared.value.store.psql(query).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            found[words[0], default: []].insert(words[1])
        }
        return found
    }

    @Test("every table and view of the design is where the design says")
    func tables() async throws {
        let kinds = try await pairs(
            """
            SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND \(TableShape.ours)
            """)
        var count = 0
        for (schema, words) in lines(Self.places) {
            let slash = words.firstIndex(of: "/") ?? words.endIndex
            for (index, word) in words.enumerated() where word != "/" {
                let kind = kinds["\(schema).\(word)"] ?? []
                #expect(!kind.isDisjoint(with: index < slash ? ["r", "p"] : ["v"]), "\(schema).\(word)")
                count += 1
            }
        }
        #expect(count >= 65)
    }

    @Test("every column that the texts name, or leave out, exists")
    func everyColumn() async throws {
        let columns = try await pairs(
            """
            SELECT n.nspname || '.' || c.relname || ' ' || a.attname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND \(TableShape.ours)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            """)
        for (table, words) in lines(Self.columns) {
            let found = columns[table] ?? []
            #expect(Set(words).subtracting(found) == [], "\(table)")
        }
    }

    @Test("states have the values of the designs and no others")
    func everyState() async throws {
        let seeded = try await SeededStore.shared.value
        for (column, words) in lines(Self.states) {
            let dot = try #require(column.lastIndex(of: "."))
            let shape = try #require(seeded.shapes.first { $0.name == column[..<dot] })
            let listed = shape.listed(String(column[column.index(after: dot)...])) ?? []
            #expect(listed == words.map { "'\($0)'" }, "\(column)")
        }
    }
}
