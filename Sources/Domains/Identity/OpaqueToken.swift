// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// What a token is for.
package protocol TokenPurpose {
    /// Four characters by which secret scanners find such tokens in files.
    static var prefix: String { get }
}

/// A secret that says nothing by itself: the prefix of its purpose and 256 random bits in base64url. Whoever has it is
/// believed, so that it is shown once and only a hash of it is stored.
package struct OpaqueToken<Purpose: TokenPurpose>: Sendable {
    /// The whole text.
    package let text: Secret<String>

    /// Characters, prefix included.
    package static var length: Int { 47 }

    /// A new one from the system's random bytes.
    package static func generate() -> OpaqueToken {
        OpaqueToken(text: Secret(Purpose.prefix + Base64.encode(Memory.random(32), .url)))
    }

    private init(text: Secret<String>) { self.text = text }

    /// Takes what somebody sent; nil for what is none. Whether it is one of ours only its hash tells.
    package init?(given text: Secret<String>) {
        guard text.reveal().utf8.count == Self.length, text.reveal().hasPrefix(Purpose.prefix) else { return nil }
        self.text = text
    }

    /// SHA-256, which is stored in place of the text. 256 bits cannot be guessed, so that it needs no pepper.
    package var hash: Digest { SHA256.hash(text.reveal().utf8) }

    /// HMAC-SHA-256, where what is stored must not be enough to recognize a text that was found elsewhere.
    package func hash(pepper: HMACSHA256) -> Digest { pepper.code(for: text.reveal().utf8) }
}
