// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// The right to do what only one node at a time may do, for a while.
package struct Lease: Sendable, Equatable {
    /// What it is for, such as `scheduler`.
    package let name: String
    /// The process that has it; drawn anew at each start.
    package let holder: UniqueID
    /// Goes up whenever the lease changes hands: what an earlier holder still writes is refused by it.
    package let fence: Int64

    package init(name: String, holder: UniqueID, fence: Int64) {
        self.name = name
        self.holder = holder
        self.fence = fence
    }
}
