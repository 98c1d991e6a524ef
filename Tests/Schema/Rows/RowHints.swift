// SPDX-License-Identifier: Apache-2.0

/// What the catalog does not say about a value. In an expression `{t}` is the organization's letter and `{k}` the
/// row's number, 0 or 1.
enum RowHint: Sendable {
    /// An SQL expression.
    case sql(String)
    case null
    /// Refers to the other of the organization's two rows.
    case sibling
    /// An array of the keys of the row with the same number in another table.
    case keyArray(String)

    /// By table and column; only where a CHECK, a partition or a view needs it.
    static let all: [String: RowHint] = [
        "auth.users.email": .sql("'person-{k}@{t}.example'"),
        "auth.payload_keys.encrypted_dek": .sql("'\\x01'"),
        "auth.payload_keys.master_key_id": .sql("'master'"),
        "auth.sso_providers.issuer": .sql("'https://{t}{k}.example'"),
        "auth.sso_logins.user_id": .null,
        "auth.legal_holds.released_by": .null,
        "providers.user_quotas.user_id": .null,
        "providers.user_quotas.api_key_id": .null,
        "council.requests.api_key_id": .sql("gen_random_uuid()"),
        "council.requests.user_id": .null,
        "council.red_team_tests.reviewed_by": .null,
        "audits.audit_log.category": .sql("(ARRAY['auth', 'governance'])[{k} + 1]"),
        "audits.row_seals.keys": .sql("ARRAY['{k}']"),
        "audits.row_seals.digests": .sql("ARRAY['\\x01']::bytea[]"),
        "audits.row_seals.columns": .sql("ARRAY['id']"),
        "audits.row_seals.table_name": .sql("'audits.checkpoints'"),
        "audits.chain.entry_ids": .keyArray("audits.audit_log"),
        "projects.policies.rego_code": .sql("'package {t}{k}'"),
        "governance.kill_switches.scope": .sql("'organization'"),
        "governance.kill_switches.model_id": .null,
        "governance.kill_switches.project_id": .null,
        "governance.rule_dependencies.depends_on": .sibling,
        "experiments_v1.evaluations.ai_verdict": .sql("'pass'"),
        "experiments_v1.promotions.approver_id": .sibling,
        "production.artifacts.s3_uri": .sql("'s3://{t}/{k}'"),
        "quarantine.reevaluation_requests.approved_by": .sibling,
        "orchestrator.timers.step_key": .sql("CASE {k} WHEN 1 THEN 'step' END"),
        "orchestrator.notifications.address": .sql("'{t}{k}'"),
        "ops.retention_defaults.table_name": .sql("'tests.{t}{k}'"),
        "ops.archives.table_name": .sql("'tests.{t}'"),
        "ops.archives.partition_name": .sql("'tests.{t}{k}'"),
        "ops.archives.state": .sql("'writing'"),
        "ops.archives.upper_id": .sql("'ffffffff-ffff-7fff-bfff-ffffffffffff'"),
        "ops.retention_policies.keep_days": .sql("30"),
        "ops.retention_policies.table_name": .sql("(ARRAY['audits.audit_log', 'council.requests'])[{k} + 1]"),
    ]
}
