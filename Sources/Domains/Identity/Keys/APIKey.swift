// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import SwiftExtensions

/// A key that a program calls with: who it acts for and what it may do. The key itself is not in here.
package struct APIKey: Sendable, Equatable {
    /// Whose calls it makes and pays for.
    package let organization: UniqueID
    /// A UUIDv7, by which it is revoked; not part of its text.
    package let id: UniqueID
    /// 1…200 characters; need not be unique.
    package let name: String
    /// The built-in role.
    package let role: Role
    /// A role of the organization's own, which then counts instead.
    package let customRole: UniqueID?
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
}

/// What a new key is to be.
package struct NewAPIKey: Sendable {
    /// 1…200 characters.
    package let name: String
    /// At most the creator's: `checkGrant`.
    package let role: Role
    /// A role of the organization's own in its place.
    package let customRole: UniqueID?
    /// Whose it is to be; nil for nobody's.
    package let owner: UniqueID?
    /// Within their bounds.
    package let limits: APIKeyLimits

    /// Checks the bounds: a name of 1…200 characters and those of `APIKeyLimits`.
    package init(
        name: String, role: Role, customRole: UniqueID? = nil, owner: UniqueID? = nil,
        limits: APIKeyLimits = APIKeyLimits(), now: Timestamp = .now()
    ) throws(DomainError) {
        try Self.check(name: name)
        try limits.check(now: now)
        self.name = name
        self.role = role
        self.customRole = customRole
        self.owner = owner
        self.limits = limits
    }

    /// Throws `invalid_name` unless it has 1…200 characters, counted as PostgreSQL counts them, and no controls.
    static func check(name: String) throws(DomainError) {
        guard (1...200).contains(name.unicodeScalars.count), !name.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_name", "name must have 1 to 200 characters, and no control characters.",
                parameter: "name")
        }
    }

    /// A caller can give no more than it has; `permissions` are the custom role's, where there is one.
    func checkGrant(by principal: Principal, custom permissions: PermissionSet? = nil) throws(DomainError) {
        guard (permissions ?? role.permissions).isSubset(of: principal.permissions) else {
            throw DomainError(
                .forbidden, code: "role_too_high",
                "\(principal.title) cannot make a key that may do more than it may itself.", parameter: "role")
        }
    }
}

extension String {
    /// Whether there are control characters of ASCII in it.
    var hasControls: Bool { utf8.contains { $0 < 0x20 || $0 == 0x7f } }
}

/// The text of a key: `wtn_` and 256 random bits in base64url, 47 characters in all.
package struct APIKeyToken: Sendable {
    /// By which secret scanners find keys in files.
    package static let prefix = "wtn_"
    /// Characters, prefix included.
    package static let length = 47
    /// The whole text; shown to its owner once.
    package let text: Secret<String>

    /// A new key from the system's random bytes.
    package static func generate() -> APIKeyToken {
        APIKeyToken(text: Secret(prefix + Base64.encode(Memory.random(32), .url)))
    }

    /// What is shown of it afterwards.
    package var lastFour: String { String(text.reveal().suffix(4)) }

    /// What is stored in place of the key: HMAC-SHA-256 under the program's pepper. A stolen table opens nothing.
    package static func hash(_ token: String, pepper: HMACSHA256) -> Digest? {
        guard token.utf8.count == length, token.hasPrefix(prefix) else { return nil }
        return pepper.code(for: token.utf8)
    }
}
