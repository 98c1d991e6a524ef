// SPDX-License-Identifier: Apache-2.0
package import Cryptography
import SwiftExtensions

/// What archives are encrypted and signed with, derived from the master key.
package struct ArchiveKeys: Sendable {
    /// The master key's id, to tell which one an archive needs.
    package let masterKeyID: String
    private let signing: Ed25519.PrivateKey
    private let encryption: HMACSHA256

    /// Derives both.
    package init(_ masterKey: MasterKey) throws(CryptographyError) {
        masterKeyID = masterKey.id
        let seed = masterKey.subkey("archive signatures").code(for: "ed25519 seed".utf8).bytes
        signing = try Ed25519.PrivateKey(seed: Secret(seed))
        encryption = masterKey.subkey("archive files")
    }

    /// What signatures are verified with.
    package var publicKey: Ed25519.PublicKey { signing.publicKey }

    /// Ed25519 (RFC 8032) over the text's bytes.
    package func sign(_ statement: String) -> [UInt8] { signing.sign(Array(statement.utf8)) }

    /// Each archive has a key of its own.
    func cipher(of archive: UniqueID) throws(CryptographyError) -> AES256GCM {
        try AES256GCM(key: Secret(encryption.code(for: archive.bytes).bytes))
    }
}
