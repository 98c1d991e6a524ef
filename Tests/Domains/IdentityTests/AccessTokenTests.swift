// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions
import Testing

@testable import Identity

@Suite struct AccessTokenTests {
    private let token = AccessToken(
        organization: .v7(), user: .v7(), session: .v7(), membershipVersion: 3, role: .manager,
        permissions: [.callModels, .manageAccount], issuedAt: .now(), lifetime: .seconds(600))

    private func encode(_ text: String) -> String { Base64.encode(Array(text.utf8), .url) }

    /// A token of any header and claims, with a code that is right for them.
    private func forged(_ header: String, _ claims: String, key: HMACSHA256 = tokenKey) -> String {
        let signed = encode(header) + "." + encode(claims)
        return signed + "." + Base64.encode(key.code(for: signed.utf8).bytes, .url)
    }

    private func claims(_ changes: [String: String] = [:]) -> String {
        let now = Timestamp.now().seconds
        var claims = [
            "iss": "\"witan\"", "aud": "\"witan\"", "sub": "\"\(token.user)\"", "org": "\"\(token.organization)\"",
            "sid": "\"\(token.session)\"", "ver": "1", "role": "\"admin\"", "scope": "\"models.call\"",
            "iat": "\(now)", "nbf": "\(now)", "exp": "\(now + 60)",
        ]
        for (name, value) in changes { claims[name] = value }
        return "{" + claims.filter { !$0.value.isEmpty }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            + "}"
    }

    private let header = #"{"alg":"HS256","typ":"at+jwt"}"#

    @Test("a token reads back as it was issued, and a forged one of the same shape is as good as its key")
    func roundTrip() {
        let text = token.text(signedWith: tokenKey).reveal()
        #expect(AccessToken(text, signedWith: tokenKey) == token)
        #expect(text.utf8.count < AccessToken.longest)
        #expect(AccessToken.isMeant(by: text))
        // What the tests below change, is right before it is changed.
        #expect(AccessToken(forged(header, claims()), signedWith: tokenKey) != nil)
        #expect(AccessToken(text, signedWith: pepper) == nil)
    }

    @Test("the longest token there can be is not too long")
    func longest() {
        let widest = AccessToken(
            organization: .v7(), user: .v7(), session: .v7(), membershipVersion: .max, role: .developer,
            permissions: PermissionSet(Permission.allCases), issuedAt: .now(), lifetime: .seconds(3600))
        #expect(AccessToken(widest.text(signedWith: tokenKey).reveal(), signedWith: tokenKey) == widest)
    }

    @Test(
        "a token of another algorithm or header is none, however it is signed",
        arguments: [
            #"{"alg":"none","typ":"at+jwt"}"#, #"{"alg":"NONE","typ":"at+jwt"}"#, #"{"alg":"HS512","typ":"at+jwt"}"#,
            #"{"alg":"RS256","typ":"at+jwt"}"#, #"{"typ":"at+jwt","alg":"HS256"}"#, #"{"alg":"HS256","typ":"JWT"}"#,
            #"{"alg":"HS256"}"#, #"{"alg":"HS256","typ":"at+jwt","kid":"../../dev/null"}"#,
            #"{"alg":"HS256","typ":"at+jwt","jwk":{"kty":"oct","k":"AA"}}"#, #"{"alg": "HS256","typ":"at+jwt"}"#, "{}",
            "",
        ])
    func algorithms(header: String) {
        #expect(AccessToken(forged(header, claims()), signedWith: tokenKey) == nil)
        let unsigned = encode(header) + "." + encode(claims()) + "."
        #expect(AccessToken(unsigned, signedWith: tokenKey) == nil)
        #expect(AccessToken(String(unsigned.dropLast()), signedWith: tokenKey) == nil)
    }

    @Test(
        "a claim that is missing, of another kind or for somebody else voids the token",
        arguments: [
            ["iss": ""], ["iss": "\"other\""], ["aud": ""], ["aud": "\"other\""], ["aud": "[\"witan\"]"], ["sub": ""],
            ["sub": "\"root\""], ["sub": "7"], ["org": ""], ["org": "null"], ["sid": ""], ["ver": ""],
            ["ver": "\"1\""], ["ver": "1.5"], ["role": ""], ["role": "\"root\""], ["scope": ""],
            ["scope": "[\"models.call\"]"], ["iat": ""], ["iat": "\"now\""], ["nbf": ""], ["exp": ""], ["exp": "null"],
            ["nbf": "0"],
        ] as [[String: String]])
    func wrongClaims(changes: [String: String]) {
        #expect(AccessToken(forged(header, claims(changes)), signedWith: tokenKey) == nil, "\(changes)")
    }

    @Test("it holds from its beginning, less what clocks may differ by, to its end, to the second")
    func time() {
        let issued = Timestamp(microseconds: 1_800_000_000_500_000)
        let token = AccessToken(
            organization: .v7(), user: .v7(), session: .v7(), membershipVersion: 1, role: .viewer, permissions: [],
            issuedAt: issued, lifetime: .seconds(60))
        let text = token.text(signedWith: tokenKey).reveal()
        for (second, isGood) in [(-31, false), (-30, true), (0, true), (59, true), (60, false), (61, false)] {
            let now = Timestamp(microseconds: 1_800_000_000_000_000) + .seconds(second)
            #expect((AccessToken(text, signedWith: tokenKey, now: now) != nil) == isGood, "\(second)")
        }
    }

    @Test("what is cut, changed, prolonged or junk is none")
    func damaged() {
        let text = token.text(signedWith: tokenKey).reveal()
        for length in 0..<text.count { #expect(AccessToken(String(text.prefix(length)), signedWith: tokenKey) == nil) }
        let parts = text.split(separator: ".").map(String.init)
        for wrong in [
            parts[0] + "." + parts[1] + "." + encode("x"), parts[1] + "." + parts[0] + "." + parts[2],
            parts[0] + "." + parts[1] + "A." + parts[2], text + "A", text + ".", "." + text, text + "." + parts[2],
            parts[0] + ".." + parts[2], text.uppercased(), text + "\n", " " + text,
            text + String(repeating: "A", count: 4096), "eyJ", String(repeating: ".", count: 100), "eyJé.é.é",
        ] {
            #expect(AccessToken(wrong, signedWith: tokenKey) == nil, "\(wrong.prefix(60))")
        }
        for index in stride(from: 0, to: text.count, by: 7) {
            var bytes = Array(text.utf8)
            bytes[index] = bytes[index] == 0x41 ? 0x42 : 0x41
            #expect(AccessToken(String(decoding: bytes, as: UTF8.self), signedWith: tokenKey) == nil, "\(index)")
        }
    }
}
