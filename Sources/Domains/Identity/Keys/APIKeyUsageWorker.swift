// SPDX-License-Identifier: Apache-2.0
import Audit
package import Postgres
import SwiftExtensions

/// Writes when keys were last used, of all keys used since the last run at once; the calls themselves only note the
/// time in memory. What a crash loses is a minute of that.
package struct APIKeyUsageWorker: Sendable {
    private let database: Database
    private let monitor: IdentityMonitor

    package init(database: Database, monitor: IdentityMonitor) {
        self.database = database
        self.monitor = monitor
    }

    /// One statement for each organization.
    package func write() async throws {
        for (organization, uses) in Dictionary(grouping: monitor.takeUses(), by: \.organization) {
            try await database.transaction(organization: organization) { transaction in
                try await APIKeyStore.used(uses.map(\.key), at: uses.map(\.at), in: transaction)
            }
        }
    }
}
