// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// Why somebody known was refused, as the log says it (`reason`).
package enum RefusalReason: String, Sendable, CaseIterable {
    case wrongPassword = "wrong password"
    case wrongCode = "wrong code"
    case locked
    case secondFactorMissing = "second factor missing"
    case organizationMissing = "organization missing"
    case notAMember = "not a member"
    case tokenUsed = "token used before"
    case tokenExpired = "token expired"
    case sessionEnded = "session ended"
    case tooManyMails = "too many mails"

    /// What an error says of who gave proofs; nil for one that says nothing of them, such as that the database is away.
    init?(_ error: DomainError) {
        switch error.code {
        case "invalid_credentials", "wrong_password": self = .wrongPassword
        case "invalid_code": self = .wrongCode
        case "sign_in_locked": self = .locked
        case "second_factor_required": self = .secondFactorMissing
        case "organization_required": self = .organizationMissing
        case "not_a_member": self = .notAMember
        default: return nil
        }
    }

    /// Whether the lockout bounds how often it comes; the others could be had without end.
    var isCounted: Bool { self == .wrongPassword || self == .wrongCode }
}

/// Somebody known, or a session of theirs, was refused something.
package struct Refusal: Sendable {
    /// In the log, such as `session.refused`.
    package let action: String
    /// Whose account it is.
    package let user: UniqueID
    /// What it is about; the account where nothing else is said.
    package let entity: String
    /// Why.
    package let reason: RefusalReason
    /// Who tried, as far as it is known, and where from.
    package let actor: Actor

    /// A refusal of the person themselves, as they say they are, where no `actor` is known.
    package init(
        _ action: String, _ reason: RefusalReason, of user: UniqueID, entity: String? = nil, from origin: Origin?,
        by actor: Actor? = nil
    ) {
        self.action = action
        self.user = user
        self.entity = entity ?? "user:\(user)"
        self.reason = reason
        self.actor = actor ?? Actor(Caller.person(user).name, from: origin)
    }
}

/// Somebody was refused of whom nothing is known, so that it is in no organization's log.
package struct UnknownRefusal: Sendable, Equatable {
    /// What they gave, such as `refresh token`; never the text itself.
    package let gave: String
    /// Where from: an IPv4 address, the /64 around an IPv6 address.
    package let network: String
    /// How many of these there were since the last that was told.
    package let count: Int

    func times(_ count: Int) -> UnknownRefusal { UnknownRefusal(gave: gave, network: network, count: count) }
}
