// SPDX-License-Identifier: Apache-2.0
package import Cryptography
import Glibc
package import SwiftExtensions

/// A directory with base backups of private clusters and the write-ahead log since, all of it sealed.
///
/// Each data directory has its own history in it, a folder named by an id that the data directory remembers: what was
/// restored begins a new one, so that two clusters never write into each other's log.
package struct WALArchive: Sendable {
    /// The directory.
    package let path: String
    let key: HMACSHA256

    /// An archive whose files are sealed under a subkey of the master key; nothing is read or made yet.
    package init(path: String, masterKey: MasterKey) {
        self.path = path
        key = masterKey.subkey("wal archive")
    }

    /// The histories in it, the newest first.
    ///
    /// - Throws: `notADirectory` when there is no such directory.
    package func histories() throws(EmbeddedServerError) -> [ArchiveHistory] {
        guard let names = fileNames(in: path) else { throw .notADirectory(path: path) }
        return names.compactMap { UniqueID($0) }.sorted(by: >).map { ArchiveHistory(id: $0, archive: self) }
    }

    /// The history of a data directory; its folders are made, mode 0700.
    ///
    /// - Throws: `archiveNotWritable`.
    package func history(of directory: DataDirectory) throws(EmbeddedServerError) -> ArchiveHistory {
        let history = ArchiveHistory(id: try directory.archiveID(), archive: self)
        for folder in [path, history.path, history.logPath, history.basePath] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw .archiveNotWritable(path: folder, reason: FileSystem.Failure.last.reason)
            }
        }
        return history
    }
}

extension WALArchive {
    /// The history of a data directory that another program holds; nil when that one does not archive here.
    package func history(ofRunning directory: String) -> ArchiveHistory? {
        guard let id = DataDirectory.archiveID(at: directory) else { return nil }
        let history = ArchiveHistory(id: id, archive: self)
        return FileSystem.status(history.basePath) == nil ? nil : history
    }
}

/// What one data directory has put into an archive.
package struct ArchiveHistory: Sendable {
    /// Made when the data directory began to archive; later histories have greater ones.
    package let id: UniqueID
    let path: String
    let key: HMACSHA256
    var logPath: String { path + "/wal" }
    var basePath: String { path + "/base" }

    init(id: UniqueID, archive: WALArchive) {
        self.id = id
        path = "\(archive.path)/\(id)"
        key = archive.key
    }

    /// The base backups that are whole, the oldest first.
    package func bases() -> [BaseBackup] {
        (fileNames(in: basePath) ?? []).filter { $0.hasSuffix(".json") }.sorted().compactMap {
            BaseBackup(readingFrom: "\(basePath)/\($0)")
        }
    }

    /// The newest file of the log and when the server had finished it; nil when there is none.
    ///
    /// - Throws: `archiveDamaged`.
    package func newestLog() throws(EmbeddedServerError) -> (name: String, closed: Timestamp)? {
        guard let last = segments().last else { return nil }
        return (last.name, try closed(last))
    }

    /// The files of the log, in order.
    func segments() -> [Segment] {
        (fileNames(in: logPath) ?? []).compactMap { Segment(name: $0) }.sorted()
    }

    // MARK: Files of the log

    /// Bytes in front of a file's own: its size and when the server had finished it, in microseconds since 1970.
    private static let headSize = 16

    func logFile(_ name: String) -> String { "\(logPath)/\(name)" }

    /// Seals a file that the server handed over. The zeros at its end, nearly all of a file that was finished by the
    /// clock, are left out. When it is there already, with the same content, nothing happens.
    ///
    /// - Throws: `archiveNotWritable`, `archiveConflict`, `archiveDamaged`.
    func keep(_ name: String, from source: String) throws(EmbeddedServerError) {
        let descriptor = open(source, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .notWritable(path: source, reason: FileSystem.Failure.last.reason) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .notWritable(path: source, reason: FileSystem.Failure.last.reason)
        }
        let bytes = FileSystem.readFully(descriptor, Int(status.st_size))
        guard bytes.count == status.st_size else { throw .notWritable(path: source, reason: "it cannot be read") }
        if FileSystem.status(logFile(name)) != nil {
            guard try log(name).bytes == bytes else { throw .archiveConflict(path: logFile(name)) }
            return
        }
        let closed = Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec / 1000)
        let used = FileSystem.lengthWithoutZeros(bytes)
        let writer = try SealedFileWriter(logFile(name), key: key)
        for number in [Int64(bytes.count), closed] {
            try writer.append(withUnsafeBytes(of: number.bigEndian) { Array($0) })
        }
        try writer.append(bytes[..<used])
        try writer.finish(time: status.st_mtim)
    }

    /// A file of the log as the server wrote it, and when it was finished.
    func log(_ name: String) throws(EmbeddedServerError) -> (bytes: [UInt8], closed: Timestamp) {
        let reader = try SealedFileReader(logFile(name), key: key)
        var content: [UInt8] = []
        while let piece = try reader.next() { content += piece }
        let (size, closed) = try head(content, name)
        content.removeFirst(Self.headSize)
        guard size >= content.count, size <= 1 << 30 else {
            throw .archiveDamaged(path: logFile(name), reason: "is longer than it says")
        }
        content += [UInt8](repeating: 0, count: size - content.count)
        return (content, closed)
    }

    /// When the server had finished this file.
    func closed(_ segment: Segment) throws(EmbeddedServerError) -> Timestamp {
        let reader = try SealedFileReader(logFile(segment.name), key: key)
        return try head(try reader.next() ?? [], segment.name).closed
    }

    private func head(_ content: [UInt8], _ name: String) throws(EmbeddedServerError) -> (size: Int, closed: Timestamp)
    {
        guard content.count >= Self.headSize else {
            throw .archiveDamaged(path: logFile(name), reason: "has no content")
        }
        let numbers = [content[0..<8], content[8..<16]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return (Int(truncatingIfNeeded: numbers[0]), Timestamp(microseconds: Int64(bitPattern: numbers[1])))
    }
}
