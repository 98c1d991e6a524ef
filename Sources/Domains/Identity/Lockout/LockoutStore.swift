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

    /// As it is now, and nobody changes it before the transaction ends. The counters of account and network are left
    /// alone, and zero in the result, for who is familiar: they do not count there, and others wait for them.
    func lock(at now: Timestamp, all: Bool = false, in transaction: borrowing Transaction) async throws -> Lockout {
        var lockout = try await lock([.familiar], in: transaction)
        guard all || !lockout.isFamiliar(at: now) else { return lockout }
        // In one order for everybody, so that nobody waits for who waits for them.
        let others = try await lock([.account, .network].sorted { code($0) < code($1) }, in: transaction)
        lockout.account = others.account
        lockout.network = others.network
        return lockout
    }

    private func code(_ kind: LockoutSubject) -> String { subjects[kind]?.hex ?? "" }

    /// The update changes nothing: it locks the row that is there, in one statement with making the one that is not.
    private func lock(_ kinds: [LockoutSubject], in transaction: borrowing Transaction) async throws -> Lockout {
        var rows: [Row] = []
        for kind in kinds {
            rows += try await transaction.query(
                """
                INSERT INTO auth.lockouts (kind, subject) VALUES (\(kind.rawValue), \(subjects[kind]?.bytes))
                ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind
                RETURNING subject, failures, last_failure, familiar_until
                """)
        }
        return try lockout(rows)
    }

    /// Writes what became different, and lets go of a few counters of whomever of which nothing is left.
    func write(_ lockout: Lockout, over old: Lockout, in transaction: borrowing Transaction) async throws {
        if lockout.account != old.account { try await write(lockout.account, as: .account, in: transaction) }
        if lockout.network != old.network { try await write(lockout.network, as: .network, in: transaction) }
        if lockout.familiar != old.familiar || lockout.familiarUntil != old.familiarUntil {
            try await write(lockout.familiar, as: .familiar, until: lockout.familiarUntil, in: transaction)
        }
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
