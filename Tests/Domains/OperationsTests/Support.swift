// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport

@testable import Operations

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

extension TestDatabase {
    /// Pretends that the lease has run out, as when its holder died.
    func expireLeases() throws {
        try psql("UPDATE ops.leases SET acquired_at = now() - interval '2 days', expires_at = now() - interval '1 day'")
    }

    /// Makes every job due.
    func makeJobsDue() throws { try psql("UPDATE ops.jobs SET next_run_at = now() - interval '1 hour'") }
}
