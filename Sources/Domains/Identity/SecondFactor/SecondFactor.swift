// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// A person's second factor as it is stored: the secret of the authenticator, sealed, and how far it was used.
package struct SecondFactor: Sendable {
    /// Whose it is.
    package let user: UniqueID
    /// The secret under a data key of its own, under the master key.
    package let envelope: Envelope
    /// When the first code was right; nil while it is being set up, and then no code is asked for.
    package let confirmedAt: Timestamp?
    /// The newest step that a code was taken of.
    package let lastStep: Int64?

    /// What the seal is bound to, so that nobody's secret opens as somebody else's.
    static func context(_ user: UniqueID) -> [UInt8] { Array("auth.users.totp_secret:\(user)".utf8) }

    /// Seals the secret of a new authenticator.
    static func seal(_ password: OneTimePassword, of user: UniqueID, with key: MasterKey) -> Envelope {
        key.seal(password.secret, context: context(user))
    }

    /// The authenticator's secret. Throws as `MasterKey.open` does.
    func open(with key: MasterKey) throws(CryptographyError) -> OneTimePassword {
        OneTimePassword(secret: try key.open(envelope, context: Self.context(user)))
    }
}

/// Whether a person has a second factor, for the person to see.
package struct SecondFactorStatus: Sendable, Equatable {
    /// Since when; nil when there is none.
    package let enabledAt: Timestamp?
    /// Recovery codes that are still good.
    package let recoveryCodesLeft: Int
}
