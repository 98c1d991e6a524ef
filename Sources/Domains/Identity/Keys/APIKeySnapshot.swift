// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions
import Synchronization

/// A key as a node holds it in memory: what its calls may do, without the key itself.
final class HeldKey: Sendable {
    let organization: UniqueID
    let id: UniqueID
    let user: UniqueID?
    let name: String
    let role: Role
    let permissions: PermissionSet
    let allowedModels: [String]
    let allowedAddresses: [NetworkRange]
    let expiresAt: Timestamp?
    /// Microseconds of its newest use that is not written yet; 0 when there is none.
    let usedAt = Atomic<Int64>(0)

    init(
        organization: UniqueID, id: UniqueID, user: UniqueID?, name: String, role: Role, permissions: PermissionSet,
        allowedModels: [String], allowedAddresses: [NetworkRange], expiresAt: Timestamp?
    ) {
        self.organization = organization
        self.id = id
        self.user = user
        self.name = name
        self.role = role
        self.permissions = permissions
        self.allowedModels = allowedModels
        self.allowedAddresses = allowedAddresses
        self.expiresAt = expiresAt
    }

    /// Whether it may be used from there; a key without ranges may be used from everywhere.
    func isAllowed(from address: String) -> Bool {
        guard !allowedAddresses.isEmpty else { return true }
        guard let address = NetworkAddress(address) else { return false }
        return allowedAddresses.contains { $0.contains(address) }
    }

    /// What a key may do: its role's permissions, or its custom role's, narrowed by its scopes and by what its owner
    /// may do. A person's own account is never a program's; the installation is an operator's administrator key's, when
    /// nothing narrows it.
    static func permissions(
        role: Role, custom: [String]?, scopes: [String], owner: (role: Role, custom: [String]?)?, isOperator: Bool
    ) -> PermissionSet {
        var permissions = role.permissions(custom: custom.map(PermissionSet.init(named:)), isOperator: isOperator)
        if let owner {
            let custom = owner.custom.map(PermissionSet.init(named:))
            permissions.formIntersection(owner.role.permissions(custom: custom, isOperator: isOperator))
        }
        return scopes.isEmpty ? permissions : permissions.intersection(PermissionSet(named: scopes))
    }
}

extension Role {
    /// What a role allows a person or their key at most: the permissions of a custom role count instead, and with the
    /// built-in role of an administrator operators have the installation. Who gives a role must have all of this.
    func permissions(custom: PermissionSet?, isOperator: Bool) -> PermissionSet {
        if let custom { return custom.intersection(Permission.grantable) }
        return isOperator && self == .admin ? permissions.union([.manageInstallation]) : permissions
    }
}

extension PermissionSet {
    /// The permissions of those names; names that are not known give none, as after a downgrade.
    init(named names: [String]) { self.init(names.compactMap { Permission(name: $0) }) }
}

/// Every good key of every organization, by its hash.
struct APIKeySnapshot {
    private(set) var keys: [Digest: HeldKey] = [:]

    /// One key as it is now: nil when it is not good any more.
    mutating func set(_ key: HeldKey?, hash: Digest) { keys[hash] = key }

    mutating func reserve(_ count: Int) { keys.reserveCapacity(count) }
}
