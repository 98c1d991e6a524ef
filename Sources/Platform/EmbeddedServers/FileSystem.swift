// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// The few things done with files here; what fails says so as `errno`'s text.
enum FileSystem {
    /// An `errno` as text.
    struct Failure: Error {
        let code: Int32
        var reason: String { String(cString: strerror(code)) }

        /// The error of the call just made.
        static var last: Failure { Failure(code: errno) }
    }

    /// What `lstat` says; nil when there is nothing.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// At most `limit` bytes of a file from `offset`, as text; nil when it cannot be read.
    static func read(_ path: String, from offset: Int = 0, limit: Int = 65536) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: count), limit - count, offset + count)
            }
            guard read > 0 else { break }
            count += read
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Replaces a file in one step that survives a crash: written beside, flushed, renamed, its directory flushed.
    static func replace(_ path: String, with text: String, mode: mode_t = 0o600, owner: Account? = nil) throws(Failure)
    {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        if let owner, owner.isOther, fchown(descriptor, owner.userID, owner.groupID) != 0 { throw .last }
        let bytes = Array(text.utf8)
        guard write(bytes, to: descriptor), fsync(descriptor) == 0 else { throw .last }
        try move(temporary, to: path)
    }

    /// Renames and flushes the directory of the new name.
    static func move(_ path: String, to new: String) throws(Failure) {
        guard rename(path, new) == 0 else { throw .last }
        let directory = open(parent(of: new), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .last }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .last }
    }

    /// Writes everything.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: position), bytes.count - position)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            position += count
        }
        return true
    }

    /// The next `count` bytes, fewer at the end of the file.
    static func readFully(_ descriptor: Int32, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let read = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                if read < 0, errno == EINTR { continue }
                guard read > 0 else { break }
                filled += read
            }
        }
    }

    /// How long it is without the blocks of 4 KiB at its end that are all zero.
    static func lengthWithoutZeros(_ bytes: [UInt8]) -> Int {
        let zeros = [UInt8](repeating: 0, count: 4096)
        var length = bytes.count
        while length > 0 {
            let start = (length - 1) / zeros.count * zeros.count
            let isZero = bytes.withUnsafeBytes { bytes in
                bytes.baseAddress.map { memcmp($0 + start, zeros, length - start) == 0 } ?? true
            }
            guard isZero else { break }
            length = start
        }
        return length
    }

    /// Bytes free for everybody, and in all, on the file system of a path; nil when that cannot be said.
    static func space(at path: String) -> (free: Int, total: Int)? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return (Int(status.f_bavail * status.f_frsize), Int(status.f_blocks * status.f_frsize))
    }

    /// Bytes of the files in a directory and below, for progress: what vanishes meanwhile counts nothing.
    static func size(ofTree path: String, without left: String) -> Int {
        (fileNames(in: path) ?? []).reduce(0) { sum, name in
            guard name != left, let status = status(path + "/" + name) else { return sum }
            return sum + (isDirectory(status) ? size(ofTree: path + "/" + name, without: left) : Int(status.st_size))
        }
    }

    /// The last part of a path.
    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The path without its last part.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The real path, all links followed; nil when there is nothing.
    static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Removes a file, or a directory with all that is in it; links are removed, not followed.
    static func removeTree(_ path: String) throws(Failure) {
        guard let status = status(path) else { return }
        guard isDirectory(status) else {
            guard unlink(path) == 0 || errno == ENOENT else { throw .last }
            return
        }
        for name in fileNames(in: path) ?? [] { try removeTree(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .last }
    }
}
