// SPDX-License-Identifier: Apache-2.0
import COpenSSL
package import SwiftExtensions

/// Ed25519 (RFC 8032): signatures of 64 bytes under keys of 32.
package enum Ed25519 {
    /// Signs. Made from its seed of 32 bytes, which is all there is to keep.
    package struct PrivateKey: Sendable {
        private let handle: KeyHandle
        /// The seed, to be stored sealed.
        package let seed: Secret<[UInt8]>
        /// The key others verify with.
        package let publicKey: PublicKey

        /// A new key.
        package static func generate() -> PrivateKey {
            guard let key = try? PrivateKey(seed: Secret(Memory.random(32))) else {
                preconditionFailure("this OpenSSL makes no Ed25519 keys")
            }
            return key
        }

        /// The key of a seed, or `wrongSize`.
        package init(seed: Secret<[UInt8]>) throws(CryptographyError) {
            let bytes = seed.reveal()
            guard bytes.count == 32 else { throw .wrongSize(of: "Ed25519 seed", expected: 32, found: bytes.count) }
            guard let handle = KeyHandle(seed: bytes) else { throw .invalidKey }
            self.handle = handle
            self.seed = seed
            publicKey = try PublicKey(handle.publicBytes)
        }

        /// The signature of a message; the same each time.
        package func sign(_ message: [UInt8]) -> [UInt8] { handle.sign(message) }
    }

    /// Verifies.
    package struct PublicKey: Sendable {
        private let handle: KeyHandle
        /// The 32 bytes of the key.
        package let bytes: [UInt8]

        /// The key of 32 bytes, or `wrongSize` or `invalidKey`.
        package init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard bytes.count == 32 else {
                throw .wrongSize(of: "Ed25519 public key", expected: 32, found: bytes.count)
            }
            guard let handle = KeyHandle(publicKey: bytes) else { throw .invalidKey }
            self.handle = handle
            self.bytes = bytes
        }

        /// Whether the private key made `signature` for this very message.
        package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            signature.count == 64 && handle.verify(signature, message)
        }
    }
}

/// A key in the library.
@safe private final class KeyHandle: @unchecked Sendable {
    // @unchecked: after init the key is only read, which OpenSSL allows from many threads at once.
    private let key: OpaquePointer

    init?(seed: [UInt8]) {
        guard let key = unsafe EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count) else {
            return nil
        }
        unsafe self.key = key
    }

    init?(publicKey: [UInt8]) {
        guard let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, publicKey, publicKey.count) else {
            return nil
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    var publicBytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = 32
        let done = unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &count)
        precondition(done == 1 && count == 32, "an Ed25519 key without its public half")
        return bytes
    }

    func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        var count = 64
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        let done =
            unsafe EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key, nil) == 1
            && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        precondition(done && count == 64, "Ed25519 did not sign")
        return signature
    }

    func verify(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
