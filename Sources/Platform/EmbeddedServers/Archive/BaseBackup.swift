// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
package import SwiftExtensions

/// A whole copy of a private cluster at one time, from which the log leads to every later one.
package struct BaseBackup: Sendable, Equatable {
    /// The time of its beginning, `20261121T164500Z`; its file's name too.
    package let name: String
    /// When it was done: the first time that it can bring back.
    package let finished: Timestamp
    /// How long it took.
    package let duration: Duration
    /// Of the server.
    package let postgresMajor: Int
    /// Bytes of the cluster.
    package let bytes: Int
    /// Bytes of the sealed file.
    package let sealedBytes: Int
    /// Files of the cluster.
    package let files: Int
    /// What of the log it cannot do without.
    let first: Segment
    let last: Segment

    var fileName: String { name + ".base" }

    /// What stands beside the file, written last: a base backup is whole when this is there.
    private var json: JSONValue {
        [
            "name": .string(name), "finished_at": .string(finished.description),
            "duration_ms": .number(JSONNumber(Int64(duration / .milliseconds(1)))),
            "postgresql": .number(JSONNumber(Int64(postgresMajor))), "bytes": .number(JSONNumber(Int64(bytes))),
            "sealed_bytes": .number(JSONNumber(Int64(sealedBytes))), "files": .number(JSONNumber(Int64(files))),
            "first_wal": .string(first.name), "last_wal": .string(last.name),
        ]
    }

    func write(to folder: String) throws(EmbeddedServerError) {
        let path = "\(folder)/\(name).json"
        do {
            try FileSystem.replace(path, with: json.description + "\n")
        } catch {
            throw .archiveNotWritable(path: path, reason: error.reason)
        }
    }

    /// Nil when the file cannot be read, or when what it stands beside is not there in full.
    init?(readingFrom path: String) {
        guard let text = FileSystem.read(path), let json = try? JSONValue(parsing: Array(text.utf8)),
            let name = json["name"]?.string, let finished = json["finished_at"]?.string.flatMap({ Timestamp($0) }),
            let milliseconds = json["duration_ms"]?.integer, let major = json["postgresql"]?.integer,
            let bytes = json["bytes"]?.integer, let sealed = json["sealed_bytes"]?.integer,
            let files = json["files"]?.integer,
            let first = json["first_wal"]?.string.flatMap({ Segment(name: $0) }),
            let last = json["last_wal"]?.string.flatMap({ Segment(name: $0) }),
            FileSystem.name(of: path) == name + ".json",
            let status = FileSystem.status("\(FileSystem.parent(of: path))/\(name).base"), status.st_size == sealed
        else { return nil }
        self.init(
            name: name, finished: finished, duration: .milliseconds(milliseconds), postgresMajor: Int(major),
            bytes: Int(bytes), sealedBytes: Int(sealed), files: Int(files), first: first, last: last)
    }

    init(
        name: String, finished: Timestamp, duration: Duration, postgresMajor: Int, bytes: Int, sealedBytes: Int,
        files: Int, first: Segment, last: Segment
    ) {
        self.name = name
        self.finished = finished
        self.duration = duration
        self.postgresMajor = postgresMajor
        self.bytes = bytes
        self.sealedBytes = sealedBytes
        self.files = files
        self.first = first
        self.last = last
    }

    /// The time without what a file's name should not hold.
    static func name(at time: Timestamp) -> String {
        String(time.description.prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }
}

extension ArchiveHistory {
    /// Makes a base backup of a running cluster: streamed by `pg_basebackup`, compared with its manifest as it passes,
    /// sealed, on disk before it counts. Blocks, for about as long as reading the cluster takes. Statements go on
    /// meanwhile.
    ///
    /// - Parameters:
    ///   - progress: Told bytes done, and in all as far as is known.
    ///   - shouldStop: Asked often; true ends it and leaves nothing.
    ///   - ship: Brings the log that has been handed over into the archive.
    /// - Throws: `failed`, `stopped`, `archiveNotWritable`, `archiveDamaged`, `timedOut`, `backupRunning`.
    package func backUp(
        _ source: BackupSource, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
        shouldStop: () -> Bool = { false }, ship: () throws(EmbeddedServerError) -> Void
    ) throws(EmbeddedServerError) -> BaseBackup {
        let lock = open(basePath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(lock) }
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .backupRunning(path: basePath) }
        removeUnfinished()
        let began = Timestamp.now()
        let name = BaseBackup.name(at: began)
        let path = "\(basePath)/\(name).base"
        guard FileSystem.status(path) == nil else { throw .alreadyThere(path: path) }
        let writer = try SealedFileWriter(path, key: key)
        var check = TarCheck()
        var done = 0
        let total = FileSystem.size(ofTree: source.dataPath, without: "pg_wal")
        let command = source.baseBackupCommand
        try command.stream(log: source.log, shouldStop: shouldStop) { (piece) throws(EmbeddedServerError) in
            check.feed(piece)
            try writer.append(piece)
            done += piece.count
            progress(min(done, total), total)
        }
        let manifest = try check.finish(path: path)
        try writer.finish()
        let finished = try waitForLog(through: manifest, ship)
        let backup = BaseBackup(
            name: name, finished: finished,
            duration: .milliseconds((finished.microseconds - began.microseconds) / 1000),
            postgresMajor: source.installation.major,
            bytes: done, sealedBytes: Int(FileSystem.status(path)?.st_size ?? 0), files: manifest.files.count,
            first: manifest.first, last: manifest.last)
        try backup.write(to: basePath)
        return backup
    }

    /// Without the log of its own time a base backup is worth nothing. The server finishes it at the backup's end.
    ///
    /// - Returns: When that was.
    private func waitForLog(
        through manifest: BackupManifest, _ ship: () throws(EmbeddedServerError) -> Void
    ) throws(EmbeddedServerError) -> Timestamp {
        let arrived = try Poll.wait(atMost: .seconds(120)) { () throws(EmbeddedServerError) -> Bool? in
            try ship()
            return FileSystem.status(logFile(manifest.last.name)) != nil ? true : nil
        }
        guard arrived == nil else { return try closed(manifest.last) }
        throw .timedOut(server: .postgres, doing: "archiving its log", after: .seconds(120))
    }

    /// What ended in the middle: a file without its description, or a file that did not get its name.
    private func removeUnfinished() {
        let whole = Set(bases().map(\.fileName))
        for name in fileNames(in: basePath) ?? [] where !whole.contains(name) && !name.hasSuffix(".json") {
            unlink("\(basePath)/\(name)")
        }
    }

    /// Reads a base backup again and compares every file of it with its manifest. Blocks.
    ///
    /// - Throws: `archiveDamaged` with the first difference.
    package func verify(_ backup: BaseBackup, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in })
        throws(EmbeddedServerError)
    {
        let path = "\(basePath)/\(backup.fileName)"
        let reader = try SealedFileReader(path, key: key)
        var check = TarCheck()
        var done = 0
        while let piece = try reader.next() {
            piece.withUnsafeBytes { check.feed($0) }
            done += piece.count
            progress(done, backup.bytes)
        }
        _ = try check.finish(path: path)
    }
}
