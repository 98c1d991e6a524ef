// SPDX-License-Identifier: Apache-2.0
import COpenSSL
package import SwiftExtensions

/// Codes that a person's phone and we compute alike from one secret and the time: TOTP (RFC 6238) with SHA-1, six
/// digits and steps of 30 seconds, as every authenticator program knows them.
package struct OneTimePassword: Sendable {
    /// Seconds that a code is shown.
    package static let period: Int64 = 30
    /// Digits of a code.
    package static let digits = 6
    /// Bytes of a new secret: as many as SHA-1 gives (RFC 4226 §4, R6).
    package static let secretBytes = 20

    /// What is shared with the authenticator, in clear.
    package let secret: Secret<[UInt8]>

    package init(secret: Secret<[UInt8]>) { self.secret = secret }

    /// One with a new secret from the system's random bytes.
    package static func generate() -> OneTimePassword { OneTimePassword(secret: Secret(Memory.random(secretBytes))) }

    /// The secret as people type it into an authenticator that has no camera: base 32.
    package var base32: Secret<String> { Secret(Base32.encode(secret.reveal())) }

    /// The number of the step that an instant lies in; negative before 1970.
    package static func step(at time: Timestamp) -> Int64 {
        let seconds = time.seconds
        return seconds >= 0 ? seconds / period : (seconds - period + 1) / period
    }

    /// The code of an instant: six digits.
    package func code(at time: Timestamp) -> String { code(step: Self.step(at: time)) }

    /// Which step `code` is of, if it is of this instant's, the one before or the one after: clocks differ, and typing
    /// takes time (RFC 6238 §5.2). Nil for any other code, and for steps up to `last`.
    ///
    /// The caller keeps the step it got and gives it as `last` the next time, so that no code is good twice. All three
    /// codes are computed and compared in constant time whatever is given.
    package func matchingStep(of code: String, at time: Timestamp, after last: Int64?) -> Int64? {
        let given = Array(code.utf8)
        let now = Self.step(at: time)
        var found: Int64?
        for step in (now - 1)...(now + 1) where Memory.constantTimeEquals(Array(self.code(step: step).utf8), given) {
            // Two steps of one code: the later one, so that the code is used up.
            found = step
        }
        guard let found, found > last ?? .min else { return nil }
        return found
    }

    /// What an authenticator reads from a QR code: `otpauth://totp/Issuer:account?secret=…&issuer=…&…`. It contains the
    /// secret.
    package func uri(issuer: String, account: String) -> Secret<String> {
        let issuer = Self.escaped(issuer)
        return Secret(
            "otpauth://totp/\(issuer):\(Self.escaped(account))?secret=\(base32.reveal())"
                + "&issuer=\(issuer)&algorithm=SHA1&digits=\(Self.digits)&period=\(Self.period)")
    }

    private func code(step: Int64) -> String {
        Self.hotp(secret.reveal(), counter: UInt64(bitPattern: step), digits: Self.digits)
    }

    /// HOTP (RFC 4226 §5.3) for six to eight digits.
    static func hotp(_ key: [UInt8], counter: UInt64, digits: Int) -> String {
        let message = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - 8 * UInt64($0))) }
        let code = HMACSHA1.code(for: message, key: key)
        let offset = Int(code[19] & 15)
        let number = code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(UInt32(1)) { power, _ in power * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            if ASCIISet.unreserved.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
    }
}

extension ASCIISet {
    /// RFC 3986 §2.3.
    fileprivate static let unreserved = ASCIISet(alphanumerics + "-._~")
}

/// HMAC with SHA-1 (RFC 2202), for nothing but codes whose standard asks for it.
enum HMACSHA1 {
    /// 20 bytes.
    static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 20)
        var count: UInt32 = 0
        let done = unsafe HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &code, &count)
        precondition(unsafe done != nil && count == 20, "this OpenSSL has no HMAC-SHA-1")
        return code
    }
}
