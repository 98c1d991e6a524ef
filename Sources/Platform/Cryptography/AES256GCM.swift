// SPDX-License-Identifier: Apache-2.0
import COpenSSL
package import SwiftExtensions

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D): secret, and refused when a bit was changed.
///
/// What is sealed is laid out as 12 bytes of random nonce ‖ the ciphertext, as long as the plaintext ‖ 16 bytes of tag.
/// With random nonces one key may seal 2³² messages; a key for each row stays far below.
package struct AES256GCM: Sendable {
    /// Bytes a message grows by.
    package static let overhead = 28

    private static let nonceSize = 12
    private static let tagSize = 16
    private let key: Secret<[UInt8]>

    /// A key of 32 bytes, or `wrongSize`.
    package init(key: Secret<[UInt8]>) throws(CryptographyError) {
        let count = key.reveal().count
        guard count == 32 else { throw .wrongSize(of: "AES-256 key", expected: 32, found: count) }
        self.key = key
    }

    /// Seals `plaintext`, at most 1 GiB; `context` is not in the result, but must be the same to open it.
    package func seal(_ plaintext: [UInt8], context: [UInt8] = []) -> [UInt8] {
        seal(plaintext, context: context, nonce: Memory.random(Self.nonceSize))
    }

    /// Seals under a given nonce, which must never be used twice with one key.
    func seal(_ plaintext: [UInt8], context: [UInt8], nonce: [UInt8]) -> [UInt8] {
        precondition(nonce.count == Self.nonceSize && plaintext.count <= 1 << 30, "out of bounds")
        var output = nonce + [UInt8](repeating: 0, count: plaintext.count + Self.tagSize)
        let cipher = Cipher(key: key, nonce: nonce, seals: true)
        unsafe output.withUnsafeMutableBufferPointer { output in
            guard let body = unsafe output.baseAddress.map({ unsafe $0 + Self.nonceSize }) else { return }
            let done =
                unsafe cipher.add(context) && cipher.transform(plaintext[...], into: body)
                && cipher.writeTag(to: body + plaintext.count)
            precondition(done, "AES-256-GCM did not seal")
        }
        return output
    }

    /// What was sealed with this key and this context, or `corrupted`.
    package func open(_ sealed: [UInt8], context: [UInt8] = []) throws(CryptographyError) -> [UInt8] {
        guard sealed.count >= Self.overhead, sealed.count <= (1 << 30) + Self.overhead else { throw .corrupted }
        let nonce = Array(sealed.prefix(Self.nonceSize))
        let body = sealed[Self.nonceSize..<sealed.count - Self.tagSize]
        var tag = Array(sealed.suffix(Self.tagSize))
        var isGenuine = false
        var plaintext = [UInt8](repeating: 0, count: body.count)
        let cipher = Cipher(key: key, nonce: nonce, seals: false)
        unsafe plaintext.withUnsafeMutableBufferPointer { output in
            isGenuine =
                unsafe cipher.add(context) && cipher.transform(body, into: output.baseAddress)
                && cipher.checkTag(&tag)
        }
        guard isGenuine else {
            Memory.wipe(&plaintext)
            throw .corrupted
        }
        return plaintext
    }
}

/// One run of the cipher in the library.
@safe struct Cipher: ~Copyable {
    private let context: OpaquePointer

    @safe private struct Algorithm: @unchecked Sendable {
        // @unchecked: an EVP_CIPHER is immutable and lives as long as the process.
        let pointer: OpaquePointer
    }

    private static let algorithm: Algorithm = {
        guard let pointer = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            preconditionFailure("this OpenSSL has no AES-256-GCM")
        }
        return unsafe Algorithm(pointer: pointer)
    }()

    init(key: Secret<[UInt8]>, nonce: [UInt8], seals: Bool) {
        guard let made = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("no memory for a cipher") }
        unsafe context = made
        let done = unsafe EVP_CipherInit_ex2(
            context, Self.algorithm.pointer, key.reveal(), nonce, seals ? 1 : 0, nil)
        precondition(done == 1, "AES-256-GCM did not begin")
    }

    // Freeing a context also wipes its key schedule.
    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    func add(_ authenticated: [UInt8]) -> Bool {
        var written: Int32 = 0
        return unsafe authenticated.isEmpty
            || EVP_CipherUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
    }

    func transform(_ input: ArraySlice<UInt8>, into output: UnsafeMutablePointer<UInt8>?) -> Bool {
        guard !input.isEmpty, let output = unsafe output else { return true }
        var written: Int32 = 0
        return unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_CipherUpdate(context, output, &written, input.baseAddress, Int32(input.count)) == 1
        }
    }

    func writeTag(to tag: UnsafeMutablePointer<UInt8>) -> Bool {
        var written: Int32 = 0
        return unsafe EVP_CipherFinal_ex(context, tag, &written) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1
    }

    func checkTag(_ tag: inout [UInt8]) -> Bool {
        var written: Int32 = 0
        var rest = [UInt8](repeating: 0, count: 16)
        return unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
            && EVP_CipherFinal_ex(context, &rest, &written) == 1
    }
}
