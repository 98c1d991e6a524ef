// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A key that a program calls with: who it acts for and what it may do. The key itself is not in here.
package struct APIKey: Sendable, Equatable {
    /// Whose calls it makes and pays for.
    package let organization: UniqueID
    /// A UUIDv7, by which it is revoked; not part of its text.
    package let id: UniqueID
    /// 1…200 characters; need not be unique.
    package let name: String
    /// What it may do before `scopes` narrow it.
    package let role: RoleChoice
    /// Names of permissions that it is narrowed to; empty is all of its role.
    package let scopes: [String]
    /// The end of its text, by which its owner knows it.
    package let lastFour: String
    /// Models it may call, as `provider/model`; empty means all.
    package let allowedModels: [String]
    /// Where it may be used from, as CIDR ranges; empty means everywhere.
    package let allowedAddresses: [String]
    /// Whose it is; it dies when this person leaves the organization. Nil for nobody's.
    package let owner: UniqueID?
    /// The key whose place it took.
    package let rotatedFrom: UniqueID?
    /// When the database wrote it.
    package let createdAt: Timestamp
    /// Refused from then on; nil never expires.
    package let expiresAt: Timestamp?
    /// Refused from then on; nil while it is good.
    package let revokedAt: Timestamp?
    /// To the minute; nil when it never was.
    package let lastUsed: Timestamp?
}

/// What a key may do and where: what can be changed of it afterwards.
package struct APIKeyLimits: Sendable, Equatable {
    /// Names of permissions; empty is all of the role.
    package var scopes: [String] = []
    /// At most 100, as `provider/model`; empty means all.
    package var allowedModels: [String] = []
    /// At most 100 CIDR ranges or single addresses; empty means everywhere.
    package var allowedAddresses: [String] = []
    /// Lies ahead when it is set; nil never expires.
    package var expiresAt: Timestamp?

    package init() {}

    /// Throws a `DomainError` that names the field when something is out of bounds.
    package func check(now: Timestamp = .now()) throws(DomainError) {
        guard allowedModels.count <= 100,
            allowedModels.allSatisfy({ (1...300).contains($0.utf8.count) && !$0.hasControls })
        else {
            throw DomainError(
                .invalid, code: "invalid_models", "allowed_models takes at most 100 names of at most 300 bytes.",
                parameter: "allowed_models")
        }
        if let wrong = scopes.first(where: { Permission(name: $0).map { !Permission.grantable.contains($0) } ?? true })
        {
            throw DomainError(
                .invalid, code: "invalid_scopes",
                "scopes takes names of permissions: '\(wrong.prefix(60))' is none. There are "
                    + "\(Permission.grantable.names.joined(separator: ", ")).", parameter: "scopes")
        }
        guard allowedAddresses.count <= 100, allowedAddresses.allSatisfy({ NetworkRange($0) != nil }) else {
            throw DomainError(
                .invalid, code: "invalid_addresses",
                "allowed_addresses takes at most 100 addresses or ranges such as 192.0.2.0/24 or 2001:db8::/32, "
                    + "with no bits set behind the prefix.", parameter: "allowed_addresses")
        }
        if let expiresAt, expiresAt <= now {
            throw DomainError(
                .invalid, code: "invalid_expiry", "expires_at must lie in the future.", parameter: "expires_at")
        }
    }

    /// Throws `limits_too_wide`, naming the field, when a key of these limits could call what, come from where or live
    /// longer than the caller's own. Scopes are not looked at: what they narrow is compared as permissions.
    func check(within caller: Principal) throws(DomainError) {
        let ranges = allowedAddresses.compactMap { NetworkRange($0) }
        let isWithin = (
            models: caller.allowedModels.isEmpty
                || !allowedModels.isEmpty && allowedModels.allSatisfy(caller.allowedModels.contains),
            addresses: caller.allowedAddresses.isEmpty
                || !ranges.isEmpty
                    && ranges.allSatisfy { range in caller.allowedAddresses.contains { $0.contains(range) } },
            expiry: caller.expiresAt.map { end in expiresAt.map { $0 <= end } ?? false } ?? true
        )
        guard
            let field = !isWithin.models
                ? "allowed_models"
                : !isWithin.addresses ? "allowed_addresses" : !isWithin.expiry ? "expires_at" : nil
        else { return }
        throw DomainError(
            .forbidden, code: "limits_too_wide",
            "\(caller.title) has limits itself, and gives none that are wider: \(field) must lie within its own.",
            parameter: field, shouldRetry: false)
    }
}

/// What a new key is to be.
package struct NewAPIKey: Sendable {
    /// 1…200 characters.
    package let name: String
    /// At most the creator's.
    package let role: RoleChoice
    /// Whose it is to be; nil for nobody's.
    package let owner: UniqueID?
    /// Within their bounds.
    package let limits: APIKeyLimits

    /// Checks the bounds: a name of 1…200 characters and those of `APIKeyLimits`.
    package init(
        name: String, role: RoleChoice, owner: UniqueID? = nil, limits: APIKeyLimits = APIKeyLimits(),
        now: Timestamp = .now()
    ) throws(DomainError) {
        try DisplayName.check(name)
        try limits.check(now: now)
        self.name = name
        self.role = role
        self.owner = owner
        self.limits = limits
    }
}

/// Tokens that programs call with.
package enum APIKeyPurpose: TokenPurpose {
    /// `wtn_`.
    package static let prefix = "wtn_"
}

/// The text of a key; shown to its owner once.
package typealias APIKeyToken = OpaqueToken<APIKeyPurpose>

extension OpaqueToken where Purpose == APIKeyPurpose {
    /// What is shown of a key afterwards.
    package var lastFour: String { String(text.reveal().suffix(4)) }
}
