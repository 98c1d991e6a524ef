// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions
import Testing

@testable import Identity

/// What a node holds in memory when several read at once, as the clock and each request that changes something do.
@Suite struct IdentityMonitorTests {
    @Test("what was read before a key was revoked does not bring it back, however late it comes")
    func staleKey() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (id, token) = try await fixture.keys.create(
                try NewAPIKey(name: "leaked", role: RoleChoice(.admin)), by: admin)
            let node = IdentityMonitor(database: fixture.database, pepper: pepper, tokenKey: tokenKey)
            let slow = try #require(try await node.news())
            try await fixture.keys.revoke(id, by: admin)
            try await node.refresh()
            #expect(node.principal(of: token.text.reveal()) == nil)
            node.take(slow)
            #expect(node.principal(of: token.text.reveal()) == nil)
            try await node.refresh()
            #expect(node.principal(of: token.text.reveal()) == nil)
        }
    }

    @Test("of two who read at once the later news are whole, also when the earlier come in between")
    func overlapping() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let node = IdentityMonitor(database: fixture.database, pepper: pepper, tokenKey: tokenKey)
            let (_, first) = try await fixture.keys.create(
                try NewAPIKey(name: "first", role: RoleChoice(.viewer)), by: admin)
            let earlier = try #require(try await node.news())
            let (_, second) = try await fixture.keys.create(
                try NewAPIKey(name: "second", role: RoleChoice(.viewer)), by: admin)
            let later = try #require(try await node.news())
            for news in [earlier, later, earlier] { node.take(news) }
            #expect(node.principal(of: first.text.reveal()) != nil)
            #expect(node.principal(of: second.text.reveal()) != nil)
            #expect(try await node.news() == nil)
        }
    }
}
