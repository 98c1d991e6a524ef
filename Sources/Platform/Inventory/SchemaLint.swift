// SPDX-License-Identifier: Apache-2.0

/// Looks at a whole catalog for what its tables, views and functions should be.
package struct SchemaLint: Sendable {
    private let inventory: SchemaInventory
    private let leading: String
    private let exceptions: Set<LintException>
    /// The columns of each table.
    private let columns: [String: [String]]

    /// - Parameters:
    ///   - inventory: Of the schemas to look at.
    ///   - leading: The column that divides the data: it leads every key, reference and index of a table that has it.
    ///     A table without it says why in its comment, by the words `No <leading>`.
    ///   - exceptions: What the migrations except; see `MigrationLint.exceptions`.
    package init(_ inventory: SchemaInventory, leading: String, exceptions: Set<LintException> = []) {
        self.inventory = inventory
        self.leading = leading
        self.exceptions = exceptions
        columns = Dictionary(
            inventory.objects.filter { $0.kind == .table }.map { table in
                (table.qualifiedName, table["columns"]?.split(separator: ", ").map(String.init) ?? [])
            }, uniquingKeysWith: { first, _ in first })
    }

    /// What is found, in the order of the inventory.
    package var findings: [LintFinding] {
        inventory.objects.flatMap { object in
            (rules(for: object) + (lacksComment(object) ? [.described] : [])).filter { rule in
                !exceptions.contains(LintException(rule: rule, name: object.qualifiedName))
                    && !exceptions.contains(LintException(rule: rule, name: table(of: object)))
            }.map { LintFinding(rule: $0, file: nil, line: nil, subject: object.qualifiedName) }
        }
    }

    private func rules(for object: SchemaObject) -> [LintRule] {
        switch object.kind {
        case .type: object["definition"]?.hasPrefix("ENUM") == true ? [.noEnum] : []
        case .table: isKeptApart(object) ? [] : [.rowSecurity]
        case .column: object["type"]?.hasPrefix("timestamp") == true && !hasZone(object) ? [.timestamptz] : []
        case .view: isInvokers(object) ? [] : [.securityInvoker]
        case .materializedView: isGranted(object) ? [.readableCopy] : []
        case .partition: object["bound"] == "DEFAULT" ? [.noDefaultPartition] : []
        case .constraint: rules(forConstraint: object)
        case .index: rules(forIndex: object)
        case .function, .procedure: isSafe(object) ? [] : [.searchPath]
        case .grant:
            object.name.hasSuffix("TO PUBLIC") && object.qualifiedName != "public TO PUBLIC" ? [.publicGrant] : []
        default: []
        }
    }

    private func table(of object: SchemaObject) -> String { "\(object.schema).\(object.table ?? object.name)" }

    // MARK: Tables

    private func isKeptApart(_ table: SchemaObject) -> Bool {
        guard columns[table.qualifiedName]?.contains(leading) == true else {
            return table["comment"]?.contains("No \(leading)") == true
        }
        return table["row security"] == "forced"
            && inventory.objects.contains {
                $0.kind == .policy && self.table(of: $0) == table.qualifiedName && $0.definition.contains(leading)
            }
    }

    private func hasZone(_ column: SchemaObject) -> Bool { column["type"]?.hasSuffix("with time zone") == true }

    private static let describedKinds: Set<SchemaObject.Kind> = [
        .schema, .table, .view, .materializedView, .column, .function, .procedure,
    ]

    /// A comment that does not end as a sentence does was cut off.
    private func lacksComment(_ object: SchemaObject) -> Bool {
        guard Self.describedKinds.contains(object.kind), object.qualifiedName != "public" else { return false }
        return object["comment"].map { !$0.hasSuffix(".") && !$0.hasSuffix("…") } ?? true
    }

    // MARK: Keys, references and indexes

    private func rules(forConstraint constraint: SchemaObject) -> [LintRule] {
        let definition = constraint["definition"] ?? ""
        var found: [LintRule] = []
        if definition.hasSuffix("NOT VALID") || constraint["index"] != nil { found.append(.valid) }
        guard !definition.hasPrefix("CHECK") else { return found }
        let table = table(of: constraint)
        let keys = CatalogColumns.listed(in: definition)
        let isDivided = columns[table]?.contains(leading) == true
        if definition.hasPrefix("FOREIGN KEY") {
            let other = CatalogColumns.referenced(by: definition)
            let isOtherDivided = other.flatMap { columns[$0] }?.contains(leading) == true
            if isDivided, isOtherDivided, keys.first != leading { found.append(.leadingColumn) }
            if !isIndexed(keys, of: table) { found.append(.indexedReference) }
        } else if isDivided, keys.first != leading {
            found.append(.leadingColumn)
        }
        return found
    }

    private func rules(forIndex index: SchemaObject) -> [LintRule] {
        var found: [LintRule] = index["state"] == nil ? [] : [.valid]
        let isDivided = columns[table(of: index)]?.contains(leading) == true
        if isDivided, CatalogColumns.listed(in: index["definition"] ?? "").first != leading {
            found.append(.leadingColumn)
        }
        return found
    }

    /// Whether a whole index begins with these columns, in any order. A partial one will do when it only leaves out
    /// rows without the reference.
    private func isIndexed(_ keys: [String], of table: String) -> Bool {
        inventory.objects.contains { object in
            guard self.table(of: object) == table, let definition = object["definition"] else { return false }
            switch object.kind {
            case .constraint where !definition.hasPrefix("PRIMARY KEY") && !definition.hasPrefix("UNIQUE"): return false
            case .constraint: break
            case .index:
                if let condition = CatalogColumns.condition(of: definition),
                    !keys.contains(where: { condition == "(\($0) IS NOT NULL)" })
                {
                    return false
                }
            default: return false
            }
            return Set(CatalogColumns.listed(in: definition).prefix(keys.count)) == Set(keys)
        }
    }

    // MARK: Views and functions

    private func isInvokers(_ view: SchemaObject) -> Bool {
        ["security_invoker=true", "security_invoker=on"].contains { view["options"]?.contains($0) == true }
    }

    private func isGranted(_ view: SchemaObject) -> Bool {
        inventory.objects.contains { $0.kind == .grant && self.table(of: $0) == view.qualifiedName }
    }

    /// Temporary tables and types are looked for first unless `pg_temp` is named, and anybody may make some.
    private func isSafe(_ function: SchemaObject) -> Bool {
        let header = function["definition"]?.components(before: "\nAS ") ?? ""
        guard header.contains("SECURITY DEFINER") else { return true }
        let path = header.split(separator: "\n").first { $0.contains("SET search_path TO ") } ?? ""
        return path.hasSuffix("'pg_temp'") && !path.contains("public") && !path.contains("$user")
    }
}

extension String {
    /// What stands before the first `mark`; everything when there is none.
    fileprivate func components(before mark: String) -> Substring {
        firstRange(of: mark).map { self[..<$0.lowerBound] } ?? self[...]
    }
}

/// Columns in the definitions that PostgreSQL writes.
enum CatalogColumns {
    /// The first list in parentheses: of a key, a reference or an index. An expression is a column of no name.
    static func listed(in definition: String) -> [String] {
        var start = definition[...]
        if let using = definition.firstRange(of: " USING ") { start = definition[using.upperBound...] }
        guard let open = start.firstIndex(of: "(") else { return [] }
        var (depth, items, item) = (1, [String](), "")
        for character in start[start.index(after: open)...] {
            if character == ")" { depth -= 1 }
            if depth == 0 { break }
            if character == "(" { depth += 1 }
            if character == ",", depth == 1 {
                items.append(item)
                item = ""
            } else {
                item.append(character)
            }
        }
        return (items + [item]).map { part in
            let words = part.split(separator: " ")
            let isPlain = words.first.map { !$0.contains("(") } ?? false
            return isPlain ? String(words[0]) : ""
        }
    }

    /// The table behind `REFERENCES`.
    static func referenced(by definition: String) -> String? {
        guard let word = definition.firstRange(of: " REFERENCES ") else { return nil }
        return String(definition[word.upperBound...].prefix { $0 != "(" })
    }

    /// What stands behind `WHERE`.
    static func condition(of index: String) -> String? {
        index.firstRange(of: " WHERE ").map { String(index[$0.upperBound...]) }
    }
}
