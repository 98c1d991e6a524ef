// SPDX-License-Identifier: Apache-2.0
package import JSON
package import Postgres

/// Runs the queries of `ReportSection`.
package enum ReportStore {
    /// The rows of a section, each an object by the names of its columns.
    package static func rows(of section: ReportSection, in database: Database) async throws -> [JSONValue] {
        let rows = try await database.query(
            "SELECT coalesce(json_agg(answer), '[]')::text AS rows FROM (\(raw: section.query)) AS answer")
        let text: String = try rows.first?["rows"] ?? "[]"
        return try JSONValue(parsing: Array(text.utf8)).elements ?? []
    }
}
