// SPDX-License-Identifier: Apache-2.0
import Core
package import SwiftExtensions

/// What a person signs in with, as far as the program must know it to check or change it.
package struct Account: Sendable {
    /// The person.
    package let user: UniqueID
    /// Their address, in lower case.
    package let email: String
    /// What they are called.
    package let name: String
    /// Argon2id in its text form; nil for who has none, such as people of single sign-on.
    package let passwordHash: String?
    /// What a password of theirs must not be made of.
    package let knownWords: KnownWords

    static let guest = DomainError(
        .forbidden, code: "password_session_required",
        "You belong to several organizations and came by the identity provider of one; sign in with your password.",
        shouldRetry: false)
}

extension Principal {
    /// The person who makes the request; keys have no account (`person_required`, 403).
    func person() throws(DomainError) -> UniqueID {
        guard case .person(let user) = caller else {
            throw DomainError(
                .forbidden, code: "person_required", "Only a person who signed in has an account; a key has none.")
        }
        return user
    }
}
