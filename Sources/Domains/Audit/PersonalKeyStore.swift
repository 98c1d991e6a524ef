// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The table `auth.payload_keys`, of the organization that the transaction is confined to.
enum PersonalKeyStore {
    /// Whether a person has a key, and which; the key is nil once it is destroyed.
    static func state(
        of person: UniqueID, in transaction: borrowing Transaction
    ) async throws -> (key: PersonalSeal.Key?, Void)? {
        try await transaction.query(
            "SELECT encrypted_dek, master_key_id FROM auth.payload_keys WHERE user_id = \(person)"
        ).first.map { (try key(of: $0), ()) }
    }

    /// Makes a member's key, unless there is one; members who left count too.
    static func insert(
        _ key: PersonalSeal.Key, of person: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.payload_keys (org_id, user_id, encrypted_dek, master_key_id)
            SELECT org_id, user_id, \(key.wrapped), \(key.masterKeyID)
            FROM auth.memberships WHERE user_id = \(person) ON CONFLICT DO NOTHING
            """)
    }

    /// The keys that are left of these people.
    static func find(
        _ people: [UniqueID], in transaction: borrowing Transaction
    ) async throws -> [UniqueID: PersonalSeal.Key] {
        var found: [UniqueID: PersonalSeal.Key] = [:]
        for row in try await transaction.query(
            "SELECT user_id, encrypted_dek, master_key_id FROM auth.payload_keys WHERE user_id = ANY(\(people))")
        {
            found[try row["user_id"]] = try key(of: row)
        }
        return found
    }

    private static func key(of row: Row) throws -> PersonalSeal.Key? {
        guard let wrapped: [UInt8] = try row["encrypted_dek"], let id: String = try row["master_key_id"] else {
            return nil
        }
        return PersonalSeal.Key(wrapped: wrapped, masterKeyID: id)
    }
}
