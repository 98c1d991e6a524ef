// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions
import TestSupport

@testable import Audit

/// Runs `body` with a migrated database of its own, and drops it.
func withStore<Value>(_ body: (TestDatabase) async throws -> Value) async throws -> Value {
    let store = try await TestDatabase.make()
    do {
        let value = try await body(store)
        try await store.close()
        return value
    } catch {
        try? await store.close()
        throw error
    }
}

/// Writes one entry in a transaction of its own.
func append(
    _ action: String = "thing.done", category: String = "tests", of organization: UniqueID, in database: Database
) async throws {
    try await database.transaction(organization: organization) { transaction in
        try await AuditService.append(
            action, category: category, entity: "thing:1", payload: ["n": 1], by: .system, of: organization,
            in: transaction)
    }
}

/// An entry of given texts, and otherwise always the same.
func entry(
    id: UniqueID = UniqueID(high: 7, low: 7), category: String = "auth", action: String = "key.created",
    outcome: AuditEntry.Outcome = .success, actor: String = "system", entity: String = "key:1",
    payload: String = "{}"
) -> AuditEntry {
    AuditEntry(
        organization: UniqueID(high: 1, low: 2), id: id, category: category, action: action, outcome: outcome,
        actor: actor, entity: entity, payload: payload)
}
