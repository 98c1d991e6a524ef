// SPDX-License-Identifier: Apache-2.0
import Glibc
package import SwiftExtensions

/// Why the master key could not be read or made.
package enum MasterKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file at `path`.
    case missing(path: String)
    /// The system refused; `reason` is its word.
    case system(action: String, path: String, reason: String)
    /// It is a directory, a device or the like.
    case notAFile(path: String)
    /// Others than the owner may read or write it.
    case wrongMode(path: String, mode: UInt32)
    /// It belongs to somebody else than this process.
    case wrongOwner(path: String, owner: UInt32, process: UInt32)
    /// It has not 32 bytes.
    case wrongSize(path: String, bytes: Int)

    /// What happened and what to do.
    package var description: String {
        switch self {
        case .missing(let path):
            "there is no master key at \(path); put the key file there, or what was sealed under it stays closed"
        case .system(let action, let path, let reason): "cannot \(action) the master key \(path): \(reason)"
        case .notAFile(let path): "\(path) is not an ordinary file; point the setting at the key file itself"
        case .wrongMode(let path, let mode):
            "the master key \(path) has mode 0\(String(mode, radix: 8)), so others may read it; run: chmod 600 \(path)"
        case .wrongOwner(let path, let owner, let process):
            "the master key \(path) belongs to user \(owner), but this process runs as \(process); "
                + "run: chown \(process) \(path)"
        case .wrongSize(let path, let bytes):
            "the master key \(path) has \(bytes) bytes instead of 32; restore it from the backup, "
                + "do not make a new one while anything is sealed under the old"
        }
    }
}

/// The key that seals all data keys: 32 random bytes in a file only its owner may read.
package struct MasterKey: Sendable {
    /// First 8 bytes, in hexadecimal, of SHA-256("key id" ‖ key): tells keys apart and tells nothing of the key.
    package let id: String
    let cipher: AES256GCM
    private let derivation: HMACSHA256

    /// A key from elsewhere, such as a key service; `wrongSize` unless it has 32 bytes.
    package init(_ key: Secret<[UInt8]>) throws(CryptographyError) {
        cipher = try AES256GCM(key: key)
        derivation = HMACSHA256(key: key)
        id = String(SHA256.hash(Array("key id".utf8), key.reveal()).hex.prefix(16))
    }

    /// A key of its own for one purpose: HMAC-SHA-256 under HMAC-SHA-256(master key, purpose).
    package func subkey(_ purpose: String) -> HMACSHA256 {
        HMACSHA256(key: Secret(derivation.code(for: purpose.utf8).bytes))
    }

    /// Reads the key file at `path`. Refuses files others may read, of other users, and of another size.
    package static func load(path: String) throws(MasterKeyError) -> MasterKey {
        let bytes = try KeyFile.read(path)
        do throws(CryptographyError) {
            return try MasterKey(bytes)
        } catch {
            throw .wrongSize(path: path, bytes: bytes.reveal().count)
        }
    }

    /// Reads the key file at `path`, or makes it with a new key, mode 0600, on disk before this returns.
    ///
    /// Of several processes that do this at once all get the same key; a crash leaves either no file or a whole one.
    package static func loadOrCreate(path: String) throws(MasterKeyError) -> MasterKey {
        do throws(MasterKeyError) {
            return try load(path: path)
        } catch {
            guard case .missing = error else { throw error }
        }
        try KeyFile.create(path, Memory.random(32))
        return try load(path: path)
    }
}
