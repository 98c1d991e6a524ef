// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions
import Testing

@Suite("SHA-256, HMAC, base 64")
struct DigestTests {
    static let known: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ]

    @Test("the messages of FIPS 180-4 give their digests", arguments: known)
    func sha256(message: String, hex: String) {
        #expect(SHA256.hash(Array(message.utf8)).hex == hex)
        #expect(SHA256.hash(message.utf8).hex == hex)
        #expect(SHA256.hash(Array(message.utf8).reversed().reversed()).hex == hex)
    }

    @Test("a million letters, in pieces of odd sizes, give the known digest")
    func incremental() {
        var hash = SHA256()
        var left = 1_000_000
        var size = 1
        while left > 0 {
            let count = min(left, size)
            hash.update([UInt8](repeating: 0x61, count: count))
            left -= count
            size = size * 3 % 1013 + 1
        }
        #expect(hash.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("one-shot hashes on many threads and between running ones do not disturb each other")
    func concurrent() async {
        var running = SHA256()
        running.update(Array("ab".utf8))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).allSatisfy { index in
                        let (message, hex) = Self.known[index % Self.known.count]
                        return SHA256.hash(Array(message.utf8)).hex == hex
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        running.update(Array("c".utf8))
        #expect(running.finish() == SHA256.hash("abc".utf8))
        #expect(SHA256.hash("a".utf8, "bc".utf8) == SHA256.hash("abc".utf8))
    }

    @Test("a digest goes to bytes and text and back")
    func digest() {
        let digest = SHA256.hash("abc".utf8)
        #expect(Digest(digest.bytes) == digest && Digest(hex: digest.hex) == digest && digest.bytes.count == 32)
        #expect(Digest(digest.bytes.dropLast()) == nil && Digest(hex: "00") == nil && Digest(hex: "zz") == nil)
        #expect(Set([digest, digest, .zero]).count == 2)
        for index in 0..<32 {
            var bytes = digest.bytes
            bytes[index] ^= 1
            #expect(Digest(bytes) != digest)
        }
    }

    @Test(
        "the messages of RFC 4231 give their codes",
        arguments: [
            (
                String(repeating: "0b", count: 20), "4869205468657265",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                String(repeating: "aa", count: 131),
                "54657374205573696e67204c6172676572205468616e20426c6f63"
                    + "6b2d53697a65204b6579202d2048617368204b6579204669727374",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: String, message: String, code: String) throws {
        let hmac = HMACSHA256(key: Secret(try #require(Hex.decode(key))))
        #expect(hmac.code(for: try #require(Hex.decode(message))).hex == code)
    }

    @Test("base 64 of RFC 4648 §10 goes both ways")
    func base64() {
        let known = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (plain, text) in known {
            #expect(Base64.encode(Array(plain.utf8)) == text)
            #expect(Base64.decode(text) == Array(plain.utf8))
            let bare = String(text.prefix { $0 != "=" })
            #expect(Base64.encode(Array(plain.utf8), .url) == bare && Base64.decode(bare, .url) == Array(plain.utf8))
        }
        #expect(Base64.encode([0xFB, 0xFF, 0xBF]) == "+/+/" && Base64.encode([0xFB, 0xFF, 0xBF], .url) == "-_-_")
        for count in 0..<100 {
            let bytes = Memory.random(count)
            for alphabet in [Base64.Alphabet.standard, .standardUnpadded, .url] {
                #expect(Base64.decode(Base64.encode(bytes, alphabet), alphabet) == bytes)
            }
        }
    }

    @Test(
        "text that is not strict base 64 is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "====", "=", "Z===", "Zg==Zg==", "Zm 9", "Zm9v\n",
            "-_-_", "Zm9é", "Z=g=",
        ])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("the alphabets do not mix, and unpadded text has no padding")
    func alphabets() {
        #expect(
            Base64.decode("+/+/", .url) == nil && Base64.decode("Zg==", .url) == nil && Base64.decode("Zh", .url) == nil
        )
        #expect(Base64.decode("Zg==", .standardUnpadded) == nil && Base64.decode("-_", .standardUnpadded) == nil)
    }

    @Test("bytes are compared, wiped and drawn")
    func memory() {
        #expect(Memory.constantTimeEquals([1, 2], [1, 2]) && Memory.constantTimeEquals([], []))
        #expect(!Memory.constantTimeEquals([1, 2], [1, 3]) && !Memory.constantTimeEquals([1], [1, 2]))
        var secret: [UInt8] = [1, 2, 3]
        Memory.wipe(&secret)
        #expect(secret == [0, 0, 0])
        #expect(Memory.random(0).isEmpty && Memory.random(32) != Memory.random(32))
    }
}
