// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// Bytes that must not leak: compared in constant time, wiped after use, drawn from the generator.
package enum Memory {
    /// Whether two runs of bytes are equal, in a time that depends on their lengths only.
    package static func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }

    /// Overwrites bytes with zeros, which the compiler may not leave out. Only this copy: Swift may have made others.
    package static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// Random bytes fit for keys (OpenSSL's DRBG, seeded by the system). Traps without: going on would be worse.
    package static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let done = unsafe count == 0 || RAND_bytes(&bytes, Int32(count)) == 1
        precondition(done, "the system gives no random bytes")
        return bytes
    }
}
