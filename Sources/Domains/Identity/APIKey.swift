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
    /// The most it may do.
    package let role: Role
    /// The end of its text, by which its owner knows it.
    package let lastFour: String
    /// Models it may call, as `provider/model`; empty means all.
    package let allowedModels: [String]
    /// When the database wrote it.
    package let createdAt: Timestamp
    /// Refused from then on; nil never expires.
    package let expiresAt: Timestamp?
    /// Refused from then on; nil while it is good.
    package let revokedAt: Timestamp?
}

/// What a new key is to be.
package struct NewAPIKey: Sendable {
    /// 1…200 characters.
    package let name: String
    /// At most the creator's: `checkGrant`.
    package let role: Role
    /// At most 100, as `provider/model`; empty means all.
    package let allowedModels: [String]
    /// Lies ahead; nil never expires.
    package let expiresAt: Timestamp?

    /// Checks the bounds: a name of 1…200 characters, at most 100 models, an expiry that lies ahead.
    package init(
        name: String, role: Role, allowedModels: [String] = [], expiresAt: Timestamp? = nil, now: Timestamp = .now()
    ) throws(DomainError) {
        // Counted as PostgreSQL counts them, not as they look.
        guard (1...200).contains(name.unicodeScalars.count), !Self.hasControls(name) else {
            throw DomainError(
                .invalid, code: "invalid_name", "name must have 1 to 200 characters, and no control characters.",
                parameter: "name")
        }
        guard allowedModels.count <= 100,
            allowedModels.allSatisfy({ (1...300).contains($0.utf8.count) && !Self.hasControls($0) })
        else {
            throw DomainError(
                .invalid, code: "invalid_models", "allowed_models takes at most 100 names of at most 300 bytes.",
                parameter: "allowed_models")
        }
        if let expiresAt, expiresAt <= now {
            throw DomainError(
                .invalid, code: "invalid_expiry", "expires_at must lie in the future.", parameter: "expires_at")
        }
        self.name = name
        self.role = role
        self.allowedModels = allowedModels
        self.expiresAt = expiresAt
    }

    private static func hasControls(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 || $0 == 0x7f } }

    /// A caller can give no more than it has.
    package func checkGrant(by principal: Principal) throws(DomainError) {
        guard role.permissions.isSubset(of: principal.role.permissions) else {
            throw DomainError(
                .forbidden, code: "role_too_high",
                "A key of role \(principal.role.rawValue) cannot create one of role \(role.rawValue).",
                parameter: "role")
        }
    }
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
