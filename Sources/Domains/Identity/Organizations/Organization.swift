// SPDX-License-Identifier: Apache-2.0
package import Core
package import JSON
package import SwiftExtensions

/// A tenant: everything that is owned, is owned by one.
package struct Organization: Sendable {
    /// A UUIDv7; the `org_id` of every row it owns.
    package let id: UniqueID
    /// 1…200 characters.
    package let name: String
    /// 1…63 of a–z, 0–9 and `-`; unique.
    package let slug: String
    /// `free`, `professional` or `enterprise`.
    package let plan: String
    /// Whatever else it has chosen: an object of JSON that means nothing to the program.
    package let settings: JSONValue
    /// Whether its people need a second factor; who has none may only set one up.
    package let requiresTwoFactor: Bool
    /// What it has chosen about its calls.
    package let policy: OrganizationPolicy
}
