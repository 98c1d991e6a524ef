// SPDX-License-Identifier: Apache-2.0

/// Who may do what with which table, written down by hand: what the catalog grants is compared with it.
enum TenantRules {
    enum Kind { case tenant, own, global }

    /// Tables without `org_id` that hold a tenant's data all the same, with what their policies go by.
    static let own = [
        "auth.organizations": "its own id is the tenant",
        "auth.users": "seen by the organizations of which one is a member",
        "auth.password_resets": "seen where the person is", "auth.recovery_codes": "seen where the person is",
        "auth.webauthn_credentials": "seen where the person is",
    ]

    /// Tables that are nobody's. Each is protected by grants alone.
    static let global = [
        "auth.lockouts": "who tries to sign in is nobody yet",
        "audits.seal_position": "one sealer seals for all",
        "audits.system_logs": "the operator's; no tenant reads it",
        "governance.controls": "reference data", "providers.platform_models": "reference data",
        "providers.platform_prices": "reference data", "providers.platform_providers": "reference data",
        "ops._migration_history": "the installation's", "ops._migration_progress": "the installation's",
        "ops._migration_inventories": "the installation's", "ops.snapshot_versions": "a snapshot holds everybody",
        "ops.settings": "the installation's", "ops.nodes": "a node serves everybody",
        "ops.archives": "a partition holds everybody's month", "ops.jobs": "they serve everybody",
        "ops.leases": "a node works for everybody", "ops.retention_defaults": "for who has said nothing",
    ]

    /// A table that is in neither list and has no `org_id` counts as a tenant's, and so is found to leak.
    static func kind(of shape: TableShape) -> Kind {
        if shape.hasOrganization { return .tenant }
        if own[shape.name] != nil { return .own }
        return global[shape.name] != nil ? .global : .tenant
    }

    // MARK: Roles

    static let roles = [
        "witan_app", "witan_ingest", "witan_sealer", "witan_readonly", "witan_backup", "witan_stranger",
    ]

    enum Operation: String, CaseIterable { case select, insert, update, delete, truncate }

    /// What the program only reads: others write it, or its procedures do.
    static let readByApp: Set<String> = [
        "council.requests", "providers.cost_records", "audits.chain", "audits.checkpoints",
        "quarantine.quarantine_records", "ops.archived_runs",
    ]
    /// What the program adds to and never changes.
    static let addedToByApp: Set<String> = [
        "audits.audit_log", "audits.row_seals", "providers.prices", "council.session_history",
        "council.council_responses",
        "council.deliberation_exchanges", "projects.version_history", "governance.compliance_checks",
        "governance.compliance_history", "governance.trust_indexes", "experiments_v1.evaluations",
        "experiments_v1.comparison_reports", "production.code_review_results", "orchestrator.workflow_versions",
        "ops.outbox", "auth.erasures",
    ]
    /// What is not for people who only look: secrets, even sealed or hashed ones, and what says who has which.
    static let secret: Set<String> = [
        "auth.sessions", "auth.api_keys", "auth.invitations", "auth.sso_providers", "auth.sso_identities",
        "auth.sso_logins", "auth.payload_keys", "auth.users", "auth.password_resets", "auth.recovery_codes",
        "auth.webauthn_credentials", "providers.providers", "providers.user_providers", "ops.idempotency_keys",
    ]
    /// The tables of the call record.
    static let callRecord: Set<String> = ["council.requests", "providers.cost_records", "audits.audit_log"]

    static func rights(_ role: String, _ table: String) -> Set<Operation> {
        switch role {
        case "witan_app":
            if readByApp.contains(table) { return [.select] }
            return addedToByApp.contains(table) ? [.select, .insert] : [.select, .insert, .update]
        case "witan_ingest": return callRecord.contains(table) ? [.insert] : []
        case "witan_sealer":
            if table == "audits.audit_log" { return [.select] }
            return ["audits.chain", "audits.checkpoints"].contains(table) ? [.select, .insert] : []
        case "witan_readonly": return secret.contains(table) ? [] : [.select]
        case "witan_backup": return [.select]
        default: return []
        }
    }

    // MARK: Exceptions

    /// What a role does beyond one tenant by design; there is nothing else.
    struct Exception: Sendable {
        let role: String
        let operation: Operation
        /// nil for all.
        let tables: Set<String>?
        let reason: String
    }

    static let exceptions = [
        Exception(
            role: "witan_ingest", operation: .insert, tables: callRecord,
            reason: "one group commit carries the calls of many organizations; the role reads nothing"),
        Exception(
            role: "witan_sealer", operation: .select,
            tables: ["audits.audit_log", "audits.chain", "audits.checkpoints"],
            reason: "the one sealer chains every organization's log"),
        Exception(
            role: "witan_sealer", operation: .insert, tables: ["audits.chain", "audits.checkpoints"],
            reason: "the one sealer chains every organization's log"),
        Exception(
            role: "witan_backup", operation: .select, tables: nil,
            reason: "a backup holds everything; it writes nothing"),
        Exception(
            role: "witan_app", operation: .insert, tables: ["auth.users"],
            reason: "somebody who registers belongs nowhere yet; the row is not seen before its membership is"),
    ]

    static func crossesTenants(_ role: String, _ operation: Operation, _ table: String) -> Bool {
        exceptions.contains {
            $0.role == role && $0.operation == operation && ($0.tables?.contains(table) ?? true)
        }
    }

    /// Views that are not for a role that may read the others.
    static func readsView(_ role: String, _ view: String) -> Bool {
        switch role {
        case "witan_app": view != "audits.system_log"
        case "witan_readonly": true
        default: false
        }
    }
}
