// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A small file that only its owner may read.
enum KeyFile {
    static func read(_ path: String) throws(MasterKeyError) -> Secret<[UInt8]> {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENOENT ? .missing(path: path) : failure("open", path) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw failure("examine", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard status.st_uid == geteuid() else {
            throw .wrongOwner(path: path, owner: status.st_uid, process: geteuid())
        }
        guard status.st_mode & 0o177 == 0 else { throw .wrongMode(path: path, mode: status.st_mode & 0o7777) }
        guard status.st_size == 32 else { throw .wrongSize(path: path, bytes: Int(status.st_size)) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = unsafe Glibc.read(file, &bytes, 32)
        guard count >= 0 else { throw failure("read", path) }
        defer { Memory.wipe(&bytes) }
        return Secret(Array(bytes.prefix(count)))
    }

    /// Writes a new file beside `path` and links it to that name. If somebody else has taken the name, theirs stays.
    static func create(_ path: String, _ bytes: [UInt8]) throws(MasterKeyError) {
        let beside = "\(path).\(Hex.encode(Memory.random(8)))"
        let file = unsafe open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("create", path) }
        defer { unsafe unlink(beside) }
        let written =
            unsafe fchmod(file, 0o600) == 0 && write(file, bytes, bytes.count) == bytes.count
            && fsync(file) == 0
        let problem = written ? nil : failure("write", path)
        close(file)
        if let problem { throw problem }
        guard unsafe link(beside, path) == 0 || errno == EEXIST else { throw failure("create", path) }
        try syncDirectory(of: path)
    }

    /// Makes the new name outlast a power cut.
    private static func syncDirectory(of path: String) throws(MasterKeyError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("save", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("save", path) }
    }

    private static func failure(_ action: String, _ path: String) -> MasterKeyError {
        .system(action: action, path: path, reason: unsafe String(cString: strerror(errno)))
    }
}
