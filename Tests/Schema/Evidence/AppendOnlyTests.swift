// SPDX-License-Identifier: Apache-2.0
import Audit
import EventLoop
import Inventory
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// What proves something is added to and never changed: refused below the owner, and noticed where the owner can.
@Suite struct AppendOnlyTests {
    /// Rows are added and never changed.
    static let addedTo = [
        "audits.audit_log", "audits.chain", "audits.checkpoints", "audits.system_logs", "providers.cost_records",
        "providers.prices", "projects.version_history", "governance.compliance_checks", "auth.erasures",
        "governance.compliance_history", "governance.trust_indexes", "experiments_v1.evaluations",
        "experiments_v1.comparison_reports", "production.code_review_results", "orchestrator.workflow_versions",
    ]
    /// Rows may change in what their triggers let through, and never go.
    static let kept = [
        "auth.payload_keys", "auth.legal_holds", "council.red_team_tests", "governance.governance_models",
        "governance.kill_switches", "experiments_v1.experiments", "experiments_v1.promotions",
        "experiments_v1.blacklist", "quarantine.quarantine_records", "quarantine.reevaluation_requests",
    ]

    private static func column(_ shape: TableShape) -> String {
        (shape.columns.last { !$0.isGenerated } ?? shape.columns[0]).name
    }

    @Test("no role below the owner changes, deletes or truncates evidence, the history of migrations included")
    func belowTheOwner() async throws {
        let seeded = try await SeededStore.shared.value
        let changed = Self.addedTo + ["ops._migration_history", "quarantine.quarantine_records"]
        var probes: [Probe] = []
        for name in changed + Self.kept {
            let shape = try #require(seeded.shapes.first { $0.name == name })
            let column = Self.column(shape)
            if changed.contains(name) { probes.append(Probe(statement: "UPDATE \(name) SET \(column) = \(column)")) }
            probes += [Probe(statement: "DELETE FROM \(name)"), Probe(statement: "TRUNCATE \(name) CASCADE")]
        }
        probes.append(Probe(statement: "ALTER TABLE audits.audit_log DISABLE TRIGGER append_only"))
        probes.append(Probe(statement: "SET LOCAL session_replication_role = replica"))
        for role in TenantRules.roles {
            let answers = try await Probe.run(probes, as: role, .own, in: seeded.database)
            for (probe, answer) in zip(probes, answers) { #expect(answer == "42501", "\(role): \(probe.statement)") }
        }
    }

    @Test("the lists are complete: every table with such a trigger is in one of them, and is what the trigger says")
    func lists() async throws {
        let seeded = try await SeededStore.shared.value
        let triggers = { (name: String) in
            try seeded.store.psql(
                """
                SELECT n.nspname || '.' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE t.tgname = '\(name)' AND t.tgenabled = 'O' AND NOT c.relispartition ORDER BY 1
                """
            ).split(separator: "\n").map(String.init)
        }
        let later = ["audits.row_seals", "ops.archived_runs", "ops.archives", "ops.retention_policies"]
        #expect(try triggers("append_only").filter { !later.contains($0) } == Self.addedTo.sorted())
        #expect(try triggers("no_delete").filter { !later.contains($0) } == Self.kept.sorted())
        let truncate = try triggers("no_truncate").filter { !later.contains($0) }
        #expect(truncate == (Self.addedTo + Self.kept).sorted())
    }

    @Test("not even a superuser does without taking the triggers away, in the table or through a partition")
    func superuser() async throws {
        try await SeededStore.with { seeded in try changesAsSuperuser(in: seeded) }
    }

    private func changesAsSuperuser(in seeded: SeededStore) throws {
        for name in Self.addedTo + Self.kept where name != "audits.system_logs" {
            let shape = try #require(seeded.shapes.first { $0.name == name })
            let column = Self.column(shape)
            var statements = ["DELETE FROM \(name)", "TRUNCATE \(name) CASCADE"]
            if Self.addedTo.contains(name) { statements.append("UPDATE \(name) SET \(column) = \(column)") }
            let children = try seeded.store.psql(
                "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = '\(name)'::regclass"
            ).split(separator: "\n")
            statements += children.flatMap {
                ["DELETE FROM \($0)", "UPDATE \($0) SET \(column) = \(column)", "TRUNCATE \($0)"]
            }
            for statement in statements {
                do {
                    let touched = try seeded.store.psql("BEGIN; \(statement); ROLLBACK")
                    let isEmptyMonth =
                        children.contains { statement.contains($0) } && !statement.hasPrefix("TRUNCATE")
                    #expect(isEmptyMonth && touched.isEmpty, "\(statement) was done")
                } catch let error as PsqlError {
                    #expect(
                        error.output.contains("append-only") || error.output.contains("foreign key"), "\(error.output)")
                }
            }
        }
    }
}
