// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// One page of a list that is ordered by id, newest first (keyset pagination: `?limit=&after=`).
package struct PageRequest: Sendable {
    /// How many items a page may have; 50 unless asked.
    package static let limits = 1...500
    /// 1…500.
    package let limit: Int
    /// The last id of the page before; nil starts at the newest.
    package let after: UniqueID?

    /// Reads the two query parameters; refuses what is out of bounds.
    package init(limit: String?, after: String?) throws(DomainError) {
        if let limit {
            guard let number = Int(limit), Self.limits.contains(number) else {
                throw DomainError(
                    .invalid, code: "invalid_page", "limit must be a whole number from 1 to 500.", parameter: "limit")
            }
            self.limit = number
        } else {
            self.limit = 50
        }
        if let after {
            guard let id = UniqueID(after) else {
                throw DomainError(
                    .invalid, code: "invalid_page", "after must be an id that an earlier page ended with.",
                    parameter: "after")
            }
            self.after = id
        } else {
            self.after = nil
        }
    }
}
