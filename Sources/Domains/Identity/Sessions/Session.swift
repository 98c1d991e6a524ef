// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A signed-in device: one sign-in and all the tokens that descend from it.
package struct Session: Sendable {
    /// Of the sign-in (`family_id`); every token of the device has it.
    package let id: UniqueID
    /// Who signed in.
    package let user: UniqueID
    /// What the device called itself, as JSON text.
    package let deviceInfo: String
    /// Where it was last used from.
    package let address: String?
    /// What was asked beside the password.
    package let secondFactor: SecondFactorKind?
    /// When the person signed in.
    package let createdAt: Timestamp
    /// When its newest token was made.
    package let lastUsed: Timestamp
    /// The person signs in again after that.
    package let expiresAt: Timestamp
}

/// What proves beside the password who somebody is.
package enum SecondFactorKind: String, Sendable {
    case totp
    case recoveryCode = "recovery_code"
    case webAuthn = "webauthn"
    case singleSignOn = "sso"
}

/// Who is about to get a session: somebody who has proven who they are.
package struct ProvenPerson: Sendable {
    /// Who.
    package let user: UniqueID
    /// Into which of their organizations.
    package let organization: UniqueID
    /// What was asked beside the password; nil when nothing was.
    package let secondFactor: SecondFactorKind?
    /// What the device calls itself, 1…100 characters; nil when it says nothing.
    package let device: String?
    /// Where the request came from.
    package let origin: Origin

    /// Somebody whose proof was checked by the caller.
    package init(
        user: UniqueID, organization: UniqueID, secondFactor: SecondFactorKind?, device: String?, origin: Origin
    ) {
        self.user = user
        self.organization = organization
        self.secondFactor = secondFactor
        self.device = device
        self.origin = origin
    }
}

/// What a person gets for a proof or a refresh token.
package struct IssuedSession: Sendable {
    /// What it says of itself.
    package let access: AccessToken
    /// Good for minutes; sent with each request.
    package let accessText: Secret<String>
    /// Good once, for the next pair.
    package let refresh: RefreshToken
    /// The person signs in again after that.
    package let expiresAt: Timestamp
    /// Whether the organization demands a second factor that the person has yet to set up, and allows nothing else.
    package let mustSetUpSecondFactor: Bool
}

/// Tokens that a session goes on with.
package enum RefreshPurpose: TokenPurpose {
    /// `wtr_`.
    package static let prefix = "wtr_"
}

/// Good once, for the next pair of tokens.
package typealias RefreshToken = OpaqueToken<RefreshPurpose>

/// What a membership allows somebody who signs in.
struct MembershipRights: Sendable {
    let version: Int
    let role: Role
    /// The custom role's, where there is one.
    let custom: PermissionSet?
    let isOperator: Bool
    let needsSecondFactor: Bool
    let hasSecondFactor: Bool

    /// Whether a sign-in with this beside the password goes on: who has a second factor has none without it.
    func suffices(_ given: SecondFactorKind?) -> Bool { given != nil || !hasSecondFactor }

    /// What was given once, as far as it still counts: an authenticator that was taken away does not.
    func standing(_ given: SecondFactorKind?) -> SecondFactorKind? {
        switch given {
        case .totp, .recoveryCode: hasSecondFactor ? given : nil
        case .webAuthn, .singleSignOn, nil: given
        }
    }

    /// Whether the person must set up a factor before anything else.
    func mustSetUp(_ given: SecondFactorKind?) -> Bool { needsSecondFactor && given == nil && !hasSecondFactor }

    /// A person manages their own account, beside what their role allows; operators who are administrators also manage
    /// the installation.
    func permissions(_ given: SecondFactorKind?) -> PermissionSet {
        if mustSetUp(given) { return [.manageAccount] }
        var permissions = (custom ?? role.permissions).union([.manageAccount])
        if isOperator, role == .admin, custom == nil { permissions.insert(.manageInstallation) }
        return permissions
    }
}
