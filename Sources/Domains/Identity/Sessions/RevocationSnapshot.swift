// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// What makes access tokens void before their time: ended sessions and changed memberships of the last two hours,
/// which is longer than any token lives.
struct RevocationSnapshot {
    private struct Member: Hashable {
        let organization: UniqueID
        let user: UniqueID
    }

    private var families: [UniqueID: Timestamp] = [:]
    private var versions: [Member: (least: Int, since: Timestamp)] = [:]

    mutating func end(family: UniqueID, at now: Timestamp) { families[family] = now }

    mutating func require(version: Int, of user: UniqueID, in organization: UniqueID, at now: Timestamp) {
        versions[Member(organization: organization, user: user)] = (version, now)
    }

    /// Whether the token's session goes on and its membership is as it was when it was issued.
    func allows(_ token: AccessToken) -> Bool {
        guard families[token.session] == nil else { return false }
        guard let required = versions[Member(organization: token.organization, user: token.user)] else { return true }
        return token.membershipVersion >= required.least
    }

    /// Forgets what no living token can name.
    mutating func forget(before time: Timestamp) {
        families = families.filter { $0.value >= time }
        versions = versions.filter { $0.value.since >= time }
    }
}
