// SPDX-License-Identifier: Apache-2.0

/// Why a signed token is not believed.
package enum TokenError: Error, Equatable, CustomStringConvertible {
    /// Longer than 16 KiB, or not three parts of base 64 with JSON objects in the first two.
    case malformed
    /// The algorithm the token names is none of those its key is for; `none` and all symmetric ones are never.
    case algorithm
    /// Its header demands something that is not understood (`crit`, RFC 7515 §4.1.11).
    case critical
    /// No key of the set has the token's id; a newer set may.
    case unknownKey
    /// No key of the set made this signature.
    case signature
    /// Somebody else issued it.
    case issuer
    /// It is for somebody else.
    case audience
    /// It is from another sign-in.
    case nonce
    /// Its time is over.
    case expired
    /// Its time has not come.
    case notYetValid
    /// The claim is missing or of the wrong kind.
    case claim(String)
    /// The set of keys is no JSON, too long, or has more than 64 keys.
    case keySet

    package var description: String {
        switch self {
        case .malformed: "the token is not in the compact form, or longer than 16 KiB"
        case .algorithm: "the token's algorithm is not one that its key is for"
        case .critical: "the token's header demands an extension that is not known"
        case .unknownKey: "the token is signed with a key that is not among the published ones"
        case .signature: "the token's signature is wrong"
        case .issuer: "the token is from another issuer"
        case .audience: "the token is meant for another client"
        case .nonce: "the token belongs to another sign-in"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet; check the clocks"
        case .claim(let name): "the token has no usable claim '\(name)'"
        case .keySet: "the published keys are not a JSON Web Key Set of at most 64 keys"
        }
    }
}
