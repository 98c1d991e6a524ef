// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// One line of the audit log: who did what to which thing, and how it went. Never changed once written.
package struct AuditEntry: Sendable, Equatable {
    /// Whether the act was done or not.
    package enum Outcome: String, Sendable { case success, failure }

    /// Whose log it is in.
    package let organization: UniqueID
    /// A UUIDv7; its time is the entry's.
    package let id: UniqueID
    /// The area: `auth`, `providers`, `gateway`, …
    package let category: String
    /// What was done, as `noun.verb`.
    package let action: String
    /// How it went.
    package let outcome: Outcome
    /// Who: `key:<id>` or `system`.
    package let actor: String
    /// What it was done to, as `noun:<id>`.
    package let entity: String
    /// More facts, as canonical JSON (RFC 8785). Never a secret, never content.
    package let payload: String

    package init(
        organization: UniqueID, id: UniqueID, category: String, action: String, outcome: Outcome, actor: String,
        entity: String, payload: String
    ) {
        self.organization = organization
        self.id = id
        self.category = category
        self.action = action
        self.outcome = outcome
        self.actor = actor
        self.entity = entity
        self.payload = payload
    }

    /// SHA-256 over every field, each with its length in front, after a name of its own: two different entries
    /// never give the same bytes, and no other kind of record does.
    package var digest: Digest {
        var bytes = Array("witan.audit.entry.1".utf8)
        bytes.reserveCapacity(256 + payload.utf8.count)
        func append(count: Int) {
            let count = UInt32(count)
            for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
        for id in [organization.bytes, id.bytes] {
            append(count: id.count)
            bytes.append(contentsOf: id)
        }
        for text in [category, action, outcome.rawValue, actor, entity, payload] {
            append(count: text.utf8.count)
            bytes.append(utf8: text)
        }
        return SHA256.hash(bytes)
    }
}
