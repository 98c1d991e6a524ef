// SPDX-License-Identifier: Apache-2.0
package import Core
import JSON
package import SwiftExtensions

/// An OpenID Connect provider that an organization trusts to say who its people are.
package struct SingleSignOnProvider: Sendable, Equatable {
    /// A UUIDv7.
    package let id: UniqueID
    /// Its issuer's URL, byte for byte as in its tokens. Never changes: a person is known by issuer and subject.
    package let issuer: String
    /// What the issuer calls this installation. Never changes.
    package let clientID: String
    /// Whether it has a client secret; a public client has none.
    package let hasSecret: Bool
    /// What can be changed.
    package let rules: SingleSignOnRules
    /// When the database wrote it.
    package let createdAt: Timestamp
}

/// Who may come from a provider, and as what.
package struct SingleSignOnRules: Sendable, Equatable {
    /// What stands on the button: 1…200 characters.
    package var name: String
    /// What is asked of it; `openid` is always among them.
    package var scopes = ["openid", "email", "profile"]
    /// Domains of addresses that may come; empty is all.
    package var allowedDomains: [String] = []
    /// Whether addresses of these domains count as verified where the provider does not say; an address that it says is
    /// not verified never does. For directories in which people cannot choose their own address.
    package var trustsEmail = false
    /// The claim that names a person's groups; nil when groups do not count.
    package var groupClaim: String?
    /// Group to role. Where there is any, a person's role follows it at each sign-in.
    package var roleMapping: [String: Role] = [:]
    /// Of who is in no mapped group; nil lets nobody in without one.
    package var defaultRole: Role?
    /// Whether people may come.
    package var isActive = true

    /// Those of a provider of that name.
    package init(name: String) { self.name = name }

    /// Throws a `DomainError` that names the field when something is out of bounds, and `role_too_high` for who may not
    /// do all that an administrator may: whoever chooses a provider can have it say that they are any member.
    package func check(by principal: Principal) throws(DomainError) {
        guard Permission.grantable.isSubset(of: principal.permissions) else {
            throw DomainError(
                .forbidden, code: "role_too_high",
                "\(principal.title) may do less than an administrator, whom an identity provider could name.")
        }
        try Self.require(
            (1...200).contains(name.unicodeScalars.count) && !name.hasControls, "name", "1 to 200 characters")
        let token = ASCIISet(ASCIISet.alphanumerics + "!#$%&'()*+,-./:;<=>?@[]^_`{|}~")
        try Self.require(
            (1...20).contains(scopes.count) && scopes.contains("openid")
                && scopes.allSatisfy { (1...100).contains($0.utf8.count) && $0.utf8.allSatisfy(token.contains) },
            "scopes", "at most 20 words, openid among them")
        for domain in allowedDomains { _ = try EmailAddress("x@\(domain)", field: "allowed_domains") }
        try Self.require(
            allowedDomains.count <= 100 && allowedDomains.allSatisfy { $0 == $0.lowercased() }, "allowed_domains",
            "at most 100 domains in lower case")
        try Self.require(!trustsEmail || !allowedDomains.isEmpty, "trusts_email", "true only with allowed_domains")
        try Self.require(
            groupClaim.map { (1...200).contains($0.utf8.count) && !$0.hasControls } ?? true, "group_claim",
            "the name of a claim, such as groups")
        try Self.require(
            roleMapping.isEmpty || groupClaim != nil, "group_claim", "a claim, since role_mapping needs one")
        try Self.require(
            roleMapping.count <= 500 && roleMapping.keys.allSatisfy { (1...500).contains($0.utf8.count) },
            "role_mapping", "at most 500 groups of at most 500 bytes")
    }

    private static func require(_ isRight: Bool, _ field: String, _ what: String) throws(DomainError) {
        guard !isRight else { return }
        throw DomainError(.invalid, code: "invalid_value", "\(field) takes \(what).", parameter: field)
    }

    /// The role of somebody in these groups: the strongest that one of them gives, else the default.
    package func role(for groups: [String]) -> Role? {
        let given = Set(groups.compactMap { roleMapping[$0] })
        return Role.allCases.first(where: given.contains) ?? defaultRole
    }

    /// Whether somebody with this address may come.
    package func allows(_ email: EmailAddress?) -> Bool {
        allowedDomains.isEmpty || email.map { allowedDomains.contains($0.domain) } ?? false
    }
}

/// A provider to be.
package struct NewSingleSignOnProvider: Sendable {
    /// `https://…`, or `http://` on this machine.
    package let issuer: String
    /// 1…255 printable characters.
    package let clientID: String
    /// 1…4096 bytes; nil for a public client.
    package let secret: Secret<String>?
    /// Who may come.
    package let rules: SingleSignOnRules

    /// Throws a `DomainError` that names the field when something is out of bounds.
    package init(
        issuer: String, clientID: String, secret: Secret<String>?, rules: SingleSignOnRules
    ) throws(DomainError) {
        guard let address = IssuerURL(issuer), !address.hasQuery else {
            throw DomainError(
                .invalid, code: "invalid_issuer",
                "issuer takes the https URL in the provider's tokens, without query; http only on this machine.",
                parameter: "issuer")
        }
        guard (1...255).contains(clientID.utf8.count), clientID.hasOnlyBytes({ (0x21...0x7E).contains($0) }) else {
            throw DomainError(
                .invalid, code: "invalid_value", "client_id takes 1 to 255 printable ASCII characters.",
                parameter: "client_id")
        }
        try Self.check(secret: secret)
        self.issuer = issuer
        self.clientID = clientID
        self.secret = secret
        self.rules = rules
    }

    static func check(secret: Secret<String>?) throws(DomainError) {
        guard let secret, !(1...4096).contains(secret.reveal().utf8.count) || secret.reveal().hasControls else {
            return
        }
        throw DomainError(
            .invalid, code: "invalid_value", "client_secret takes 1 to 4096 bytes without control characters.",
            parameter: "client_secret")
    }
}
