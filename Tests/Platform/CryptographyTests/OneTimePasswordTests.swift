// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Cryptography

@Suite("One-time passwords (RFC 4226, RFC 6238)")
struct OneTimePasswordTests {
    private static let secret = Array("12345678901234567890".utf8)
    private let totp = OneTimePassword(secret: Secret(Self.secret))

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    @Test("the codes of RFC 4226 appendix D come out")
    func hotp() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        for (counter, code) in codes.enumerated() {
            #expect(OneTimePassword.hotp(Self.secret, counter: UInt64(counter), digits: 6) == code)
        }
    }

    @Test(
        "the codes of RFC 6238 appendix B come out",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ] as [(Int64, String)])
    func totp(seconds: Int64, code: String) {
        let step = OneTimePassword.step(at: time(seconds))
        #expect(OneTimePassword.hotp(Self.secret, counter: UInt64(step), digits: 8) == code)
        #expect(totp.code(at: time(seconds)) == String(code.suffix(6)))
    }

    @Test(
        "the codes of HMAC-SHA-1 of RFC 2202 come out",
        arguments: [
            ([UInt8](repeating: 0x0b, count: 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            (Array("Jefe".utf8), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                [UInt8](repeating: 0xaa, count: 80), "Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112"
            ),
        ])
    func hmac(key: [UInt8], message: String, code: String) {
        #expect(Hex.encode(HMACSHA1.code(for: Array(message.utf8), key: key)) == code)
    }

    @Test("a clock may be one step off either way, and not two")
    func window() {
        let now = time(1_700_000_010)
        let step = OneTimePassword.step(at: now)
        for offset in -3...3 as ClosedRange<Int64> {
            let code = totp.code(at: time(1_700_000_010 + 30 * offset))
            let matched = totp.matchingStep(of: code, at: now, after: nil)
            #expect(matched == (abs(offset) <= 1 ? step + offset : nil))
        }
    }

    @Test("a code is good once, and so is no older one after it")
    func replay() {
        let now = time(1_700_000_010)
        let step = OneTimePassword.step(at: now)
        #expect(totp.matchingStep(of: totp.code(at: now), at: now, after: step - 1) == step)
        #expect(totp.matchingStep(of: totp.code(at: now), at: now, after: step) == nil)
        #expect(totp.matchingStep(of: totp.code(at: time(1_699_999_980)), at: now, after: step) == nil)
        #expect(totp.matchingStep(of: totp.code(at: time(1_700_000_040)), at: now, after: step) == step + 1)
    }

    @Test(
        "what is not the code is refused, whatever its form",
        arguments: ["", "00000", "0000000", "28708２", "+87082", " 287082", "287082\n", "28708", "94287082"])
    func refused(code: String) {
        #expect(totp.matchingStep(of: code, at: time(59), after: nil) == nil)
        #expect(totp.matchingStep(of: "287082", at: time(59), after: nil) == 1)
    }

    @Test("steps begin at the half minutes, also before 1970")
    func steps() {
        #expect(OneTimePassword.step(at: time(29)) == 0 && OneTimePassword.step(at: time(30)) == 1)
        #expect(OneTimePassword.step(at: time(-1)) == -1 && OneTimePassword.step(at: time(-30)) == -1)
        #expect(OneTimePassword.step(at: time(-31)) == -2)
        #expect(totp.matchingStep(of: totp.code(at: time(-31)), at: time(0), after: nil) == nil)
    }

    @Test("new secrets have 160 bits and differ")
    func generated() {
        let (first, second) = (OneTimePassword.generate().secret.reveal(), OneTimePassword.generate().secret.reveal())
        #expect(first.count == 20 && first != second)
    }

    @Test("the address for authenticators escapes what would end a part of it")
    func uri() {
        let uri = totp.uri(issuer: "Witan & Söhne", account: "ada:?#@example.org").reveal()
        #expect(
            uri == "otpauth://totp/Witan%20%26%20S%C3%B6hne:ada%3A%3F%23%40example.org"
                + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Witan%20%26%20S%C3%B6hne"
                + "&algorithm=SHA1&digits=6&period=30"
        )
        #expect("\(totp)".contains("•••") && !"\(totp)".contains("49, 50"))
    }

    @Test(
        "base 32 is that of RFC 4648 §10 without padding",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func base32(text: String, encoded: String) {
        #expect(Base32.encode(Array(text.utf8)) == encoded)
        #expect(Base32.decode(encoded) == Array(text.utf8))
    }

    @Test("other texts are no base 32", arguments: ["M", "mzxw6", "MZXW6===", "MZ", "MZXW1", "MZX", "MZXW6YQA9"])
    func noBase32(text: String) { #expect(Base32.decode(text) == nil) }
}
