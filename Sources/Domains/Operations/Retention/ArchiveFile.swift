// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions

/// Why an archive could not be written or read.
package enum ArchiveFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system refused; `reason` is its word.
    case system(action: String, path: String, reason: String)
    /// The file is not what was written: cut off, changed, or another archive's.
    case damaged(path: String, what: String)

    package var description: String {
        switch self {
        case .system(let action, let path, let reason):
            "cannot \(action) \(path): \(reason); see to owner and free space, or name another WITAN_ARCHIVE_DIR"
        case .damaged(let path, let what):
            "\(path) is not whole: \(what); put a good copy of the file back, and look that the master key is the one "
                + "it was made under"
        }
    }
}

/// A sealed file: a line that says what it is, a header, then frames of AES-256-GCM. Each frame is bound to the header
/// and to its place, the last one to being the last, so that cutting, exchanging and appending are noticed.
///
/// Layout: `WITAN ARCHIVE 1` and a line feed ‖ 4 bytes length ‖ header ‖ frames of 4 bytes length ‖ sealed bytes.
enum ArchiveFile {
    static let magic = Array("WITAN ARCHIVE 1\n".utf8)
    static let frameBytes = 256 * 1024

    static func context(_ header: [UInt8], frame: UInt64, isLast: Bool) -> [UInt8] {
        SHA256.hash(header).bytes + (0..<8).map { UInt8(truncatingIfNeeded: frame >> (56 - 8 * $0)) } + [isLast ? 1 : 0]
    }

    static func length(_ count: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    }

    static func failure(_ action: String, _ path: String) -> ArchiveFileError {
        .system(action: action, path: path, reason: String(cString: strerror(errno)))
    }
}

/// Writes a sealed file beside its name, and gives it that name when it is whole and on disk.
final class ArchiveFileWriter {
    private let path: String
    private let partial: String
    private let cipher: AES256GCM
    private let header: [UInt8]
    private var descriptor: Int32
    private var pending: [UInt8] = []
    private var frame: UInt64 = 0
    private var hash = SHA256()
    private var bytes: Int64 = 0

    /// Begins anew, over what an interrupted try may have left.
    init(path: String, header: [UInt8], cipher: AES256GCM) throws(ArchiveFileError) {
        self.path = path
        self.cipher = cipher
        self.header = header
        partial = path + ".part"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw ArchiveFile.failure("create", partial) }
        try write(ArchiveFile.magic + ArchiveFile.length(header.count) + header)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ plaintext: [UInt8]) throws(ArchiveFileError) {
        pending += plaintext
        var start = 0
        while pending.count - start > ArchiveFile.frameBytes {
            try seal(Array(pending[start..<start + ArchiveFile.frameBytes]), isLast: false)
            start += ArchiveFile.frameBytes
        }
        if start > 0 { pending.removeFirst(start) }
    }

    /// Size and digest of the file, which is on disk under its name when this returns.
    func finish() throws(ArchiveFileError) -> (bytes: Int64, digest: Digest) {
        try seal(pending, isLast: true)
        pending = []
        guard fsync(descriptor) == 0 else { throw ArchiveFile.failure("write", partial) }
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0 else { throw ArchiveFile.failure("write", partial) }
        guard rename(partial, path) == 0 else { throw ArchiveFile.failure("rename", partial) }
        let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard directory >= 0, fsync(directory) == 0 else { throw ArchiveFile.failure("write", folder) }
        var finished = SHA256()
        swap(&hash, &finished)
        return (bytes, finished.finish())
    }

    private func seal(_ plaintext: [UInt8], isLast: Bool) throws(ArchiveFileError) {
        let sealed = cipher.seal(plaintext, context: ArchiveFile.context(header, frame: frame, isLast: isLast))
        frame += 1
        try write(ArchiveFile.length(sealed.count) + sealed)
    }

    private func write(_ data: [UInt8]) throws(ArchiveFileError) {
        var position = 0
        while position < data.count {
            let count = data.withUnsafeBytes { data in
                Glibc.write(descriptor, data.baseAddress?.advanced(by: position), data.count - position)
            }
            if count < 0, errno != EINTR { throw ArchiveFile.failure("write", partial) }
            position += max(0, count)
        }
        hash.update(data)
        bytes += Int64(data.count)
    }
}

/// Reads a sealed file from its beginning to its end.
enum ArchiveFileReader {
    /// The header of a file, not yet proven.
    static func header(path: String) throws(ArchiveFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveFile.failure("open", path) }
        defer { close(descriptor) }
        var hash = SHA256()
        return try header(descriptor, path, &hash)
    }

    /// Hands the plaintext to `take`, frame by frame, each proven before it is handed out; then size and digest of the
    /// file. When this returns the file was whole.
    static func read(
        path: String, cipher: AES256GCM, _ take: ([UInt8]) throws -> Void
    ) throws -> (bytes: Int64, digest: Digest) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveFile.failure("open", path) }
        defer { close(descriptor) }
        var hash = SHA256()
        let header = try header(descriptor, path, &hash)
        var bytes = Int64(ArchiveFile.magic.count + 4 + header.count)
        var frame: UInt64 = 0
        while true {
            let sealed = try sized(descriptor, path, limit: ArchiveFile.frameBytes + AES256GCM.overhead, &hash)
            bytes += Int64(4 + sealed.count)
            if let plaintext = try? cipher.open(
                sealed, context: ArchiveFile.context(header, frame: frame, isLast: false))
            {
                try take(plaintext)
            } else {
                guard
                    let plaintext = try? cipher.open(
                        sealed, context: ArchiveFile.context(header, frame: frame, isLast: true))
                else { throw ArchiveFileError.damaged(path: path, what: "frame \(frame + 1) cannot be opened") }
                try take(plaintext)
                break
            }
            frame += 1
        }
        var more = [UInt8](repeating: 0, count: 1)
        guard Glibc.read(descriptor, &more, 1) == 0 else {
            throw ArchiveFileError.damaged(path: path, what: "bytes follow the last frame")
        }
        return (bytes, hash.finish())
    }

    private static func header(
        _ descriptor: Int32, _ path: String, _ hash: inout SHA256
    ) throws(ArchiveFileError) -> [UInt8] {
        let magic = try exactly(ArchiveFile.magic.count, descriptor, path, &hash)
        guard magic == ArchiveFile.magic else { throw .damaged(path: path, what: "it is no archive of ours") }
        return try sized(descriptor, path, limit: 65_536, &hash)
    }

    private static func sized(
        _ descriptor: Int32, _ path: String, limit: Int, _ hash: inout SHA256
    ) throws(ArchiveFileError) -> [UInt8] {
        let count = try exactly(4, descriptor, path, &hash).reduce(0) { $0 << 8 | Int($1) }
        guard count <= limit else { throw .damaged(path: path, what: "a length is out of bounds") }
        return try exactly(count, descriptor, path, &hash)
    }

    private static func exactly(
        _ count: Int, _ descriptor: Int32, _ path: String, _ hash: inout SHA256
    ) throws(ArchiveFileError) -> [UInt8] {
        var data = [UInt8](repeating: 0, count: count)
        var position = 0
        while position < count {
            let got = data.withUnsafeMutableBytes { data in
                Glibc.read(descriptor, data.baseAddress?.advanced(by: position), count - position)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ArchiveFile.failure("read", path) }
            guard got > 0 else { throw .damaged(path: path, what: "it ends too early") }
            position += got
        }
        hash.update(data)
        return data
    }
}
