// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Seals rows that must stay as they are: digests in a table, the digest of those in the log, which is chained.
package struct RowSealWorker: Sendable {
    static let action = "rows.sealed"
    private let owner: Database
    private let app: Database

    /// `owner` acts as `witan_owner` and sees the organizations, `app` as `witan_app`.
    package init(owner: Database, app: Database) {
        self.owner = owner
        self.app = app
    }

    /// Seals what was added since the last run; what it did, in a sentence.
    package func run() async throws -> String {
        var total = 0
        for row in try await owner.query("SELECT id FROM auth.organizations ORDER BY id") {
            total += try await seal(try row["id"])
        }
        return "\(total) rows sealed"
    }

    /// - Returns: How many rows were sealed.
    package func seal(_ organization: UniqueID) async throws -> Int {
        let tables = try await app.transaction(organization: organization) { transaction in
            try await RowSealStore.tables(in: transaction)
        }
        var total = 0
        for table in tables {
            while true {
                try Task.checkCancellation()
                let sealed = try await app.wholeTransaction(organization: organization) { transaction in
                    try await Self.seal(table, of: organization, in: transaction)
                }
                total += sealed
                if sealed == 0 { break }
            }
        }
        return total
    }

    private static func seal(
        _ table: String, of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws -> Int {
        let id = UniqueID.v7()
        guard let seal = try await RowSealStore.seal(table, as: id, in: transaction) else { return 0 }
        try await AuditService.append(
            action, id: id, category: "ops", entity: "table:\(table)",
            payload: ["rows": .number(JSONNumber(Int64(seal.rows))), "digest": .string(seal.digest.hex)], by: .system,
            of: organization, in: transaction)
        return seal.rows
    }
}

extension Database {
    /// A transaction that sees and writes all of an organization's rows, whatever team they belong to.
    func wholeTransaction<Value: Sendable>(
        organization: UniqueID, _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        try await transaction(settings: [("app.org_id", organization.description), ("app.team_id", "*")], body)
    }
}
