// SPDX-License-Identifier: Apache-2.0
import SQLText

/// What the rows of the history come to, and how that fits the program's files. Decides, asks nobody.
struct History: Sendable {
    let rows: [HistoryRow]
    /// Whether the table is still one of the first programs'.
    let isOfFirstShape: Bool
    /// By number, the row that says what stands as applied: the last of each that was not taken back.
    let applied: [Int: HistoryRow]

    init(_ rows: [HistoryRow], isOfFirstShape: Bool = false) {
        self.rows = rows
        self.isOfFirstShape = isOfFirstShape
        var applied: [Int: HistoryRow] = [:]
        for row in rows {
            switch row.event {
            case .applied, .baselined: applied[row.step] = row
            case .rolledBack: applied[row.step] = nil
            case .accepted:
                // The file's words changed, not what was done.
                guard var earlier = applied[row.step] else { continue }
                earlier.algorithm = row.algorithm
                earlier.checksum = row.checksum
                earlier.rawChecksum = row.rawChecksum
                applied[row.step] = earlier
            case .driftAccepted: continue
            }
        }
        self.applied = applied
    }

    /// The place of the last row.
    var head: (sequence: Int64, hash: String)? { rows.last.map { ($0.sequence, $0.hash) } }

    /// The catalog as it should be: of the last row that took a fingerprint on a server of this major version, if
    /// nothing came after it that took one on another.
    var expected: (fingerprint: String, serverMajor: Int)? {
        rows.last { $0.fingerprint != nil }.flatMap { row in row.fingerprint.map { ($0, row.serverMajor) } }
    }

    /// Whether the file says what the one that was applied said.
    static func isSame(_ migration: Migration, as row: HistoryRow) -> Bool {
        row.rawChecksum == migration.rawChecksum
            || row.algorithm == migration.algorithm && row.checksum == migration.checksum
    }

    /// Every file of the program and of the history, in order.
    ///
    /// - Parameters:
    ///   - progress: For files that were interrupted, how many of their statements are done.
    ///   - absent: Why a store is not there.
    func statuses(
        _ migrations: [Migration], progress: [Int: Int], absent: [Migration.Kind: String]
    ) -> [MigrationStatus] {
        let known = Set(migrations.map(\.id))
        let ours = migrations.map { migration in
            guard let row = applied[migration.id] else {
                let done = progress[migration.id]
                return MigrationStatus(
                    id: migration.id, name: migration.name, kind: migration.kind,
                    state: done == nil ? .pending : .interrupted, appliedAt: nil,
                    note: done.map { "\($0) of \(migration.statements.count) statements are done" }
                        ?? absent[migration.kind], isDeferred: absent[migration.kind] != nil)
            }
            let isSame = Self.isSame(migration, as: row)
            let isCosmetic = isSame && row.rawChecksum != migration.rawChecksum
            return MigrationStatus(
                id: migration.id, name: migration.name, kind: migration.kind, state: isSame ? .applied : .changed,
                appliedAt: row.occurredAt, note: isCosmetic ? "the file looks different and says the same" : nil,
                isDeferred: false)
        }
        let theirs = applied.values.filter { !known.contains($0.step) }.map {
            MigrationStatus(
                id: $0.step, name: $0.name, kind: $0.kind, state: .unknownToProgram, appliedAt: $0.occurredAt,
                note: nil, isDeferred: false)
        }
        return (ours + theirs).sorted { $0.id < $1.id }
    }

    /// Throws when program and database do not fit together.
    func check(_ migrations: [Migration]) throws(MigrationError) {
        let statuses = statuses(migrations, progress: [:], absent: [:])
        let unknown = statuses.filter { $0.state == .unknownToProgram }
        guard unknown.isEmpty else { throw .databaseIsNewer(unknown: unknown.map(\.name)) }
        if let changed = migrations.first(where: { migration in
            applied[migration.id].map { !Self.isSame(migration, as: $0) } ?? false
        }) {
            throw .changed(
                file: changed.file, id: changed.id, applied: applied[changed.id]?.rawChecksum ?? "",
                found: changed.rawChecksum)
        }
        // A file for another store may wait for it while the schema goes on.
        let last = statuses.last { $0.state == .applied && $0.kind == .sql }
        let late = statuses.filter { $0.state == .pending && $0.kind == .sql && $0.id < (last?.id ?? 0) }
        guard let last, !late.isEmpty else { return }
        throw .outOfOrder(files: late.map { "\($0.name).sql" }, after: last.name)
    }

    /// What is to be applied, in order.
    func pending(_ migrations: [Migration]) -> [Migration] { migrations.filter { applied[$0.id] == nil } }

    /// What is wrong with the chain itself: each row that is not what was written, and gaps.
    func brokenLinks() -> [String] {
        var found: [String] = []
        var before: HistoryRow?
        for row in rows {
            let label = "row \(row.sequence) of ops._migration_history (\(row.event.rawValue) \(row.name))"
            if row.hash != row.expectedHash { found.append("\(label) was changed after it was written") }
            if row.sequence != (before?.sequence ?? 0) + 1 || row.previousHash != before?.hash ?? HistoryRow.origin {
                found.append("\(label) does not follow the row before it: a row was removed, added or changed")
            }
            before = row
        }
        return found
    }
}

extension Migration {
    /// The statements of SQL; none for another store.
    var statements: [StatementSplitter.Statement] {
        kind == .sql ? StatementSplitter.statements(in: text) : []
    }

    /// The schemas that the file creates, lower case.
    var createdSchemas: [String] {
        statements.compactMap { statement in
            guard statement.words.starts(with: ["create", "schema"]) else { return nil }
            let rest = statement.words.dropFirst(2)
            return rest.starts(with: ["if", "not", "exists"]) ? rest.dropFirst(3).first : rest.first
        }
    }
}
