// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// A public key in the library, which can verify and nothing else.
@safe final class VerificationKey: @unchecked Sendable {
    // @unchecked: after init the key is only read, which OpenSSL allows from many threads at once.
    private let key: OpaquePointer

    /// RSA: modulus and exponent, big-endian. 2048 to 8192 bits: shorter ones can be broken, longer ones cost us.
    convenience init?(modulus: [UInt8], exponent: [UInt8]) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard (256...1024).contains(modulus.count), modulus[0] & 0x80 != 0, modulus.last.map({ $0 & 1 == 1 }) == true,
            (1...8).contains(exponent.count), exponent.last.map({ $0 & 1 == 1 }) == true, exponent != [1]
        else { return nil }
        let algorithm = DER.sequence([0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00])
        self.init(
            algorithm: algorithm, bits: DER.sequence(DER.integer(modulus) + DER.integer(exponent)))
    }

    /// A point of the curve P-256: both coordinates, 32 bytes each. Off the curve there is no key.
    convenience init?(x: [UInt8], y: [UInt8]) {
        guard x.count == 32, y.count == 32 else { return nil }
        let algorithm = DER.sequence([
            0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01,
            0x07,
        ])
        self.init(algorithm: algorithm, bits: [4] + x + y)
    }

    /// Ed25519: 32 bytes.
    convenience init?(ed25519 bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(algorithm: DER.sequence([0x06, 0x03, 0x2B, 0x65, 0x70]), bits: bytes)
    }

    /// Of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), the one form that OpenSSL reads all kinds of keys in.
    private init?(algorithm: [UInt8], bits: [UInt8]) {
        let info = DER.sequence(algorithm + DER.bitString(bits))
        let key = unsafe info.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var position = buffer.baseAddress
            return unsafe d2i_PUBKEY(nil, &position, buffer.count)
        }
        guard let key = unsafe key else {
            ERR_clear_error()
            return nil
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Whether the key's owner made `signature`, in the form of RFC 7518, over `message`.
    func verifies(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        guard let signature = algorithm == .es256 ? DER.signature(signature) : signature else { return false }
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        let digest: String? = algorithm == .edDSA ? nil : "SHA256"
        var isRight = unsafe EVP_DigestVerifyInit_ex(context, &parameters, digest, nil, nil, key, nil) == 1
        if algorithm == .ps256 {
            isRight =
                unsafe isRight && EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
        }
        isRight =
            unsafe isRight
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        if !isRight { ERR_clear_error() }
        return isRight
    }
}

/// SHA-512 (FIPS 180-4), which EdDSA's tokens use.
enum SHA512 {
    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 64)
        var count = 64
        let done = unsafe EVP_Q_digest(nil, "SHA512", nil, bytes, bytes.count, &digest, &count)
        precondition(done == 1 && count == 64, "this OpenSSL has no SHA-512")
        return digest
    }
}

/// As much of ASN.1's distinguished encoding (X.690) as public keys and ECDSA signatures need.
enum DER {
    static func sequence(_ content: [UInt8]) -> [UInt8] { item(0x30, content) }
    static func bitString(_ content: [UInt8]) -> [UInt8] { item(0x03, [0] + content) }

    /// Not negative: a leading zero where the first bit is set.
    static func integer(_ magnitude: [UInt8]) -> [UInt8] {
        let digits = Array(magnitude.drop { $0 == 0 })
        guard let first = digits.first else { return [0x02, 1, 0] }
        return item(0x02, first & 0x80 == 0 ? digits : [0] + digits)
    }

    /// R and S of 32 bytes each (RFC 7518 §3.4) as OpenSSL reads them; nil for another length.
    static func signature(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.count == 64 ? sequence(integer(Array(bytes[..<32])) + integer(Array(bytes[32...]))) : nil
    }

    private static func item(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 0x80
            ? [UInt8(count)]
            : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        return [tag] + length + content
    }
}
