// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions

/// The layout of a sealed file: the magic word ‖ 32 bytes of salt ‖ frames.
///
/// A frame is its length (4 bytes, big-endian) ‖ 256 KiB, the last one fewer, sealed with AES-256-GCM. The key is the
/// file's own, HMAC-SHA-256(archive key, salt ‖ the file's name), so that no file passes for another; each frame's
/// context is its number and whether it is the last, so that none can be moved, repeated or cut off (the STREAM
/// construction of Hoang, Reyhanitabar, Rogaway and Vizár).
private enum SealedFormat {
    static let magic = Array("WITSEAL1".utf8)
    static let saltSize = 32
    static let frameSize = 256 << 10

    static func cipher(_ key: HMACSHA256, salt: [UInt8], name: String) -> AES256GCM? {
        try? AES256GCM(key: Secret(key.code(for: salt + Array(name.utf8)).bytes))
    }

    static func context(frame: UInt64, isLast: Bool) -> [UInt8] {
        withUnsafeBytes(of: frame.bigEndian) { Array($0) } + [isLast ? 1 : 0]
    }
}

/// Writes a sealed file beside its place and moves it there when it is whole and on disk.
final class SealedFileWriter {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private let cipher: AES256GCM
    private var waiting: [UInt8] = []
    private var frames: UInt64 = 0
    private var isFinished = false

    /// Begins `path`; its last part is the name that opening needs.
    init(_ path: String, key: HMACSHA256) throws(EmbeddedServerError) {
        let salt = UniqueID.v7().bytes + UniqueID.v7().bytes
        guard let cipher = SealedFormat.cipher(key, salt: salt, name: FileSystem.name(of: path)) else {
            throw .archiveDamaged(path: path, reason: "has no key")
        }
        self.path = path
        self.cipher = cipher
        temporary = path + ".part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .archiveNotWritable(path: path, reason: FileSystem.Failure.last.reason) }
        try put(SealedFormat.magic + salt)
    }

    /// What was not finished leaves nothing.
    deinit {
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }

    func append(_ bytes: some Collection<UInt8>) throws(EmbeddedServerError) {
        waiting.append(contentsOf: bytes)
        // One frame is held back: only the last one may be short, and it says that it is the last.
        var start = 0
        while waiting.count - start > SealedFormat.frameSize {
            try seal(Array(waiting[start..<start + SealedFormat.frameSize]), isLast: false)
            start += SealedFormat.frameSize
        }
        if start > 0 { waiting.removeSubrange(..<start) }
    }

    /// Writes the last frame, flushes, and gives the file its name. `time` becomes the file's, for those who look.
    func finish(time: timespec? = nil) throws(EmbeddedServerError) {
        try seal(waiting, isLast: true)
        if let time { futimens(descriptor, [time, time]) }
        guard fsync(descriptor) == 0 else {
            throw .archiveNotWritable(path: path, reason: FileSystem.Failure.last.reason)
        }
        do {
            try FileSystem.move(temporary, to: path)
        } catch {
            throw .archiveNotWritable(path: path, reason: error.reason)
        }
        isFinished = true
    }

    private func seal(_ bytes: [UInt8], isLast: Bool) throws(EmbeddedServerError) {
        let sealed = cipher.seal(bytes, context: SealedFormat.context(frame: frames, isLast: isLast))
        frames += 1
        try put(withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed)
    }

    private func put(_ bytes: [UInt8]) throws(EmbeddedServerError) {
        guard FileSystem.write(bytes, to: descriptor) else {
            throw .archiveNotWritable(path: path, reason: FileSystem.Failure.last.reason)
        }
    }
}

/// Reads a sealed file frame by frame; what a frame gives is genuine.
final class SealedFileReader {
    private let path: String
    private let descriptor: Int32
    private let cipher: AES256GCM
    private var frames: UInt64 = 0
    private var isDone = false

    init(_ path: String, key: HMACSHA256) throws(EmbeddedServerError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .archiveDamaged(path: path, reason: FileSystem.Failure.last.reason) }
        let head = FileSystem.readFully(descriptor, SealedFormat.magic.count + SealedFormat.saltSize)
        let salt = Array(head.dropFirst(SealedFormat.magic.count))
        guard head.starts(with: SealedFormat.magic), salt.count == SealedFormat.saltSize,
            let cipher = SealedFormat.cipher(key, salt: salt, name: FileSystem.name(of: path))
        else {
            close(descriptor)
            throw .archiveDamaged(path: path, reason: "does not begin as it should")
        }
        self.cipher = cipher
    }

    deinit { close(descriptor) }

    /// The next bytes, at most 256 KiB; nil after the last.
    ///
    /// - Throws: `archiveDamaged` when a bit was changed or the end is missing, or when the key is another one.
    func next() throws(EmbeddedServerError) -> [UInt8]? {
        if isDone { return nil }
        let length = FileSystem.readFully(descriptor, 4).reduce(0) { $0 << 8 | Int($1) }
        guard length >= AES256GCM.overhead, length <= SealedFormat.frameSize + AES256GCM.overhead else {
            throw .archiveDamaged(path: path, reason: "is cut off")
        }
        let sealed = FileSystem.readFully(descriptor, length)
        guard sealed.count == length else { throw .archiveDamaged(path: path, reason: "is cut off") }
        defer { frames += 1 }
        if let bytes = opened(sealed, isLast: false) { return bytes }
        guard let bytes = opened(sealed, isLast: true), FileSystem.readFully(descriptor, 1).isEmpty else {
            throw .archiveDamaged(path: path, reason: "does not match its seal")
        }
        isDone = true
        return bytes
    }

    private func opened(_ sealed: [UInt8], isLast: Bool) -> [UInt8]? {
        // Only a full frame can have others behind it, and few last ones are full: one try is enough for nearly all.
        if !isLast, sealed.count < SealedFormat.frameSize + AES256GCM.overhead { return nil }
        return try? cipher.open(sealed, context: SealedFormat.context(frame: frames, isLast: isLast))
    }
}
