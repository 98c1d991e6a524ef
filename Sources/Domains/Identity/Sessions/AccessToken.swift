// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
import JSON
package import SwiftExtensions

/// What a signed-in person sends with each request: a JSON Web Token (RFC 7519, RFC 9068) that every node checks
/// without asking anybody. It lives for minutes; what ends it earlier is in the snapshot of revocations.
package struct AccessToken: Sendable, Equatable {
    /// Whose organization it is for.
    package let organization: UniqueID
    /// Who signed in.
    package let user: UniqueID
    /// The sign-in that it descends from.
    package let session: UniqueID
    /// The membership's, when it was issued.
    package let membershipVersion: Int
    /// The built-in role.
    package let role: Role
    /// What it allows.
    package let permissions: PermissionSet
    /// By the issuer's clock, to the second.
    package let issuedAt: Timestamp
    /// Refused from then on.
    package let expiresAt: Timestamp

    /// A token for `lifetime` from `issuedAt`, both to the second.
    package init(
        organization: UniqueID, user: UniqueID, session: UniqueID, membershipVersion: Int, role: Role,
        permissions: PermissionSet, issuedAt: Timestamp, lifetime: Duration
    ) {
        self.organization = organization
        self.user = user
        self.session = session
        self.membershipVersion = membershipVersion
        self.role = role
        self.permissions = permissions
        self.issuedAt = Timestamp(microseconds: issuedAt.seconds * 1_000_000)
        expiresAt = Timestamp(microseconds: (issuedAt.seconds + lifetime.components.seconds) * 1_000_000)
    }

    /// The one header there is. A token with any other is refused before it is read: the algorithm is ours to choose,
    /// never the token's (RFC 8725 §3.1).
    private static let header = Base64.encode(Array(#"{"alg":"HS256","typ":"at+jwt"}"#.utf8), .url) + "."
    /// Longer ones are not ours.
    package static let longest = 2048
    /// How far the clocks of two nodes may be apart.
    package static let skew = Duration.seconds(30)

    /// The text of the token, signed with `key`.
    package func text(signedWith key: HMACSHA256) -> Secret<String> {
        let claims: JSONValue = [
            "iss": "witan", "aud": "witan", "sub": .string(user.description), "org": .string(organization.description),
            "sid": .string(session.description), "ver": .number(JSONNumber(Int64(membershipVersion))),
            "role": .string(role.rawValue), "scope": .string(permissions.names.joined(separator: " ")),
            "iat": .number(JSONNumber(issuedAt.seconds)), "nbf": .number(JSONNumber(issuedAt.seconds)),
            "exp": .number(JSONNumber(expiresAt.seconds)),
        ]
        let signed = Self.header + Base64.encode(claims.bytes, .url)
        return Secret(signed + "." + Base64.encode(key.code(for: signed.utf8).bytes, .url))
    }

    /// Whether a credential looks like a token at all, so that it is worth checking.
    package static func isMeant(by credential: String) -> Bool { credential.hasPrefix("eyJ") }

    /// Reads a token: nil unless it is ours, whole, for us, and in its time.
    package init?(_ text: String, signedWith key: HMACSHA256, now: Timestamp = .now()) {
        self.init(genuine: text, signedWith: key)
        guard issuedAt <= now + Self.skew, now < expiresAt else { return nil }
    }

    /// Reads a token that is ours, whole and for us, whether it is in its time or not.
    init?(genuine text: String, signedWith key: HMACSHA256) {
        guard text.utf8.count <= Self.longest, text.hasPrefix(Self.header),
            let dot = text.utf8.lastIndex(of: UInt8(ascii: ".")),
            let code = Base64.decode(String(text[text.index(after: dot)...]), .url), let given = Digest(code),
            given == key.code(for: text[..<dot].utf8),
            // Another dot in the claims is no base64; without one they are empty, which is no JSON.
            let bytes = Base64.decode(String(text[..<dot].utf8.dropFirst(Self.header.utf8.count)) ?? "", .url),
            let claims = try? JSONValue(parsing: bytes)
        else { return nil }
        self.init(claims)
    }

    private init?(_ claims: JSONValue) {
        let id = { (name: String) in claims[name]?.string.flatMap { UniqueID($0) } }
        let number = { (name: String) in claims[name]?.integer }
        guard claims["iss"]?.string == "witan", claims["aud"]?.string == "witan", let user = id("sub"),
            let organization = id("org"), let session = id("sid"), let version = number("ver"),
            let role = claims["role"]?.string.flatMap({ Role(rawValue: $0) }), let scope = claims["scope"]?.string,
            let issued = number("iat"), let begins = number("nbf"), let expires = number("exp"), begins == issued
        else { return nil }
        self.user = user
        self.organization = organization
        self.session = session
        membershipVersion = Int(version)
        self.role = role
        permissions = PermissionSet(named: scope.split(separator: " ").map(String.init))
        issuedAt = Timestamp(microseconds: issued * 1_000_000)
        expiresAt = Timestamp(microseconds: expires * 1_000_000)
    }
}
