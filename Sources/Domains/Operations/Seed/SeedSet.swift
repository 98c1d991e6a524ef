// SPDX-License-Identifier: Apache-2.0
package import Audit
import Cryptography
package import JSON
package import SwiftExtensions

/// Rows of one table, as objects by the names of its columns.
package struct SeedBatch: Sendable {
    /// With its schema.
    package let table: String
    /// The role that may insert there.
    package let role: String
    /// Each with the same columns.
    package let rows: [JSONValue]
}

/// What a seed puts into a database: one organization with everything it has, and its log.
///
/// Everything is derived from the name and the day it is told from: the same both times it is run.
package struct SeedSet: Sendable {
    /// Which seed there is.
    package enum Kind: String, Sendable, CaseIterable { case development, testing, demo }

    /// Which one it is.
    package let kind: Kind
    /// The organization everything belongs to.
    package let organization: UniqueID
    /// Its name in addresses.
    package let slug: String
    /// In an order that foreign keys allow.
    package private(set) var batches: [SeedBatch] = []
    /// Its log.
    package private(set) var entries: [AuditEntry] = []
    /// Midnight (UTC) of the day it is told from; the story ends on it.
    let day: Timestamp

    init(_ kind: Kind, slug: String, day: Timestamp) {
        self.kind = kind
        self.slug = slug
        self.day = day
        organization = Self.id("organization", of: kind, at: day - .seconds(29 * 86_400))
    }

    /// Puts the story together. `day` is midnight (UTC) of the day it is told from.
    package static func make(_ kind: Kind, day: Timestamp) -> SeedSet {
        switch kind {
        case .demo: DemoStory.make(day: day)
        case .development: SmallSeed.make(.development, calls: 60, day: day)
        case .testing: SmallSeed.make(.testing, calls: 12, day: day)
        }
    }

    /// Rows altogether, entries of the log included.
    package var count: Int { batches.reduce(entries.count) { $0 + $1.rows.count } }

    // MARK: Making

    /// A UUIDv7 at `time` whose random part is derived from the seed and a name.
    func id(_ name: String, at time: Timestamp) -> UniqueID { Self.id(name, of: kind, at: time) }

    private static func id(_ name: String, of kind: Kind, at time: Timestamp) -> UniqueID {
        UniqueID.v7(at: time, random: word("\(kind.rawValue)/\(name)"))
    }

    /// A number that looks random and is always the same for a name.
    static func word(_ name: String) -> UInt64 {
        SHA256.hash(Array("witan.seed.1/\(name)".utf8)).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// So many days before the end of the story, at an hour of the day.
    func time(daysAgo days: Int, hour: Int, minute: Int = 0) -> Timestamp {
        day - .seconds(Int64(days) * 86_400) + .seconds(Int64(hour) * 3600 + Int64(minute) * 60)
    }

    /// Adds rows; `org_id` is put in front of each.
    mutating func add(_ table: String, role: String = "witan_app", _ rows: [JSONValue]) {
        let own = JSONMember("org_id", .string(organization.description))
        batches.append(SeedBatch(table: table, role: role, rows: rows.map { .object([own] + ($0.members ?? [])) }))
    }

    /// Adds rows that have no `org_id`.
    mutating func addUnowned(_ table: String, _ rows: [JSONValue]) {
        batches.append(SeedBatch(table: table, role: "witan_app", rows: rows))
    }

    /// Adds an entry to the log, at the time in its id.
    mutating func log(
        _ action: String, _ category: String, entity: String, by actor: String, payload: JSONValue = [:],
        isSuccess: Bool = true, id: UniqueID
    ) {
        let canonical = (try? payload.canonicalBytes()).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        entries.append(
            AuditEntry(
                organization: organization, id: id, category: category, action: action,
                outcome: isSuccess ? .success : .failure, actor: actor, entity: entity, payload: canonical))
    }
}

/// A value of a column.
extension JSONValue {
    static func id(_ id: UniqueID) -> JSONValue { .string(id.description) }
    static func time(_ time: Timestamp) -> JSONValue { .string(time.description) }
    static func whole(_ number: Int) -> JSONValue { .number(JSONNumber(Int64(number))) }
    /// `bytea` in hexadecimal.
    static func bytes(_ digest: Digest) -> JSONValue { .string("\\x\(digest.hex)") }
    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
}
