// SPDX-License-Identifier: Apache-2.0
import Audit
import Cryptography
import EventLoop
import Foundation
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

/// Where the test ends a run, as a crash would.
struct Killed: Error {}

/// A database with an old month in its log, and everything to archive it with.
final class RetentionBench: Sendable {
    static let month = "2024_01"
    let store: TestDatabase
    let app: Database
    let owner: Database
    let sealer: SealerWorker
    let keys: ArchiveKeys
    let directory: String
    let organizations: [UniqueID]
    let lease: Lease

    init(_ store: TestDatabase, organizations count: Int = 2) async throws {
        self.store = store
        app = store.open(role: "witan_app")
        try store.psql("GRANT witan_owner TO witan")
        owner = store.open(role: "witan_owner")
        sealer = SealerWorker(database: store.open(role: "witan_sealer"))
        keys = try ArchiveKeys(try MasterKey(Secret((0..<32).map { UInt8($0) })))
        directory = NSTemporaryDirectory() + "witan-archives-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        organizations = (0..<count).map { _ in .v7() }
        for (index, id) in organizations.enumerated() {
            try store.psql("INSERT INTO auth.organizations (id, name, slug) VALUES ('\(id)', 'o', 'o-\(index)')")
        }
        let holder = UniqueID.v7()
        let taken = try await LeaseStore.take(
            "scheduler", holder: holder, holderName: "test", for: .seconds(3600), in: app)
        lease = try #require(taken)
        for table in ["audits.audit_log", "council.requests", "council.council_responses"] { try addMonth(to: table) }
    }

    /// January 2024.
    func addMonth(to table: String) throws {
        try store.psql(
            """
            CREATE TABLE \(table)_\(Self.month) PARTITION OF \(table)
                FOR VALUES FROM ('018cc251-f400-0000-0000-000000000000') TO ('018d61f7-1800-0000-0000-000000000000');
            ALTER TABLE \(table)_\(Self.month) OWNER TO witan_owner
            """)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    /// An instant in the old month.
    func oldID(_ second: Int) -> UniqueID { .v7(at: Timestamp(microseconds: 1_704_103_200_000_000) + .seconds(second)) }

    /// Entries of the old month, sealed; then, in the same link as the last of them, one of today.
    func fill(_ count: Int = 5) async throws {
        for organization in organizations {
            for number in 0..<count { try await append(oldID(number), "old.\(number)", organization) }
        }
        try await seal()
        for organization in organizations {
            try await app.transaction(organization: organization) { transaction in
                try await insert(oldID(100), "old.last", organization, transaction)
                try await insert(.v7(), "new.first", organization, transaction)
            }
        }
        try await seal()
    }

    func append(_ id: UniqueID, _ action: String, _ organization: UniqueID) async throws {
        try await app.transaction(organization: organization) { try await insert(id, action, organization, $0) }
    }

    private func insert(
        _ id: UniqueID, _ action: String, _ organization: UniqueID, _ transaction: borrowing Transaction
    ) async throws {
        try await AuditStore.insert(
            AuditEntry(
                organization: organization, id: id, category: "tests", action: action, outcome: .success,
                actor: "system", entity: "e:1", payload: "{\"text\":\"a \\\\ b\\nc\"}"), in: transaction)
    }

    /// Other tests of the cluster hold the horizon back now and then.
    func seal() async throws {
        while true {
            _ = try await sealer.sealPending()
            let left = try store.psql(
                """
                SELECT count(*) FROM audits.audit_log l WHERE NOT EXISTS
                    (SELECT FROM audits.chain c WHERE c.org_id = l.org_id AND l.id = ANY (c.entry_ids))
                """)
            if left == "0" { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func worker(killAt step: ArchiveStep? = nil) -> RetentionWorker {
        RetentionWorker(
            owner: owner, app: app, directory: directory, keys: keys,
            observe: { done, _ in
                if done == step { throw Killed() }
            })
    }

    func verify(_ organization: UniqueID) async throws -> (AuditVerification, Int64) {
        try await AuditService(database: app, archiveKey: keys.publicKey).verify(organization)
    }

    /// Every organization's log verifies.
    func expectIntact(_ comment: Comment = "") async throws {
        for organization in organizations {
            let (verification, _) = try await verify(organization)
            #expect(verification.isIntact, "\(comment) \(verification.findings)")
        }
    }
}

/// Runs `body` with a bench of its own.
func withBench(_ body: (RetentionBench) async throws -> Void) async throws {
    try await withStore { store in
        let bench = try await RetentionBench(store)
        defer { bench.remove() }
        try await body(bench)
    }
}
