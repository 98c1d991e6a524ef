// SPDX-License-Identifier: Apache-2.0
package import Inventory
import Postgres

/// What was found when everything was compared with everything.
package struct MigrationVerification: Sendable {
    /// Every file of the program and of the database, in order.
    package let statuses: [MigrationStatus]
    /// What is wrong with the history itself, a sentence each.
    package let brokenHistory: [String]
    /// How the catalog differs from what the steps have made.
    package let differences: [SchemaDifference]
    /// What could not be compared, or not exactly, and why; a sentence each.
    package let notes: [String]

    /// The most serious finding: 9, 5, 4, 8, 3, or 0 when there is none.
    package var exitCode: Int32 {
        if statuses.contains(where: { $0.state == .unknownToProgram }) { return 9 }
        if !brokenHistory.isEmpty || statuses.contains(where: { $0.state == .changed }) { return 5 }
        if !differences.isEmpty { return 4 }
        if statuses.contains(where: { $0.state == .interrupted }) { return 8 }
        return statuses.contains { $0.state == .pending && !$0.isDeferred } ? 3 : 0
    }
}

extension Migrator {
    /// Reads history and catalog anew, checks the one and compares the other with the last fingerprint.
    package func verify() async throws(MigrationError) -> MigrationVerification {
        let statuses = try await status()
        return try await translated {
            try await database.withConnection { session in
                let lock = MigrationLock(timeout: .zero, observe: observe)
                let run = try await MigrationRun(self, session: session, holder: session, lock: lock)
                return try await run.verify(statuses)
            }
        }
    }
}

extension MigrationRun {
    fileprivate func verify(_ statuses: [MigrationStatus]) async throws -> MigrationVerification {
        let shape = try await HistoryTable.shape(session)
        switch shape {
        case .foreign: throw MigrationError.foreignHistory
        case .none, .first:
            let note = "no fingerprint was ever taken; migrate up takes one"
            return MigrationVerification(
                statuses: statuses, brokenHistory: [], differences: [], notes: shape == .first ? [note] : [])
        case .current: break
        }
        let history = try await HistoryTable.read(session)
        let isBetween = statuses.contains { $0.state == .interrupted }
        let drift = try await isBetween ? Drift() : self.drift(history)
        let notes =
            isBetween
            ? ["a step was interrupted, so the catalog is between two fingerprints; migrate up goes on with it"]
            : drift.notes
        return try await MigrationVerification(
            statuses: statuses,
            brokenHistory: history.brokenLinks() + brokenBodies() + missingRows() + openDoors() + drift.broken,
            differences: drift.differences, notes: notes)
    }

    /// How the live catalog differs from the one that the history says.
    struct Drift {
        var differences: [SchemaDifference] = []
        /// What could not be compared exactly.
        var notes: [String] = []
        /// It differs, and what it should be is gone or was changed.
        var broken: [String] = []
    }

    func drift(_ history: History) async throws -> Drift {
        guard let expected = history.expected else { return Drift() }
        let live = try await catalog()
        let isSameMajor = live.inventory.serverMajor == expected.serverMajor
        if isSameMajor, live.fingerprint == expected.fingerprint { return Drift() }
        guard let kept = try await kept(expected.fingerprint) else {
            let sentence =
                "the catalog differs, and what it should be (\(expected.fingerprint.prefix(12))…) is gone from "
                + "ops._migration_inventories or was changed there"
            return Drift(broken: [sentence])
        }
        if isSameMajor { return Drift(differences: live.inventory.differences(from: kept)) }
        let differences = live.inventory.versionIndependent.differences(from: kept.versionIndependent)
        let note =
            "the last fingerprint was taken on PostgreSQL \(expected.serverMajor), and this is "
            + "\(live.inventory.serverMajor): compared without what differs between them"
        return Drift(differences: differences, notes: [note])
    }

    private func brokenBodies() async throws -> [String] {
        let rows = try await session.query(
            """
            SELECT sequence, name FROM ops._migration_history
            WHERE encode(sha256(convert_to(body, 'UTF8')), 'hex') <> raw_checksum ORDER BY sequence
            """)
        var found: [String] = []
        for row in rows {
            let (sequence, name): (Int64, String) = (try row["sequence"], try row["name"])
            found.append("the text in row \(sequence) of ops._migration_history (\(name)) is not the one that ran")
        }
        return found
    }

    /// Each kept catalog belongs to a row; one without shows that rows were cut off at the end.
    private func missingRows() async throws -> [String] {
        let rows = try await session.query(
            """
            SELECT FROM ops._migration_inventories AS kept WHERE NOT EXISTS (
                SELECT FROM ops._migration_history AS history
                WHERE kept.fingerprint IN (history.fingerprint, history.fingerprint_before))
            """)
        return rows.isEmpty ? [] : ["rows at the end of ops._migration_history were removed"]
    }

    private func openDoors() async throws -> [String] {
        let rows = try await session.query(
            """
            SELECT FROM pg_catalog.pg_trigger
            WHERE tgrelid = 'ops._migration_history'::regclass AND tgname = 'only_added_to' AND tgenabled IN ('O', 'A')
            """)
        return rows.isEmpty ? ["the trigger that protects ops._migration_history is disabled or gone"] : []
    }
}
