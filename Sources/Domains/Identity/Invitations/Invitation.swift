// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// An invitation into an organization, without its code: that is in the e-mail, or in the answer that made it.
package struct Invitation: Sendable, Equatable {
    /// A UUIDv7.
    package let id: UniqueID
    /// The only address that may accept it; nil lets everybody who has the code.
    package let email: String?
    /// What who accepts becomes.
    package let role: RoleChoice
    /// The team who accepts joins.
    package let team: UniqueID?
    /// How many may accept, 1…10,000.
    package let usesMaximum: Int
    /// How many have.
    package let uses: Int
    /// Whether the code went to the address alone, so that who has it has proven the address.
    package let isMailed: Bool
    /// The person who invites; nil for a key that is nobody's, and for who runs the installation.
    package let createdBy: UniqueID?
    /// The key that invites; once it is not good any more the invitation is worth nothing.
    package let createdByKey: UniqueID?
    /// When the database wrote it.
    package let createdAt: Timestamp
    /// Refused from then on.
    package let expiresAt: Timestamp
    /// When it was taken back.
    package let revokedAt: Timestamp?

    /// What can still become of it.
    package enum State: String, Sendable {
        case open, used, expired, revoked
    }

    /// As of `now`.
    package func state(at now: Timestamp) -> State {
        if revokedAt != nil { return .revoked }
        if uses >= usesMaximum { return .used }
        return expiresAt <= now ? .expired : .open
    }
}

/// What an invitation is to be.
package struct NewInvitation: Sendable {
    /// The only address that may accept it.
    package let email: EmailAddress?
    /// At most the inviter's.
    package let role: RoleChoice
    /// The team who accepts joins.
    package let team: UniqueID?
    /// 1…10,000; 1 with an address.
    package let usesMaximum: Int
    /// At most 90 days ahead.
    package let expiresAt: Timestamp
    /// Whether the code goes to the address, and to nobody else.
    package let isMailed: Bool

    /// How many are mailed to one address within an hour.
    package static let mailsPerHour = 3
    /// 90 days.
    package static let longest = Duration.seconds(90 * 86_400)
    /// 7 days.
    package static let standard = Duration.seconds(7 * 86_400)

    /// Checks the bounds. `expiresAt` nil is in 7 days; with an address the code is mailed there, unless `showsCode`.
    package init(
        email: EmailAddress? = nil, role: RoleChoice, team: UniqueID? = nil, usesMaximum: Int = 1,
        expiresAt: Timestamp? = nil, showsCode: Bool = false, now: Timestamp = .now()
    ) throws(DomainError) {
        guard (1...10_000).contains(usesMaximum), email == nil || usesMaximum == 1 else {
            throw DomainError(
                .invalid, code: "invalid_value",
                email == nil
                    ? "max_uses takes 1 to 10000." : "An invitation for one address is good once; leave max_uses out.",
                parameter: "max_uses")
        }
        let expiresAt = expiresAt ?? now + Self.standard
        guard expiresAt > now, expiresAt <= now + Self.longest else {
            throw DomainError(
                .invalid, code: "invalid_expiry", "expires_at must lie in the future, and at most 90 days ahead.",
                parameter: "expires_at")
        }
        self.email = email
        self.role = role
        self.team = team
        self.usesMaximum = usesMaximum
        self.expiresAt = expiresAt
        isMailed = email != nil && !showsCode
    }
}

/// Tokens that accept an invitation.
package enum InvitationPurpose: TokenPurpose {
    /// `wti_`.
    package static let prefix = "wti_"
}

/// What accepts an invitation; shown or mailed once.
package typealias InvitationCode = OpaqueToken<InvitationPurpose>
