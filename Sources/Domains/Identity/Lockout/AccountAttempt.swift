// SPDX-License-Identifier: Apache-2.0
package import Core
import Cryptography
package import SwiftExtensions

/// Somebody who says to be `email` tries to sign in from a place; whether the account exists does not matter here.
package struct AccountAttempt: Sendable, Equatable {
    /// The address of the account, in the one form under which accounts are found; as it was given when it is none.
    package let email: String
    /// An IPv4 address alone, an IPv6 address with the /64 around it: that is what one line gets.
    package let network: String

    /// From where is the client's address; what is no address is a place of its own.
    package init(email: String, from origin: Origin) {
        self.email = (try? EmailAddress(email))?.description ?? email.lowercased()
        network = Self.network(of: origin)
    }

    /// What is counted as one place.
    static func network(of origin: Origin) -> String {
        guard let address = NetworkAddress(origin.address) else { return origin.address }
        return NetworkRange.around(address, bits: address.isVersion4 ? 32 : 64).description
    }

    /// What is counted, each by a code that only this installation can compute: the table tells nobody who tried.
    func subject(_ kind: LockoutSubject, key: HMACSHA256) -> Digest {
        let parts =
            switch kind {
            case .account: [email]
            case .network: [network]
            case .familiar: [email, network]
            }
        return key.code(for: ([kind.rawValue] + parts).joined(separator: "\0").utf8)
    }
}

/// The three counters that an attempt can belong to.
package enum LockoutSubject: String, Sendable, CaseIterable {
    /// Attempts on an account from anywhere it is not known from.
    case account
    /// Attempts from a place on any account not known there.
    case network
    /// Attempts on an account from a place where its person has signed in before: strangers cannot use these up.
    case familiar
}

/// What is known about an attempt before or after its password was checked, and what follows.
///
/// Who comes from a place where they have signed in before is counted by themselves: neither the account's lock nor the
/// place's refuses them, so that nobody can lock a person out of their usual place from elsewhere. All others are
/// counted by account and by place. Decides, touches nothing.
package struct Lockout: Sendable, Equatable {
    /// How long a place stays familiar after the last sign-in from there.
    package static let familiarity = Duration.seconds(90 * 86_400)

    /// The account's failures.
    package var account: FailureCount
    /// The place's failures.
    package var network: FailureCount
    /// Those of the account in this place.
    package var familiar: FailureCount
    /// Until when the place is familiar; nil when it is not.
    package var familiarUntil: Timestamp?

    package init(
        account: FailureCount = FailureCount(), network: FailureCount = FailureCount(),
        familiar: FailureCount = FailureCount(), familiarUntil: Timestamp? = nil
    ) {
        self.account = account
        self.network = network
        self.familiar = familiar
        self.familiarUntil = familiarUntil
    }

    /// Whether the person has signed in from this place before, and not too long ago.
    package func isFamiliar(at now: Timestamp) -> Bool { familiarUntil.map { $0 > now } ?? false }

    /// Until when the attempt is refused; nil when it may be made.
    package func lockedUntil(at now: Timestamp) -> Timestamp? {
        if isFamiliar(at: now) { return familiar.lockedUntil(at: now) }
        return [account, network].compactMap { $0.lockedUntil(at: now) }.max()
    }

    /// Counts a failure; changes nothing while the attempt is refused.
    package mutating func fail(at now: Timestamp) {
        guard lockedUntil(at: now) == nil else { return }
        if isFamiliar(at: now) {
            familiar = familiar.adding(at: now)
        } else {
            account = account.adding(at: now)
            network = network.adding(at: now)
        }
    }

    /// Ends the counters of the person and makes the place familiar. The place's own stays: otherwise who has an
    /// account could guess at others' for ever by signing in to their own in between.
    package mutating func succeed(at now: Timestamp) {
        if !isFamiliar(at: now) { account = FailureCount() }
        familiar = FailureCount()
        familiarUntil = now + Self.familiarity
    }

    /// Ends all the person's counters and makes the place familiar: somebody has read the person's mail there.
    package mutating func reset(at now: Timestamp) {
        account = FailureCount()
        familiar = FailureCount()
        familiarUntil = now + Self.familiarity
    }
}
