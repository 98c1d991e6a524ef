// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import JSON

/// A token in the compact form of RFC 7515 §3.1, taken apart and not believed yet.
package struct SignedToken: Sendable {
    /// Which key it says it was signed with; nil when it does not.
    package let keyID: String?
    private let algorithm: SignatureAlgorithm
    private let message: [UInt8]
    private let signature: [UInt8]
    private let claims: JSONValue

    /// Longer tokens are not read.
    package static let maximumBytes = 16 << 10

    /// Takes a token apart. Of its header `alg` and `kid` count; keys and addresses of keys in it (`jwk`, `jku`, `x5c`,
    /// `x5u`) are never looked at. Throws `malformed`, `algorithm` or `critical`.
    package init(_ text: String) throws(TokenError) {
        guard text.utf8.count <= Self.maximumBytes else { throw .malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64.decode(String(parts[2]), .url)
        else { throw .malformed }
        guard let algorithm = header["alg"]?.string.flatMap(SignatureAlgorithm.init) else { throw .algorithm }
        guard header["crit"] == nil else { throw .critical }
        if let id = header["kid"], id.string == nil { throw .malformed }
        keyID = header["kid"]?.string
        self.algorithm = algorithm
        self.signature = signature
        self.claims = claims
        message = Array("\(parts[0]).\(parts[1])".utf8)
    }

    /// An object whose names do not repeat: readers of others would take the other one.
    private static func object(_ part: Substring) -> JSONValue? {
        guard let bytes = Base64.decode(String(part), .url),
            let text = try? JSONText(
                validating: bytes, limits: JSONLimits(maximumDepth: 16, maximumBytes: maximumBytes)),
            text.root.kind == .object, text.root.firstDuplicateKey() == nil
        else { return nil }
        return JSONValue(text.root)
    }

    /// What `at_hash` must be for an access token that came with this one: the left half of its digest by the token's
    /// own hash function (OpenID Connect Core §3.1.3.6).
    package func hash(of accessToken: String) -> String {
        let digest =
            algorithm == .edDSA
            ? SHA512.hash(Array(accessToken.utf8)) : SHA256.hash(accessToken.utf8).bytes
        return Base64.encode(Array(digest.prefix(digest.count / 2)), .url)
    }

    /// The claims, if one of the keys made the signature by an algorithm that the key is for. Throws `unknownKey`,
    /// `algorithm` or `signature`.
    package func verified(by set: WebKeySet) throws(TokenError) -> JSONValue {
        let named = keyID.map { id in set.keys.filter { $0.id == id } } ?? set.keys
        guard !named.isEmpty else { throw .unknownKey }
        let fitting = named.filter { $0.algorithms.contains(algorithm) }
        guard !fitting.isEmpty else { throw .algorithm }
        guard fitting.contains(where: { $0.key.verifies(signature, of: message, by: algorithm) }) else {
            throw .signature
        }
        return claims
    }
}
