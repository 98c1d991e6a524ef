// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.lockouts`: a counter a subject.
struct LockoutStore: Sendable {
    private let subjects: [LockoutSubject: Digest]

    init(_ attempt: AccountAttempt, key: HMACSHA256) {
        subjects = Dictionary(
            uniqueKeysWithValues: LockoutSubject.allCases.map { ($0, attempt.subject($0, key: key)) })
    }

    private var codes: [[UInt8]] { LockoutSubject.allCases.compactMap { subjects[$0]?.bytes } }

    /// As it is now; others may change it meanwhile.
    func read(from database: Database) async throws -> Lockout {
        let codes = codes
        return try lockout(
            try await database.query(
                """
                SELECT subject, failures, last_failure, familiar_until FROM auth.lockouts
                WHERE subject IN (\(codes[0]), \(codes[1]), \(codes[2]))
                """))
    }

    /// As it is now, and nobody changes it before the transaction ends.
    func lock(in transaction: borrowing Transaction) async throws -> Lockout {
        // In one order for everybody, so that nobody waits for who waits for them. The update changes nothing: it locks
        // the row that is there, in one statement with making the one that is not.
        let rows = subjects.sorted { $0.value.hex < $1.value.hex }.map { ($0.key.rawValue, $0.value.bytes) }
        return try lockout(
            try await transaction.query(
                """
                INSERT INTO auth.lockouts (kind, subject)
                VALUES (\(rows[0].0), \(rows[0].1)), (\(rows[1].0), \(rows[1].1)), (\(rows[2].0), \(rows[2].1))
                ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind
                RETURNING subject, failures, last_failure, familiar_until
                """))
    }

    /// Writes what was locked, and lets go of a few counters of whomever of which nothing is left.
    func write(_ lockout: Lockout, in transaction: borrowing Transaction) async throws {
        try await write(lockout.account, as: .account, in: transaction)
        try await write(lockout.network, as: .network, in: transaction)
        try await write(lockout.familiar, as: .familiar, until: lockout.familiarUntil, in: transaction)
        try await transaction.execute("SELECT auth.forget_lockouts()")
    }

    private func write(
        _ count: FailureCount, as kind: LockoutSubject, until: Timestamp? = nil, in transaction: borrowing Transaction
    ) async throws {
        let end = [count.end, until].compactMap(\.self).max()
        try await transaction.execute(
            """
            UPDATE auth.lockouts
            SET failures = \(count.failures), last_failure = \(count.lastFailure), familiar_until = \(until),
                ends_at = coalesce(\(end), '-infinity')
            WHERE subject = \(subjects[kind]?.bytes)
            """)
    }

    private func lockout(_ rows: [Row]) throws -> Lockout {
        var lockout = Lockout()
        for row in rows {
            let subject: [UInt8] = try row["subject"]
            let count = FailureCount(failures: try row["failures"], lastFailure: try row["last_failure"])
            switch LockoutSubject.allCases.first(where: { subjects[$0]?.bytes == subject }) {
            case .account: lockout.account = count
            case .network: lockout.network = count
            case .familiar:
                lockout.familiar = count
                lockout.familiarUntil = try row["familiar_until"]
            case nil: break
            }
        }
        return lockout
    }
}
