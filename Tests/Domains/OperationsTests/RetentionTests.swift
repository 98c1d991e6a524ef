// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import Foundation
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

@Suite(.serialized) struct RetentionTests {
    private func archive(_ bench: RetentionBench) async throws -> Archive? {
        try await ArchiveStore.list(in: bench.app).first { $0.table == "audits.audit_log" }
    }

    @Test("an old month of the log is archived and dropped, and the log verifies before and after")
    func whole() async throws {
        try await withBench { bench in
            try await bench.fill()
            try await bench.expectIntact("before")
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said.hasPrefix("1 partitions archived"))
            try await bench.expectIntact("after")
            let found = try await archive(bench)
            #expect(found?.state == .dropped && found?.content?.rows == 12)
            let place = try bench.store.psql("SELECT to_regclass('audits.audit_log_2024_01')")
            #expect(place.isEmpty)
            try await bench.seal()
            for organization in bench.organizations {
                let (verification, entries) = try await bench.verify(organization)
                #expect(verification.isIntact && verification.archived == 6)
                // The one of today, and the one that says what was archived.
                #expect(entries == 2 && verification.sealed == 8)
            }
            let again = try await bench.worker().run(under: bench.lease)
            #expect(again.hasPrefix("0 partitions archived"))
        }
    }

    @Test("the entry in the log names partition, rows, digest and position in the chain, and its signature holds")
    func entry() async throws {
        try await withBench { bench in
            try await bench.fill()
            _ = try await bench.worker().run(under: bench.lease)
            let content = try #require(try await archive(bench)?.content)
            let payload = try bench.store.psql(
                "SELECT payload FROM audits.audit_log WHERE action = 'partition.archived' LIMIT 1")
            let value = try JSONValue(parsing: Array(payload.utf8))
            let statement = try #require(value["statement"]?.string)
            let signature = try #require(value["signature"]?.string.flatMap { Base64.decode($0) })
            #expect(bench.keys.publicKey.verifies(signature, of: Array(statement.utf8)))
            let said = try JSONValue(parsing: Array(statement.utf8))
            #expect(said["partition"]?.string == "audits.audit_log_2024_01")
            #expect(said["rows"]?.integer == 6 && said["partition_rows"]?.integer == 12)
            #expect(said["file_sha256"]?.string == content.fileDigest.hex)
            #expect(said["chain_sequence"]?.integer.map { $0 >= 2 } == true && said["chained"]?.integer == 6)
        }
    }

    @Test(
        "a run that is killed after any step is resumed by the next, and nothing is lost",
        arguments: ArchiveStep.allCases)
    func killed(step: ArchiveStep) async throws {
        try await withBench { bench in
            try await bench.fill()
            await #expect(throws: Killed.self) { try await bench.worker(killAt: step).run(under: bench.lease) }
            try await bench.expectIntact("killed after \(step)")
            _ = try await bench.worker().run(under: bench.lease)
            try await bench.expectIntact("resumed after \(step)")
            let found = try #require(try await archive(bench))
            #expect(found.state == .dropped)
            let content = try #require(found.content)
            var lines: [UInt8] = []
            _ = try ArchiveFileReader.read(
                path: "\(bench.directory)/\(content.file)", cipher: try bench.keys.cipher(of: found.id)
            ) { lines += $0 }
            #expect(lines.count { $0 == UInt8(ascii: "\n") } == 12)
            let runs = try bench.store.psql("SELECT count(*) FROM ops.archived_runs")
            #expect(runs == "2")
        }
    }

    @Test("a detachment that was interrupted in the middle is finished")
    func halfDetached() async throws {
        try await withBench { bench in
            try await bench.fill()
            await #expect(throws: Killed.self) { try await bench.worker(killAt: .signed).run(under: bench.lease) }
            // A transaction that has read the table makes the detachment wait in its second half.
            let reader = bench.store.open()
            try await reader.transaction { transaction in
                try await transaction.query("SELECT count(*) AS n FROM audits.audit_log")
                let impatient = bench.store.open(role: "witan_owner")
                await #expect(throws: PostgresError.self) {
                    try await impatient.withConnection { connection in
                        try await connection.run(script: "SET lock_timeout TO '300ms'")
                        try await connection.run(
                            script:
                                "ALTER TABLE audits.audit_log DETACH PARTITION audits.audit_log_2024_01 CONCURRENTLY")
                    }
                }
            }
            let pending = try bench.store.psql("SELECT count(*) FROM pg_inherits WHERE inhdetachpending")
            #expect(pending == "1")
            try await bench.expectIntact("half detached")
            _ = try await bench.worker().run(under: bench.lease)
            #expect(try await archive(bench)?.state == .dropped)
            try await bench.expectIntact("finished")
        }
    }

    @Test("rows that come in after the file was written are not lost: the partition goes back")
    func late() async throws {
        try await withBench { bench in
            try await bench.fill()
            await #expect(throws: Killed.self) { try await bench.worker(killAt: .signed).run(under: bench.lease) }
            try await bench.append(bench.oldID(200), "old.late", bench.organizations[0])
            try await bench.seal()
            _ = try await bench.worker().run(under: bench.lease)
            let states = try bench.store.psql("SELECT string_agg(state, ' ' ORDER BY id) FROM ops.archives")
            // Given back, and archived anew in the same run.
            #expect(states == "abandoned dropped")
            try await bench.expectIntact("with the late entry archived")
            let (verification, _) = try await bench.verify(bench.organizations[0])
            #expect(verification.archived == 7)
        }
    }

    @Test("an entry that no chain holds keeps its partition, and the reason says so")
    func unsealed() async throws {
        try await withBench { bench in
            try await bench.fill()
            try bench.store.psql(
                """
                INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest,
                    transaction_id)
                SELECT org_id, '018cd000-0000-7000-8000-000000000001', category, 'forged', outcome, actor, entity,
                    payload, digest, 1 FROM audits.audit_log LIMIT 1
                """)
            await #expect(throws: RetentionError.self) { try await bench.worker().run(under: bench.lease) }
            #expect(try await archive(bench) == nil)
        }
    }

    @Test("a log that does not verify is not archived")
    func tampered() async throws {
        try await withBench { bench in
            try await bench.fill()
            try bench.store.psql(
                "SET session_replication_role = replica; UPDATE audits.audit_log SET actor = 'me' WHERE action = 'old.2'"
            )
            await #expect(throws: RetentionError.notIntact("audits.audit_log_2024_01")) {
                try await bench.worker().run(under: bench.lease)
            }
        }
    }

    /// What somebody with all rights does after a month was archived, and what must be said of it.
    static let tamperings: [(sql: String, finding: String)] = [
        ("DELETE FROM ops.archived_runs", "is missing from the log"),
        ("UPDATE ops.archived_runs SET upper_id = '018cc300-0000-0000-0000-000000000000'", "no valid signature"),
        ("UPDATE ops.archived_runs SET row_count = row_count - 1", "no valid signature"),
        ("UPDATE ops.archived_runs SET signature = decode(repeat('00', 64), 'hex')", "no valid signature"),
        ("UPDATE ops.archived_runs SET edges = ''", "no valid signature"),
        ("UPDATE audits.chain SET entry_ids = entry_ids[2:] WHERE sequence = 1", "does not match the signed record"),
        ("UPDATE audits.chain SET hash = sha256('x') WHERE sequence = 1", "does not match the signed record"),
        ("UPDATE audits.audit_log SET actor = 'me' WHERE action = 'new.first'", "was changed"),
        ("DELETE FROM audits.audit_log WHERE action = 'new.first'", "is missing from the log"),
        ("DELETE FROM audits.audit_log WHERE action = 'partition.archived'", "no entry for the archive"),
    ]

    @Test("tampering after a month was archived is found")
    func tamperedAfterwards() async throws {
        for (sql, finding) in Self.tamperings {
            try await withBench { bench in
                try await bench.fill()
                _ = try await bench.worker().run(under: bench.lease)
                try await bench.expectIntact("before \(sql)")
                try bench.store.psql("SET session_replication_role = replica; \(sql)")
                let (verification, _) = try await bench.verify(bench.organizations[0])
                #expect(
                    !verification.isIntact && verification.findings.contains { $0.contains(finding) },
                    "\(sql): \(verification.findings)")
            }
        }
    }

    @Test("without the key that signed, no archived run is believed")
    func otherKey() async throws {
        try await withBench { bench in
            try await bench.fill()
            _ = try await bench.worker().run(under: bench.lease)
            let (verification, _) = try await AuditService(database: bench.app).verify(bench.organizations[0])
            #expect(!verification.isIntact)
            let other = try ArchiveKeys(try MasterKey(Secret([UInt8](repeating: 9, count: 32))))
            let (second, _) = try await AuditService(database: bench.app, archiveKey: other.publicKey)
                .verify(bench.organizations[0])
            #expect(second.findings.contains { $0.contains("no valid signature") })
        }
    }

    @Test("a node that has lost the lease changes nothing")
    func fenced() async throws {
        try await withBench { bench in
            try await bench.fill()
            let old = Lease(name: "scheduler", holder: .v7(), fence: bench.lease.fence)
            let said = try await bench.worker().run(under: old)
            #expect(said.hasPrefix("0 partitions"))
            #expect(try await ArchiveStore.list(in: bench.app).isEmpty)
        }
    }

    @Test("a damaged file is noticed before the rows are dropped, and by the check of files")
    func damagedFile() async throws {
        try await withBench { bench in
            try await bench.fill()
            await #expect(throws: Killed.self) {
                try await bench.worker(killAt: .detachmentNoted).run(under: bench.lease)
            }
            let file = try #require(try await archive(bench)?.content?.file)
            let path = "\(bench.directory)/\(file)"
            let whole = try Data(contentsOf: URL(filePath: path))
            try whole.dropLast(1).write(to: URL(filePath: path))
            await #expect(throws: ArchiveFileError.self) { try await bench.worker().run(under: bench.lease) }
            let kept = try bench.store.psql("SELECT count(*) FROM audits.audit_log_2024_01")
            #expect(kept == "12")
            try whole.write(to: URL(filePath: path))
            _ = try await bench.worker().run(under: bench.lease)
            let checker = PartitionArchiveWorker(
                owner: bench.owner, app: bench.app, directory: bench.directory, keys: bench.keys)
            #expect(try await checker.checkFiles(notReadFor: .zero).problems == [])
            try Data(whole.reversed()).write(to: URL(filePath: path))
            #expect(try await checker.checkFiles(notReadFor: .zero).problems.count == 1)
            #expect(try await archive(bench)?.problem?.contains("no archive of ours") == true)
        }
    }
}
