// SPDX-License-Identifier: Apache-2.0
import Testing

/// What a source design does with its tables, said to this schema: runs as a role for the first of two organizations
/// that each have two rows of everything, and is undone.
struct DesignStatement: Sendable, CustomTestStringConvertible {
    /// The design, 0 to 4, and what it wants.
    let design: Int
    let purpose: String
    let role: String
    /// `{schema.table.column.number}` is the value in that row of the organization.
    let sql: String
    /// What `psql` prints.
    let gives: String

    init(_ design: Int, _ purpose: String, as role: String = "witan_app", _ sql: String, gives: String) {
        (self.design, self.purpose, self.role, self.sql, self.gives) = (design, purpose, role, sql, gives)
    }

    var testDescription: String { "00\(design): \(purpose)" }

    static let all = governance + platform + zones + council + governor + orchestrator + operating
}
