// SPDX-License-Identifier: Apache-2.0

/// What a migration or a schema should not do. The raw value is the name for `-- allow: name reason`.
package enum LintRule: String, Sendable, CaseIterable {
    // Of files: what keeps others waiting or takes something away from them.
    case volatileDefault = "volatile-default"
    case alterType = "alter-type"
    case requiredColumn = "required-column"
    case setNotNull = "set-not-null"
    case validateLater = "validate-later"
    case uniqueFromIndex = "unique-from-index"
    case concurrentIndex = "concurrent-index"
    case concurrentAlone = "concurrent-alone"
    case heavyCommand = "heavy-command"
    case explicitLock = "explicit-lock"
    case dropColumn = "drop-column"
    case dropTable = "drop-table"
    case rename
    case ownTransaction = "own-transaction"
    case qualifiedName = "qualified-name"
    case allowReason = "allow-reason"
    // Of files and of schemas.
    case noEnum = "no-enum"
    case noDefaultPartition = "no-default-partition"
    case timestamptz
    case securityInvoker = "security-invoker"
    // Of schemas: what only the catalog knows.
    case leadingColumn = "leading-column"
    case rowSecurity = "row-security"
    case indexedReference = "indexed-reference"
    case searchPath = "search-path"
    case publicGrant = "public-grant"
    case readableCopy = "readable-copy"
    case described
    case valid

    /// The rules that only a catalog can be asked about.
    package static let ofCatalogs: Set<LintRule> = [
        .leadingColumn, .rowSecurity, .indexedReference, .searchPath, .publicGrant, .readableCopy, .described, .valid,
    ]

    /// What is the matter, to stand behind the name of what it is the matter with.
    package var sentence: String { text.sentence }

    /// What to do instead.
    package var fix: String { text.fix }

    private var text: (sentence: String, fix: String) {
        switch self {
        case .noEnum, .noDefaultPartition, .timestamptz, .securityInvoker: textOfSchemas
        default: Self.ofCatalogs.contains(self) ? textOfSchemas : textOfFiles
        }
    }

    private var textOfFiles: (sentence: String, fix: String) {
        switch self {
        case .volatileDefault:
            (
                "a value computed for each row rewrites the table under an exclusive lock",
                "add the column without it, set the default, then fill old rows in batches"
            )
        case .alterType:
            (
                "another type rewrites the table, or reads all of it, under an exclusive lock",
                "add a new column, fill it, and drop the old one a release later"
            )
        case .requiredColumn:
            ("a column that is NOT NULL without a default fails on a table with rows", "give it a default")
        case .setNotNull:
            (
                "the whole table is read under an exclusive lock",
                "add CHECK (… IS NOT NULL) NOT VALID, validate it in a later file, then SET NOT NULL and allow this"
            )
        case .validateLater:
            (
                "the whole table is read while writers wait",
                "add it NOT VALID, and VALIDATE CONSTRAINT in a later file"
            )
        case .uniqueFromIndex:
            (
                "the index behind it is built while writers wait",
                "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … USING INDEX"
            )
        case .concurrentIndex:
            ("writers wait until it is done", "CONCURRENTLY, in a file that begins with -- migrate: no-transaction")
        case .concurrentAlone:
            ("PostgreSQL refuses this inside a transaction", "begin the file with -- migrate: no-transaction")
        case .heavyCommand:
            (
                "the table is rewritten or emptied under an exclusive lock",
                "leave it to maintenance outside of migrations"
            )
        case .explicitLock: ("others wait for as long as the file runs", "leave locking to the statements")
        case .dropColumn:
            (
                "programs of the release before still name it while they run beside this one",
                "stop using it first, drop it a release later and allow this with the release"
            )
        case .dropTable:
            ("programs of the release before may still read it", "drop it a release later and allow this")
        case .rename:
            (
                "programs of the release before know the old name only",
                "add the new one beside the old, and drop that a release later"
            )
        case .ownTransaction:
            ("the file has its transaction from the migrator", "leave BEGIN, COMMIT and ROLLBACK out")
        case .qualifiedName:
            ("without a schema the name depends on who runs the file", "write it as schema.name")
        default: ("an exception without a reason helps nobody", "write -- allow: rule reason")
        }
    }

    private var textOfSchemas: (sentence: String, fix: String) {
        switch self {
        case .noEnum:
            ("equality of enums is not leakproof, so row-level security loses its indexes", "text with a CHECK")
        case .noDefaultPartition:
            ("rows in a default partition stand in the way of the one they belong to", "make partitions ahead of time")
        case .timestamptz: ("a time without its zone means another instant elsewhere", "timestamptz")
        case .securityInvoker:
            ("a view reads with its owner's rights, past row-level security", "WITH (security_invoker = true)")
        case .leadingColumn:
            ("the column that divides the data does not come first", "lead with it, or say why not in a comment")
        case .rowSecurity:
            ("rows are not kept apart", "ENABLE and FORCE ROW LEVEL SECURITY and a policy, or say why not in a comment")
        case .indexedReference:
            ("each delete on the other side reads the whole table", "an index that begins with these columns")
        case .searchPath:
            (
                "what runs as its owner must not take names from its caller's path",
                "SET search_path = pg_catalog, pg_temp"
            )
        case .publicGrant: ("everybody who may connect may use it", "REVOKE it from PUBLIC and name the roles")
        case .readableCopy:
            ("a materialized view cannot keep rows apart", "a view with security_invoker, or grant it to nobody")
        case .described: ("no whole sentence says what it holds", "COMMENT ON it")
        default: ("it does not hold or is not used", "VALIDATE it, or drop and build it again")
        }
    }
}

/// One thing that a lint found.
package struct LintFinding: Sendable, Equatable, CustomStringConvertible {
    /// Which rule.
    package let rule: LintRule
    /// The file's name; nil for what was found in a catalog.
    package let file: String?
    /// The line in the file, from 1.
    package let line: Int?
    /// What breaks it: the name of an object, as far as one can be told.
    package let subject: String

    /// Such as `0017_x.sql:3: drop-column: s.t.c: programs of … Do: stop using it first, …`.
    package var description: String {
        let place = [file, line.map(String.init)].compactMap(\.self).joined(separator: ":")
        return [place, rule.rawValue, subject, rule.sentence].filter { !$0.isEmpty }.joined(separator: ": ")
            + ". Do: \(rule.fix)."
    }
}
