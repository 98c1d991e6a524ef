// SPDX-License-Identifier: Apache-2.0

/// What is known when a statement is looked at.
struct LintContext {
    /// Tables that the files themselves have made: nobody waits for them.
    let fresh: Set<String>
    let isTransactional: Bool

    func findings(in statement: LintStatement) -> [LintMatch] {
        commands(statement) + declarations(statement) + names(statement) + alterations(statement)
    }

    // MARK: Whole commands

    private func commands(_ statement: LintStatement) -> [LintMatch] {
        var found: [LintRule] = []
        let isConcurrent = statement.has("concurrently")
        switch statement[0] {
        case "begin", "commit", "rollback", "end", "start", "abort": found.append(.ownTransaction)
        case "lock": found.append(.explicitLock)
        case "cluster", "truncate": found.append(.heavyCommand)
        case "vacuum" where statement.has("full"): found.append(.heavyCommand)
        case "reindex" where !isConcurrent: found.append(.concurrentIndex)
        case "drop" where statement.begins("drop", "index") && !isConcurrent: found.append(.concurrentIndex)
        case "drop" where ["table", "schema"].contains(statement[1]) || statement.begins("drop", "materialized"):
            if !fresh.contains(statement.name(at: 2).text) { found.append(.dropTable) }
        case "create" where statement.createdKind == "index" && !isConcurrent:
            if let table = statement.indexedTable, !fresh.contains(table.text) { found.append(.concurrentIndex) }
        default: break
        }
        if isConcurrent, isTransactional, statement.isAboutIndexes { found.append(.concurrentAlone) }
        let subject = statement.createdName ?? statement.tokens.prefix(4).joined(separator: " ")
        return found.map { LintMatch($0, subject, line: statement.span.lowerBound) }
    }

    // MARK: What is declared

    private func declarations(_ statement: LintStatement) -> [LintMatch] {
        guard statement[0] == "create" || statement.begins("alter", "table") else { return [] }
        let subject = statement.createdName ?? statement.name(at: 2).text
        var found: [LintMatch] = []
        if statement.createdKind == "type", statement.has("as", "enum") {
            found.append(LintMatch(.noEnum, subject, line: statement.span.lowerBound))
        }
        if statement.createdKind == "view", !statement.has("materialized"), !statement.has("security_invoker") {
            found.append(LintMatch(.securityInvoker, subject, line: statement.span.lowerBound))
        }
        let ends = statement.tokens.last == "default"
        if ends && (statement.has("partition", "of") || statement.has("attach", "partition")) {
            found.append(LintMatch(.noDefaultPartition, subject, line: statement.span.lowerBound))
        }
        guard statement.createdKind != "view" else { return found }
        for (index, token) in statement.tokens.enumerated() where token == "timestamp" && isZoneless(statement, index) {
            found.append(LintMatch(.timestamptz, subject, line: statement.lines[index]))
        }
        return found
    }

    /// Whether `timestamp` is a type here, and one without a zone.
    private func isZoneless(_ statement: LintStatement, _ index: Int) -> Bool {
        guard !["(", ",", "column", ".", "exists"].contains(statement[index - 1]) else { return false }
        var next = index + 1
        if statement[next] == "(" { next += 3 }
        return statement[next] != "with" || statement[next + 1] != "time"
    }

    // MARK: Names

    private func names(_ statement: LintStatement) -> [LintMatch] {
        var names: [LintStatement.Name] = []
        if let name = statement.namedObject { names.append(name) }
        if let table = statement.indexedTable ?? statement.subjectTable { names.append(table) }
        if ["create", "alter"].contains(statement[0]) {
            for (index, token) in statement.tokens.enumerated() where token == "references" {
                names.append(statement.name(at: index + 1))
            }
        }
        return names.filter { !$0.isQualified }.map {
            LintMatch(.qualifiedName, $0.text, line: statement.lines[min($0.end, statement.lines.count) - 1])
        }
    }
}

extension LintStatement {
    private static let modifiers: Set = [
        "or", "replace", "unlogged", "global", "local", "temp", "temporary", "unique", "recursive", "constraint",
        "materialized",
    ]

    /// Where the word stands that says what is created.
    private var kindPosition: Int? {
        guard self[0] == "create" else { return nil }
        return tokens.indices.dropFirst().first { !Self.modifiers.contains(tokens[$0]) }
    }

    /// What is created: `table`, `index`, …
    var createdKind: String? { kindPosition.map { self[$0] } }

    private var isTemporary: Bool { ["temp", "temporary"].contains { tokens.prefix(4).contains($0) } }

    /// The table that is created.
    var createdTable: String? { createdKind == "table" ? kindPosition.map { name(at: $0 + 1).text } : nil }

    /// The whole name of what is created; of an index with its table before it.
    var createdName: String? {
        guard let position = kindPosition else { return nil }
        let name = name(at: position + 1)
        guard let table = indexedTable else { return name.text }
        return name.text == "on" ? table.text : "\(table.text).\(name.text)"
    }

    /// The table that an index is created on.
    var indexedTable: Name? {
        guard createdKind == "index", let on = position(of: "on") else { return nil }
        return name(at: on + 1)
    }

    /// The table of a trigger or policy, or that rows are written to.
    var subjectTable: Name? {
        if ["trigger", "policy"].contains(createdKind) || ["trigger", "policy"].contains(self[1]) {
            return position(of: "on").map { name(at: $0 + 1) }
        }
        if begins("insert", "into") || begins("delete", "from") { return name(at: 2) }
        return self[0] == "update" ? name(at: 1) : nil
    }

    private static let named: Set = [
        "table", "view", "function", "procedure", "sequence", "type", "domain", "aggregate", "index", "statistics",
    ]

    /// What is created, altered or dropped, when that lives in a schema.
    var namedObject: Name? {
        if let position = kindPosition {
            guard Self.named.contains(self[position]), self[position] != "index", !isTemporary else { return nil }
            return name(at: position + 1)
        }
        guard self[0] == "alter" || self[0] == "drop" else { return nil }
        let position = self[1] == "materialized" ? 2 : 1
        return Self.named.contains(self[position]) ? name(at: position + 1) : nil
    }

    var isAboutIndexes: Bool { createdKind == "index" || begins("drop", "index") || self[0] == "reindex" }
}
