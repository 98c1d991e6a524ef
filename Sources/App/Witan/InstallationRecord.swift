// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import EventLoop
import JSON
import Postgres
import SwiftExtensions

/// What concerns the whole installation stands in the log of every organization.
enum InstallationRecord {
    /// Writes one entry each, by the program itself.
    ///
    /// - Parameter url: Of who migrates.
    static func append(
        _ action: String, entity: String, payload: JSONValue, to url: Secret<String>, on loop: EventLoop
    ) async throws {
        var settings = Stores.migratorConfiguration(url)
        let owner = Database(configuration: settings, loops: [loop], observe: { _ in })
        settings.role = "witan_app"
        let app = Database(configuration: settings, loops: [loop], observe: { _ in })
        try await BackupCommands.closing(owner) {
            try await BackupCommands.closing(app) {
                // What was brought back from an old copy may not have this month yet.
                _ = try await app.query("SELECT ops.ensure_partitions(0) AS made")
                for row in try await owner.query("SELECT id FROM auth.organizations ORDER BY id") {
                    let organization: UniqueID = try row["id"]
                    try await app.transaction(organization: organization) { transaction in
                        try await AuditService.append(
                            action, category: "operations", entity: entity, payload: payload, by: .system,
                            of: organization, in: transaction)
                    }
                }
            }
        }
    }
}
