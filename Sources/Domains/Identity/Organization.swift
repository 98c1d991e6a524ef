// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A tenant: everything that is owned, is owned by one.
package struct Organization: Sendable {
    package let id: UniqueID
    package let name: String
    package let slug: String
    package let plan: String
    package let policy: OrganizationPolicy
}
