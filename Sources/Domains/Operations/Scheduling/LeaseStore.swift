// SPDX-License-Identifier: Apache-2.0
package import Postgres
package import SwiftExtensions

/// The table `ops.leases`. All times are the server's, so that clocks of nodes do not matter.
package enum LeaseStore {
    /// Takes the lease, or renews it for its holder; nil while somebody else has it. One statement, so that it works
    /// through any pooler.
    package static func take(
        _ name: String, holder: UniqueID, holderName: String, for duration: Duration, in database: Database
    ) async throws -> Lease? {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        let rows = try await database.query(
            """
            INSERT INTO ops.leases AS held (name, holder, holder_name, fence, acquired_at, expires_at)
            VALUES (\(name), \(holder), \(holderName), 1, clock_timestamp(),
                    clock_timestamp() + \(seconds) * interval '1 second')
            ON CONFLICT (name) DO UPDATE SET
                holder = excluded.holder, holder_name = excluded.holder_name, expires_at = excluded.expires_at,
                fence = held.fence + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
                acquired_at = CASE WHEN held.holder = excluded.holder THEN held.acquired_at
                                   ELSE excluded.acquired_at END
            WHERE held.holder = excluded.holder OR held.expires_at <= clock_timestamp()
            RETURNING fence
            """)
        guard let row = rows.first else { return nil }
        return Lease(name: name, holder: holder, fence: try row["fence"])
    }

    /// Gives the lease back, so that the next node need not wait for its end.
    package static func release(_ lease: Lease, in database: Database) async throws {
        try await database.execute(
            """
            UPDATE ops.leases SET expires_at = greatest(acquired_at, clock_timestamp())
            WHERE name = \(lease.name) AND holder = \(lease.holder) AND fence = \(lease.fence)
            """)
    }

    /// Who has it now, as people call the process; nil when nobody does.
    package static func holderName(of name: String, in database: Database) async throws -> String? {
        try await database.query(
            "SELECT holder_name FROM ops.leases WHERE name = \(name) AND expires_at > clock_timestamp()"
        ).first.map { try $0["holder_name"] }
    }

    /// True while the lease is held; a condition for statements that only its holder may make.
    static func isHeld(_ lease: Lease) -> SQL {
        """
        EXISTS (SELECT FROM ops.leases WHERE name = \(lease.name) AND holder = \(lease.holder)
            AND fence = \(lease.fence) AND expires_at > clock_timestamp())
        """
    }
}
