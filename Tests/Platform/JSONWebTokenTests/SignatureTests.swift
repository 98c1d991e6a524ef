// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions
import Testing

@testable import JSONWebToken

private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

private func encoded(_ text: String) -> String { Base64.encode(Array(text.utf8), .url) }

struct SignatureTests {
    private func set(_ keys: String...) throws -> WebKeySet {
        try WebKeySet(parsing: Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    static let examples = [
        (Vectors.rsaKey, Vectors.rs256), (Vectors.rsaKey, Vectors.ps256), (Vectors.ecKey, Vectors.es256),
    ]

    @Test("tokens of the standards are believed, and one changed bit anywhere is noticed", arguments: examples)
    func tokens(_ key: String, _ token: String) throws {
        let set = try set(key)
        #expect(try SignedToken(token).verified(by: set)["iss"] == "joe")
        let parts = token.split(separator: ".").map(String.init)
        let signature = try #require(Base64.decode(parts[2], .url))
        for index in stride(from: 0, to: signature.count, by: 7) {
            var wrong = signature
            wrong[index] ^= 1
            #expect(throws: TokenError.signature) {
                try SignedToken("\(parts[0]).\(parts[1]).\(Base64.encode(wrong, .url))").verified(by: set)
            }
        }
        #expect(throws: TokenError.signature) { try SignedToken("\(parts[0]).\(parts[1]).").verified(by: set) }
        let other = encoded(#"{"iss":"eve"}"#)
        #expect(throws: TokenError.signature) {
            try SignedToken("\(parts[0]).\(other).\(parts[2])").verified(by: set)
        }
    }

    @Test("RFC 7520 and RFC 8037: signatures over what is no JSON")
    func texts() throws {
        for (key, token, algorithm) in [
            (Vectors.cookbookKey, Vectors.cookbook, SignatureAlgorithm.rs256),
            (Vectors.edKey, Vectors.edDSA, .edDSA),
        ] {
            let key = try #require(WebKey(json(key)))
            let dot = try #require(token.lastIndex(of: "."))
            let signature = try #require(Base64.decode(String(token[dot...].dropFirst()), .url))
            #expect(key.key.verifies(signature, of: Array(token[..<dot].utf8), by: algorithm))
            #expect(!key.key.verifies(signature, of: Array(token[..<dot].utf8) + [0], by: algorithm))
            #expect(throws: TokenError.malformed) { try SignedToken(token) }
        }
    }

    @Test("none, symmetric and unknown algorithms are refused before anything else")
    func algorithms() throws {
        let parts = Vectors.rs256.split(separator: ".")
        for name in ["none", "None", "nOnE", "HS256", "HS512", "RS512", "ES384", "", "rs256"] {
            let header = encoded("{\"alg\":\"\(name)\"}")
            for signature in [String(parts[2]), ""] {
                #expect(throws: TokenError.algorithm) { try SignedToken("\(header).\(parts[1]).\(signature)") }
            }
        }
        // The public key's bytes as an HMAC's key, which is no secret.
        let message = "\(encoded(#"{"alg":"HS256"}"#)).\(parts[1])"
        let code = HMACSHA256(key: Secret(Array(Vectors.rsaKey.utf8))).code(for: Array(message.utf8))
        #expect(throws: TokenError.algorithm) { try SignedToken("\(message).\(Base64.encode(code.bytes, .url))") }
        #expect(throws: TokenError.algorithm) { try SignedToken("\(encoded(#"{"alg":1}"#)).\(parts[1]).\(parts[2])") }
        #expect(throws: TokenError.algorithm) { try SignedToken("\(encoded("{}")).\(parts[1]).\(parts[2])") }
    }

    @Test("the key decides on the algorithm: a token that names another one is refused")
    func confusion() throws {
        #expect(throws: TokenError.algorithm) { try SignedToken(Vectors.rs256).verified(by: set(Vectors.ecKey)) }
        #expect(throws: TokenError.algorithm) { try SignedToken(Vectors.es256).verified(by: set(Vectors.rsaKey)) }
        let bound = Vectors.rsaKey.replacing("{\"e\"", with: "{\"alg\":\"PS256\",\"e\"")
        #expect(try SignedToken(Vectors.ps256).verified(by: set(bound))["iss"] == "joe")
        #expect(throws: TokenError.algorithm) { try SignedToken(Vectors.rs256).verified(by: set(bound)) }
        // RS256's signature under the header of PS256.
        let parts = Vectors.rs256.split(separator: ".")
        #expect(throws: TokenError.signature) {
            try SignedToken("\(encoded(#"{"alg":"PS256"}"#)).\(parts[1]).\(parts[2])").verified(by: set(Vectors.rsaKey))
        }
    }

    @Test("keys that a token brings along or points to are not looked at; demands are refused")
    func headers() throws {
        let parts = Vectors.es256.split(separator: ".")
        let payload = encoded(#"{"iss":"eve"}"#)
        for header in [
            #"{"alg":"ES256","jwk":\#(Vectors.ecKey)}"#, #"{"alg":"ES256","jku":"https://evil.example/jwks"}"#,
            #"{"alg":"ES256","x5u":"https://evil.example/x","x5c":["AAAA"]}"#,
        ] {
            #expect(throws: TokenError.signature) {
                try SignedToken("\(encoded(header)).\(payload).\(parts[2])").verified(by: set(Vectors.ecKey))
            }
            #expect(throws: TokenError.unknownKey) {
                try SignedToken("\(encoded(header)).\(payload).\(parts[2])").verified(by: set())
            }
        }
        #expect(throws: TokenError.critical) {
            try SignedToken("\(encoded(#"{"alg":"ES256","crit":["b64"],"b64":false}"#)).\(parts[1]).\(parts[2])")
        }
    }

    @Test("a key's id is asked for where the token has one, and every key is tried where it has none")
    func keyIDs() throws {
        let named = Vectors.rsaKey.replacing("{\"e\"", with: "{\"kid\":\"one\",\"e\"")
        #expect(
            try SignedToken(Vectors.rs256).verified(by: set(Vectors.ecKey, Vectors.cookbookKey, named))["iss"] == "joe")
        let parts = Vectors.rs256.split(separator: ".")
        for id in ["two", "ONE", ""] {
            let header = encoded("{\"alg\":\"RS256\",\"kid\":\"\(id)\"}")
            #expect(throws: TokenError.unknownKey) {
                try SignedToken("\(header).\(parts[1]).\(parts[2])").verified(by: set(named, Vectors.rsaKey))
            }
        }
        #expect(throws: TokenError.malformed) {
            try SignedToken("\(encoded(#"{"alg":"RS256","kid":1}"#)).\(parts[1]).\(parts[2])")
        }
    }

    static let malformedTexts = [
        "", ".", "..", "a.b", "a.b.c.d", "eyJhbGciOiJSUzI1NiJ9.e30.=", "eyJhbGciOiJSUzI1NiJ9.e30",
        "eyJhbGciOiJSUzI1NiJ9.W10.AAAA", "bnVsbA.e30.AAAA", "eyJhbGciOiJSUzI1NiJ9 .e30.AAAA",
        "eyJhbGciOiJSUzI1NiJ9.e31.AAAA", "eyJhbGciOiJSUzI1NiJ9.e30.A",
    ]

    @Test("what is not three parts of base 64 with objects is no token", arguments: malformedTexts)
    func malformed(_ text: String) {
        #expect(throws: TokenError.malformed) { try SignedToken(text) }
    }

    @Test("tokens end at 16 KiB, and names of header or claims do not repeat")
    func bounds() throws {
        let header = encoded(#"{"alg":"RS256"}"#)
        let fill = String(repeating: "a", count: 12_250)
        let long = "\(header).\(encoded("{\"x\":\"\(fill)\"}")).AAAA"
        #expect(long.utf8.count <= 16_384)
        #expect(throws: TokenError.signature) { try SignedToken(long).verified(by: set(Vectors.rsaKey)) }
        #expect(throws: TokenError.malformed) { try SignedToken(long + String(repeating: "A", count: 100)) }
        #expect(throws: TokenError.malformed) { try SignedToken("\(header).\(encoded(#"{"a":1,"a":2}"#)).AAAA") }
        #expect(throws: TokenError.malformed) {
            try SignedToken("\(encoded(#"{"alg":"RS256","alg":"ES256"}"#)).e30.AAAA")
        }
    }

    @Test("keys that are weak, broken, secret or for something else are passed over")
    func keys() throws {
        let bad = [
            Vectors.weakKey, #"{"kty":"oct","k":"AAAA"}"#,
            Vectors.rsaKey.replacing("\"kty\"", with: "\"use\":\"enc\",\"kty\""),
            Vectors.rsaKey.replacing("\"kty\"", with: "\"key_ops\":[\"encrypt\"],\"kty\""),
            Vectors.rsaKey.replacing("\"kty\"", with: "\"alg\":\"HS256\",\"kty\""),
            Vectors.rsaKey.replacing("\"kty\"", with: "\"alg\":\"ES256\",\"kty\""),
            Vectors.rsaKey.replacing("AQAB", with: "AQ"), Vectors.rsaKey.replacing("AQAB", with: "AQAA"),
            // Off the curve, on another curve, too short.
            Vectors.ecKey.replacing("\"x\":\"f8", with: "\"x\":\"e8"), Vectors.ecKey.replacing("P-256", with: "P-384"),
            Vectors.ecKey.replacing("WI5a0", with: ""), Vectors.edKey.replacing("cHURo", with: ""),
            Vectors.edKey.replacing("Ed25519", with: "X25519"), "{}", "1",
        ]
        for key in bad { #expect(WebKey(try json(key)) == nil, "\(key.prefix(60))") }
        #expect(try set(Vectors.weakKey, Vectors.ecKey).keys.count == 1)
    }

    @Test("a set has at most 64 keys and is an object with an array")
    func sets() throws {
        let many = Array(repeating: Vectors.edKey, count: 64).joined(separator: ",")
        #expect(try WebKeySet(parsing: Array("{\"keys\":[\(many)]}".utf8)).keys.count == 64)
        for text in ["{\"keys\":[\(many),\(Vectors.edKey)]}", "[]", "{}", "{\"keys\":{}}", "<html>", ""] {
            #expect(throws: TokenError.keySet) { try WebKeySet(parsing: Array(text.utf8)) }
        }
    }
}

struct ClaimsTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private let expectation = IdentityExpectation(issuer: "https://id.example", audience: "client", nonce: "n-1")

    private func check(_ changes: [(String, JSONValue?)] = []) throws -> IdentityClaims {
        var members: [JSONMember] = [
            JSONMember("iss", "https://id.example"), JSONMember("aud", "client"), JSONMember("nonce", "n-1"),
            JSONMember("sub", "ada"), JSONMember("iat", 1_800_000_000), JSONMember("exp", 1_800_000_300),
        ]
        for (name, value) in changes {
            members.removeAll { $0.key == name }
            if let value { members.append(JSONMember(name, value)) }
        }
        return try IdentityClaims(.object(members), expecting: expectation, now: now)
    }

    @Test("what is right is believed: one audience or several with us as the party, clocks a minute apart")
    func right() throws {
        #expect(try check().subject == "ada")
        #expect(try check([("aud", ["client"])]).subject == "ada")
        #expect(try check([("aud", ["other", "client"]), ("azp", "client")]).subject == "ada")
        #expect(try check([("exp", 1_799_999_941), ("iat", 1_799_999_000)]).subject == "ada")
        #expect(try check([("iat", 1_800_000_060), ("nbf", 1_800_000_060)]).subject == "ada")
        #expect(try check([("exp", 1_800_000_300.5)]).subject == "ada")
    }

    static let wrongClaims: [(String, JSONValue?, TokenError)] = [
        ("iss", "https://id.example/", .issuer), ("iss", "https://ID.example", .issuer), ("iss", nil, .issuer),
        ("aud", "other", .audience), ("aud", ["other"], .audience), ("aud", ["client", "other"], .audience),
        ("aud", nil, .claim("aud")), ("aud", 1, .claim("aud")), ("aud", [], .audience), ("azp", "other", .audience),
        ("nonce", "n-2", .nonce), ("nonce", nil, .nonce), ("nonce", "", .nonce), ("sub", nil, .claim("sub")),
        ("sub", "", .claim("sub")), ("sub", 1, .claim("sub")),
        ("sub", .string(String(repeating: "a", count: 256)), .claim("sub")),
        ("exp", 1_799_999_940, .expired), ("exp", nil, .claim("exp")), ("exp", "1800000300", .claim("exp")),
        ("exp", -1, .claim("exp")), ("exp", 1e300, .claim("exp")), ("iat", nil, .claim("iat")),
        ("iat", 1_800_000_061, .notYetValid), ("iat", 1_799_996_000, .expired), ("nbf", 1_800_000_061, .notYetValid),
        ("nbf", "soon", .claim("nbf")),
    ]

    @Test("what is wrong is refused, each for its reason", arguments: wrongClaims)
    func wrong(_ name: String, _ value: JSONValue?, _ error: TokenError) {
        #expect(throws: error) { try check([(name, value)]) }
    }
}
