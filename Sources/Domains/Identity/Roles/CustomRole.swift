// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A role that an organization made itself: a set of permissions, beside the four that are built in.
package struct CustomRole: Sendable, Equatable {
    /// A UUIDv7.
    package let id: UniqueID
    /// Name, purpose and permissions.
    package let draft: CustomRoleDraft
    /// When the database wrote it.
    package let createdAt: Timestamp
    /// When it was last changed.
    package let updatedAt: Timestamp
}

/// What a role is to be: all of it can be changed afterwards.
package struct CustomRoleDraft: Sendable, Equatable {
    /// 1…100 characters; unique in the organization, and none of the built-in roles'.
    package var name: String
    /// At most 1000 characters.
    package var description: String
    /// At least one; all of them `Permission.grantable`.
    package var permissions: PermissionSet

    package init(name: String, description: String = "", permissions: PermissionSet) {
        self.name = name
        self.description = description
        self.permissions = permissions
    }

    /// Throws a `DomainError` that names the field when something is out of bounds.
    package func check() throws(DomainError) {
        guard (1...100).contains(name.unicodeScalars.count), !name.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_name", "name must have 1 to 100 characters, and no control characters.",
                parameter: "name")
        }
        guard Role(rawValue: name.lowercased()) == nil else {
            throw DomainError(
                .invalid, code: "invalid_name", "There is a built-in role of this name; choose another one.",
                parameter: "name")
        }
        guard description.unicodeScalars.count <= 1000, !description.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_value",
                "description takes at most 1000 characters, and no control characters.", parameter: "description")
        }
        guard !permissions.isEmpty, permissions.isSubset(of: Permission.grantable) else {
            throw Self.permissionsError("permissions takes at least one.")
        }
    }

    /// The permissions of these names; throws `invalid_permissions` for one that there is not, or that is no role's.
    package static func permissions(named names: [String]) throws(DomainError) -> PermissionSet {
        let known = names.filter { Permission(name: $0).map(Permission.grantable.contains) ?? false }
        if let wrong = names.first(where: { !known.contains($0) }) {
            throw permissionsError("'\(wrong.prefix(60))' is no permission that a role can hold.")
        }
        return PermissionSet(named: names)
    }

    private static func permissionsError(_ what: String) -> DomainError {
        DomainError(
            .invalid, code: "invalid_permissions",
            "\(what) There are \(Permission.grantable.names.joined(separator: ", ")).", parameter: "permissions")
    }
}

/// What a member is, or is to become: a built-in role, or one of the organization's own in its place.
package struct RoleChoice: Sendable, Equatable {
    /// The built-in role; it names who it is, and says what they may do while `custom` is nil.
    package var role: Role
    /// A role of the organization's own, which then counts instead.
    package var custom: UniqueID?

    package init(_ role: Role, custom: UniqueID? = nil) {
        self.role = role
        self.custom = custom
    }
}

extension Principal {
    /// Nobody gives more than they have. `what` says what they were about to do, as in "make a role".
    func checkGrant(_ given: PermissionSet, to what: String, field: String? = "role") throws(DomainError) {
        guard given.isSubset(of: permissions) else {
            let missing = given.subtracting(permissions).names.joined(separator: ", ")
            throw DomainError(
                .forbidden, code: "role_too_high",
                "\(title) cannot \(what) that may do more than the caller: \(missing).", parameter: field,
                shouldRetry: false)
        }
    }
}
