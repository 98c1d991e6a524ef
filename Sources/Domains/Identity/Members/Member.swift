// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A person as a member of one organization.
package struct Member: Sendable, Equatable {
    /// The person's, in every organization.
    package let id: UniqueID
    /// In lower case.
    package let email: String
    /// What the person is called; may be empty.
    package let name: String
    /// What they are here.
    package let role: RoleChoice
    /// What that allows: the custom role's, where there is one.
    package let permissions: PermissionSet
    /// Whether they also run the installation.
    package let isOperator: Bool
    /// Whether the address was proven to be theirs.
    package let isVerified: Bool
    /// Whether a code is asked for when they sign in.
    package let hasSecondFactor: Bool
    /// When they last signed in, in whatever organization.
    package let lastLogin: Timestamp?
    /// When they first became a member.
    package let joinedAt: Timestamp

    /// With what comes from running the installation: nobody manages somebody who may do more than they.
    var reach: PermissionSet {
        role.role.permissions(custom: role.custom.map { _ in permissions }, isOperator: isOperator)
    }

    /// Throws unless the caller may change or remove this member: nobody their own membership, and nobody that of
    /// somebody who may do more than they.
    func checkManaged(by principal: Principal) throws(DomainError) {
        guard principal.user != id else {
            throw DomainError(
                .conflict, code: "own_membership",
                "Nobody changes or removes their own membership; another administrator can.", shouldRetry: false)
        }
        try principal.checkGrant(reach, to: "manage a member", field: nil)
    }
}
