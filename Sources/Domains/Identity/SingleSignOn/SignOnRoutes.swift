// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

/// The endpoints people and programs sign in by. All are open: what they take is the proof.
extension SignOnService {
    /// Away, back, and to a session.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/sso/{provider}/start", permission: nil,
                summary: "Sends a browser to the identity provider (redirect_uri, code_challenge, state)"
            ) { context in
                let query = context.request
                let request = try SignOnRequest(
                    redirect: query.queryItem("redirect_uri"), challenge: query.queryItem("code_challenge"),
                    method: query.queryItem("code_challenge_method"), state: query.queryItem("state"),
                    publicURL: publicURL)
                let (location, name, value) = try await start(at: try context.pathID("provider"), request)
                return redirect(
                    to: location, cookie: "\(name)=\(value); Max-Age=\(SignOnState.lifetime.components.seconds)")
            },
            Endpoint(
                .get, "/api/v1/sso/{provider}/callback", permission: nil,
                summary: "Where identity providers send browsers back; goes on to redirect_uri with a code"
            ) { context in
                let query = context.request
                let state = query.queryItem("state") ?? ""
                let name = SignOnState.cookieName(state)
                let back = Return(
                    state: state, code: query.queryItem("code"), error: query.queryItem("error"),
                    issuer: query.queryItem("iss"), cookie: Self.cookie(name, of: query.headers))
                let location = try await finish(at: try context.pathID("provider"), back, from: context.origin)
                return redirect(to: location, cookie: "\(name)=; Max-Age=0")
            },
            Endpoint(
                .post, "/api/v1/sso/tokens", permission: nil, audit: "session.created",
                summary: "Exchanges the code of a single sign-on, which is good once for a minute, for a session",
                fields: [
                    .init("code", "string", required: true, "as redirect_uri got it"),
                    .init("code_verifier", "string", required: true, "the secret whose hash was sent at the start"),
                    .init("device", "string", "what to call this device in the list, 1 to 100 characters"),
                ]
            ) { context in
                var fields = try context.fields()
                let (code, verifier, device) = try reading {
                    let code = try fields.string("code", bytes: 1...200)
                    let verifier = Secret(try fields.string("code_verifier", bytes: 43...128))
                    let device = try fields.optionalString("device", bytes: 1...400)
                    try fields.finish()
                    if let device, device.unicodeScalars.count > 100 || device.hasControls {
                        throw fields.error("device", expected: "1 to 100 characters without control characters")
                    }
                    return (code, verifier, device)
                }
                return .json(
                    try await exchange(code: code, verifier: verifier, device: device, from: context.origin).view,
                    status: 201)
            },
        ]
    }

    /// `Lax`: the way back from the provider is a navigation from another site.
    private func redirect(to location: String, cookie: String) -> HTTPResponse {
        let secure = publicURL.hasPrefix("https://") ? "; Secure" : ""
        // What follows the host, where the installation is not at its root.
        let root = publicURL.split(separator: "/", maxSplits: 2).dropFirst(2).first.map { "/\($0)" } ?? ""
        return HTTPResponse(
            status: 302,
            headers: [
                ("location", location),
                ("set-cookie", "\(cookie); Path=\(root)/api/v1/sso/; HttpOnly; SameSite=Lax\(secure)"),
                ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
            ])
    }

    /// The value of a cookie (RFC 6265 §4.2); empty without one.
    private static func cookie(_ name: String, of headers: HTTPHeaders) -> String {
        for header in headers.values("cookie") {
            for pair in header.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                if trimmed.hasPrefix(name + "=") { return String(trimmed.dropFirst(name.count + 1)) }
            }
        }
        return ""
    }
}
