// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Who makes a request: an API key of an organization, with what the hot path must know of both.
package struct Principal: Sendable {
    /// The key's organization; every query is confined to it.
    package let organization: UniqueID
    /// The key's id, for the ledger and the audit log.
    package let key: UniqueID
    /// The key's name, as its maker gave it.
    package let name: String
    /// What the key may do.
    package let role: Role
    /// Models the key may call, as `provider/model`; empty means all.
    package let allowedModels: [String]
    /// The organization's, as of the last snapshot.
    package let policy: OrganizationPolicy

    package init(
        organization: UniqueID, key: UniqueID, name: String, role: Role, allowedModels: [String],
        policy: OrganizationPolicy
    ) {
        self.organization = organization
        self.key = key
        self.name = name
        self.role = role
        self.allowedModels = allowedModels
        self.policy = policy
    }

    /// Whether the role has the permission.
    package func may(_ permission: Permission) -> Bool { role.permissions.contains(permission) }

    /// How the audit log names this caller.
    package var actor: String { "key:\(key)" }
}

/// What an organization has chosen about its calls.
package struct OrganizationPolicy: Sendable, Equatable {
    /// Whether prompts and answers are stored; digests always are.
    package let contentRetention: Bool
    /// Whether an answer waits until its record is committed.
    package let durableAnswers: Bool
    /// The price per token assumed where none is known; nil refuses such calls.
    package let unknownPriceCeiling: FixedDecimal?

    package init(contentRetention: Bool, durableAnswers: Bool, unknownPriceCeiling: FixedDecimal?) {
        self.contentRetention = contentRetention
        self.durableAnswers = durableAnswers
        self.unknownPriceCeiling = unknownPriceCeiling
    }
}
