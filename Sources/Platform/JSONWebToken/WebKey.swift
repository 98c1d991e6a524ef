// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import JSON

/// How a token may be signed (RFC 7518 §3.1, RFC 8037). Only asymmetric ones: who verifies cannot sign.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"
}

/// A public key as it is published (JWK, RFC 7517), with the algorithms that it is for.
package struct WebKey: Sendable {
    /// Its name in the set; nil when it has none.
    package let id: String?
    /// What it verifies: decided here, never by a token.
    package let algorithms: Set<SignatureAlgorithm>
    let key: VerificationKey

    /// Reads a key; nil for one that is not for verifying signatures, of a kind not known (symmetric keys among them),
    /// or too weak. RFC 7517 §5 has such keys passed over.
    package init?(_ json: JSONValue) {
        if let use = json["use"], use.string != "sig" { return nil }
        if let operations = json["key_ops"]?.elements, !operations.contains("verify") { return nil }
        if let id = json["kid"] {
            guard let text = id.string, text.utf8.count <= 1024 else { return nil }
            self.id = text
        } else {
            id = nil
        }
        guard let (key, able) = Self.key(json) else { return nil }
        self.key = key
        if let named = json["alg"] {
            guard let algorithm = named.string.flatMap(SignatureAlgorithm.init), able.contains(algorithm) else {
                return nil
            }
            algorithms = [algorithm]
        } else {
            algorithms = able
        }
    }

    private static func key(_ json: JSONValue) -> (VerificationKey, Set<SignatureAlgorithm>)? {
        let bytes = { (name: String) -> [UInt8] in
            json[name]?.string.flatMap { $0.utf8.count <= 2048 ? Base64.decode($0, .url) : nil } ?? []
        }
        switch (json["kty"]?.string, json["crv"]?.string) {
        case ("RSA", _):
            return VerificationKey(modulus: bytes("n"), exponent: bytes("e")).map { ($0, [.rs256, .ps256]) }
        case ("EC", "P-256"): return VerificationKey(x: bytes("x"), y: bytes("y")).map { ($0, [.es256]) }
        case ("OKP", "Ed25519"): return VerificationKey(ed25519: bytes("x")).map { ($0, [.edDSA]) }
        default: return nil
        }
    }
}

/// The keys of an issuer (JWKS, RFC 7517 §5).
package struct WebKeySet: Sendable {
    /// Those that can verify; at most 64.
    package let keys: [WebKey]

    /// The bound on a set's text.
    package static let maximumBytes = 256 << 10

    package init(keys: [WebKey]) { self.keys = keys }

    /// Reads `{"keys":[…]}`; keys that cannot be used are left out. Throws `keySet`.
    package init(parsing bytes: [UInt8]) throws(TokenError) {
        let limits = JSONLimits(maximumDepth: 8, maximumBytes: Self.maximumBytes)
        guard let json = try? JSONValue(parsing: bytes, limits: limits), let elements = json["keys"]?.elements,
            elements.count <= 64
        else { throw .keySet }
        keys = elements.compactMap(WebKey.init)
    }
}
