// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
import SwiftExtensions

/// The columns `totp_*` of `auth.users`, and the table `auth.recovery_codes`.
enum SecondFactorStore {
    /// Nil when the organization of the transaction has no such person, or the person no second factor, be it
    /// confirmed or not.
    static func find(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> SecondFactor? {
        try await transaction.query(
            """
            SELECT id, totp_secret, totp_dek, totp_master_key_id, totp_confirmed_at, totp_last_step
            FROM auth.users WHERE id = \(user) AND totp_secret IS NOT NULL
            """
        ).first.map { row in
            SecondFactor(
                user: try row["id"],
                envelope: Envelope(
                    wrappedKey: try row["totp_dek"], sealed: try row["totp_secret"],
                    keyID: try row["totp_master_key_id"]),
                confirmedAt: try row["totp_confirmed_at"], lastStep: try row["totp_last_step"])
        }
    }

    /// Puts a new secret in the place of one that is not confirmed; false when there is a confirmed one.
    static func begin(_ user: UniqueID, _ envelope: Envelope, in transaction: borrowing Transaction) async throws
        -> Bool
    {
        try await transaction.execute(
            """
            UPDATE auth.users
            SET totp_secret = \(envelope.sealed), totp_dek = \(envelope.wrappedKey),
                totp_master_key_id = \(envelope.keyID), totp_last_step = NULL
            WHERE id = \(user) AND totp_confirmed_at IS NULL
            """) == 1
    }

    /// Uses up the step of a code; false when it, or a later one, was used already. Of several at once one wins.
    static func use(_ step: Int64, of user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            """
            UPDATE auth.users SET totp_last_step = \(step)
            WHERE id = \(user) AND totp_secret IS NOT NULL AND coalesce(totp_last_step < \(step), true)
            """) == 1
    }

    /// From now on a code is asked for.
    static func confirm(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.users SET totp_confirmed_at = now() WHERE id = \(user) AND totp_confirmed_at IS NULL") == 1
    }

    /// Takes the second factor away, with its recovery codes; false when there was none.
    static func remove(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await voidCodes(of: user, in: transaction)
        return try await transaction.execute(
            """
            UPDATE auth.users
            SET totp_secret = NULL, totp_dek = NULL, totp_master_key_id = NULL, totp_confirmed_at = NULL,
                totp_last_step = NULL
            WHERE id = \(user) AND totp_secret IS NOT NULL
            """) == 1
    }

    /// Voids the access tokens of a person whom the organization of the transaction demands a second factor of: what
    /// is issued next knows that there is none.
    static func voidRights(of user: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE auth.memberships m SET role = m.role FROM auth.organizations o
            WHERE m.user_id = \(user) AND o.id = m.org_id AND o.require_two_factor
            """)
    }

    // MARK: Recovery codes

    static func insertCodes(
        _ hashes: [Digest], of user: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        for hash in hashes {
            try await transaction.execute(
                """
                INSERT INTO auth.recovery_codes (id, user_id, code_hash)
                VALUES (\(UniqueID.v7()), \(user), \(hash.bytes))
                """)
        }
    }

    /// Uses up a code; false when there is none such that is good. Of several at once one wins.
    static func useCode(_ hash: Digest, of user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            """
            UPDATE auth.recovery_codes SET used_at = now()
            WHERE user_id = \(user) AND code_hash = \(hash.bytes) AND used_at IS NULL
            """) == 1
    }

    /// No code that was given out before is good any more.
    static func voidCodes(of user: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            "UPDATE auth.recovery_codes SET used_at = now() WHERE user_id = \(user) AND used_at IS NULL")
    }

    static func codesLeft(of user: UniqueID, in transaction: borrowing Transaction) async throws -> Int {
        let rows = try await transaction.query(
            "SELECT count(*) AS left FROM auth.recovery_codes WHERE user_id = \(user) AND used_at IS NULL")
        return try rows.first?["left"] ?? 0
    }
}
