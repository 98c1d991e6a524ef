// SPDX-License-Identifier: Apache-2.0
import CAssets

/// One file that takes a store a step forward, and for SQL perhaps the file of its way back. Files are never changed
/// once they are released.
///
/// A file of SQL runs as one transaction, unless its header (the comment it begins with) has the line
/// `-- migrate: no-transaction` (for what PostgreSQL refuses in one, such as `CREATE INDEX CONCURRENTLY`). Such a file
/// runs statement by statement and goes on where it was interrupted.
///
/// The way back is `NNNN_name.down.sql`, always one transaction; a file that has none says in its header
/// `-- irreversible: reason`.
package struct Migration: Sendable, Equatable {
    /// The store a file is for; also how its name ends.
    package enum Kind: String, Sendable, CaseIterable {
        case sql, redis, elasticsearch
    }

    /// Where it stands in the order, from 1; the digits the file's name begins with.
    package let id: Int
    /// The file's name without its ending, such as `0001_foundation`.
    package let name: String
    /// The store it is for.
    package let kind: Kind
    /// The whole file.
    package let text: String
    /// The whole file of the way back, where there is one.
    package let down: String?
    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    package let rawChecksum: String

    /// Nil unless the name is digits above zero, `_`, a word and a known ending (none is `.sql`), and unless a file
    /// that is not SQL is JSON. For the file of a way back see `init(listing:)`.
    package init?(file: String, text: String, down: String? = nil) {
        let pieces = file.split(separator: ".", omittingEmptySubsequences: false)
        guard pieces.count <= 2, let kind = pieces.count == 1 ? .sql : Kind(rawValue: String(pieces[1])) else {
            return nil
        }
        let name = String(pieces[0])
        let parts = name.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].allSatisfy(\.isNumber), let id = Int(parts[0]), id > 0, name.first != "_"
        else { return nil }
        guard kind == .sql || MigrationChecksum.canonical(text) != nil else { return nil }
        self.id = id
        self.name = name
        self.kind = kind
        self.text = text
        self.down = down
        rawChecksum = MigrationChecksum.raw(text)
    }

    /// The file's name.
    package var file: String { "\(name).\(kind.rawValue)" }

    /// What the file says, whatever it looks like, 64 hexadecimal digits; see `algorithm`. Slower than the raw one.
    package var checksum: String {
        kind == .sql ? MigrationChecksum.tokens(text) : MigrationChecksum.canonical(text) ?? rawChecksum
    }

    /// The name of what `checksum` is.
    package var algorithm: String { kind == .sql ? MigrationChecksum.sqlTokens : MigrationChecksum.json }

    /// Whether it runs as one transaction; SQL only.
    package var isTransactional: Bool { kind == .sql && directive("migrate") != "no-transaction" }

    /// Why there is no way back; nil when there is one.
    package var irreversibility: String? {
        if down != nil { return nil }
        return directive("irreversible") ?? "it has no .down.sql file"
    }

    /// The value of a `-- key: value` line of the header.
    private func directive(_ key: String) -> String? {
        guard kind == .sql else { return nil }
        var rest = text[...]
        while !rest.isEmpty {
            let line = rest.prefix { !$0.isNewline }
            rest = rest[line.endIndex...].dropFirst()
            guard line.hasPrefix("--") || line.isEmpty else { return nil }
            let words = line.dropFirst(2).split(separator: " ")
            if words.first == "\(key):" { return words.dropFirst().joined(separator: " ") }
        }
        return nil
    }
}

extension Migration {
    /// What is wrong with a folder of files.
    package struct FolderError: Error, Equatable, CustomStringConvertible {
        /// One sentence.
        package let description: String
    }

    /// The migrations of a folder's files, in order; each way back with the file it belongs to.
    package static func list(_ files: [(name: String, text: String)]) throws(FolderError) -> [Migration] {
        let ending = ".down.sql"
        var ways = [String: String](
            files.filter { $0.name.hasSuffix(ending) }.map { (String($0.name.dropLast(ending.count)), $0.text) },
            uniquingKeysWith: { first, _ in first })
        var migrations: [Migration] = []
        for file in files where !file.name.hasSuffix(ending) {
            let way = file.name.hasSuffix(".sql") ? ways.removeValue(forKey: String(file.name.dropLast(4))) : nil
            guard let migration = Migration(file: file.name, text: file.text, down: way) else {
                throw FolderError(description: "\(file.name) is not a migration's name, or not JSON.")
            }
            migrations.append(migration)
        }
        if let lost = ways.keys.min() {
            throw FolderError(description: "\(lost)\(ending) is the way back of no file; \(lost).sql is missing.")
        }
        migrations.sort { $0.id < $1.id }
        for (one, other) in zip(migrations, migrations.dropFirst()) where one.id == other.id {
            throw FolderError(description: "\(one.file) and \(other.file) have the same number.")
        }
        return migrations
    }

    /// The files that travel in the program, in order.
    package static let embedded: [Migration] = {
        let files = (0..<cassets_migration_count).map { index in
            let file = cassets_migration(index).pointee
            let bytes = UnsafeBufferPointer(start: file.bytes, count: file.count)
            return (name: String(cString: file.name), text: String(decoding: bytes, as: UTF8.self))
        }
        do throws(FolderError) {
            return try list(files)
        } catch {
            preconditionFailure(error.description)
        }
    }()
}
