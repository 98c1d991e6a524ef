// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// Who can open a backup.
package enum BackupKeyHolder: Sendable {
    /// Anybody with the passphrase; its key comes from Argon2id.
    case passphrase(Secret<String>)
    /// Anybody with the file of the master key.
    case masterKey(MasterKey)
}

/// The key of one backup, and those made from it: 32 random bytes that never leave the manifest but wrapped.
struct BackupKeys: Sendable {
    private static let context = Array("backup data key".utf8)
    private let dataKey: HMACSHA256
    let wrapped: WrappedKey

    /// A new key for a new backup.
    static func make(for holder: BackupKeyHolder) async throws(BackupError) -> BackupKeys {
        let salt = Memory.random(16)
        let kind: WrappedKey.Holder =
            switch holder {
            case .passphrase: .passphrase(salt: salt, cost: .standard)
            case .masterKey(let key): .masterKey(id: key.id, salt: salt)
            }
        var key = Memory.random(32)
        defer { Memory.wipe(&key) }
        let wrapping = try await wrappingKey(kind, holder, name: "the new backup")
        guard let cipher = try? AES256GCM(key: wrapping) else { preconditionFailure("a wrapping key has 32 bytes") }
        return BackupKeys(
            dataKey: HMACSHA256(key: Secret(key)),
            wrapped: WrappedKey(holder: kind, wrapped: cipher.seal(key, context: context)))
    }

    /// The key of a backup, of which `text` is the manifest: `needsPassphrase`, `needsMasterKey`, `wrongMasterKey`,
    /// `wrongPassphrase`, and `corrupted` for a manifest that was changed.
    static func open(
        _ manifest: BackupManifest, text: [UInt8], by holder: BackupKeyHolder?, name: String
    ) async throws(BackupError) -> BackupKeys {
        let wrapping = try await wrappingKey(manifest.key.holder, holder, name: name)
        guard let cipher = try? AES256GCM(key: wrapping),
            let key = try? cipher.open(manifest.key.wrapped, context: context), key.count == 32
        else {
            guard case .passphrase = manifest.key.holder else {
                throw .corrupted(object: "\(name)/manifest.json", reason: "its key does not open")
            }
            throw .wrongPassphrase(name: name)
        }
        let keys = BackupKeys(dataKey: HMACSHA256(key: Secret(key)), wrapped: manifest.key)
        guard BackupManifest.isGenuine(text, keys.manifestCode) else {
            throw .corrupted(object: "\(name)/manifest.json", reason: "it is not the one that was written")
        }
        return keys
    }

    private static func wrappingKey(
        _ kind: WrappedKey.Holder, _ holder: BackupKeyHolder?, name: String
    ) async throws(BackupError) -> Secret<[UInt8]> {
        switch (kind, holder) {
        case (.passphrase(let salt, let cost), .passphrase(let passphrase)):
            do throws(CryptographyError) {
                return try await PasswordHashing(threads: 1).key(from: passphrase, salt: salt, cost: cost)
            } catch {
                throw .malformed(name: name, reason: "its passphrase's parameters cannot be used (\(error))")
            }
        case (.masterKey(let id, let salt), .masterKey(let key)):
            guard key.id == id else { throw .wrongMasterKey(name: name, needed: id, held: key.id) }
            return Secret(key.subkey("backup").code(for: salt).bytes)
        case (.passphrase, _): throw .needsPassphrase(name: name)
        case (.masterKey(let id, _), _): throw .needsMasterKey(name: name, keyID: id)
        }
    }

    /// What authenticates the manifest.
    var manifestCode: HMACSHA256 { HMACSHA256(key: Secret(dataKey.code(for: "manifest".utf8).bytes)) }

    /// The key of one object; no object opens under another's name.
    func key(of object: String) -> Secret<[UInt8]> {
        Secret(dataKey.code(for: "object \(object)".utf8).bytes)
    }
}
