// SPDX-License-Identifier: Apache-2.0
package import JSON
package import SwiftExtensions

/// What an ID token must say to be believed (OpenID Connect Core 1.0 §3.1.3.7).
package struct IdentityExpectation: Sendable {
    /// Who must have issued it, compared byte for byte.
    package var issuer: String
    /// Whom it must be for: the client's id.
    package var audience: String
    /// What the sign-in was begun with.
    package var nonce: String
    /// How far the issuer's clock may be off.
    package var leeway = Duration.seconds(60)
    /// From now on tokens must not claim to have been issued longer ago than this.
    package var oldest = Duration.seconds(3600)

    package init(issuer: String, audience: String, nonce: String) {
        self.issuer = issuer
        self.audience = audience
        self.nonce = nonce
    }
}

/// The claims of an ID token whose signature was verified and whose issuer, audience, nonce and times are right.
package struct IdentityClaims: Sendable {
    /// Who signed in, in the issuer's words: 1 to 255 bytes.
    package let subject: String
    /// All claims.
    package let all: JSONValue

    /// Checks verified claims against what is expected. Throws what is wrong.
    package init(_ claims: JSONValue, expecting: IdentityExpectation, now: Timestamp = .now()) throws(TokenError) {
        guard claims["iss"]?.string == expecting.issuer else { throw .issuer }
        try Self.checkAudience(claims, expecting.audience)
        try Self.checkTimes(claims, expecting, now)
        guard claims["nonce"]?.string == expecting.nonce else { throw .nonce }
        guard let subject = claims["sub"]?.string, (1...255).contains(subject.utf8.count) else { throw .claim("sub") }
        self.subject = subject
        all = claims
    }

    private static func checkAudience(_ claims: JSONValue, _ audience: String) throws(TokenError) {
        switch claims["aud"] {
        case .string(let only): guard only == audience else { throw .audience }
        case .array(let many):
            guard many.count <= 16, many.contains(.string(audience)) else { throw .audience }
            // Several readers: the one it was issued to must be named, and be us.
            guard many.count == 1 || claims["azp"] != nil else { throw .audience }
        default: throw .claim("aud")
        }
        if let party = claims["azp"], party.string != audience { throw .audience }
    }

    private static func checkTimes(
        _ claims: JSONValue, _ expecting: IdentityExpectation, _ now: Timestamp
    ) throws(TokenError) {
        guard let expiry = try time(claims, "exp") else { throw .claim("exp") }
        guard let issued = try time(claims, "iat") else { throw .claim("iat") }
        guard now < expiry + expecting.leeway else { throw .expired }
        guard issued <= now + expecting.leeway else { throw .notYetValid }
        guard now - expecting.leeway < issued + expecting.oldest else { throw .expired }
        if let begin = try time(claims, "nbf"), begin > now + expecting.leeway { throw .notYetValid }
    }

    /// A NumericDate (RFC 7519 §2), which may have a fraction.
    private static func time(_ claims: JSONValue, _ name: String) throws(TokenError) -> Timestamp? {
        guard let value = claims[name] else { return nil }
        guard let seconds = value.double, seconds >= 0, seconds < 253_402_300_800 else { throw .claim(name) }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }
}
