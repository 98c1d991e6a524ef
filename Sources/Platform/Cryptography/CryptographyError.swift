// SPDX-License-Identifier: Apache-2.0

/// Why something sealed could not be opened, a key not read, or a password not checked.
package enum CryptographyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A key, nonce or signature has the wrong number of bytes.
    case wrongSize(of: String, expected: Int, found: Int)
    /// The bytes are not what was sealed with this key and this context.
    case corrupted
    /// It was sealed under another key; both ids.
    case wrongKey(needed: String, held: String)
    /// The bytes are no valid public key.
    case invalidKey
    /// The stored hash is no Argon2id string, or asks for more memory, passes or lanes than allowed.
    case invalidPasswordHash
    /// Too many passwords are waiting to be hashed.
    case busy
    /// The library had no memory for a hash.
    case outOfMemory

    /// One line for people: what happened and what to do.
    package var description: String {
        switch self {
        case .wrongSize(let what, let expected, let found): "a \(what) has \(expected) bytes; this one has \(found)"
        case .corrupted: "the sealed bytes were changed, or belong to another row or key"
        case .wrongKey(let needed, let held):
            "sealed under master key \(needed), but the key in use is \(held); start with the key file it needs"
        case .invalidKey: "the bytes are no Ed25519 public key"
        case .invalidPasswordHash:
            "the stored password hash is not an Argon2id string within bounds; set a new password"
        case .busy: "too many passwords are being checked at once; try again in a few seconds"
        case .outOfMemory: "no memory to hash a password; give the process more or lower the memory parameter"
        }
    }
}
