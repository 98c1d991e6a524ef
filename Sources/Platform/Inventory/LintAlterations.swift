// SPDX-License-Identifier: Apache-2.0

extension LintContext {
    /// What ALTER does to a table that others use.
    func alterations(_ statement: LintStatement) -> [LintMatch] {
        if statement[0] == "alter", ["type", "schema", "view", "function", "index", "sequence"].contains(statement[1]),
            statement.has("rename")
        {
            return [LintMatch(.rename, statement.name(at: 2).text, line: statement.span.lowerBound)]
        }
        guard statement.begins("alter", "table") else { return [] }
        let table = statement.name(at: 2)
        guard !fresh.contains(table.text) else { return [] }
        return statement.parts(from: table.end).flatMap { action in
            rules(of: action).map { LintMatch($0, table.text, line: action.span.lowerBound) }
        }
    }

    private func rules(of action: LintStatement) -> [LintRule] {
        switch action[0] {
        case "rename": return [.rename]
        case "drop": return action[1] == "constraint" ? [] : [.dropColumn]
        case "set":
            return ["logged", "unlogged", "tablespace", "access"].contains(action[1]) ? [.heavyCommand] : []
        case "alter":
            let change = action[1] == "column" ? 3 : 2
            if action[change] == "type" || action.has("set", "data", "type") { return [.alterType] }
            return action.has("set", "not", "null") ? [.setNotNull] : []
        case "add": return rules(ofAdding: action)
        default: return []
        }
    }

    private func rules(ofAdding action: LintStatement) -> [LintRule] {
        let body = action[1] == "constraint" ? 3 : 1
        switch action[body] {
        case "check", "foreign": return action.has("not", "valid") ? [] : [.validateLater]
        case "unique", "primary": return action.has("using", "index") ? [] : [.uniqueFromIndex]
        case "exclude": return [.uniqueFromIndex]
        default: return rules(ofColumn: action)
        }
    }

    private func rules(ofColumn action: LintStatement) -> [LintRule] {
        var found: [LintRule] = []
        let hasDefault = action.has("default")
        if action.has("not", "null"), !hasDefault, !action.has("generated") { found.append(.requiredColumn) }
        if action.has("generated") || action.has("smallserial") || action.has("serial") || action.has("bigserial")
            || callsSomethingVolatile(action)
        {
            found.append(.volatileDefault)
        }
        if action.has("references") || action.has("check") { found.append(.validateLater) }
        if action.has("unique") || action.has("primary", "key") { found.append(.uniqueFromIndex) }
        return found
    }

    /// Functions that give one value for the whole statement.
    private static let steady: Set = [
        "now", "current_timestamp", "transaction_timestamp", "statement_timestamp", "coalesce", "nullif", "lower",
        "upper", "md5", "sha256", "decode", "jsonb_build_object", "jsonb_build_array", "array", "make_interval",
    ]

    /// Whether the default calls a function that may answer differently for each row.
    private func callsSomethingVolatile(_ action: LintStatement) -> Bool {
        guard let start = action.position(of: "default") else { return false }
        let level = action.depths[start]
        for index in start..<action.tokens.count where action[index + 1] == "(" {
            if ["check", "references"].contains(action[index]), action.depths[index] == level { return false }
            let isName = action[index].first.map { $0.isLetter || $0 == "_" } ?? false
            if isName, index > start, !Self.steady.contains(action[index]) { return true }
        }
        return false
    }
}
