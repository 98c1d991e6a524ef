// SPDX-License-Identifier: Apache-2.0
import Postgres
import SQLText
import SwiftExtensions

/// Runs a file outside of transactions: statement by statement, each written down before (`intent`) and after
/// (`done`), so that whatever ends it, the next run goes on where it was.
///
/// What PostgreSQL allows in a transaction runs in one together with its `done`. What it refuses there runs by itself,
/// and again when its `done` was not written down; an index that was left unusable is dropped before.
struct StatementRun {
    let run: MigrationRun
    let migration: Migration

    private struct Progress {
        let checksum: String
        let isDone: Bool
    }

    /// - Returns: The catalog afterwards.
    func apply(_ began: ContinuousClock.Instant, before: Catalog?) async throws -> Catalog {
        let statements = migration.statements
        for statement in statements where ConcurrentIndex.isBuild(statement) && ConcurrentIndex(statement) == nil {
            throw MigrationError.unnamedIndex(file: migration.file, line: statement.line)
        }
        let progress = try await progress()
        let finished = statements.enumerated().prefix { index, statement in
            progress[index + 1].map { $0.isDone && $0.checksum == MigrationChecksum.tokens(statement.text) } ?? false
        }.count
        if !progress.isEmpty { run.migrator.observe(.resuming(name: migration.name, statement: finished + 1)) }
        // What comes behind was written down for another text.
        try await run.session.execute(
            "DELETE FROM ops._migration_progress WHERE step = \(migration.id) AND statement > \(Int32(finished + 1))")
        // What an earlier run has set went with its session.
        for statement in statements.prefix(finished) where ["set", "reset"].contains(statement.words.first) {
            try await execute(statement)
        }
        for (index, statement) in statements.enumerated().dropFirst(finished) {
            let known = progress[index + 1]
            let isRepeated = known?.checksum == MigrationChecksum.tokens(statement.text)
            try await perform(statement, number: index + 1, of: statements.count, isRepeated: isRepeated)
        }
        return try await finish(began, before)
    }

    private func finish(_ began: ContinuousClock.Instant, _ before: Catalog?) async throws -> Catalog {
        try await run.resetSession()
        return try await run.transaction {
            _ = try await run.session.execute("DELETE FROM ops._migration_progress WHERE step = \(migration.id)")
            return try await run.record(
                .applied, migration, body: migration.text, began: began, before: before)
        }
    }

    private func progress() async throws(PostgresError) -> [Int: Progress] {
        let rows = try await run.session.query(
            "SELECT statement, checksum, state FROM ops._migration_progress WHERE step = \(migration.id)")
        var found: [Int: Progress] = [:]
        for row in rows {
            let state: String = try row["state"]
            found[try row["statement"]] = Progress(checksum: try row["checksum"], isDone: state == "done")
        }
        return found
    }

    /// To be called in a transaction: the file may have become somebody who may not write here.
    private func write(_ state: String, _ number: Int, _ statement: StatementSplitter.Statement) async throws {
        try await run.session.run(script: "SET LOCAL ROLE NONE")
        _ = try await run.session.execute(
            """
            INSERT INTO ops._migration_progress (step, statement, checksum, state)
            VALUES (\(migration.id), \(Int32(number)), \(MigrationChecksum.tokens(statement.text)), \(state))
            ON CONFLICT (step, statement) DO UPDATE
                SET checksum = excluded.checksum, state = excluded.state, changed_at = clock_timestamp()
            """)
    }

    private func perform(
        _ statement: StatementSplitter.Statement, number: Int, of count: Int, isRepeated: Bool
    ) async throws {
        let observe = { (phase: MigrationEvent.Phase) in
            run.migrator.observe(.statement(name: migration.name, number: number, of: count, phase: phase))
        }
        try await run.transaction { try await write("intent", number, statement) }
        observe(.intended)
        let isWritten = try await run.patiently(migration.file) {
            try await performInTransaction(statement, number)
        }
        if !isWritten {
            try await performAlone(statement, isRepeated: isRepeated)
            observe(.ran)
            try await run.transaction { try await write("done", number, statement) }
        }
        observe(.done)
    }

    /// - Returns: False when PostgreSQL refuses the statement in a transaction; nothing has happened then.
    private func performInTransaction(_ statement: StatementSplitter.Statement, _ number: Int) async throws -> Bool {
        if ConcurrentIndex.isBuild(statement) { return false }
        do {
            try await run.transaction(of: migration.file) {
                try await execute(statement)
                try await write("done", number, statement)
            }
            return true
        } catch MigrationError.failed(_, _, let error) where ["25001", "2D000"].contains(error.sqlState) {
            // active_sql_transaction, invalid_transaction_termination
            return false
        }
    }

    private func performAlone(_ statement: StatementSplitter.Statement, isRepeated: Bool) async throws {
        if let index = ConcurrentIndex(statement) {
            switch try await index.state(run.session) {
            // It was built, and the program ended before it wrote that down.
            case .valid where isRepeated: return
            case .invalid(let name):
                run.migrator.observe(.rebuilding(index: name))
                try await unhurried { try await run.session.run(script: "DROP INDEX CONCURRENTLY \(name)") }
            case .valid, .absent: break
            }
        }
        try await unhurried { try await execute(statement) }
    }

    /// What is done concurrently waits for transactions to end without anybody waiting behind it.
    private func unhurried(_ body: () async throws -> Void) async throws {
        try await run.session.run(script: "SET lock_timeout = 0")
        try await run.watched(migration.file, Locked([]), body)
        try await run.session.run(script: "SET lock_timeout = \(run.migrator.patience.forTables.milliseconds)")
    }

    private func execute(_ statement: StatementSplitter.Statement) async throws(MigrationError) {
        try await run.execute(
            statement.text, of: migration.file, firstLine: statement.line, statementLine: statement.line)
    }
}

/// The index that a `CREATE INDEX CONCURRENTLY` builds.
struct ConcurrentIndex: Equatable {
    /// What becomes of it when the build ends too early.
    enum State: Equatable {
        case absent
        case valid
        /// With its whole name, quoted.
        case invalid(String)
    }

    /// As it is written, perhaps quoted.
    let name: String
    /// As it is written, perhaps with its schema.
    let table: String

    static func isBuild(_ statement: StatementSplitter.Statement) -> Bool {
        let words = statement.words.prefix(4)
        return words.first == "create" && words.dropFirst().contains("index") && words.contains("concurrently")
    }

    /// Nil unless the statement is such a build and names the index.
    init?(_ statement: StatementSplitter.Statement) {
        guard Self.isBuild(statement) else { return nil }
        let bytes = Array(statement.text.utf8)
        let tokens = SQLLexer.tokens(in: bytes).map { String(decoding: bytes[$0.range], as: UTF8.self) }
        var rest = tokens.drop { $0.lowercased() != "concurrently" }.dropFirst()
        if rest.prefix(3).map({ $0.lowercased() }) == ["if", "not", "exists"] { rest = rest.dropFirst(3) }
        guard let name = rest.first, name.lowercased() != "on" else { return nil }
        rest = rest.dropFirst()
        guard rest.first?.lowercased() == "on" else { return nil }
        rest = rest.dropFirst()
        if rest.first?.lowercased() == "only" { rest = rest.dropFirst() }
        self.name = name
        table = rest.prefix { $0 != "(" && $0.lowercased() != "using" }.joined()
    }

    func state(_ session: PostgresConnection) async throws(PostgresError) -> State {
        let rows = try await session.query(
            """
            SELECT format('%I.%I', namespace.nspname, class.relname) AS name, indisvalid AND indisready AS is_valid
            FROM pg_catalog.pg_index JOIN pg_catalog.pg_class AS class ON class.oid = indexrelid
                JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
            WHERE indrelid = to_regclass(\(table)) AND class.relname = (parse_ident(\(name)))[1]
            """)
        guard let row = rows.first else { return .absent }
        let isValid: Bool = try row["is_valid"]
        return isValid ? .valid : .invalid(try row["name"])
    }
}
