// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import EventLoop
import Inventory
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// What the owner of the tables can do, because an owner can do everything, is noticed: by the inventory where the
/// catalog changed, by the log's chain where rows did.
@Suite struct NoticedTests {
    /// What is done, and what the inventory says to it.
    static let tampering = [
        ("ALTER TABLE audits.audit_log DISABLE TRIGGER append_only", "trigger audits.audit_log.append_only changed"),
        ("ALTER TABLE audits.chain DISABLE TRIGGER ALL", "trigger audits.chain.append_only changed"),
        ("DROP TRIGGER no_truncate ON audits.audit_log", "trigger audits.audit_log.no_truncate is missing"),
        (
            "DROP TRIGGER fixed ON quarantine.quarantine_records",
            "trigger quarantine.quarantine_records.fixed is missing"
        ),
        ("DROP POLICY tenant ON governance.trust_indexes", "policy governance.trust_indexes.tenant is missing"),
        ("CREATE POLICY all_rows ON audits.audit_log USING (true)", "policy audits.audit_log.all_rows is not expected"),
        ("ALTER POLICY tenant ON audits.audit_log USING (true)", "policy audits.audit_log.tenant changed"),
        ("ALTER TABLE audits.checkpoints NO FORCE ROW LEVEL SECURITY", "table audits.checkpoints changed"),
        ("ALTER TABLE providers.cost_records DISABLE ROW LEVEL SECURITY", "table providers.cost_records changed"),
        ("GRANT DELETE ON audits.audit_log TO witan_app", "grant audits.audit_log TO witan_app changed"),
        (
            "GRANT UPDATE (cost) ON providers.cost_records TO witan_app",
            "grant providers.cost_records (cost) TO witan_app"
        ),
        (
            "CREATE OR REPLACE FUNCTION ops.refuse_change() RETURNS trigger LANGUAGE plpgsql "
                + "SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$",
            "function ops.refuse_change() changed"
        ),
        (
            "ALTER TABLE governance.compliance_checks DROP CONSTRAINT compliance_checks_org_id_model_id_fkey",
            "constraint governance.compliance_checks.compliance_checks_org_id_model_id_fkey is missing"
        ),
        ("ALTER VIEW audits.audit_logs SET (security_invoker = false)", "view audits.audit_logs changed"),
        ("DROP TRIGGER no_truncate ON \(month("audits.audit_log"))", "partition audits.audit_log."),
        ("ALTER TABLE \(month("providers.cost_records")) DISABLE TRIGGER ALL", "partition providers.cost_records."),
        (
            "CREATE RULE quiet AS ON INSERT TO audits.chain DO INSTEAD NOTHING",
            "rule audits.chain.quiet is not expected"
        ),
    ]

    private static func month(_ table: String) -> String {
        let time = Timestamp.now().description
        return "\(table)_\(time.prefix(4))_\(time.dropFirst(5).prefix(2))"
    }

    /// A database for changes that are undone, and its inventory.
    private static let tampered = Task {
        let store = try await TestDatabase.make()
        return (store, try await store.open().withConnection { try await SchemaInventory.read($0) })
    }

    @Test(
        "what the owner does to the guards of the evidence is named by the inventory", .serialized, arguments: tampering
    )
    func catalog(change: String, sentence: String) async throws {
        let (store, before) = try await Self.tampered.value
        try await store.open().withConnection { connection in
            try await connection.run(script: "BEGIN; SET ROLE witan_owner; \(change); RESET ROLE")
            let found = try await SchemaInventory.read(connection).differences(from: before).map(\.description)
            try await connection.run(script: "ROLLBACK")
            #expect(found.contains { $0.hasPrefix(sentence) }, "\(found)")
        }
    }

    @Test("a row that is changed where the triggers sleep leaves the catalog as it was, and breaks the chain")
    func rows() async throws {
        for (change, finding) in [
            ("UPDATE audits.audit_log SET actor = 'somebody' WHERE action = 'thing.2'", "does not match"),
            ("DELETE FROM audits.audit_log WHERE action = 'thing.2'", ""),
            ("UPDATE audits.chain SET hash = sha256('x'), prev_hash = prev_hash", "does not match"),
            ("DELETE FROM audits.audit_log; DELETE FROM audits.chain WHERE false", ""),
        ] {
            try await withSchema { store in
                let organization = UniqueID.v7()
                try await seal(4, of: organization, in: store)
                let service = AuditService(database: store.open(role: "witan_app"))
                #expect(try await service.verify(organization).verification.isIntact)
                try store.psql("SET session_replication_role = replica; \(change)")
                let verification = try await service.verify(organization).verification
                #expect(!verification.isIntact, "\(change)")
                #expect(verification.findings.contains { $0.contains(finding) }, "\(verification.findings)")
            }
        }
    }
}

/// Writes entries of the log and waits for the sealer to take them.
func seal(_ count: Int, of organization: UniqueID, in store: TestDatabase) async throws {
    let writer = store.open(role: "witan_app")
    for number in 0..<count {
        try await writer.transaction(settings: [("app.org_id", organization.description)]) { transaction in
            try await AuditService.append(
                "thing.\(number)", category: "tests", entity: "t:1", by: .system, of: organization, in: transaction
            )
        }
    }
    try await sealPending(count, in: store)
}

/// Waits for the sealer to take what was written.
func sealPending(_ count: Int, in store: TestDatabase) async throws {
    let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
    var sealed = 0
    // Transactions in other databases of the cluster hold the horizon back.
    for _ in 0..<3000 where sealed < count {
        sealed += try await sealer.sealPending()
        if sealed < count { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(sealed == count)
}
