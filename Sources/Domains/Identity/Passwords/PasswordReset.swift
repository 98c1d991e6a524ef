// SPDX-License-Identifier: Apache-2.0
package import Core
import SwiftExtensions

/// Tokens that let somebody who forgot their password set a new one.
package enum PasswordResetPurpose: TokenPurpose {
    /// `wtp_`.
    package static let prefix = "wtp_"
}

/// Good once; in the mail and nowhere else.
package typealias PasswordResetToken = OpaqueToken<PasswordResetPurpose>

/// How many mails somebody can be sent and ask for, and how long they are good for.
package struct PasswordResetLimits: Sendable {
    /// Mails to one address within an hour; what is asked beyond is answered alike and not sent.
    package static let perHour = 3
    /// Requests that may wait to be looked at.
    package static let waiting = 256
    /// How many of those may come from one network.
    package static let waitingOfOne = 16

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
