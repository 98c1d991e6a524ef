// SPDX-License-Identifier: Apache-2.0

/// A table in which people appear: how one is found in it, what is left out of an export, and what erasure does. A test
/// compares the list with the catalog, so that a table that is added later is thought of.
package struct PersonalTable: Sendable {
    /// What becomes of a person's rows.
    package enum Erasure: String, Sendable {
        /// What is personal is overwritten; the row stays.
        case blanked
        /// The rows go.
        case removed
        /// They stay: they name the person by the id alone, which stands for nobody afterwards.
        case kept
    }

    /// With its schema.
    package let name: String
    /// Columns that hold the person's id.
    package let people: [String]
    /// Columns that hold `user:<id>`.
    package let actors: [String]
    /// Secrets and the like, by name: in no export.
    package let leftOut: [String]
    /// What erasure does.
    package let erasure: Erasure
    /// How rows are found that name the person through others, as a condition on `t`; the person is `$person`.
    let through: String?

    init(
        _ name: String, _ people: [String], _ erasure: Erasure = .kept, actors: [String] = [],
        leftOut: [String] = [], through: String? = nil
    ) {
        self.name = name
        self.people = people
        self.actors = actors
        self.leftOut = leftOut
        self.erasure = erasure
        self.through = through
    }

    /// How the person stands in statements: a setting of the transaction.
    static let person = "(SELECT current_setting('app.person')::uuid)"

    /// The rows of `t` that are about the person.
    var condition: String {
        var ways = people.map { "t.\($0) = \(Self.person)" }
        ways += actors.map { "t.\($0) = 'user:' || \(Self.person)" }
        if let through { ways.append(through.replacing("$person", with: Self.person)) }
        return ways.joined(separator: " OR ")
    }
}

extension PersonalTable {
    private static let bookkeeping = ["snapshot_version"]
    private static let ownKeys =
        "t.api_key_id IN (SELECT k.id FROM auth.api_keys k WHERE k.org_id = t.org_id AND k.user_id = $person)"
    private static let ownCalls =
        "EXISTS (SELECT FROM council.requests r WHERE r.org_id = t.org_id AND r.id = t.request_id AND "
        + "(r.user_id = $person OR r.api_key_id IN (SELECT k.id FROM auth.api_keys k WHERE k.org_id = t.org_id "
        + "AND k.user_id = $person)))"

    /// Every table that has something of a person, but the log, which is opened and exported by itself.
    package static let all = account + access + calls + work

    private static let account = [
        PersonalTable(
            "auth.users", ["id"], .blanked,
            leftOut: ["password_hash", "totp_secret", "totp_dek", "totp_master_key_id", "totp_last_step"]),
        PersonalTable("auth.password_resets", ["user_id"], .removed, leftOut: ["token_hash"]),
        PersonalTable("auth.recovery_codes", ["user_id"], .removed, leftOut: ["code_hash"]),
        PersonalTable("auth.webauthn_credentials", ["user_id"], .removed, leftOut: ["public_key"]),
        PersonalTable("auth.memberships", ["user_id"], .blanked, leftOut: bookkeeping),
        PersonalTable("auth.team_members", ["user_id"], .blanked),
    ]

    private static let access = [
        PersonalTable("auth.sessions", ["user_id"], .blanked, leftOut: ["refresh_token_hash"] + bookkeeping),
        PersonalTable("auth.api_keys", ["user_id", "created_by"], .blanked, leftOut: ["key_hash"] + bookkeeping),
        PersonalTable(
            "auth.invitations", ["created_by"], .blanked, leftOut: ["code_hash"],
            through: "t.email = (SELECT u.email FROM auth.users u WHERE u.id = $person)"),
        PersonalTable("auth.sso_identities", ["user_id"], .removed),
        PersonalTable(
            "auth.sso_logins", ["user_id"], leftOut: ["state_hash", "code_hash", "code_challenge"]),
        PersonalTable("auth.legal_holds", ["user_id", "placed_by", "released_by"], leftOut: ["matter"]),
        PersonalTable("auth.payload_keys", ["user_id"], .blanked, leftOut: ["encrypted_dek", "master_key_id"]),
        PersonalTable("auth.erasures", ["user_id"]),
        PersonalTable(
            "ops.idempotency_keys", [], .removed, actors: ["actor"], leftOut: ["response_headers", "response_body"],
            through: "t.actor IN (SELECT 'key:' || k.id FROM auth.api_keys k WHERE k.org_id = t.org_id "
                + "AND k.user_id = $person)"),
    ]

    private static let calls = [
        PersonalTable("council.requests", ["user_id"], .blanked, through: ownKeys),
        PersonalTable("council.council_responses", [], .blanked, through: ownCalls),
        PersonalTable("council.deliberation_exchanges", [], .blanked, through: ownCalls),
        PersonalTable("council.sessions", ["user_id"], .kept, through: ownKeys),
        PersonalTable(
            "council.session_history", [], .blanked,
            through: "EXISTS (SELECT FROM council.sessions s WHERE s.org_id = t.org_id AND s.id = t.session_id AND "
                + "(s.user_id = $person OR s.api_key_id IN (SELECT k.id FROM auth.api_keys k "
                + "WHERE k.org_id = t.org_id AND k.user_id = $person)))"),
        PersonalTable("council.configurations", ["created_by"]),
        PersonalTable("council.red_team_tests", ["reviewed_by"]),
        PersonalTable("providers.cost_records", [], .kept, through: ownCalls),
        PersonalTable("providers.cost_alerts", ["acknowledged_by"]),
        PersonalTable("providers.usage_tracking", ["user_id"]),
        PersonalTable("providers.user_quotas", ["user_id"]),
        PersonalTable(
            "providers.user_providers", ["user_id"], .removed,
            leftOut: ["encrypted_api_key", "encrypted_dek", "master_key_id"]),
    ]

    private static let work = [
        PersonalTable("projects.projects", ["owner_id", "created_by"]),
        PersonalTable("projects.versions", ["promoted_by"]),
        PersonalTable("projects.policies", ["created_by"]),
        PersonalTable("projects.project_policies", ["applied_by"]),
        PersonalTable("projects.version_history", [], actors: ["actor"]),
        PersonalTable("governance.governance_models", ["owner_id"]),
        PersonalTable("governance.compliance_checks", [], actors: ["checked_by"]),
        PersonalTable("governance.compliance_data", ["checked_by"]),
        PersonalTable("governance.compliance_history", ["checked_by"]),
        PersonalTable("governance.kill_switches", [], actors: ["triggered_by", "deactivated_by"]),
        PersonalTable("governance.rules", ["created_by"]),
        PersonalTable("governance.project_rules", ["applied_by"]),
        PersonalTable("governance.components", ["created_by"]),
        PersonalTable("experiments_v1.experiments", ["created_by"]),
        PersonalTable("experiments_v1.evaluations", ["evaluator_id"]),
        PersonalTable("experiments_v1.promotions", ["requested_by", "approver_id"]),
        PersonalTable("experiments_v1.blacklist", ["quarantined_by", "reviewed_by"]),
        PersonalTable("production.analysis_sessions", ["user_id"], .blanked),
        PersonalTable("quarantine.quarantine_records", ["quarantined_by", "reviewed_by"]),
        PersonalTable("quarantine.reevaluation_requests", ["requested_by", "approved_by"]),
        PersonalTable("orchestrator.workflows", ["created_by"]),
        PersonalTable("orchestrator.workflow_versions", ["created_by"]),
        PersonalTable("orchestrator.workflow_collaborators", ["user_id", "added_by"]),
        PersonalTable("orchestrator.executions", ["executor_id"]),
        PersonalTable("orchestrator.marketplace_items", ["published_by"]),
        PersonalTable("orchestrator.workflow_ratings", ["user_id"], .blanked),
        PersonalTable("orchestrator.notifications", ["user_id"], .removed),
    ]
}
