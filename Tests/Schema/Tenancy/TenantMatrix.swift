// SPDX-License-Identifier: Apache-2.0
import Postgres

/// Every tenant table × role × setting × operation, tried on rows of two organizations.
struct TenantMatrix {
    let seeded: SeededStore
    /// What the superuser does first, and what is undone in the end.
    var change = ""

    /// One try with what has to come of it.
    private struct Cell {
        let what: String
        let probe: Probe
        let expected: String
    }

    /// "permission denied", and "new row violates row-level security policy": PostgreSQL has one code for both.
    private static let refused = "42501"

    /// A sentence for everything that is not as it must be, and how many tries there were.
    ///
    /// - Parameter only: What the names of the tries begin with.
    func findings(only: String = "") async throws -> (found: [String], tries: Int) {
        var found: [String] = []
        var tries = 0
        let views = try await views()
        let partitions = try await partitions()
        for role in TenantRules.roles {
            for setting in Setting.allCases {
                var cells = seeded.tenantTables.flatMap { self.cells($0, role, setting) }
                cells += views.flatMap { self.cells(view: $0, role, setting) }
                cells += partitions.flatMap { self.cells(partition: $0) }
                cells.removeAll { !$0.what.hasPrefix(only) }
                guard !cells.isEmpty else { continue }
                let answers = try await Probe.run(
                    cells.map(\.probe), as: role, setting, in: seeded.database, after: change)
                for (cell, answer) in zip(cells, answers) where answer != cell.expected {
                    found.append("\(cell.what) as \(role), \(setting): \(answer), not \(cell.expected)")
                }
                tries += answers.count
            }
        }
        return (found, tries)
    }

    // MARK: Tables

    private func cells(_ shape: TableShape, _ role: String, _ setting: Setting) -> [Cell] {
        let table = shape.name
        let (mine, others) = (seeded.rows(of: table, .a), seeded.rows(of: table, .b))
        guard let last = mine.last, let first = others.first, let column = changeable(shape) else {
            return [Cell(what: "\(table) has rows", probe: Probe(statement: "SELECT 0"), expected: "rows of both")]
        }
        let isA = mine.map(\.predicate).joined(separator: " OR ")
        func cell(_ operation: TenantRules.Operation, _ probe: Probe, _ allowed: String, _ what: String = "") -> Cell {
            let isAllowed = TenantRules.rights(role, table).contains(operation)
            return Cell(
                what: "\(table): \(operation.rawValue)\(what)", probe: probe,
                expected: isAllowed ? allowed : Self.refused)
        }
        let seesAll = TenantRules.crossesTenants(role, .select, table)
        let visible = (
            seesAll || setting == .own ? mine.count : 0, seesAll || setting == .other ? others.count : 0
        )
        let touched = setting == .own ? mine.count : setting == .other ? others.count : 0
        let mayInsert = setting == .own || TenantRules.crossesTenants(role, .insert, table)
        let key = shape.hasOrganization ? "org_id" : shape.column("user_id")?.name ?? "id"
        return [
            cell(
                .select,
                Probe(
                    statement: "SELECT count(*) FILTER (WHERE \(isA)) || ',' || count(*) FILTER (WHERE NOT (\(isA)))"
                        + " FROM \(table)"),
                "\(visible.0),\(visible.1)"),
            cell(
                .insert, Probe(preparation: "DELETE FROM \(table) WHERE \(last.predicate)", statement: last.insertion),
                mayInsert ? "1" : Self.refused),
            cell(.update, Probe(statement: "UPDATE \(table) SET \(column) = \(column)"), String(touched)),
            cell(
                .update, Probe(statement: "UPDATE \(table) SET \(column) = \(column) WHERE \(isA)"),
                setting == .own ? String(mine.count) : "0", " of the first organization's"),
            cell(
                .update, Probe(statement: "UPDATE \(table) SET \(key) = \(stolen(shape)) WHERE \(first.predicate)"),
                setting == .other ? Self.refused : "0", " that gives a row away"),
            cell(.delete, Probe(statement: "DELETE FROM \(table)"), "none"),
            cell(.truncate, Probe(statement: "TRUNCATE \(table) CASCADE"), "none"),
        ]
    }

    /// A column that may be set to what it is.
    private func changeable(_ shape: TableShape) -> String? {
        let columns = shape.columns.filter { !$0.isGenerated && $0.name != "org_id" }
        return (columns.first { !shape.primaryKey.contains($0.name) } ?? columns.first).map { "\"\($0.name)\"" }
    }

    /// What makes a row the first organization's, or nobody's.
    private func stolen(_ shape: TableShape) -> String {
        shape.hasOrganization ? "'\(Tenant.a.id)'" : "'00000000-0000-7000-8000-000000000000'"
    }

    // MARK: Views and partitions

    private struct View {
        let name: String
        let hasOrganization: Bool
    }

    private func views() async throws -> [View] {
        try await seeded.database.query(
            """
            SELECT n.nspname || '.' || c.relname AS name,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id') AS has_org
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND \(raw: TableShape.ours)
            WHERE c.relkind IN ('v', 'm') ORDER BY 1
            """
        ).map { View(name: try $0["name"], hasOrganization: try $0["has_org"]) }
    }

    private func cells(view: View, _ role: String, _ setting: Setting) -> [Cell] {
        let isA = view.hasOrganization ? "org_id = '\(Tenant.a.id)'" : "false"
        let isB = view.hasOrganization ? "org_id = '\(Tenant.b.id)'" : "false"
        let probe = Probe(
            statement: "SELECT (count(*) FILTER (WHERE \(isA)) > 0) || ',' || (count(*) FILTER (WHERE \(isB)) > 0)"
                + " FROM \(view.name)")
        let seen = "\(setting == .own),\(setting == .other)"
        let nothing = "false,false"
        let expected = view.hasOrganization ? seen : nothing
        return [
            Cell(
                what: "\(view.name): select", probe: probe,
                expected: TenantRules.readsView(role, view.name) ? expected : Self.refused)
        ]
    }

    private func partitions() async throws -> [(name: String, parent: String)] {
        try await seeded.database.query(
            """
            SELECT c.oid::regclass::text AS name, i.inhparent::regclass::text AS parent
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND \(raw: TableShape.ours)
            JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relkind = 'r' AND c.relispartition ORDER BY 1
            """
        ).map { (try $0["name"], try $0["parent"]) }
    }

    /// A partition has no row security of its own, so nobody may touch one but through its parent.
    private func cells(partition: (name: String, parent: String)) -> [Cell] {
        let column = seeded.shapes.first { $0.name == partition.parent }?.columns.last?.name ?? "id"
        let statements = [
            "SELECT count(*) FROM \(partition.name)", "INSERT INTO \(partition.name) DEFAULT VALUES",
            "UPDATE \(partition.name) SET \(column) = NULL", "DELETE FROM \(partition.name)",
            "TRUNCATE \(partition.name)",
        ]
        return statements.map { Cell(what: $0, probe: Probe(statement: $0), expected: Self.refused) }
    }
}
