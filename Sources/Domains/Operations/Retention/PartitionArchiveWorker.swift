// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import JSON
package import Postgres
import SwiftExtensions

/// Takes one partition out of the database; see `RetentionWorker`.
package struct PartitionArchiveWorker: Sendable {
    private let owner: Database
    private let app: Database
    private let directory: String
    private let keys: ArchiveKeys
    private let observe: @Sendable (ArchiveStep, Archive) async throws -> Void

    package init(
        owner: Database, app: Database, directory: String, keys: ArchiveKeys,
        observe: @escaping @Sendable (ArchiveStep, Archive) async throws -> Void = { _, _ in }
    ) {
        self.owner = owner
        self.app = app
        self.directory = directory
        self.keys = keys
        self.observe = observe
    }

    /// Archives a partition from the beginning; false when another node has the lease by now.
    func archive(_ partition: TablePartition, of table: String, under lease: Lease) async throws -> Bool {
        try await demandSealed(partition, of: table)
        let begun = try await ArchiveStore.begin(
            partition, of: table, masterKeyID: keys.masterKeyID, under: lease, in: owner)
        guard let begun else { return false }
        try await observe(.began, begun)
        return try await finish(begun, under: lease)
    }

    /// Brings an archive to its end from wherever it stands; false, too, while a legal hold stops it there. Nothing is
    /// lost then: the last step alone takes rows away.
    func finish(_ archive: Archive, under lease: Lease) async throws -> Bool {
        var archive = archive
        guard archive.masterKeyID == keys.masterKeyID else {
            throw RetentionError.otherMasterKey(archive.partition.name, needed: archive.masterKeyID)
        }
        while archive.state != .dropped {
            try Task.checkCancellation()
            guard try await isFree(archive) else { return false }
            guard try await step(archive, under: lease) else { return false }
            guard let next = try await ArchiveStore.find(archive.id, in: owner), next.state != .abandoned else {
                return false
            }
            archive = next
        }
        return true
    }

    /// A hold may be placed after an archive was begun.
    private func isFree(_ archive: Archive) async throws -> Bool {
        if RetentionRule.installationTables.contains(archive.table) { return true }
        // A table that is gone already holds nothing; the step after this one finds out.
        if archive.state == .detached,
            try await ArchiveStore.place(of: archive.partition, in: owner) == .gone
        {
            return true
        }
        return try await RetentionPlanStore.holds(on: archive.partition, in: owner) == 0
    }

    /// One step; false when the archive is not this node's any more.
    private func step(_ archive: Archive, under lease: Lease) async throws -> Bool {
        switch archive.state {
        case .writing: try await write(archive, under: lease)
        case .verified: try await sign(archive, under: lease)
        case .signed: try await detach(archive, under: lease)
        case .detached: try await drop(archive, under: lease)
        case .dropped, .abandoned: false
        }
    }

    // MARK: Writing and reading back

    private func write(_ archive: Archive, under lease: Lease) async throws -> Bool {
        let path = "\(directory)/\(archive.fileName)"
        let cipher = try keys.cipher(of: archive.id)
        let writer = try ArchiveFileWriter(path: path, header: header(of: archive), cipher: cipher)
        let written = try await rows(of: archive.partition) { try writer.append($0) }
        let file = try writer.finish()
        try await observe(.fileWritten, archive)
        var hash = SHA256()
        let found = try ArchiveFileReader.read(path: path, cipher: cipher) { hash.update($0) }
        guard hash.finish() == written.digest, found.digest == file.digest else {
            throw ArchiveFileError.damaged(path: path, what: "what was read back is not what was written")
        }
        let content = Archive.Content(
            rows: written.rows, digest: written.digest, file: archive.fileName, fileBytes: file.bytes,
            fileDigest: file.digest)
        let isOurs = try await ArchiveStore.verified(archive, content, under: lease, in: owner)
        if isOurs { try await observe(.verified, archive) }
        return isOurs
    }

    private func header(of archive: Archive) throws -> [UInt8] {
        try JSONValue.object([
            JSONMember("archive", .string(archive.id.description)), JSONMember("table", .string(archive.table)),
            JSONMember("partition", .string(archive.partition.name)),
            JSONMember("lower", .string(archive.partition.lower.description)),
            JSONMember("upper", .string(archive.partition.upper.description)),
            JSONMember("master_key", .string(keys.masterKeyID)),
            JSONMember("rows", "one JSON object a line, in PostgreSQL's COPY text format"),
        ]).canonicalBytes()
    }

    /// The partition's rows as lines, in the order of its key: their number, and the digest over all of them.
    private func rows(
        of partition: TablePartition, _ take: @escaping ([UInt8]) throws -> Void
    ) async throws -> (rows: Int64, digest: Digest) {
        var order: SQL = ""
        for (index, column) in try await ArchiveStore.keyColumns(of: partition, in: owner).enumerated() {
            order += index == 0 ? " ORDER BY \(identifier: column)" : ", \(identifier: column)"
        }
        let statement: SQL = """
            COPY (SELECT row_to_json(line) FROM (SELECT * FROM \(ArchiveStore.name(partition.name))\(order)) AS line)
            TO STDOUT
            """
        return try await owner.withConnection { connection in
            var hash = SHA256()
            // The text of times and numbers must not depend on the session.
            try await connection.run(script: "SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET bytea_output TO 'hex'")
            let count = try await connection.copyOut(statement) { chunk in
                hash.update(chunk)
                try take(chunk)
            }
            return (Int64(count), hash.finish())
        }
    }

    // MARK: Signing

    /// Before an archive of the log begins: its chain is intact and holds every entry.
    private func demandSealed(_ partition: TablePartition, of table: String) async throws {
        guard table == "audits.audit_log" else { return }
        let organizations = try await owner.transaction {
            try await ArchiveStore.organizations(in: partition, of: table, $0)
        }
        for (organization, rows) in organizations {
            let service = AuditService(database: app, archiveKey: keys.publicKey)
            let (verification, _) = try await service.verify(organization)
            guard verification.isIntact else { throw RetentionError.notIntact(partition.name) }
            let sealed = try await owner.transaction { transaction in
                try await ChainPosition.read(of: organization, in: partition, transaction).links.entries
            }
            guard sealed == rows else { throw RetentionError.notSealed(partition.name, count: rows - sealed) }
        }
    }

    private func sign(_ archive: Archive, under lease: Lease) async throws -> Bool {
        guard let content = archive.content else { throw RetentionError.incomplete(archive.partition.name) }
        let isOurs = try await owner.transaction { transaction in
            guard try await transaction.execute(ArchiveStore.move(archive, to: .signed, under: lease)) == 1 else {
                return false
            }
            for (organization, rows) in try await ArchiveStore.organizations(
                in: archive.partition, of: archive.table, transaction)
            {
                let isLog = archive.table == "audits.audit_log"
                let position =
                    isLog ? try await ChainPosition.read(of: organization, in: archive.partition, transaction) : nil
                if let position, position.links.entries != rows {
                    throw RetentionError.notSealed(archive.partition.name, count: rows - position.links.entries)
                }
                let head = try await ArchiveStore.head(of: organization, transaction)
                let statement = try RunStatement(
                    archive: archive, content: content, organization: organization, rows: rows, position: position,
                    head: head
                ).text
                try await record(
                    statement, position?.edges ?? [], archive: archive, organization: organization, rows: rows,
                    in: transaction)
            }
            return true
        }
        if isOurs { try await observe(.signed, archive) }
        return isOurs
    }

    private func record(
        _ statement: String, _ edges: [UInt8], archive: Archive, organization: UniqueID, rows: Int64,
        in transaction: borrowing Transaction
    ) async throws {
        let run = ArchivedRun(
            organization: organization, archive: archive.id, table: archive.table, lower: archive.partition.lower,
            upper: archive.partition.upper, rows: rows, edges: edges, statement: statement,
            signature: keys.sign(statement), entry: .v7())
        try await AuditService.append(
            "partition.archived", id: run.entry, category: "ops", entity: "archive:\(archive.id)",
            payload: ["statement": .string(statement), "signature": .string(Base64.encode(run.signature))],
            by: .system, of: organization, in: transaction)
        try await ArchiveStore.insert(run, table: archive.table, in: transaction)
    }

    // MARK: Taking away

    private func detach(_ archive: Archive, under lease: Lease) async throws -> Bool {
        let parent = ArchiveStore.name(archive.table)
        let child = ArchiveStore.name(archive.partition.name)
        switch try await ArchiveStore.place(of: archive.partition, in: owner) {
        case .gone: throw RetentionError.vanished(archive.partition.name)
        case .detached: break
        case .attached: try await alone("ALTER TABLE \(parent) DETACH PARTITION \(child) CONCURRENTLY")
        case .detaching: try await alone("ALTER TABLE \(parent) DETACH PARTITION \(child) FINALIZE")
        }
        try await observe(.detached, archive)
        guard try await owner.execute(ArchiveStore.move(archive, to: .detached, under: lease)) == 1 else {
            return false
        }
        try await observe(.detachmentNoted, archive)
        return true
    }

    /// A statement that PostgreSQL refuses in a transaction; it gives up after ten seconds of waiting for others.
    private func alone(_ statement: SQL) async throws {
        try await owner.withConnection(queryTimeout: .seconds(600)) { connection in
            try await connection.run(script: "SET lock_timeout TO '10s'")
            try await connection.run(script: statement.text)
        }
    }

    /// Reads the file once more, compares it with the table, and only then drops the table.
    private func drop(_ archive: Archive, under lease: Lease) async throws -> Bool {
        guard let content = archive.content else { throw RetentionError.incomplete(archive.partition.name) }
        try check(archive, content)
        let now = try await rows(of: archive.partition) { _ in }
        try await observe(.compared, archive)
        guard now.digest == content.digest else { return try await giveBack(archive, under: lease) }
        let isOurs = try await owner.transaction { transaction in
            guard try await transaction.execute(ArchiveStore.move(archive, to: .dropped, under: lease)) == 1 else {
                return false
            }
            try await transaction.execute("DROP TABLE \(ArchiveStore.name(archive.partition.name))")
            return true
        }
        if isOurs { try await observe(.dropped, archive) }
        return isOurs
    }

    /// Reads an archive's file back: whole, and what was signed for.
    package func check(_ archive: Archive, _ content: Archive.Content) throws {
        let path = "\(directory)/\(content.file)"
        var hash = SHA256()
        let found = try ArchiveFileReader.read(path: path, cipher: try keys.cipher(of: archive.id)) { hash.update($0) }
        guard hash.finish() == content.digest, found.digest == content.fileDigest, found.bytes == content.fileBytes
        else { throw ArchiveFileError.damaged(path: path, what: "it is not the file that was signed for") }
    }

    /// Rows came in after the file was written: the partition goes back, and a later run archives it anew.
    private func giveBack(_ archive: Archive, under lease: Lease) async throws -> Bool {
        let problem = "rows changed after the file was written; the partition was attached again"
        _ = try await owner.transaction { transaction in
            let move = ArchiveStore.move(archive, to: .abandoned, problem: problem, under: lease)
            guard try await transaction.execute(move) == 1 else { return false }
            let (lower, upper) = (archive.partition.lower.description, archive.partition.upper.description)
            try await transaction.execute(
                """
                ALTER TABLE \(ArchiveStore.name(archive.table)) ATTACH PARTITION
                \(ArchiveStore.name(archive.partition.name)) FOR VALUES FROM ('\(raw: lower)') TO ('\(raw: upper)')
                """)
            return true
        }
        return false
    }

    /// Reads the files of all archives back that were not read for `interval`; what is wrong, a sentence each.
    package func checkFiles(notReadFor interval: Duration) async throws -> (checked: Int, problems: [String]) {
        var (checked, problems) = (0, [String]())
        for archive in try await ArchiveStore.list(in: owner) {
            guard archive.state != .abandoned, let content = archive.content,
                (archive.checkedAt ?? archive.startedAt) + interval <= .now()
            else { continue }
            try Task.checkCancellation()
            var problem: String?
            do { try check(archive, content) } catch { problem = String(describing: error) }
            try await ArchiveStore.checked(archive, problem: problem, in: owner)
            checked += 1
            if let problem { problems.append("\(archive.partition.name): \(problem)") }
        }
        return (checked, problems)
    }
}
