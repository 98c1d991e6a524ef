// SPDX-License-Identifier: Apache-2.0

/// A store beside the database whose steps stand in the same history. What it does must do no harm when it is repeated.
package protocol MigrationStore: Sendable {
    /// Brings the store to what the file says.
    func apply(_ migration: Migration) async throws(MigrationStoreError)

    /// Whether the store still has what the file put there; a store may be emptied at any time.
    func holds(_ migration: Migration) async throws(MigrationStoreError) -> Bool

    /// What `apply` would do, a line each.
    func outline(of migration: Migration) throws(MigrationStoreError) -> [String]
}

/// Why a store did not take a step, and what to do.
package struct MigrationStoreError: Error, CustomStringConvertible {
    /// One sentence.
    package let description: String
    /// Whether the store is away, so that the step waits, or has refused it.
    package let isAbsence: Bool

    package init(_ description: String, isAbsence: Bool) {
        self.description = description
        self.isAbsence = isAbsence
    }
}

/// Whether a store is there.
package enum MigrationStoreState: Sendable {
    case present(any MigrationStore)
    /// Not there, and why, such as `redis is not configured`.
    case absent(reason: String)
}
