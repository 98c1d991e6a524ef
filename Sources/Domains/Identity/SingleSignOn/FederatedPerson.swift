// SPDX-License-Identifier: Apache-2.0
package import Core
package import JSON
import SwiftExtensions

/// Whom a provider says somebody is.
package struct FederatedPerson: Sendable, Equatable {
    /// The provider's own, unchanging name of the person.
    package let subject: String
    /// Their address, if it is one that can be used here.
    package let email: EmailAddress?
    /// Whether the provider says that it has made sure of the address, or is trusted to have.
    package let isEmailVerified: Bool
    /// What to call them: 1…200 characters.
    package let name: String
    /// Their groups, at most 1000.
    package let groups: [String]

    /// Reads verified claims.
    package init(subject: String, claims: JSONValue, rules: SingleSignOnRules) {
        self.subject = subject
        email = claims["email"]?.string.flatMap { try? EmailAddress($0) }
        // Some providers write booleans as strings.
        let isSaid = claims["email_verified"] == true || claims["email_verified"] == "true"
        let isTrusted = rules.trustsEmail && !rules.allowedDomains.isEmpty && rules.allows(email)
        isEmailVerified = isSaid || (isTrusted && claims["email_verified"] == nil)
        let named = [claims["name"]?.string, claims["preferred_username"]?.string, email?.spec.localPart, subject]
        let name = named.compactMap { $0.map(Self.cleaned) }.first { !$0.isEmpty }
        self.name = name ?? "?"
        switch rules.groupClaim.flatMap({ claims[$0] }) {
        case .string(let one): groups = [one]
        case .array(let many): groups = many.prefix(1000).compactMap(\.string)
        default: groups = []
        }
    }

    private static func cleaned(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    /// The role the person comes in with. Throws `sso_domain_not_allowed` and `sso_no_role`.
    package func role(by rules: SingleSignOnRules) throws(DomainError) -> Role {
        guard rules.allows(isEmailVerified ? email : nil) else {
            throw DomainError(
                .forbidden, code: "sso_domain_not_allowed",
                "Your provider gives no verified e-mail address of a domain that may sign in here.")
        }
        guard let role = rules.role(for: groups) else {
            throw DomainError(
                .forbidden, code: "sso_no_role", "None of your groups may sign in here; ask an administrator.")
        }
        return role
    }

    /// The address by which an account is found or made. Throws `sso_email_unverified`: an address that nobody has made
    /// sure of may be somebody else's.
    package func verifiedEmail() throws(DomainError) -> EmailAddress {
        guard let email, isEmailVerified else {
            throw DomainError(
                .forbidden, code: "sso_email_unverified",
                "Your provider does not say that your e-mail address was verified; no account is found by such."
            )
        }
        return email
    }
}
