// SPDX-License-Identifier: Apache-2.0

/// What a caller may do. Endpoints name the one they need; roles are sets of them.
package enum Permission: UInt8, Sendable, CaseIterable {
    case callModels
    case readModels
    case readProviders
    case manageProviders
    case readKeys
    case manageKeys
    case readAudit
    case readUsage
    case readStatus
    case manageOrganization
    case readRetention
    case manageRetention
    case readMembers
    case manageMembers
    case manageTeams
    case manageRoles
    case manageInvitations
    case manageSessions
    case manageSingleSignOn
    case managePrivacy
    case manageHolds
    case manageAccount
    case manageInstallation

    /// How it is called on the wire, in custom roles and in scopes of keys.
    package var name: String {
        switch self {
        case .callModels: "models.call"
        case .readModels: "models.read"
        case .readProviders: "providers.read"
        case .manageProviders: "providers.manage"
        case .readKeys: "keys.read"
        case .manageKeys: "keys.manage"
        case .readAudit: "audit.read"
        case .readUsage: "usage.read"
        case .readStatus: "status.read"
        case .manageOrganization: "organization.manage"
        case .readRetention: "retention.read"
        case .manageRetention: "retention.manage"
        case .readMembers: "members.read"
        case .manageMembers: "members.manage"
        case .manageTeams: "teams.manage"
        case .manageRoles: "roles.manage"
        case .manageInvitations: "invitations.manage"
        case .manageSessions: "sessions.manage"
        case .manageSingleSignOn: "sso.manage"
        case .managePrivacy: "privacy.manage"
        case .manageHolds: "holds.manage"
        case .manageAccount: "account.manage"
        case .manageInstallation: "installation.manage"
        }
    }

    /// The permission of that name; nil when there is none.
    package init?(name: some StringProtocol) {
        guard let known = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = known
    }

    /// What a role of an organization can hold. The others come with being a person who signed in (its own account) and
    /// with running the installation.
    package static let grantable = PermissionSet(allCases).subtracting([.manageAccount, .manageInstallation])
}

/// A set of permissions, as bits: asked for with every request.
package struct PermissionSet: Sendable, Hashable, SetAlgebra, ExpressibleByArrayLiteral {
    private var bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    /// None.
    package init() { bits = 0 }

    private static func bit(_ permission: Permission) -> UInt64 { 1 << UInt64(permission.rawValue) }

    /// The permissions in the order in which they are listed.
    package var elements: [Permission] { Permission.allCases.filter { contains($0) } }

    /// Their names, in that order.
    package var names: [String] { elements.map(\.name) }

    /// Whether it is in the set.
    package func contains(_ permission: Permission) -> Bool { bits & Self.bit(permission) != 0 }

    /// In either.
    package func union(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits | other.bits) }

    /// In both.
    package func intersection(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits & other.bits) }

    /// In one alone.
    package func symmetricDifference(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits ^ other.bits) }

    /// Adds one; says whether it was new.
    @discardableResult
    package mutating func insert(
        _ permission: Permission
    ) -> (inserted: Bool, memberAfterInsert: Permission) {
        let isNew = !contains(permission)
        bits |= Self.bit(permission)
        return (isNew, permission)
    }

    /// Takes one away; nil when it was not there.
    @discardableResult
    package mutating func remove(_ permission: Permission) -> Permission? {
        guard contains(permission) else { return nil }
        bits &= ~Self.bit(permission)
        return permission
    }

    /// Adds one; the one that was there before, if it was.
    @discardableResult
    package mutating func update(with permission: Permission) -> Permission? {
        insert(permission).inserted ? nil : permission
    }

    /// Adds what the other has.
    package mutating func formUnion(_ other: PermissionSet) { bits |= other.bits }

    /// Keeps what the other has too.
    package mutating func formIntersection(_ other: PermissionSet) { bits &= other.bits }

    /// Keeps what one of them has alone.
    package mutating func formSymmetricDifference(_ other: PermissionSet) { bits ^= other.bits }
}

/// The four roles of a member or key, and the one place that says what each may do.
package enum Role: String, Sendable, CaseIterable {
    case admin, manager, developer, viewer

    /// All the role may do; roles do not inherit from each other.
    package var permissions: PermissionSet {
        switch self {
        case .admin: Permission.grantable
        case .manager:
            [
                .callModels, .readModels, .readProviders, .manageProviders, .readKeys, .manageKeys, .readAudit,
                .readUsage, .readStatus, .readRetention, .readMembers, .manageTeams, .manageInvitations,
            ]
        case .developer: [.callModels, .readModels, .readProviders, .readUsage, .readStatus, .readMembers]
        case .viewer: [.readModels, .readProviders, .readUsage, .readStatus]
        }
    }
}
