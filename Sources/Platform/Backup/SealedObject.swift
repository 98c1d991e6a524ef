// SPDX-License-Identifier: Apache-2.0
import Cryptography
import ObjectStore
import SwiftExtensions

/// Writes one sealed object and learns what the manifest says of it.
final class SealedObjectWriter {
    private let name: String
    private let writer: any ObjectWriter
    private var sealer: StreamSealer
    private var plain: SHA256? = SHA256()
    private var sealed: SHA256? = SHA256()
    private var bytes: Int64 = 0
    private var sealedBytes: Int64 = 0

    /// Begins the object `name` of the backup `backup`.
    init(_ name: String, of backup: String, in storage: any ObjectStorage, keys: BackupKeys) async throws {
        self.name = name
        sealer = try StreamSealer(key: keys.key(of: name))
        writer = try await storage.create("\(backup)/\(name)")
    }

    func write(_ plaintext: [UInt8]) async throws {
        plain?.update(plaintext)
        bytes += Int64(plaintext.count)
        try await put(sealer.add(plaintext))
    }

    private func put(_ ciphertext: [UInt8]) async throws {
        guard !ciphertext.isEmpty else { return }
        sealed?.update(ciphertext)
        sealedBytes += Int64(ciphertext.count)
        try await writer.write(ciphertext)
    }

    func finish() async throws -> BackupManifest.Part {
        try await put(sealer.finish())
        try await writer.finish()
        return BackupManifest.Part(
            object: name, bytes: bytes, sha256: plain.take()?.finish() ?? .zero, sealedBytes: sealedBytes,
            sealedSHA256: sealed.take()?.finish() ?? .zero)
    }

    func abandon() async { await writer.abandon() }
}

/// Reads one sealed object and compares it with what the manifest says of it.
final class SealedObjectReader {
    private let part: BackupManifest.Part
    private let path: String
    private let reader: any ObjectReader
    private var opener: StreamOpener
    private var plain: SHA256? = SHA256()
    private var sealed: SHA256? = SHA256()
    private var bytes: Int64 = 0
    private var sealedBytes: Int64 = 0
    private var isDone = false

    init(
        _ part: BackupManifest.Part, of backup: String, in storage: any ObjectStorage, keys: BackupKeys
    ) async throws {
        self.part = part
        path = "\(backup)/\(part.object)"
        opener = try StreamOpener(key: keys.key(of: part.object))
        do throws(ObjectStoreError) {
            reader = try await storage.open(path)
        } catch {
            if case .missing = error { throw BackupError.corrupted(object: path, reason: "it is missing") }
            throw error
        }
    }

    /// The next plaintext; nil when the whole object was read and is what it was: `corrupted`, `truncated`.
    func next() async throws -> [UInt8]? {
        while !isDone {
            let ciphertext = try await reader.next()
            isDone = ciphertext == nil
            sealedBytes += Int64(ciphertext?.count ?? 0)
            guard isDone ? sealedBytes == part.sealedBytes : sealedBytes <= part.sealedBytes else {
                throw BackupError.truncated(object: path, expected: part.sealedBytes, found: sealedBytes)
            }
            let plaintext = try open(ciphertext)
            plain?.update(plaintext)
            bytes += Int64(plaintext.count)
            if isDone { try check() }
            if !plaintext.isEmpty { return plaintext }
        }
        return nil
    }

    private func open(_ ciphertext: [UInt8]?) throws(BackupError) -> [UInt8] {
        do throws(CryptographyError) {
            guard let ciphertext else { return try opener.finish() }
            sealed?.update(ciphertext)
            return try opener.add(ciphertext)
        } catch {
            throw .corrupted(object: path, reason: "its bytes are not those that were written")
        }
    }

    private func check() throws(BackupError) {
        guard sealed.take()?.finish() == part.sealedSHA256, plain.take()?.finish() == part.sha256, bytes == part.bytes
        else { throw .corrupted(object: path, reason: "its bytes are not those of the manifest") }
    }
}
