// SPDX-License-Identifier: Apache-2.0
import JSON

/// Why an identity provider cannot be used: for the program's log. Callers get one answer for all of it, or an
/// organization's administrators could find out what runs where in the installation's own network.
package struct OpenIDFailure: Error, Equatable {
    /// A sentence without its subject, the provider, and without a full stop.
    package let reason: String
}

/// What an issuer publishes of itself (OpenID Connect Discovery 1.0 §3), as far as it counts here.
package struct OpenIDConfiguration: Sendable, Equatable {
    /// Where people sign in.
    package let authorizationEndpoint: String
    /// Where codes become tokens.
    package let tokenEndpoint: String
    /// Where its keys are.
    package let keysAddress: String
    /// Where more claims are; nil when there is none.
    package let userInfoEndpoint: String?
    /// Whether it takes the client's secret in the body only, not in a header.
    package let takesSecretInBody: Bool
    /// Whether it names itself when it sends people back (RFC 9207).
    package let namesItself: Bool

    /// Reads the document of `issuer`. Throws when it is somebody else's, lacks an address, or has one that is not
    /// protected, or leads into a private network where `allowsPrivate` does not let it.
    package init(parsing bytes: [UInt8], issuer: String, allowsPrivate: Bool) throws(OpenIDFailure) {
        guard let json = try? JSONValue(parsing: bytes, limits: JSONLimits(maximumDepth: 16)) else {
            throw Self.invalid("its configuration is not JSON")
        }
        guard json["issuer"]?.string == issuer else {
            throw Self.invalid(
                "its configuration is of the issuer \(json["issuer"]?.string?.prefix(200) ?? "of no name")")
        }
        let mayBePlain = IssuerURL(issuer)?.isLoopback == true
        func address(_ name: String) throws(OpenIDFailure) -> String? {
            guard let value = json[name], !value.isNull else { return nil }
            guard let url = value.string.flatMap(IssuerURL.init), mayBePlain || !url.isLoopback,
                allowsPrivate || url.mayBePublic
            else { throw Self.invalid("its \(name) is no https address, or a private one") }
            return url.text
        }
        guard let authorization = try address("authorization_endpoint"), let token = try address("token_endpoint"),
            let keys = try address("jwks_uri")
        else { throw Self.invalid("its configuration lacks authorization_endpoint, token_endpoint or jwks_uri") }
        let list = { (name: String) in json[name]?.elements?.compactMap(\.string) }
        if let types = list("response_types_supported"), !types.contains("code") {
            throw Self.invalid("it does not offer the code flow")
        }
        if let methods = list("code_challenge_methods_supported"), !methods.contains("S256") {
            throw Self.invalid("it does not offer PKCE with S256")
        }
        authorizationEndpoint = authorization
        tokenEndpoint = token
        keysAddress = keys
        userInfoEndpoint = try address("userinfo_endpoint")
        let methods = list("token_endpoint_auth_methods_supported") ?? ["client_secret_basic"]
        takesSecretInBody = !methods.contains("client_secret_basic") && methods.contains("client_secret_post")
        namesItself = json["authorization_response_iss_parameter_supported"]?.bool == true
    }

    private static func invalid(_ what: String) -> OpenIDFailure { OpenIDFailure(reason: what) }
}
