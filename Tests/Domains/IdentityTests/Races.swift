// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// Interleaves transactions on purpose, without clocks.
extension Fixture {
    /// Runs `body` while another transaction has done `change` and not committed it; it commits when `body` calls what
    /// it is given, or returns.
    func holding<Value: Sendable>(
        in organization: UniqueID, _ change: @escaping @Sendable (borrowing Transaction) async throws -> Void,
        while body: (_ commit: @Sendable () -> Void) async throws -> Value
    ) async throws -> Value {
        let (done, isDone) = AsyncStream<Void>.makeStream()
        let (end, ends) = AsyncStream<Void>.makeStream()
        let database = store.open(role: "witan_app")
        async let held: Void = database.transaction(organization: organization) { transaction in
            try await change(transaction)
            isDone.finish()
            for await _ in end {}
        }
        for await _ in done {}
        let value: Value
        do {
            value = try await body { ends.finish() }
        } catch {
            ends.finish()
            throw error
        }
        ends.finish()
        try await held
        return value
    }

    /// Returns once so many statements wait for a lock in this database.
    func untilWaiting(_ count: Int) async throws {
        for _ in 0..<2000 {
            let waiting = try store.psql(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)
            if waiting == "\(count)" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(count) statements were to wait for a lock")
    }

    /// From now on every new session waits, before its transaction commits, for whoever holds the advisory lock 7.
    func stopNewSessions() throws {
        try store.psql(
            """
            CREATE FUNCTION public.wait_for_seven() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(7);
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER wait_for_seven AFTER INSERT ON auth.sessions
                FOR EACH ROW EXECUTE FUNCTION public.wait_for_seven();
            """)
    }
}
