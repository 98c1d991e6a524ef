// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Cryptography
import Glibc
import HTTPClient
import HTTPServer
import JSON
import Observability
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// An organization with a provider, and the endpoints that its people sign in by.
struct SignOnHouse: Sendable {
    static let publicURL = "http://127.0.0.1:8080"
    static let verifier = "a-verifier-of-forty-three-characters-or-more"
    static let redirect = "http://127.0.0.1:5555/back"

    let fixture: Fixture
    let issuer: StubIssuer
    let admin: Principal
    let masterKey: MasterKey
    let providers: SingleSignOnProviderService
    let signOn: SignOnService
    private let responder: Responder

    /// What the program's log was told.
    let told: Locked<[String]>

    /// Without `allowsPrivate` the issuer, which is on this machine, must not be gone to.
    init(
        _ fixture: Fixture, _ issuer: StubIssuer, freshness: OpenIDClient.Freshness = .init(),
        allowsPrivate: Bool = true
    ) throws {
        self.fixture = fixture
        self.issuer = issuer
        let admin = try fixture.organization("one")
        self.admin = admin
        masterKey = try MasterKey(Secret(Memory.random(32)))
        let told = Locked<[String]>([])
        self.told = told
        var configuration = HTTPClientConfiguration()
        if !allowsPrivate { configuration.admits = { $0.isPublic } }
        let client = OpenIDClient(
            client: HTTPClient(configuration: configuration, loops: [issuer.loop]), allowsPrivate: allowsPrivate,
            freshness: freshness
        ) { issuer, reason in told.withLock { $0.append("\(issuer): \(reason)") } }
        providers = SingleSignOnProviderService(database: fixture.database, masterKey: masterKey, client: client)
        signOn = SignOnService(
            database: fixture.database, masterKey: masterKey, client: client, sessions: fixture.sessions,
            lockout: LockoutService(database: fixture.database, key: masterKey.subkey("lockouts")),
            refusals: fixture.refusals, publicURL: Self.publicURL)
        let quiet = Logger(LogOutput(descriptor: open("/dev/null", O_WRONLY), format: .json))
        responder = Responder(
            endpoints: signOn.endpoints + providers.endpoints(publicURL: Self.publicURL), logger: quiet,
            clients: ClientAddress(seal: testSeal)
        ) { _, _ in admin }
    }

    static func with(
        _ freshness: OpenIDClient.Freshness = .init(), _ body: (SignOnHouse, SingleSignOnProvider) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            let house = try SignOnHouse(fixture, try StubIssuer(), freshness: freshness)
            try await body(house, try await house.provider())
        }
    }

    func provider(_ change: (inout SingleSignOnRules) -> Void = { _ in }) async throws -> SingleSignOnProvider {
        var rules = SingleSignOnRules(name: "Stub")
        rules.defaultRole = .viewer
        change(&rules)
        let new = try NewSingleSignOnProvider(
            issuer: issuer.url, clientID: "witan", secret: Secret("s3cret &/ä"), rules: rules)
        return try await providers.create(new, by: admin)
    }

    /// Forgets who was refused: in tests all come from one address.
    func forgive() throws { try fixture.store.psql("DELETE FROM auth.lockouts") }

    func change(
        _ provider: SingleSignOnProvider, _ change: @Sendable (inout SingleSignOnRules) -> Void
    ) async throws {
        _ = try await providers.update(provider.id, secret: nil, by: admin, change)
    }

    // MARK: A browser

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: JSONValue

        var location: String { headers.first { $0.name == "location" }?.value ?? "" }
        var cookie: String { String((headers.first { $0.name == "set-cookie" }?.value ?? "").prefix { $0 != ";" }) }
        func item(_ name: String) -> String? {
            HTTPRequest(method: .get, path: "/", query: String(location.drop { $0 != "?" }.dropFirst())).queryItem(name)
        }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, cookie: String? = nil
    ) async throws -> Answer {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var headers: [(name: String, value: String)] = [("x-api-key", "any"), ("user-agent", "browser/1")]
        if let cookie { headers.append(("cookie", cookie)) }
        let response = await responder.respond(
            to: HTTPRequest(
                method: method, path: parts[0], query: parts.count > 1 ? parts[1] : nil, headers: HTTPHeaders(headers),
                body: body?.bytes ?? []))
        guard case .bytes(let bytes) = response.body, !bytes.isEmpty else {
            return Answer(status: response.status, headers: response.headers, body: .null)
        }
        return Answer(status: response.status, headers: response.headers, body: try JSONValue(parsing: bytes))
    }

    func start(_ provider: SingleSignOnProvider, redirect: String = redirect) async throws -> Answer {
        let fields = [
            ("redirect_uri", redirect), ("code_challenge", SignOnState.challenge(of: Self.verifier)),
            ("code_challenge_method", "S256"), ("state", "mine"),
        ]
        return try await send(.get, "/api/v1/sso/\(provider.id)/start?\(FormText.encode(fields))")
    }

    func back(
        _ provider: SingleSignOnProvider, code: String, state: String, cookie: String, issuer named: String? = nil
    ) async throws -> Answer {
        let fields = [("code", code), ("state", state), ("iss", named ?? issuer.url)]
        return try await send(
            .get, "/api/v1/sso/\(provider.id)/callback?\(FormText.encode(fields))", cookie: "other=1; \(cookie)")
    }

    /// There and back: where the browser ends up.
    func signIn(_ provider: SingleSignOnProvider) async throws -> Answer {
        let away = try await start(provider)
        #expect(away.status == 302)
        let (code, state) = issuer.authorize(away.location)
        return try await back(provider, code: code, state: state, cookie: away.cookie)
    }

    func exchange(_ code: String?, verifier: String = verifier) async throws -> Answer {
        try await send(
            .post, "/api/v1/sso/tokens",
            ["code": .string(code ?? ""), "code_verifier": .string(verifier), "device": "cli"])
    }

    /// Why a sign-in was refused; `none` when it was not.
    func refusal(_ provider: SingleSignOnProvider, _ claims: [(String, JSONValue?)] = []) async throws -> String {
        issuer.state.withLock { $0.claims = claims }
        try forgive()
        let answer = try await signIn(provider)
        #expect(answer.status == 302 && answer.location.hasPrefix(Self.redirect + "?"))
        #expect(answer.item("state") == "mine")
        #expect((answer.item("code") == nil) == (answer.item("error") == "access_denied"))
        return answer.item("error_description") ?? "none"
    }

    /// Signs in with changed claims and expects this reason, or `none`.
    func expect(
        _ reason: String, at provider: SingleSignOnProvider, _ claims: [(String, JSONValue?)] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await refusal(provider, claims)
        #expect(found == reason, "\(claims)", sourceLocation: sourceLocation)
    }
}
