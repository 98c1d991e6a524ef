// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions
import Testing

@Suite struct RoleTests {
    /// A permission and the roles that have it, in the words of the wire.
    static let matrix: [(String, Set<String>)] = [
        ("models.call", ["admin", "manager", "developer"]),
        ("models.read", ["admin", "manager", "developer", "viewer"]),
        ("providers.read", ["admin", "manager", "developer", "viewer"]),
        ("providers.manage", ["admin", "manager"]),
        ("keys.read", ["admin", "manager"]),
        ("keys.manage", ["admin", "manager"]),
        ("audit.read", ["admin", "manager"]),
        ("usage.read", ["admin", "manager", "developer", "viewer"]),
        ("status.read", ["admin", "manager", "developer", "viewer"]),
        ("organization.manage", ["admin"]),
        ("retention.read", ["admin", "manager"]),
        ("retention.manage", ["admin"]),
        ("members.read", ["admin", "manager", "developer"]),
        ("members.manage", ["admin"]),
        ("teams.manage", ["admin", "manager"]),
        ("roles.manage", ["admin"]),
        ("invitations.manage", ["admin", "manager"]),
        ("sessions.manage", ["admin"]),
        ("sso.manage", ["admin"]),
        ("privacy.manage", ["admin"]),
        ("holds.manage", ["admin"]),
    ]

    @Test("each permission is held by the roles it is for and by no other", arguments: matrix)
    func permission(name: String, roles: Set<String>) throws {
        let permission = try #require(Permission(name: name))
        for role in Role.allCases {
            #expect(role.permissions.contains(permission) == roles.contains(role.rawValue), "\(role.rawValue)")
            #expect(principal(role).may(permission) == roles.contains(role.rawValue))
        }
    }

    @Test("no permission is left out of the matrix")
    func complete() {
        #expect(Set(Self.matrix.map(\.0)) == Set(Permission.grantable.names))
    }

    @Test("each role may do all that the role below it may")
    func nested() {
        let order: [Role] = [.viewer, .developer, .manager, .admin]
        for (lower, higher) in zip(order, order.dropFirst()) {
            #expect(lower.permissions.isStrictSubset(of: higher.permissions))
        }
    }

    @Test("the log names a caller by its key's id, never by its name")
    func actor() {
        let caller = principal(.viewer)
        #expect(caller.actor.name == "key:\(caller.id)")
    }

    private func principal(_ role: Role) -> Principal {
        Principal(
            organization: .v7(), caller: .key(.v7()), name: "somebody", role: role, allowedModels: [],
            policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
    }
}
