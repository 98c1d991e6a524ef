// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import SwiftExtensions

/// The token that lets somebody who forgot their password set a new one: `wtp_` and 256 random bits in base64url, sent
/// by mail, good once.
package struct PasswordResetToken: Sendable {
    /// By which secret scanners find tokens in files.
    package static let prefix = "wtp_"
    /// The whole text; in the mail and nowhere else.
    package let text: Secret<String>

    /// A new token from the system's random bytes.
    package static func generate() -> PasswordResetToken {
        PasswordResetToken(text: Secret(prefix + Base64.encode(Memory.random(32), .url)))
    }

    /// What is stored of it: SHA-256. Its 256 bits cannot be guessed, so that it needs no pepper.
    package static func hash(_ text: Secret<String>) -> Digest? {
        let text = text.reveal()
        guard text.utf8.count == 47, text.hasPrefix(prefix) else { return nil }
        return SHA256.hash(text.utf8)
    }
}

/// How many mails somebody can be sent, and how long they are good for.
package struct PasswordResetLimits: Sendable {
    /// Mails to one address within an hour; what is asked beyond is answered alike and not sent.
    package static let perHour = 3
    /// Requests that may wait to be looked at.
    package static let waiting = 256

    /// How long a token is good.
    package let lifetime: Duration

    package init(lifetime: Duration) { self.lifetime = lifetime }
}

/// Somebody asked for a new password; whether there is such an account is not known yet.
package struct PasswordResetRequest: Sendable {
    /// The address as it was typed.
    package let email: String
    /// Where the request came from.
    package let origin: Origin

    package init(email: String, origin: Origin) {
        self.email = email
        self.origin = origin
    }
}
