// SPDX-License-Identifier: Apache-2.0
package import Core
import JSON
package import SwiftExtensions

/// What one duty of an organization asks of a table: how long its rows must stay, and when their content must go.
package struct RetentionPolicy: Sendable, Equatable {
    /// UUIDv7.
    package let id: UniqueID
    /// With its schema, as `council.requests`.
    package let table: String
    /// The law, contract or rule it follows from.
    package let duty: String
    /// Days the row must stay; nil says nothing about it.
    package let keepDays: Int32?
    /// Days after which content must be blank; nil says nothing about it.
    package let contentDays: Int32?
    /// When it was made.
    package let createdAt: Timestamp

    package init(
        id: UniqueID, table: String, duty: String, keepDays: Int32?, contentDays: Int32?, createdAt: Timestamp
    ) {
        self.id = id
        self.table = table
        self.duty = duty
        self.keepDays = keepDays
        self.contentDays = contentDays
        self.createdAt = createdAt
    }
}

/// A policy as somebody asks for it.
package struct NewRetentionPolicy: Sendable, Equatable {
    /// Days a policy may name: a day to a hundred years.
    package static let days: ClosedRange<Int64> = 1...36_525
    let table: String
    let duty: String
    let keepDays: Int32?
    let contentDays: Int32?

    /// Refuses what is out of bounds, and a policy that says nothing.
    package init(table: String, duty: String, keepDays: Int64?, contentDays: Int64?) throws(DomainError) {
        guard (1...100).contains(duty.count) else {
            throw DomainError(
                .invalid, code: "invalid_value", "duty must have 1 to 100 characters.", parameter: "duty")
        }
        for (name, value) in [("keep_days", keepDays), ("content_days", contentDays)] {
            guard let value, !Self.days.contains(value) else { continue }
            throw DomainError(
                .invalid, code: "invalid_value", "\(name) must be a whole number from 1 to 36525.", parameter: name)
        }
        guard keepDays != nil || contentDays != nil else {
            throw DomainError(
                .invalid, code: "invalid_value", "A policy names keep_days, content_days or both.",
                parameter: "keep_days")
        }
        guard keepDays == nil || !RetentionRule.wholeTables.contains(table) else {
            throw DomainError(
                .invalid, code: "invalid_value",
                "Rows of \(table) go with what they belong to: name content_days alone.", parameter: "keep_days")
        }
        self.table = table
        self.duty = duty
        self.keepDays = keepDays.map { Int32($0) }
        self.contentDays = contentDays.map { Int32($0) }
    }
}

/// What holds for a table where an organization has said nothing.
package struct RetentionDefault: Sendable, Equatable {
    /// With its schema.
    package let table: String
    /// Nil keeps rows for good.
    package let keepDays: Int32?
    /// Nil never blanks.
    package let contentDays: Int32?
    /// Where the figures come from.
    package let reason: String

    package init(table: String, keepDays: Int32?, contentDays: Int32?, reason: String) {
        self.table = table
        self.keepDays = keepDays
        self.contentDays = contentDays
        self.reason = reason
    }
}

/// How duties add up: the longest keeps the row, the shortest ends its content.
package enum RetentionRule {
    /// Days a row stays; nil for good.
    package static func keepDays(_ policies: [RetentionPolicy], default standard: RetentionDefault) -> Int32? {
        policies.compactMap(\.keepDays).max() ?? standard.keepDays
    }

    /// Days until content is blanked; nil never.
    package static func contentDays(_ policies: [RetentionPolicy], default standard: RetentionDefault) -> Int32? {
        policies.compactMap(\.contentDays).min() ?? standard.contentDays
    }

    /// The columns of a table that hold what people wrote and models answered.
    package struct Content: Sendable {
        /// The column that carries the time, and the partitions.
        let key: String
        /// Columns that may be null.
        let nullable: [String]
        /// Columns that may not, and become empty.
        let required: [String]
    }

    /// By table.
    package static let content: [String: Content] = [
        "council.session_history": Content(key: "id", nullable: [], required: ["content"]),
        "council.requests": Content(key: "id", nullable: ["request_content", "response_content"], required: []),
        "council.council_responses": Content(key: "request_id", nullable: [], required: ["content"]),
        "council.deliberation_exchanges": Content(key: "request_id", nullable: [], required: ["content"]),
    ]

    /// Tables that are not divided by month: content alone ends there.
    package static let wholeTables: Set<String> = ["council.session_history"]

    /// Tables whose rows belong to no organization: the default alone holds, and the first organization's log tells.
    package static let installationTables: Set<String> = ["audits.system_logs"]

    /// What is to become of a partition whose rows belong to organizations that keep them `keep` days each (nil: for
    /// good), some of them under a hold.
    package static func decide(
        _ partition: TablePartition, keep: [Int32?], holds: Int, now: Timestamp
    ) -> PartitionDecision {
        if holds > 0 { return .held }
        var days: Int32 = 0
        for duty in keep {
            guard let duty else { return .keptForGood }
            days = max(days, duty)
        }
        let end = partition.upper.time + .seconds(Int64(days) * 86_400)
        return keep.isEmpty || end > now ? .kept(until: end) : .due
    }
}

/// What is to become of a partition.
package enum PartitionDecision: Sendable, Equatable {
    /// Every organization's duty is over.
    case due
    /// The longest duty ends then.
    case kept(until: Timestamp)
    /// At least one organization keeps its rows for good.
    case keptForGood
    /// At least one organization is under a legal hold.
    case held
    /// Its duty is over, but an older month of the table stays, and months leave without gaps.
    case waits

    /// In a few words; never which organization.
    package var description: String {
        switch self {
        case .due: "to be archived"
        case .kept(let end): "kept until \(end.description.prefix(10))"
        case .keptForGood: "kept for good"
        case .held: "under a legal hold"
        case .waits: "waits for an older month"
        }
    }
}
