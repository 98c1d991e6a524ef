// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Objects as files in a directory, mode 0600. Its calls block the thread: keep them off busy loops.
///
/// An object is written beside its place, flushed, and renamed, and its directory is flushed: after a crash it is there
/// whole or not at all. What a crash left half written is not listed.
package struct DirectoryStorage: ObjectStorage {
    /// The directory's path, as it was given.
    package let address: String
    private static let unfinished = ".partial-"

    /// The directory is made when the first object is written.
    package init(path: String) { address = path.hasSuffix("/") && path != "/" ? String(path.dropLast()) : path }

    /// By name, those that are whole.
    package func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject] {
        try all().filter { $0.name.hasPrefix(prefix) && !$0.name.contains(Self.unfinished) }
    }

    /// Files beside the places they were meant for.
    package func unfinished() async throws(ObjectStoreError) -> [StoredObject] {
        try all().filter { $0.name.contains(Self.unfinished) }
    }

    private func all() throws(ObjectStoreError) -> [StoredObject] {
        var found: [StoredObject] = []
        try collect("", into: &found)
        return found.sorted { $0.name < $1.name }
    }

    private func collect(_ folder: String, into found: inout [StoredObject]) throws(ObjectStoreError) {
        let path = folder.isEmpty ? address : "\(address)/\(folder)"
        guard let directory = opendir(path) else {
            if errno == ENOENT { return }
            throw .last("list", path)
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            var status = stat()
            let whole = folder.isEmpty ? name : "\(folder)/\(name)"
            guard stat("\(address)/\(whole)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFREG {
                found.append(StoredObject(name: whole, bytes: Int64(status.st_size)))
            } else if status.st_mode & S_IFMT == S_IFDIR, whole.utf8.count < 512 {
                try collect(whole, into: &found)
            }
        }
    }

    /// Begins an object, seen by nobody before it is finished.
    package func create(_ name: String) async throws(ObjectStoreError) -> any ObjectWriter {
        guard isObjectName(name) else { throw .invalidName(name) }
        let path = "\(address)/\(name)"
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try Self.makeDirectories(folder)
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return try FileWriter(path: path, beside: path + Self.unfinished + random, folder: folder)
    }

    private static func makeDirectories(_ folder: String) throws(ObjectStoreError) {
        guard !folder.isEmpty, mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = folder.lastIndex(of: "/") else { throw .last("make", folder) }
        try makeDirectories(String(folder[..<slash]))
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last("make", folder) }
    }

    /// Reads an object in order, from its beginning.
    package func open(_ name: String) async throws(ObjectStoreError) -> any ObjectReader {
        guard isObjectName(name) else { throw .invalidName(name) }
        let path = "\(address)/\(name)"
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? .missing(name: name, address: address) : .last("open", path)
        }
        posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL)
        return FileReader(file: file, path: path)
    }

    /// Removes an object, or nothing when there is none.
    package func remove(_ name: String) async throws(ObjectStoreError) {
        guard isObjectName(name) else { throw .invalidName(name) }
        let path = "\(address)/\(name)"
        guard unlink(path) == 0 || errno == ENOENT else { throw .last("remove", path) }
        // The folder goes with its last object.
        if let slash = path.lastIndex(of: "/"), name.contains("/") { rmdir(String(path[..<slash])) }
    }
}

/// A file beside its place.
private final class FileWriter: ObjectWriter {
    private let path: String
    private let beside: String
    private let folder: String
    private var file: Int32
    private var isDone = false

    init(path: String, beside: String, folder: String) throws(ObjectStoreError) {
        self.path = path
        self.beside = beside
        self.folder = folder
        file = Glibc.open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .last("write", path) }
    }

    deinit { giveUp() }

    func write(_ bytes: [UInt8]) async throws(ObjectStoreError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: done), $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("write", path) }
            done += count
        }
    }

    func finish() async throws(ObjectStoreError) {
        guard fsync(file) == 0 else { throw .last("write", path) }
        // A disk that fills up may say so only here.
        let closed = close(file)
        file = -1
        guard closed == 0 else { throw .last("write", path) }
        guard rename(beside, path) == 0 else { throw .last("write", path) }
        isDone = true
        let directory = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .last("save", folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .last("save", folder) }
    }

    func abandon() async { giveUp() }

    private func giveUp() {
        guard !isDone else { return }
        isDone = true
        if file >= 0 { close(file) }
        unlink(beside)
    }
}

/// A file read in pieces of 1 MiB.
private final class FileReader: ObjectReader {
    private let file: Int32
    private let path: String

    init(file: Int32, path: String) {
        self.file = file
        self.path = path
    }

    deinit { close(file) }

    func next() async throws(ObjectStoreError) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, initialized in
            count = read(file, buffer.baseAddress, buffer.count)
            initialized = max(0, count)
        }
        if count < 0 { throw .last("read", path) }
        return count == 0 ? nil : bytes
    }
}

extension ObjectStoreError {
    /// The error of the call just made.
    fileprivate static func last(_ action: String, _ path: String) -> ObjectStoreError {
        [ENOSPC, EDQUOT].contains(errno)
            ? .full(path: path) : .system(action: action, path: path, reason: String(cString: strerror(errno)))
    }
}
