// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// A code for who lost the second factor, good once: 80 random bits as `XXXX-XXXX-XXXX-XXXX` in base 32.
package struct RecoveryCode: Sendable {
    /// How many a person gets at a time.
    package static let count = 10

    /// As it is shown, once.
    package let text: Secret<String>

    /// A new one from the system's random bytes.
    package static func generate() -> RecoveryCode {
        let digits = Array(Base32.encode(Memory.random(10)))
        let groups = stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<$0 + 4]) }
        return RecoveryCode(text: Secret(groups.joined(separator: "-")))
    }

    /// Reads one as people type it: small letters, spaces and missing hyphens do not matter. Nil for anything else.
    package init?(typed: Secret<String>) {
        let typed = typed.reveal()
        guard typed.utf8.count <= 64 else { return nil }
        let digits = typed.uppercased().filter { $0 != "-" && $0 != " " }
        guard digits.utf8.count == 16, let bytes = Base32.decode(digits), bytes.count == 10 else { return nil }
        text = Secret(digits)
    }

    private init(text: Secret<String>) { self.text = text }

    /// What is stored: HMAC-SHA-256 under the installation's pepper, bound to whose it is.
    package func hash(of user: UniqueID, pepper: HMACSHA256) -> Digest {
        pepper.code(for: "recovery code\0\(user)\0\(text.reveal().filter { $0 != "-" })".utf8)
    }
}
