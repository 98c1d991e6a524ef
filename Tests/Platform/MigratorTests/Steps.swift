// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import Testing

@testable import Migrator

extension Migration {
    /// A file `000n_step.sql`.
    static func step(_ id: Int, _ text: String, down: String? = nil) -> Migration {
        guard let migration = Migration(file: "000\(id)_step.sql", text: text, down: down) else {
            preconditionFailure("bad name")
        }
        return migration
    }
}

/// Collects what a migrator tells.
final class Told: Sendable {
    private let events = Locked<[MigrationEvent]>([])

    var observe: @Sendable (MigrationEvent) -> Void {
        { [self] event in events.withLock { $0.append(event) } }
    }

    var all: [MigrationEvent] { events.withLock { $0 } }
}
