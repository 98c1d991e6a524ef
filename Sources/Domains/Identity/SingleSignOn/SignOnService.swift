// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Signs people in at their organization's provider: OpenID Connect Core 1.0, authorization code with PKCE.
///
/// The person is sent away with a state that only their browser can bring back, comes back once, and the program that
/// sent them exchanges a code for a session (RFC 8252). Each provider has a return address of its own, so that a code
/// of one cannot be handed in as another's (RFC 9700 §4.4).
package struct SignOnService: Sendable {
    private let database: Database
    private let masterKey: MasterKey
    private let client: OpenIDClient
    private let sessions: SessionService
    private let lockout: LockoutService
    private let refusals: RefusalService
    /// Where people reach this installation, without a slash at the end.
    let publicURL: String

    /// `refusals` is told of returns and codes that no organization's log has.
    package init(
        database: Database, masterKey: MasterKey, client: OpenIDClient, sessions: SessionService,
        lockout: LockoutService, refusals: RefusalService, publicURL: String
    ) {
        self.database = database
        self.masterKey = masterKey
        self.client = client
        self.sessions = sessions
        self.lockout = lockout
        self.refusals = refusals
        self.publicURL = publicURL
    }

    /// Where the provider sends people back to; it must know this address.
    package static func callback(of provider: UniqueID, publicURL: String) -> String {
        "\(publicURL)/api/v1/sso/\(provider)/callback"
    }

    // MARK: Away

    /// Where to send somebody, and the cookie (name and value) that must come back with them.
    package func start(
        at id: UniqueID, _ request: SignOnRequest
    ) async throws -> (location: String, cookie: String, value: String) {
        let (_, provider) = try await provider(id)
        let configuration = try await client.configuration(of: provider.issuer)
        let state = SignOnState(provider: id, request: request)
        let location = FormText.adding(
            [
                ("response_type", "code"), ("client_id", provider.clientID),
                ("redirect_uri", Self.callback(of: id, publicURL: publicURL)),
                ("scope", provider.rules.scopes.joined(separator: " ")), ("state", state.state),
                ("nonce", state.nonce), ("code_challenge", SignOnState.challenge(of: state.verifier.reveal())),
                ("code_challenge_method", "S256"),
            ], to: configuration.authorizationEndpoint)
        return (location, SignOnState.cookieName(state.state), state.sealed(by: masterKey))
    }

    private func provider(_ id: UniqueID) async throws -> (organization: UniqueID, SingleSignOnProvider) {
        guard let organization = try await SingleSignOnProviderStore.organization(of: id, in: database),
            let found = try await database.transaction(
                organization: organization, { try await SingleSignOnProviderStore.find(id, in: $0) })
        else { throw SingleSignOnProviderService.notFound }
        return (organization, found)
    }

    // MARK: Back

    /// What came back in the address.
    package struct Return: Sendable {
        /// As it was sent along.
        let state: String
        /// To be exchanged; nil when the provider refused.
        let code: String?
        /// The provider's word for why.
        let error: String?
        /// Who the provider says it is (RFC 9207).
        let issuer: String?
        /// The browser's, of the name that the state gives.
        let cookie: String
    }

    /// Where to send somebody who came back: to the program, with a code or with the reason why there is none. Throws
    /// `sso_state_invalid` for who was not sent away from here, with this browser, a few minutes ago, and
    /// `sign_in_locked` where too many came back from the same network and were refused.
    package func finish(at id: UniqueID, _ back: Return, from origin: Origin) async throws -> String {
        // Nothing is counted or written yet: any page can make a browser come here.
        guard let state = SignOnState(opening: back.cookie, state: back.state, provider: id, key: masterKey) else {
            refusals.unknown("state of a single sign-on", from: origin)
            throw Self.stateInvalid
        }
        try await lockout.check(Self.attempt(from: origin))
        let (organization, provider) = try await provider(id)
        let login = UniqueID.v7()
        let isFirst = try await database.transaction(organization: organization) { transaction in
            try await SignOnStore.claim(
                login, state: state.state, provider: id, organization: organization, in: transaction)
        }
        guard isFirst else {
            try await refuse(Self.stateInvalid, nil, at: provider, organization, origin)
            throw Self.stateInvalid
        }
        var person: FederatedPerson?
        do {
            let found = try await identify(back, state, provider, organization)
            person = found
            let code = Base64.encode(Memory.random(32), .url)
            try await admit(found, at: provider, login: login, code: code, state, organization, origin)
            return state.request.answer([("code", "\(organization).\(code)")])
        } catch let error as DomainError where error.kind != .unavailable && error.kind != .internalFailure {
            // That a provider does not answer is nobody's attempt; the program's log has it.
            if error != OpenIDClient.unusable { try await refuse(error, person, at: provider, organization, origin) }
            return state.request.answer([("error", "access_denied"), ("error_description", error.code)])
        }
    }

    /// Asks the provider who it is.
    private func identify(
        _ back: Return, _ state: SignOnState, _ provider: SingleSignOnProvider, _ organization: UniqueID
    ) async throws -> FederatedPerson {
        let configuration = try await client.configuration(of: provider.issuer)
        guard back.issuer == provider.issuer || (back.issuer == nil && !configuration.namesItself) else {
            throw DomainError(
                .forbidden, code: "sso_issuer_mismatch", "The answer is from another identity provider than was asked.")
        }
        guard let code = back.code, back.error == nil, (1...4096).contains(code.utf8.count) else {
            throw DomainError(.forbidden, code: "sso_denied", "The identity provider did not sign you in.")
        }
        let secret = try await secret(of: provider, organization)
        let wanted = ["email", "email_verified"] + [provider.rules.groupClaim].compactMap(\.self)
        let (subject, claims) = try await client.redeem(
            SignOnCode(
                issuer: provider.issuer, clientID: provider.clientID, secret: secret, code: code,
                redirect: Self.callback(of: provider.id, publicURL: publicURL), verifier: state.verifier,
                nonce: state.nonce), wanted: wanted)
        return FederatedPerson(subject: subject, claims: claims, rules: provider.rules)
    }

    private func secret(of provider: SingleSignOnProvider, _ organization: UniqueID) async throws -> Secret<String>? {
        let sealed = try await database.transaction(organization: organization) {
            try await SingleSignOnProviderStore.secret(of: provider.id, in: $0)
        }
        guard let sealed else { return nil }
        let context = SingleSignOnProviderService.secretContext(organization: organization, provider: provider.id)
        return Secret(String(decoding: try masterKey.open(sealed, context: context).reveal(), as: UTF8.self))
    }

    /// Finds or makes the account, and keeps the code.
    private func admit(
        _ person: FederatedPerson, at provider: SingleSignOnProvider, login: UniqueID, code: String,
        _ state: SignOnState, _ organization: UniqueID, _ origin: Origin
    ) async throws {
        let role = try person.role(by: provider.rules)
        // Two first sign-ins of one person at a time: the second finds what the first has made.
        for attempt in 1...2 {
            do {
                return try await database.transaction(organization: organization) { transaction in
                    let admission = SignOnAdmission(
                        person: person, provider: provider, organization: organization, role: role, origin: origin)
                    let user = try await admission.account(in: transaction)
                    try await SignOnStore.setCode(
                        SHA256.hash(code.utf8), challenge: state.request.challenge, user: user, of: login,
                        in: transaction)
                }
            } catch let error as PostgresError where error.isUniqueViolation {
                if attempt == 2 { throw SignOnAdmission.elsewhere }
            }
        }
    }

    // MARK: Refusals

    /// A counter of its own for each network: who fails here is not kept from signing in by password, nor the reverse.
    private static func attempt(from origin: Origin) -> AccountAttempt {
        let place = "single sign-on from \(AccountAttempt.network(of: origin))"
        return AccountAttempt(email: place, from: Origin(address: place, userAgent: nil))
    }

    /// Counts a return that came to nothing, so that nobody fills the log by it, and records it. Of whom the provider
    /// named, the log keeps where they came from sealed, if they are known here. What the provider itself signed
    /// wrongly does not count: while its keys change everybody's tokens may be refused.
    private func refuse(
        _ error: DomainError, _ person: FederatedPerson?, at provider: SingleSignOnProvider,
        _ organization: UniqueID, _ origin: Origin
    ) async throws {
        if error.code != OpenIDClient.tokenInvalid { try await lockout.failed(Self.attempt(from: origin)) }
        try await database.transaction(organization: organization) { transaction in
            var user: UniqueID?
            if let person { user = try await SignOnStore.known(person, at: provider.id, in: transaction) }
            try await AuditService.append(
                "sso.refused", category: "auth", outcome: .failure, entity: "sso_provider:\(provider.id)",
                payload: ["code": .string(error.code), "reason": .string(error.message)],
                by: Actor(user.map { Caller.person($0).name } ?? "system", from: origin), of: organization,
                in: transaction)
        }
    }

    /// The same for a code of ours that is not good (any more), in the name of whom it was for.
    private func refuse(_ code: Digest, of organization: UniqueID, from origin: Origin) async throws -> DomainError {
        try await lockout.failed(Self.attempt(from: origin))
        let isKnown = try await database.transaction(organization: organization) { transaction in
            guard let user = try await SignOnStore.owner(of: code, in: transaction) else { return false }
            try await AuditService.append(
                "sso.refused", category: "auth", outcome: .failure, entity: "user:\(user)",
                payload: ["code": .string(Self.codeInvalid.code), "reason": .string(Self.codeInvalid.message)],
                by: Actor("system", person: user, from: origin), of: organization, in: transaction)
            return true
        }
        if !isKnown { refusals.unknown("code of a single sign-on", from: origin) }
        return Self.codeInvalid
    }

    // MARK: The session

    /// The session for a code, once, for who shows the secret whose hash was sent at the start. Throws
    /// `sso_code_invalid`, and `sign_in_locked` where too many of them came from the same network.
    package func exchange(
        code: String, verifier: Secret<String>, device: String?, from origin: Origin
    ) async throws -> IssuedSession {
        try await lockout.check(Self.attempt(from: origin))
        let parts = code.split(separator: ".", omittingEmptySubsequences: false)
        let text = verifier.reveal()
        guard code.utf8.count <= 100, parts.count == 2, let organization = UniqueID(String(parts[0])),
            (43...128).contains(text.utf8.count)
        else {
            refusals.unknown("code of a single sign-on", from: origin)
            throw Self.codeInvalid
        }
        let hash = SHA256.hash(parts[1].utf8)
        let issued = try await database.transaction(
            organization: organization
        ) { transaction -> IssuedSession? in
            guard
                let user = try await SignOnStore.take(
                    hash, challenge: SignOnState.challenge(of: text), in: transaction)
            else { return nil }
            return try await sessions.begin(
                ProvenPerson(
                    user: user, organization: organization, secondFactor: .singleSignOn, device: device,
                    origin: origin),
                in: transaction)
        }
        guard let issued else { throw try await refuse(hash, of: organization, from: origin) }
        return issued
    }

    private static let stateInvalid = DomainError(
        .invalid, code: "sso_state_invalid",
        "This sign-in was not begun in this browser, took over ten minutes, or was finished before; begin again.",
        shouldRetry: false)

    private static let codeInvalid = DomainError(
        .unauthenticated, code: "sso_code_invalid",
        "The code is not good (any more), or the verifier is not the one it was asked for with; sign in again.",
        shouldRetry: false)
}
