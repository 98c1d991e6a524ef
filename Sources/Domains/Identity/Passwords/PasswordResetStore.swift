// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.password_resets`.
enum PasswordResetStore {
    /// Adds a token unless the person was sent so many within the last hour; of several at once no more get through.
    static func insert(
        _ token: Digest, of user: UniqueID, lifetime: Duration, atMost limit: Int,
        in transaction: borrowing Transaction
    ) async throws -> Bool {
        // One after the other for a person, so that the count is exact.
        try await transaction.execute("SELECT FROM auth.users WHERE id = \(user) FOR UPDATE")
        let seconds = lifetime.components.seconds
        return try await transaction.execute(
            """
            INSERT INTO auth.password_resets (id, user_id, token_hash, expires_at)
            SELECT \(UniqueID.v7()), \(user), \(token.bytes), now() + \(seconds) * interval '1 second'
            WHERE (SELECT count(*) FROM auth.password_resets
                   WHERE user_id = \(user) AND created_at > now() - interval '1 hour') < \(limit)
            """) == 1
    }

    /// Whose password a token sets, and why it does not any more; nil for one that is unknown.
    static func find(
        _ token: Digest, in database: Database
    ) async throws -> (user: UniqueID, refusal: RefusalReason?)? {
        try await database.query(
            "SELECT user_id, is_used, is_expired FROM auth.password_reset_by_token(\(token.bytes))"
        ).first.map { row in
            let (isUsed, isExpired): (Bool, Bool) = (try row["is_used"], try row["is_expired"])
            return (try row["user_id"], isUsed ? .tokenUsed : isExpired ? .tokenExpired : nil)
        }
    }

    /// Uses a token up, and all others of the person with it; false when it was used meanwhile. Of several at once one
    /// wins.
    static func claim(_ token: Digest, of user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        let isClaimed =
            try await transaction.execute(
                """
                UPDATE auth.password_resets SET used_at = now()
                WHERE token_hash = \(token.bytes) AND user_id = \(user) AND used_at IS NULL AND expires_at > now()
                """) == 1
        guard isClaimed else { return false }
        try await transaction.execute(
            "UPDATE auth.password_resets SET used_at = now() WHERE user_id = \(user) AND used_at IS NULL")
        return true
    }
}
