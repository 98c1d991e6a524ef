// SPDX-License-Identifier: Apache-2.0
import SQLText

/// Looks at the text of migrations for what hurts a system in use. What a table is used for it cannot know: tables made
/// by the files it is given are new and empty, all others have rows and readers. Bodies of functions and of DO are not
/// looked into; what they bring about is seen by `SchemaLint`.
///
/// A finding is allowed by a comment above or in its statement: `-- allow: rule reason`.
package enum MigrationLint {
    /// The findings in one file.
    package static func findings(in text: String, file: String) -> [LintFinding] {
        findings(in: [(file, text)])
    }

    /// The findings in files that are applied together, in their order.
    package static func findings(in files: [(name: String, text: String)]) -> [LintFinding] {
        var fresh: Set<String> = []
        return files.flatMap { file in
            let statements = LintStatement.all(in: file.text)
            let allowed = LintAllowance.all(in: file.text, statements)
            let isWayBack = file.name.hasSuffix(".down.sql")
            let isTransactional = !file.text.hasPrefix("-- migrate: no-transaction")
            let findings = statements.flatMap { statement in
                let context = LintContext(fresh: fresh, isTransactional: isTransactional)
                if let table = statement.createdTable { fresh.insert(table) }
                return context.findings(in: statement).filter { finding in
                    !(isWayBack && wayBack.contains(finding.rule))
                        && !allowed.contains { $0.rule == finding.rule.rawValue && $0.span == statement.span }
                }
            }
            let unreasoned = allowed.filter { $0.reason.isEmpty || LintRule(rawValue: $0.rule) == nil }
                .map { LintMatch(.allowReason, $0.rule, line: $0.line) }
            return (findings + unreasoned).sorted { $0.line < $1.line }.map {
                LintFinding(rule: $0.rule, file: file.name, line: $0.line, subject: $0.subject)
            }
        }
    }

    /// What a way back is for: somebody runs it by hand, and knows what it takes away.
    private static let wayBack: Set<LintRule> = [.dropTable, .dropColumn, .rename, .concurrentIndex, .setNotNull]

    /// The indexes and tables that the files except from a rule, for `SchemaLint`: rule and name of each.
    package static func exceptions(in files: [(name: String, text: String)]) -> Set<LintException> {
        Set(
            files.flatMap { file in
                let statements = LintStatement.all(in: file.text)
                return LintAllowance.all(in: file.text, statements).compactMap { allowance -> LintException? in
                    guard let rule = LintRule(rawValue: allowance.rule), !allowance.reason.isEmpty,
                        let statement = statements.first(where: { $0.span == allowance.span }),
                        let name = statement.createdName
                    else { return nil }
                    return LintException(rule: rule, name: name)
                }
            })
    }
}

/// A rule, and the whole name of an object that need not keep it.
package struct LintException: Sendable, Hashable {
    /// The rule.
    package let rule: LintRule
    /// The object, such as `auth.api_keys.api_keys_hash`.
    package let name: String

    package init(rule: LintRule, name: String) {
        self.rule = rule
        self.name = name
    }
}

/// A finding before it has a file.
struct LintMatch {
    let rule: LintRule
    let subject: String
    let line: Int

    init(_ rule: LintRule, _ subject: String, line: Int) {
        self.rule = rule
        self.subject = subject
        self.line = line
    }
}

/// A comment that excepts the statement it stands in or above.
struct LintAllowance {
    let rule: String
    let reason: String
    let line: Int
    /// The lines of its statement.
    let span: ClosedRange<Int>

    /// `-- allow: rule reason`, or what says the same of one or more indexes: `-- Not led by column: reason`.
    static func all(in text: String, _ statements: [LintStatement]) -> [LintAllowance] {
        let quoted = quotedLines(in: Array(text.utf8))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().flatMap { index, line -> [LintAllowance] in
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.first == "--", !quoted.contains(index + 1),
                let first = statements.firstIndex(where: { $0.span.upperBound > index })
            else { return [] }
            if words.dropFirst().first == "allow:" {
                return [
                    LintAllowance(
                        rule: words.dropFirst(2).first ?? "", reason: words.dropFirst(3).joined(separator: " "),
                        line: index + 1, span: statements[first].span)
                ]
            }
            guard words.dropFirst().prefix(3).elementsEqual(["Not", "led", "by"]) else { return [] }
            let reason = words.dropFirst(5).joined(separator: " ")
            return indexes(from: first, statements).map {
                LintAllowance(rule: LintRule.leadingColumn.rawValue, reason: reason, line: index + 1, span: $0)
            }
        }
    }

    /// The statement at `first`, and when it creates an index those that do so on the lines right behind it.
    private static func indexes(from first: Int, _ statements: [LintStatement]) -> [ClosedRange<Int>] {
        var spans = [statements[first].span]
        guard statements[first].createdKind == "index" else { return spans }
        for statement in statements[(first + 1)...] {
            guard statement.createdKind == "index", statement.span.lowerBound == spans[spans.count - 1].upperBound + 1
            else { break }
            spans.append(statement.span)
        }
        return spans
    }

    /// Lines that begin inside of a string or a body.
    private static func quotedLines(in bytes: [UInt8]) -> Set<Int> {
        var (lines, line, counted) = (Set<Int>(), 1, 0)
        func newlines(_ range: Range<Int>) -> Int { bytes[range].count { $0 == UInt8(ascii: "\n") } }
        for token in SQLLexer.tokens(in: bytes) {
            line += newlines(counted..<token.range.lowerBound)
            let end = line + newlines(token.range)
            if end > line { lines.formUnion(line + 1...end) }
            line = end
            counted = token.range.upperBound
        }
        return lines
    }
}
