// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
import JSON
package import SwiftExtensions

/// A sign-in on its way: what is remembered between sending somebody to their provider and getting them back. It
/// travels in a cookie, sealed: bound to the browser, readable and changeable by nobody, and stored nowhere.
package struct SignOnState: Sendable {
    /// Where the person was sent.
    package let provider: UniqueID
    /// 256 random bits that come back in the address; the cookie is only good with them.
    package let state: String
    /// 256 random bits that must come back in the token.
    package let nonce: String
    /// The secret of RFC 7636 §4.1, of which the provider gets the hash.
    package let verifier: Secret<String>
    /// What the program wants, and will show with the code.
    package let request: SignOnRequest
    /// Refused from then on.
    package let expiresAt: Timestamp

    /// How long people may take at their provider.
    package static let lifetime = Duration.seconds(600)

    /// A new one.
    package init(provider: UniqueID, request: SignOnRequest, now: Timestamp = .now()) {
        self.provider = provider
        self.request = request
        state = Base64.encode(Memory.random(32), .url)
        nonce = Base64.encode(Memory.random(32), .url)
        verifier = Secret(Base64.encode(Memory.random(32), .url))
        expiresAt = now + Self.lifetime
    }

    /// The hash of a verifier (RFC 7636 §4.2).
    package static func challenge(of verifier: String) -> String {
        Base64.encode(SHA256.hash(verifier.utf8).bytes, .url)
    }

    /// A name of its own for each, so that two sign-ins in one browser do not spoil each other.
    package static func cookieName(_ state: String) -> String { "witan_sso_\(SHA256.hash(state.utf8).hex.prefix(16))" }

    private static let context = Array("witan.sso.state.1".utf8)

    /// The cookie's value.
    package func sealed(by key: MasterKey) -> String {
        let json: JSONValue = [
            "provider": .string(provider.description), "state": .string(state), "nonce": .string(nonce),
            "verifier": .string(verifier.reveal()), "redirect": .string(request.redirect),
            "challenge": .string(request.challenge), "client": request.state.map(JSONValue.string) ?? .null,
            "expires": .string(expiresAt.description),
        ]
        let envelope = key.seal(Secret(json.bytes), context: Self.context)
        return Base64.encode(envelope.wrappedKey + envelope.sealed, .url)
    }

    /// Opens a cookie; nil unless it was sealed here, for this state and provider, and is not too old.
    package init?(
        opening cookie: String, state: String, provider: UniqueID, key: MasterKey, now: Timestamp = .now()
    ) {
        guard cookie.utf8.count <= 4096, let bytes = Base64.decode(cookie, .url), bytes.count > 60 else { return nil }
        let envelope = Envelope(wrappedKey: Array(bytes[..<60]), sealed: Array(bytes[60...]), keyID: key.id)
        guard let opened = try? key.open(envelope, context: Self.context),
            let json = try? JSONValue(parsing: opened.reveal())
        else { return nil }
        let text = { (name: String) in json[name]?.string }
        guard let kept = text("state"), Memory.constantTimeEquals(Array(kept.utf8), Array(state.utf8)),
            let expires = text("expires").flatMap({ Timestamp($0) }), now < expires,
            text("provider") == provider.description, let nonce = text("nonce"), let verifier = text("verifier"),
            let redirect = text("redirect"), let challenge = text("challenge")
        else { return nil }
        self.provider = provider
        self.state = kept
        self.nonce = nonce
        self.verifier = Secret(verifier)
        request = SignOnRequest(redirect: redirect, challenge: challenge, state: text("client"))
        expiresAt = expires
    }
}

/// What a program asks for when it sends somebody to sign in: an authorization request (RFC 6749 §4.1.1) with PKCE.
package struct SignOnRequest: Sendable, Equatable {
    /// Where it gets the person back.
    package let redirect: String
    /// The hash of the secret that it will show with the code.
    package let challenge: String
    /// Whatever it wants back.
    package let state: String?

    init(redirect: String, challenge: String, state: String?) {
        self.redirect = redirect
        self.challenge = challenge
        self.state = state
    }

    /// Throws a `DomainError` that names the parameter at fault.
    package init(
        redirect: String?, challenge: String?, method: String?, state: String?, publicURL: String
    ) throws(DomainError) {
        guard let redirect, SignOnReturn.isAllowed(redirect, publicURL: publicURL) else {
            throw DomainError(
                .invalid, code: "invalid_redirect",
                "redirect_uri takes http://127.0.0.1:PORT/…, http://[::1]:PORT/…, or an address under \(publicURL)/.",
                parameter: "redirect_uri")
        }
        guard let challenge, challenge.utf8.count == 43, Base64.decode(challenge, .url)?.count == 32,
            method == "S256"
        else {
            throw DomainError(
                .invalid, code: "invalid_value",
                "code_challenge takes the SHA-256 of your verifier in base64url, with code_challenge_method=S256.",
                parameter: "code_challenge")
        }
        if let state, state.utf8.count > 256 || !state.hasOnlyBytes({ (0x20...0x7E).contains($0) }) {
            throw DomainError(
                .invalid, code: "invalid_value", "state takes at most 256 printable ASCII characters.",
                parameter: "state")
        }
        self.init(redirect: redirect, challenge: challenge, state: state)
    }

    /// Where the person goes now, with what the program is told.
    package func answer(_ fields: [(String, String)]) -> String {
        FormText.adding(fields + (state.map { [("state", $0)] } ?? []), to: redirect)
    }
}

/// What is sent for a code.
package struct SignOnCode: Sendable {
    let issuer: String
    let clientID: String
    let secret: Secret<String>?
    let code: String
    let redirect: String
    let verifier: Secret<String>
    let nonce: String
}
