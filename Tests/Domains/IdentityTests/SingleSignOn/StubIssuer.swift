// SPDX-License-Identifier: Apache-2.0
import Cryptography
import EventLoop
import HTTPServer
import JSON
import SwiftExtensions

@testable import Identity

/// An identity provider that does what it is told, also what no honest one does. (Tests/EndToEnd has an honest one of
/// somebody else's.)
final class StubIssuer: Sendable {
    struct State {
        var keys: [(id: String, key: Ed25519.PrivateKey)] = [("one", .generate())]
        /// Signs; with the id of the last published key unless `keyID` says another.
        var signing: Ed25519.PrivateKey?
        var keyID: String?
        /// Changes what would be right.
        var claims: [(String, JSONValue?)] = []
        var configuration: [(String, JSONValue?)] = []
        var userInfo: JSONValue?
        /// Nonce and challenge of codes that wait for their exchange.
        var codes: [String: (nonce: String, challenge: String)] = [:]
        var keysServed = 0
        var configurationsServed = 0
        var lastForm = ""
        var lastAuthorization: String?
        var tokenText: String?
        /// Of the token endpoint, when it does not work.
        var tokenStatus: Int?
    }

    let state = Locked(State())
    let loop = EventLoop()
    let url: String
    private let server: HTTPServer

    init() throws {
        let state = state
        let port = Locked(0)
        server = HTTPServer(configuration: HTTPServerConfiguration(address: "127.0.0.1:0"), loops: [loop]) { request in
            let url = "http://127.0.0.1:\(port.withLock { $0 })"
            return state.withLock { Self.answer(request, &$0, url) }
        }
        let bound = try server.start()
        port.withLock { $0 = bound }
        url = "http://127.0.0.1:\(bound)"
    }

    private static func json(_ value: JSONValue, _ status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
    }

    private static func changed(_ members: [JSONMember], _ changes: [(String, JSONValue?)]) -> JSONValue {
        var members = members
        for (name, value) in changes {
            members.removeAll { $0.key == name }
            if let value { members.append(JSONMember(name, value)) }
        }
        return .object(members)
    }

    private static func answer(_ request: HTTPRequest, _ state: inout State, _ url: String) -> HTTPResponse {
        switch request.path {
        case "/.well-known/openid-configuration":
            state.configurationsServed += 1
            return json(
                changed(
                    [
                        JSONMember("issuer", .string(url)),
                        JSONMember("authorization_endpoint", .string(url + "/authorize")),
                        JSONMember("token_endpoint", .string(url + "/token")),
                        JSONMember("jwks_uri", .string(url + "/keys")),
                        JSONMember("userinfo_endpoint", .string(url + "/userinfo")),
                        JSONMember("authorization_response_iss_parameter_supported", true),
                    ], state.configuration))
        case "/keys":
            state.keysServed += 1
            let keys: [JSONValue] = state.keys.map { id, key in
                [
                    "kty": "OKP", "crv": "Ed25519", "kid": .string(id), "use": "sig",
                    "x": .string(Base64.encode(key.publicKey.bytes, .url)),
                ]
            }
            return json(["keys": .array(keys)])
        case "/token": return token(request, &state, url)
        case "/userinfo": return state.userInfo.map { json($0) } ?? json(["error": "no"], 404)
        default: return json(["error": "not found"], 404)
        }
    }

    private static func token(_ request: HTTPRequest, _ state: inout State, _ url: String) -> HTTPResponse {
        if let status = state.tokenStatus { return json(["error": "server_error"], status) }
        let form = String(decoding: request.body, as: UTF8.self)
        state.lastForm = form
        state.lastAuthorization = request.headers["authorization"]
        let field = { (name: String) in
            HTTPRequest(method: .get, path: "/", query: form).queryItem(name) ?? ""
        }
        // A code is good once, and only with the secret whose hash the sign-in began with.
        guard let code = state.codes.removeValue(forKey: field("code")),
            SignOnState.challenge(of: field("code_verifier")) == code.challenge
        else { return json(["error": "invalid_grant"], 400) }
        let now = Timestamp.now().seconds
        let claims = changed(
            [
                JSONMember("iss", .string(url)), JSONMember("aud", "witan"), JSONMember("sub", "subject-1"),
                JSONMember("nonce", .string(code.nonce)), JSONMember("iat", .number(JSONNumber(now))),
                JSONMember("exp", .number(JSONNumber(now + 300))), JSONMember("email", "ada@example.org"),
                JSONMember("email_verified", true), JSONMember("name", "Ada Lovelace"),
            ], state.claims)
        return json([
            "access_token": "at-1", "token_type": "Bearer",
            "id_token": .string(state.tokenText ?? signed(claims, state)),
        ])
    }

    private static func signed(_ claims: JSONValue, _ state: State) -> String {
        guard let last = state.keys.last else { return "" }
        let header: JSONValue = ["alg": "EdDSA", "kid": .string(state.keyID ?? last.id)]
        let message = "\(Base64.encode(header.bytes, .url)).\(Base64.encode(claims.bytes, .url))"
        let signature = (state.signing ?? last.key).sign(Array(message.utf8))
        return "\(message).\(Base64.encode(signature, .url))"
    }

    /// The person signs in: a code for what the program sent them with.
    func authorize(_ location: String) -> (code: String, state: String) {
        let query = HTTPRequest(method: .get, path: "/", query: String(location.drop { $0 != "?" }.dropFirst()))
        let code = "code-\(UniqueID.v7())"
        state.withLock {
            $0.codes[code] = (query.queryItem("nonce") ?? "", query.queryItem("code_challenge") ?? "")
        }
        return (code, query.queryItem("state") ?? "")
    }
}
