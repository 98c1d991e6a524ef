// SPDX-License-Identifier: Apache-2.0
package import Postgres

/// Why there is no inventory.
package enum InventoryError: Error, Sendable {
    /// The catalog could not be read.
    case database(PostgresError)
    /// What was to be an inventory's JSON is not one; the sentence says where.
    case malformed(String)
}

extension InventoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .database(let error): "the catalog could not be read: \(error)"
        case .malformed(let reason): "this is no schema inventory: \(reason); record it again"
        }
    }
}
