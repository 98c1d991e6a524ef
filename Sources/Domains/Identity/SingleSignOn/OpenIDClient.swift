// SPDX-License-Identifier: Apache-2.0
package import Core
import Cryptography
package import HTTPClient
package import JSON
import JSONWebToken
import SwiftExtensions

/// Talks to identity providers: their configuration and keys, which are kept for a while, and the exchange of codes.
package final class OpenIDClient: Sendable {
    private struct Entry: Sendable {
        var configuration: OpenIDConfiguration
        var configuredAt: ContinuousClock.Instant
        var keys: WebKeySet?
        var keysAt: ContinuousClock.Instant
    }

    /// How long a configuration, keys, and a failure to get them are believed without looking again; and how soon keys
    /// are looked for anew when a token names one that is not known.
    package struct Freshness: Sendable {
        /// Of a configuration.
        package var configuration = Duration.seconds(3600)
        /// Of keys.
        package var keys = Duration.seconds(600)
        /// Between looks for a key that is not known.
        package var unknownKey = Duration.seconds(30)
        /// Of what made an issuer unusable.
        package var failure = Duration.seconds(5)

        package init() {}
    }

    private let client: HTTPClient
    private let allowsPrivate: Bool
    private let freshness: Freshness
    private let observe: @Sendable (_ issuer: String, _ reason: String) -> Void
    private let entries = Locked<[String: Entry]>([:])
    /// When an issuer last had no configuration that can be used, and when the log was last told of one.
    private let failures = Recently(maximum: OpenIDClient.entriesMaximum)
    private let told = Recently(maximum: OpenIDClient.entriesMaximum)
    private static let entriesMaximum = 1000

    /// Without `allowsPrivate` no address is gone to that is not `https` and public; `client` must then admit public
    /// addresses only. `observe` is told why an issuer cannot be used, at most once in `Freshness.failure`.
    package init(
        client: HTTPClient, allowsPrivate: Bool, freshness: Freshness = Freshness(),
        observe: @escaping @Sendable (_ issuer: String, _ reason: String) -> Void = { _, _ in }
    ) {
        self.client = client
        self.allowsPrivate = allowsPrivate
        self.freshness = freshness
        self.observe = observe
    }

    // MARK: Configuration and keys

    /// What the issuer publishes of itself. Throws `sso_provider_unusable`, whatever is wrong with it.
    package func configuration(of issuer: String) async throws(DomainError) -> OpenIDConfiguration {
        if let held = held(issuer) { return held }
        guard !failures.has(issuer, within: freshness.failure) else { throw Self.unusable }
        do throws(DomainError) {
            return try await using(issuer) { () throws(OpenIDFailure) in try await configure(issuer) }
        } catch {
            failures.note(issuer)
            throw error
        }
    }

    private func held(_ issuer: String) -> OpenIDConfiguration? {
        guard let held = entries.withLock({ $0[issuer] }),
            ContinuousClock.now - held.configuredAt < freshness.configuration
        else { return nil }
        return held.configuration
    }

    private func configure(_ issuer: String) async throws(OpenIDFailure) -> OpenIDConfiguration {
        guard let url = IssuerURL(issuer), allowsPrivate || url.mayBePublic else {
            throw OpenIDFailure(reason: "its address is no https address, or a private one")
        }
        let now = ContinuousClock.now
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let response = try await fetch(HTTPClientRequest(url: base + "/.well-known/openid-configuration"))
        guard response.status == 200 else {
            throw OpenIDFailure(reason: "its configuration answered \(response.status)")
        }
        let configuration = try OpenIDConfiguration(
            parsing: response.body, issuer: issuer, allowsPrivate: allowsPrivate)
        entries.withLock { entries in
            if entries.count >= Self.entriesMaximum { entries = [:] }
            let same = entries[issuer].flatMap { $0.configuration.keysAddress == configuration.keysAddress ? $0 : nil }
            entries[issuer] = Entry(
                configuration: configuration, configuredAt: now, keys: same?.keys, keysAt: same?.keysAt ?? now)
        }
        return configuration
    }

    /// The issuer's keys; `missing` says that those held lacked one, which is reason to look again, but not often.
    private func keys(of issuer: String, missing: Bool = false) async throws(DomainError) -> WebKeySet {
        let configuration = try await configuration(of: issuer)
        let now = ContinuousClock.now
        let freshness = freshness
        let held = entries.withLock { entries -> WebKeySet? in
            guard let entry = entries[issuer], let keys = entry.keys else { return nil }
            guard now - entry.keysAt < (missing ? freshness.unknownKey : freshness.keys) else {
                // Others make do with these while one asks.
                if missing { entries[issuer]?.keysAt = now }
                return nil
            }
            return keys
        }
        if let held { return held }
        let keys = try await using(issuer) { () throws(OpenIDFailure) in
            let response = try await fetch(HTTPClientRequest(url: configuration.keysAddress))
            guard response.status == 200, let keys = try? WebKeySet(parsing: response.body) else {
                throw OpenIDFailure(reason: "its keys answered \(response.status) and are no set of at most 64 keys")
            }
            return keys
        }
        entries.withLock { entries in
            entries[issuer]?.keys = keys
            entries[issuer]?.keysAt = now
        }
        return keys
    }

    /// Turns what is wrong with an issuer into the one answer there is for it, and tells the log.
    private func using<Value>(
        _ issuer: String, _ body: () async throws(OpenIDFailure) -> Value
    ) async throws(DomainError) -> Value {
        do throws(OpenIDFailure) {
            return try await body()
        } catch {
            note(error, of: issuer)
            throw Self.unusable
        }
    }

    private func note(_ failure: OpenIDFailure, of issuer: String) {
        guard !told.has(issuer, within: freshness.failure) else { return }
        told.note(issuer)
        observe(issuer, failure.reason)
    }

    // MARK: Codes

    /// What a code is exchanged for: claims that the issuer signed for this client and this sign-in; claims of `wanted`
    /// that are not among them are asked for at its user info endpoint. Throws `sso_code_refused` and
    /// `sso_token_invalid`.
    package func redeem(
        _ code: SignOnCode, wanted: [String]
    ) async throws(DomainError) -> (subject: String, claims: JSONValue) {
        let configuration = try await configuration(of: code.issuer)
        let json = try await tokens(for: code, configuration)
        guard let text = json["id_token"]?.string else { throw Self.codeRefused }
        let accessToken = json["access_token"]?.string
        let (token, signed) = try await verified(text, issuer: code.issuer)
        let identity: IdentityClaims
        do throws(TokenError) {
            if let hash = signed["at_hash"] {
                guard let accessToken, hash.string == token.hash(of: accessToken) else { throw .claim("at_hash") }
            }
            identity = try IdentityClaims(
                signed, expecting: IdentityExpectation(issuer: code.issuer, audience: code.clientID, nonce: code.nonce))
        } catch {
            throw Self.tokenInvalid(error)
        }
        guard let endpoint = configuration.userInfoEndpoint, let accessToken,
            wanted.contains(where: { signed[$0] == nil })
        else { return (identity.subject, signed) }
        let more = try await userInfo(
            endpoint, of: code.issuer, accessToken: accessToken, subject: identity.subject)
        return (identity.subject, Self.merged(signed, more))
    }

    private func tokens(
        for code: SignOnCode, _ configuration: OpenIDConfiguration
    ) async throws(DomainError) -> JSONValue {
        let response = try await using(code.issuer) { () throws(OpenIDFailure) in
            let response = try await fetch(Self.tokenRequest(code, configuration))
            guard response.status < 500 else {
                throw OpenIDFailure(reason: "its token endpoint answered \(response.status)")
            }
            return response
        }
        guard response.status == 200, let json = try? JSONValue(parsing: response.body) else {
            // A wrong client secret or redirect address looks like this, too.
            note(OpenIDFailure(reason: "it did not exchange a code: \(response.status)"), of: code.issuer)
            throw Self.codeRefused
        }
        return json
    }

    /// OpenID Connect Core §5.3; it must be about the same person (§5.3.4). Nothing where it does not answer:
    /// what was signed may do.
    private func userInfo(
        _ endpoint: String, of issuer: String, accessToken: String, subject: String
    ) async throws(DomainError) -> JSONValue {
        guard accessToken.hasOnlyBytes({ (0x21...0x7E).contains($0) }) else { throw Self.tokenInvalid(.claim("sub")) }
        let request = HTTPClientRequest(
            url: endpoint, headers: [("authorization", "Bearer \(accessToken)"), ("accept", "application/json")])
        let response: HTTPClientResponse
        do throws(OpenIDFailure) {
            response = try await fetch(request)
        } catch {
            note(error, of: issuer)
            return [:]
        }
        guard response.status == 200, let json = try? JSONValue(parsing: response.body) else { return [:] }
        guard json["sub"]?.string == subject else { throw Self.tokenInvalid(.claim("sub")) }
        return json
    }

    /// What was signed counts first; an address and whether it was verified come from the same place.
    private static func merged(_ signed: JSONValue, _ more: JSONValue) -> JSONValue {
        let pair = ["email", "email_verified"]
        let isSigned = pair.allSatisfy { signed[$0] != nil } || more["email"] == nil
        let kept = (signed.members ?? []).filter { isSigned || !pair.contains($0.key) }
        let added = (more.members ?? []).filter { member in
            pair.contains(member.key) ? !isSigned : signed[member.key] == nil
        }
        return .object(kept + added)
    }

    private func verified(_ text: String, issuer: String) async throws(DomainError) -> (SignedToken, JSONValue) {
        let token: SignedToken
        do throws(TokenError) { token = try SignedToken(text) } catch { throw Self.tokenInvalid(error) }
        let known = try await keys(of: issuer)
        do throws(TokenError) {
            return (token, try token.verified(by: known))
        } catch {
            guard error == .unknownKey || (error == .signature && token.keyID == nil) else {
                throw Self.tokenInvalid(error)
            }
        }
        let newer = try await keys(of: issuer, missing: true)
        do throws(TokenError) { return (token, try token.verified(by: newer)) } catch { throw Self.tokenInvalid(error) }
    }

    private static func tokenRequest(_ code: SignOnCode, _ configuration: OpenIDConfiguration) -> HTTPClientRequest {
        var fields = [
            ("grant_type", "authorization_code"), ("code", code.code), ("redirect_uri", code.redirect),
            ("code_verifier", code.verifier.reveal()),
        ]
        var headers: [(name: String, value: String)] = [
            ("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"),
        ]
        if let secret = code.secret, !configuration.takesSecretInBody {
            // RFC 6749 §2.3.1: both halves form-encoded first.
            let pair = "\(PercentEncoding.encode(code.clientID)):\(PercentEncoding.encode(secret.reveal()))"
            headers.append(("authorization", "Basic \(Base64.encode(Array(pair.utf8)))"))
        } else {
            fields.append(("client_id", code.clientID))
            if let secret = code.secret { fields.append(("client_secret", secret.reveal())) }
        }
        return HTTPClientRequest(
            method: "POST", url: configuration.tokenEndpoint, headers: headers,
            body: Array(FormText.encode(fields).utf8))
    }

    private func fetch(_ request: HTTPClientRequest) async throws(OpenIDFailure) -> HTTPClientResponse {
        var request = request
        request.timeouts = HTTPTimeouts(
            connect: .seconds(5), firstByte: .seconds(10), idle: .seconds(5), total: .seconds(15))
        request.maximumResponseBytes = 256 << 10
        do throws(HTTPClientError) {
            return try await client.fetch(request)
        } catch {
            throw OpenIDFailure(reason: error.description)
        }
    }

    // MARK: Errors

    /// The one answer for everything that can be wrong with an issuer.
    static let unusable = DomainError(
        .unprocessable, code: "sso_provider_unusable",
        "The identity provider cannot be used; the program's log says why. It must answer over https, at a public "
            + "address unless WITAN_SSO_PRIVATE_ISSUERS is set, and the issuer must be written exactly as it does.",
        parameter: "issuer")

    /// The code of everything that can be wrong with a token.
    static let tokenInvalid = "sso_token_invalid"

    private static let codeRefused = DomainError(
        .forbidden, code: "sso_code_refused",
        "The identity provider did not exchange its code for tokens; sign in again.")

    private static func tokenInvalid(_ error: TokenError) -> DomainError {
        DomainError(.forbidden, code: tokenInvalid, "The sign-in is not believed: \(error.description).")
    }
}
