// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// One of the two organizations that rows are made for.
struct Tenant: Sendable, Hashable {
    let letter: String
    let id: String

    static let a = Tenant(letter: "a", id: UniqueID.v7().description)
    static let b = Tenant(letter: "b", id: UniqueID.v7().description)
    static let both = [a, b]
}

/// Makes rows for every table that holds a tenant's data, from nothing but the catalog and a few hints: constraints
/// hold, the parents come first, and each organization has two rows of everything that refer to each other.
struct RowGenerator {
    /// A table for which no row can be made; its author has to add a hint.
    struct Unknown: Error, CustomStringConvertible {
        let description: String
    }

    /// A row that was made.
    struct Row: Sendable {
        let table: String
        let tenant: Tenant
        let number: Int
        let insertion: String
        /// True for this row only.
        let predicate: String
    }

    private let shapes: [String: TableShape]
    private let hints: [String: RowHint]
    private var values: [String: String?] = [:]

    init(_ shapes: [TableShape], hints: [String: RowHint] = RowHint.all) {
        self.shapes = Dictionary(uniqueKeysWithValues: shapes.map { ($0.name, $0) })
        self.hints = hints
    }

    // MARK: Order

    /// The tables and all that they refer to, each after what it refers to.
    func ordered(_ tables: [String]) throws -> [String] {
        var done: [String] = []
        var visiting: Set<String> = []
        func visit(_ name: String) throws {
            guard !done.contains(name) else { return }
            guard visiting.insert(name).inserted else {
                throw Unknown(description: "\(name) refers to itself through others")
            }
            for parent in shapes[name]?.references.map(\.parent) ?? [] where parent != name { try visit(parent) }
            done.append(name)
        }
        for name in tables { try visit(name) }
        return done
    }

    /// Two rows of every table for each organization; of the organizations themselves one.
    mutating func rows(of tables: [String]) throws -> [Row] {
        var rows: [Row] = []
        for name in try ordered(tables) {
            for tenant in Tenant.both {
                for number in 0..<(name == Self.root ? 1 : 2) { rows.append(try row(name, tenant, number)) }
            }
        }
        return rows
    }

    private static let root = "auth.organizations"
    /// A time that is the same whenever a row is looked for.
    private static let started = Timestamp.now()

    private mutating func row(_ name: String, _ tenant: Tenant, _ number: Int) throws -> Row {
        guard let shape = shapes[name] else { throw Unknown(description: "there is no table \(name)") }
        var columns: [String] = []
        var literals: [String] = []
        for column in shape.columns where !column.isGenerated {
            guard let literal = try value(shape, column, tenant, number) else { continue }
            columns.append("\"\(column.name)\"")
            literals.append(literal)
        }
        let key = try shape.primaryKey.map { name in
            guard let column = shape.column(name), let literal = try value(shape, column, tenant, number) else {
                throw Unknown(description: "\(shape.name).\(name) is of a key and made by the database")
            }
            return "\"\(name)\" = \(literal)"
        }
        let insertion = """
            INSERT INTO \(name) (\(columns.joined(separator: ", "))) VALUES (\(literals.joined(separator: ", ")))
            """
        return Row(
            table: name, tenant: tenant, number: number, insertion: insertion,
            predicate: "(\(key.joined(separator: " AND ")))")
    }

    // MARK: Values

    /// The literal of a column in a row, the same whenever it is asked for.
    mutating func value(_ table: String, _ column: String, _ tenant: Tenant, _ number: Int) throws -> String? {
        guard let shape = shapes[table], let found = shape.column(column) else {
            throw Unknown(description: "there is no \(table).\(column)")
        }
        return try value(shape, found, tenant, number)
    }

    /// nil when the column is to have its default.
    private mutating func value(
        _ shape: TableShape, _ column: TableShape.Column, _ tenant: Tenant, _ number: Int
    ) throws -> String? {
        let key = "\(shape.name).\(column.name).\(tenant.letter).\(number)"
        if let known = values[key] { return known }
        let made = try make(shape, column, tenant, number)
        values[key] = .some(made)
        return made
    }

    private mutating func make(
        _ shape: TableShape, _ column: TableShape.Column, _ tenant: Tenant, _ number: Int
    ) throws -> String? {
        if column.name == "org_id" || (shape.name == Self.root && column.name == "id") { return "'\(tenant.id)'" }
        let hint = hints["\(shape.name).\(column.name)"]
        if case .null = hint { return "NULL" }
        if case .sql(let text) = hint {
            return text.replacing("{t}", with: tenant.letter).replacing("{k}", with: String(number))
        }
        if case .keyArray(let table) = hint {
            return "ARRAY[\(try value(table, "id", tenant, number) ?? "NULL")]::uuid[]"
        }
        if let reference = shape.references.first(where: { $0.columns.contains(column.name) }),
            let place = reference.columns.firstIndex(of: column.name)
        {
            if column.isNullable, number == 0 || reference.parent == shape.name { return "NULL" }
            let row = if case .sibling = hint { 1 - number } else { reference.parent == Self.root ? 0 : number }
            return try value(reference.parent, reference.parentColumns[place], tenant, row)
        }
        if column.isNullable { return "NULL" }
        if column.hasDefault, !shape.primaryKey.contains(column.name) { return nil }
        return try literal(shape, column, tenant, number)
    }

    private func literal(
        _ shape: TableShape, _ column: TableShape.Column, _ tenant: Tenant, _ number: Int
    ) throws -> String {
        let label = "\(column.name)-\(tenant.letter)\(number)"
        if let listed = shape.listed(column.name), !listed.isEmpty { return listed[number % listed.count] }
        switch column.type {
        case "uuid": return "'\(UniqueID.v7())'"
        case "text":
            guard let length = shape.length(column.name) else { return "'\(label)'" }
            return "'" + String(String(repeating: "x", count: length) + tenant.letter + String(number)).suffix(length)
                + "'"
        case "bytea":
            let hash = "sha256('\(shape.name) \(label)')"
            return shape.length(column.name) == 64 ? "\(hash) || \(hash)" : hash
        case "integer", "bigint", "smallint": return String(number + 1)
        case "numeric": return "0.\(number + 1)"
        case "boolean": return "false"
        case "timestamp with time zone": return "timestamptz '\(Self.started)' + interval '\(number + 1) day'"
        case "date": return "current_date + \(number)"
        case "json", "jsonb": return "'{}'"
        case "inet": return "'192.0.2.\(number + 1)'"
        case "text[]", "uuid[]", "cidr[]": return "'{}'"
        default: throw Unknown(description: "\(shape.name).\(column.name) is of type \(column.type): give it a hint")
        }
    }
}

extension TableShape {
    /// The values that a CHECK lists for a column, as literals.
    func listed(_ column: String) -> [String]? {
        let head = "CHECK ((\(column) = ANY (ARRAY["
        guard let check = checks.first(where: { $0.hasPrefix(head) }) else { return nil }
        return check.dropFirst(head.count).prefix { $0 != "]" }.split(separator: ",").map { item in
            String(item.drop { $0 == " " }.replacing("::text", with: ""))
        }
    }

    /// The length that a CHECK asks of a column.
    func length(_ column: String) -> Int? {
        let head = "(length(\(column)) = "
        for check in checks {
            guard let start = check.firstRange(of: head) else { continue }
            return Int(check[start.upperBound...].prefix { $0.isNumber })
        }
        return nil
    }
}
