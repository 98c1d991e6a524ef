// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions
import Testing

@testable import Identity

@Suite struct NewAPIKeyTests {
    @Test(
        "names of 1 to 200 characters are taken",
        arguments: ["a", String(repeating: "x", count: 200), String(repeating: "é", count: 200), "Team 7 / CI"])
    func names(name: String) throws {
        #expect(try NewAPIKey(name: name, role: RoleChoice(.developer)).name == name)
    }

    @Test(
        "names that the table could not hold are refused, by the field's name",
        arguments: [
            "", String(repeating: "x", count: 201), "a\u{0}b", "line\nbreak", "\u{7f}",
            // 150 flags are 150 characters to the eye and 300 to PostgreSQL.
            String(repeating: "🇪🇺", count: 150),
        ])
    func badNames(name: String) {
        let error = #expect(throws: DomainError.self) { try NewAPIKey(name: name, role: RoleChoice(.developer)) }
        #expect(error?.status == 400)
        #expect(error?.parameter == "name")
    }

    @Test(
        "a list of models is bounded in length and in each name",
        arguments: [
            [String](repeating: "a/b", count: 101), [""], ["a/b", String(repeating: "x", count: 301)], ["a/\u{0}"],
        ])
    func badModels(models: [String]) {
        let error = #expect(throws: DomainError.self) {
            try NewAPIKey(name: "k", role: RoleChoice(.developer), limits: APIKeyLimits(models: models))
        }
        #expect(error?.parameter == "allowed_models")
    }

    @Test("an expiry must lie ahead")
    func expiry() throws {
        let now = Timestamp(microseconds: 1_000_000)
        for expiry in [now, Timestamp(microseconds: 999_999), Timestamp(microseconds: -1)] {
            let error = #expect(throws: DomainError.self) {
                try NewAPIKey(name: "k", role: RoleChoice(.viewer), limits: APIKeyLimits(expiresAt: expiry), now: now)
            }
            #expect(error?.parameter == "expires_at")
        }
        #expect(throws: Never.self) {
            try NewAPIKey(
                name: "k", role: RoleChoice(.viewer),
                limits: APIKeyLimits(expiresAt: Timestamp(microseconds: 1_000_001)), now: now)
        }
    }

    @Test("nobody gives more than they have")
    func grants() {
        for giver in Role.allCases {
            for given in Role.allCases {
                var status: Int?
                do throws(DomainError) {
                    try caller(giver).checkGrant(given.permissions, to: "make a key")
                } catch { status = error.status }
                #expect(status == (given.permissions.isSubset(of: giver.permissions) ? nil : 403), "\(giver), \(given)")
            }
        }
    }

    @Test("a key's text is 256 random bits behind a prefix, and no two are alike")
    func token() throws {
        let tokens = (0..<200).map { _ in APIKeyToken.generate() }
        #expect(Set(tokens.map { $0.text.reveal() }).count == 200)
        for token in tokens {
            let text = token.text.reveal()
            #expect(text.utf8.count == APIKeyToken.length)
            #expect(text.hasPrefix("wtn_"))
            #expect(Base64.decode(String(text.dropFirst(4)), .url)?.count == 32)
            #expect(text.hasSuffix(token.lastFour))
            #expect(token.lastFour.utf8.count == 4)
            #expect(!"\(token)".contains(text))
        }
    }

    @Test("the stored hash depends on every character and on the pepper")
    func hash() throws {
        let token = APIKeyToken.generate()
        let text = token.text.reveal()
        let hash = token.hash(pepper: pepper)
        #expect(APIKeyToken(given: token.text)?.hash(pepper: pepper) == hash)
        let last = text.last == "A" ? "B" : "A"
        let other = try #require(APIKeyToken(given: Secret(String(text.dropLast()) + last)))
        #expect(other.hash(pepper: pepper) != hash)
        #expect(token.hash(pepper: HMACSHA256(key: Secret([1]))) != hash)
        #expect(token.hash == SHA256.hash(text.utf8) && token.hash != hash)
    }

    @Test("what cannot be a key of ours is not even hashed", arguments: ["", "wtn_", "sk-proj-1234"])
    func foreign(text: String) throws {
        #expect(APIKeyToken(given: Secret(text)) == nil)
        let good = APIKeyToken.generate().text.reveal()
        for text in [
            String(good.dropLast()), good + "A", "xyz_" + good.dropFirst(4), String(repeating: "a", count: 47),
        ] {
            #expect(APIKeyToken(given: Secret(text)) == nil)
        }
    }
}
