// SPDX-License-Identifier: Apache-2.0
import Core
import JSON
import Postgres
import SwiftExtensions

/// The table `auth.erasures`, and the functions that erase.
enum ErasureStore {
    /// What is in the way; nil when nothing is, and then nothing comes into it until the transaction ends.
    static func obstacle(
        to person: UniqueID, in transaction: borrowing Transaction
    ) async throws -> ErasureObstacle? {
        let rows = try await transaction.query("SELECT auth.erasure_obstacle(\(person)) AS obstacle")
        guard let name: String = try rows.first?["obstacle"] else { return nil }
        guard let known = ErasureObstacle(rawValue: name) else { throw DomainError.unforeseen }
        return known
    }

    /// Erases, and says what was done.
    static func erase(_ person: UniqueID, in transaction: borrowing Transaction) async throws -> JSONValue {
        let rows = try await transaction.query("SELECT auth.erase_person(\(person))::text AS done")
        guard let text: String = try rows.first?["done"] else { throw DomainError.unforeseen }
        return try JSONValue(parsing: Array(text.utf8))
    }

    static func insert(
        _ certificate: ErasureCertificate, of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.erasures (org_id, id, user_id, certificate, signature, master_key_id)
            VALUES (\(organization), \(certificate.id), \(certificate.person), \(certificate.statement),
                    \(certificate.signature), \(certificate.masterKeyID))
            """)
    }

    /// Newest first.
    static func page(
        _ page: PageRequest, in transaction: borrowing Transaction
    ) async throws -> [ErasureCertificate] {
        try await transaction.query(
            """
            SELECT id, user_id, certificate, signature, master_key_id FROM auth.erasures
            WHERE \(page.after)::uuid IS NULL OR id < \(page.after) ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try ErasureCertificate(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> ErasureCertificate? {
        try await transaction.query(
            "SELECT id, user_id, certificate, signature, master_key_id FROM auth.erasures WHERE id = \(id)"
        ).first.map { try ErasureCertificate(row: $0) }
    }
}

extension ErasureCertificate {
    init(row: Row) throws {
        self.init(
            id: try row["id"], person: try row["user_id"], statement: try row["certificate"],
            signature: try row["signature"], masterKeyID: try row["master_key_id"])
    }
}
