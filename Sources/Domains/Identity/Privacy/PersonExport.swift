// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// The archive of a person's data while it is written: files of JSON lines, and in the end what they hold. It has at
/// most one file's content in memory.
struct PersonExport {
    /// From this size on a file is full; one row more may be in it.
    static let fileBytes = 4 << 20
    let person: UniqueID
    let organization: UniqueID
    let time: Timestamp
    private var files: [JSONValue] = []
    private var tables: [JSONValue] = []
    private var buffer: [UInt8] = []
    private var number = 0
    private var rows: Int64 = 0

    init(of person: UniqueID, in organization: UniqueID, at time: Timestamp) {
        self.person = person
        self.organization = organization
        self.time = time
    }

    private var folder: String { "witan-export-\(person)" }

    /// Adds a line of a table; the bytes of a file that is full by then.
    mutating func add(_ line: String, of table: String) -> [UInt8] {
        buffer.append(utf8: line)
        buffer.append(UInt8(ascii: "\n"))
        rows += 1
        return buffer.count >= Self.fileBytes ? flush(table) : []
    }

    /// Ends a table; the bytes of what is left of it. A table without rows has no file, but is in the manifest.
    mutating func end(_ table: String, leftOut: [String], erasure: String) -> [UInt8] {
        let last = buffer.isEmpty ? [] : flush(table)
        tables.append([
            "table": .string(table), "rows": .number(JSONNumber(rows)),
            "left_out": .array(leftOut.map(JSONValue.string)), "on_erasure": .string(erasure),
        ])
        (rows, number) = (0, 0)
        return last
    }

    private mutating func flush(_ table: String) -> [UInt8] {
        number += 1
        let digits = String(number)
        let part = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        defer { buffer.removeAll() }
        return file("\(table)-\(part).ndjson", buffer)
    }

    /// A file of its own.
    mutating func file(_ name: String, _ content: [UInt8]) -> [UInt8] {
        files.append([
            "name": .string(name), "bytes": .number(JSONNumber(Int64(content.count))),
            "sha256": .string(SHA256.hash(content).hex),
        ])
        return TapeArchive.file("\(folder)/\(name)", content, at: time)
    }

    /// What stands at the beginning, for people.
    mutating func readme() -> [UInt8] {
        file("README.txt", Array(Self.readme.utf8))
    }

    /// The manifest, and the end of the archive.
    func finish() throws -> [UInt8] {
        let manifest: JSONValue = [
            "format": "witan.person-export.1", "user": .string(person.description),
            "organization": .string(organization.description), "made_at": .string(time.description),
            "files": .array(files), "tables": .array(tables),
        ]
        return TapeArchive.file("\(folder)/manifest.json", manifest.bytes, at: time) + TapeArchive.end
    }

    private static let readme = """
        This is what one organization holds about one person in Witan.

        Each file TABLE-NNNN.ndjson holds rows of one table of the database in which the person appears, one JSON
        object a line, columns by their names; times are in UTC. Large tables have several files. A table without rows
        has none. docs/reference/schema.md of the program says what each table and column means.

        audits.audit_log-NNNN.ndjson holds the entries of the audit log that the person or the person's keys made, or
        that are about the person. What an entry holds of this person is opened, under "personal"; what it holds of
        others is not in this archive.

        manifest.json is the last file. It lists every file with its size and SHA-256, and every table with the number
        of rows, the columns that were left out (secrets: hashes, sealed keys), and what erasure does to it. An archive
        without manifest.json was cut short: export again.

        Data of another organization that the person belongs to are exported there.

        """
}
