// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions

/// The layout of a sealed file: the magic word ‖ 32 bytes of salt ‖ a sealed stream.
///
/// The stream's key is the file's own, HMAC-SHA-256(archive key, salt ‖ the file's name), so that no file passes for
/// another.
private enum SealedFormat {
    static let magic = Array("WITSEAL1".utf8)
    static let saltSize = 32

    static func key(_ key: HMACSHA256, salt: [UInt8], name: String) -> Secret<[UInt8]> {
        Secret(key.code(for: salt + Array(name.utf8)).bytes)
    }
}

/// Writes a sealed file beside its place and moves it there when it is whole and on disk.
final class SealedFileWriter {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var sealer: StreamSealer
    private var isFinished = false

    /// Begins `path`; its last part is the name that opening needs.
    init(_ path: String, key: HMACSHA256) throws(EmbeddedServerError) {
        // Two of them: a salt is never used twice, and need not be secret.
        let salt = UniqueID.v7().bytes + UniqueID.v7().bytes
        let key = SealedFormat.key(key, salt: salt, name: FileSystem.name(of: path))
        guard let sealer = try? StreamSealer(key: key) else {
            throw .archiveDamaged(path: path, reason: "has no key")
        }
        self.path = path
        self.sealer = sealer
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

    func append(_ bytes: some Collection<UInt8>) throws(EmbeddedServerError) { try put(sealer.add(Array(bytes))) }

    /// Writes what is left, flushes, and gives the file its name. `time` becomes the file's, for those who look.
    func finish(time: timespec? = nil) throws(EmbeddedServerError) {
        try put(sealer.finish())
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

    private func put(_ bytes: [UInt8]) throws(EmbeddedServerError) {
        guard FileSystem.write(bytes, to: descriptor) else {
            throw .archiveNotWritable(path: path, reason: FileSystem.Failure.last.reason)
        }
    }
}

/// Reads a sealed file piece by piece; what a piece gives is genuine.
final class SealedFileReader {
    private let path: String
    private let descriptor: Int32
    private var opener: StreamOpener
    private var isDone = false

    init(_ path: String, key: HMACSHA256) throws(EmbeddedServerError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .archiveDamaged(path: path, reason: FileSystem.Failure.last.reason) }
        let head = FileSystem.readFully(descriptor, SealedFormat.magic.count + SealedFormat.saltSize)
        let salt = Array(head.dropFirst(SealedFormat.magic.count))
        let key = SealedFormat.key(key, salt: salt, name: FileSystem.name(of: path))
        guard head.starts(with: SealedFormat.magic), salt.count == SealedFormat.saltSize,
            let opener = try? StreamOpener(key: key)
        else {
            close(descriptor)
            throw .archiveDamaged(path: path, reason: "does not begin as it should")
        }
        self.opener = opener
    }

    deinit { close(descriptor) }

    /// The next bytes, at most 512 KiB; nil after the last.
    ///
    /// - Throws: `archiveDamaged` when a bit was changed or the end is missing, or when the key is another one.
    func next() throws(EmbeddedServerError) -> [UInt8]? {
        do throws(CryptographyError) {
            while !isDone {
                let sealed = FileSystem.readFully(descriptor, SealedStream.frameSize + SealedStream.frameOverhead)
                isDone = sealed.isEmpty
                let bytes = isDone ? try opener.finish() : try opener.add(sealed)
                if !bytes.isEmpty { return bytes }
            }
            return nil
        } catch {
            isDone = true
            throw .archiveDamaged(path: path, reason: "does not match its seal")
        }
    }
}
