// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Cryptography

@Suite("AES-256-GCM and Ed25519")
struct SealingTests {
    private static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    private static let message =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
    private static let ciphertext =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"

    struct Vector: Sendable {
        let key, nonce, plaintext, context, ciphertext, tag: String
    }

    /// Test cases 13 to 16 of McGrew and Viega, the submission to NIST.
    static let vectors = [
        Vector(
            key: String(repeating: "0", count: 64), nonce: String(repeating: "0", count: 24), plaintext: "",
            context: "",
            ciphertext: "", tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: String(repeating: "0", count: 64), nonce: String(repeating: "0", count: 24),
            plaintext: String(repeating: "0", count: 32), context: "", ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plaintext: message, context: "", ciphertext: ciphertext,
            tag: "b094dac5d93471bdec1a502270e3cc6c"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plaintext: String(message.prefix(120)),
            context: "feedfacedeadbeeffeedfacedeadbeefabaddad2", ciphertext: String(ciphertext.prefix(120)),
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("the known texts are sealed and opened", arguments: vectors)
    func known(vector: Vector) throws {
        func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }
        let cipher = try AES256GCM(key: Secret(bytes(vector.key)))
        let sealed = cipher.seal(
            try bytes(vector.plaintext), context: try bytes(vector.context), nonce: try bytes(vector.nonce))
        #expect(Hex.encode(sealed) == vector.nonce + vector.ciphertext + vector.tag)
        #expect(try cipher.open(sealed, context: bytes(vector.context)) == bytes(vector.plaintext))
    }

    @Test("a change of any bit, of the length, the context or the key is refused")
    func tampered() throws {
        let cipher = try AES256GCM(key: Secret(Memory.random(32)))
        let context = Array("row 7".utf8)
        let sealed = cipher.seal(Array("attack at dawn".utf8), context: context)
        #expect(sealed.count == 14 + AES256GCM.overhead)
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: CryptographyError.corrupted) { try cipher.open(changed, context: context) }
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: CryptographyError.corrupted) {
                try cipher.open(Array(sealed.prefix(count)), context: context)
            }
        }
        #expect(throws: CryptographyError.corrupted) { try cipher.open(sealed + [0], context: context) }
        #expect(throws: CryptographyError.corrupted) { try cipher.open(sealed, context: Array("row 8".utf8)) }
        #expect(throws: CryptographyError.corrupted) { try cipher.open(sealed) }
        let other = try AES256GCM(key: Secret(Memory.random(32)))
        #expect(throws: CryptographyError.corrupted) { try other.open(sealed, context: context) }
        #expect(try cipher.open(sealed, context: context) == Array("attack at dawn".utf8))
    }

    @Test("each seal has a nonce of its own, and texts of any length come back")
    func lengths() throws {
        let cipher = try AES256GCM(key: Secret(Memory.random(32)))
        #expect(Set((0..<100).map { _ in cipher.seal([1, 2, 3]) }).count == 100)
        for count in [0, 1, 15, 16, 17, 1000, 100_000] {
            let plaintext = Memory.random(count)
            #expect(try cipher.open(cipher.seal(plaintext)) == plaintext)
        }
    }

    @Test("a key of another size is refused")
    func keySize() {
        #expect(throws: CryptographyError.wrongSize(of: "AES-256 key", expected: 32, found: 16)) {
            try AES256GCM(key: Secret(Memory.random(16)))
        }
    }

    /// RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature.
    static let signatures = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ]

    @Test("the signatures of RFC 8032 are made and verified, and none with a changed byte", arguments: signatures)
    func ed25519(vector: [String]) throws {
        let parts = vector.compactMap(Hex.decode)
        try #require(parts.count == 4)
        let key = try Ed25519.PrivateKey(seed: Secret(parts[0]))
        #expect(key.publicKey.bytes == parts[1])
        #expect(key.sign(parts[2]) == parts[3])
        let verifier = try Ed25519.PublicKey(parts[1])
        #expect(verifier.verifies(parts[3], of: parts[2]))
        #expect(!verifier.verifies(parts[3], of: parts[2] + [0]))
        for index in parts[3].indices {
            var changed = parts[3]
            changed[index] ^= 1
            #expect(!verifier.verifies(changed, of: parts[2]))
        }
        for signature in [[], Array(parts[3].dropLast()), parts[3] + [0]] {
            #expect(!verifier.verifies(signature, of: parts[2]))
        }
    }

    @Test("new keys differ, come back from their seed, and do not verify for each other")
    func generated() throws {
        let first = Ed25519.PrivateKey.generate()
        let second = Ed25519.PrivateKey.generate()
        let message = Array("message".utf8)
        #expect(first.publicKey.bytes != second.publicKey.bytes)
        #expect(try Ed25519.PrivateKey(seed: first.seed).publicKey.bytes == first.publicKey.bytes)
        #expect(first.publicKey.verifies(first.sign(message), of: message))
        #expect(!second.publicKey.verifies(first.sign(message), of: message))
        #expect(throws: CryptographyError.self) { try Ed25519.PrivateKey(seed: Secret([1])) }
        #expect(throws: CryptographyError.self) { try Ed25519.PublicKey([1]) }
    }
}
