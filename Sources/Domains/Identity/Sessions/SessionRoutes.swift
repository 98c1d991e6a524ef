// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
package import JSON
import SwiftExtensions

/// Endpoints of sign-ins and sessions.
package enum SessionRoutes {
    /// Open to all are signing in and renewing: what they take is the proof.
    package static func endpoints(signIn: SignInService, sessions: SessionService) -> [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/sessions", permission: nil, audit: "session.created",
                summary: "Signs a person in; the answer has an access token and a refresh token",
                fields: [
                    .init("email", "string", required: true, "the account's address"),
                    .init("password", "string", required: true, "the account's password"),
                    .init("organization", "string", "slug; needed by members of several organizations"),
                    .init("code", "string", "six digits of the authenticator, for who has a second factor"),
                    .init("recovery_code", "string", "in place of code"),
                    .init("device", "string", "what to call this device in the list, 1 to 100 characters"),
                ]
            ) { context in
                .json(try await signIn.signIn(try attempt(context), from: context.origin).view, status: 201)
            },
            Endpoint(
                .post, "/api/v1/sessions/refresh", permission: nil, audit: "session.reuse_detected",
                summary: "Exchanges a refresh token, which is good once, for the next pair",
                fields: [.init("refresh_token", "string", required: true, "of the last answer")]
            ) { context in
                var fields = try context.fields()
                let token = try reading {
                    let text = try fields.string("refresh_token")
                    try fields.finish()
                    return Secret(text)
                }
                return .json(try await sessions.refresh(token, from: context.origin).view)
            },
        ] + own(sessions) + others(sessions)
    }

    private static func own(_ sessions: SessionService) -> [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/sessions", permission: .manageAccount, summary: "Your signed-in devices, newest first"
            ) { context in
                let caller = try context.caller()
                return try await list(of: caller.id, sessions, context)
            },
            Endpoint(
                .delete, "/api/v1/sessions/{id}", permission: .manageAccount, audit: "session.revoked",
                summary: "Signs one of your devices out, everywhere within a second; `current` is this one"
            ) { context in
                let caller = try context.caller()
                let id = context.parameters["id"] == "current" ? caller.session : try context.pathID()
                try await sessions.end(id, of: caller.id, by: caller)
                return HTTPResponse(status: 204)
            },
            Endpoint(
                .delete, "/api/v1/sessions", permission: .manageAccount, audit: "session.revoked",
                summary: "Signs all your devices out but this one"
            ) { context in
                let caller = try context.caller()
                let count = try await sessions.end(of: caller.id, except: caller.session, by: caller)
                return .json(["revoked": .number(JSONNumber(Int64(count)))])
            },
        ]
    }

    private static func others(_ sessions: SessionService) -> [Endpoint] {
        [
            Endpoint(
                .get, "/api/v1/users/{id}/sessions", permission: .manageSessions,
                summary: "A member's signed-in devices, newest first"
            ) { context in
                try await list(of: try context.pathID(), sessions, context)
            },
            Endpoint(
                .delete, "/api/v1/users/{id}/sessions", permission: .manageSessions, audit: "session.revoked",
                summary: "Signs all of a member's devices out"
            ) { context in
                let count = try await sessions.end(of: try context.pathID(), by: try context.caller())
                return .json(["revoked": .number(JSONNumber(Int64(count)))])
            },
            Endpoint(
                .delete, "/api/v1/users/{id}/sessions/{session}", permission: .manageSessions,
                audit: "session.revoked", summary: "Signs one of a member's devices out"
            ) { context in
                try await sessions.end(
                    try context.pathID("session"), of: try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func list(
        of user: UniqueID, _ sessions: SessionService, _ context: RequestContext
    ) async throws -> HTTPResponse {
        let (page, caller) = (try context.page(), try context.caller())
        let found = try await sessions.list(of: user, page, by: caller)
        return .page(found.map { $0.view(current: caller.session) }, limit: page.limit)
    }

    private static func attempt(_ context: RequestContext) throws(DomainError) -> SignInAttempt {
        var fields = try context.fields()
        return try reading {
            let attempt = SignInAttempt(
                email: try fields.string("email"), password: Secret(try fields.string("password")),
                organization: try fields.optionalString("organization"), device: try fields.optionalString("device"),
                code: try GivenCode(&fields))
            try fields.finish()
            if let device = attempt.device, !(1...100).contains(device.unicodeScalars.count) || device.hasControls {
                throw DomainError(
                    .invalid, code: "invalid_name",
                    "device must have 1 to 100 characters, and no control characters.", parameter: "device")
            }
            return attempt
        }
    }
}

extension IssuedSession {
    /// As OAuth 2.0 names what it gives (RFC 6749 §5.1).
    package var view: JSONValue {
        [
            "access_token": .string(accessText.reveal()), "token_type": "Bearer",
            "expires_in": .number(JSONNumber(access.expiresAt.seconds - access.issuedAt.seconds)),
            "refresh_token": .string(refresh.text.reveal()), "refresh_expires_at": .string(expiresAt.description),
            "session": .string(access.session.description), "user": .string(access.user.description),
            "organization": .string(access.organization.description), "role": .string(access.role.rawValue),
            "scope": .string(access.permissions.names.joined(separator: " ")),
            "second_factor_setup_required": .bool(mustSetUpSecondFactor),
        ]
    }
}

extension Session {
    func view(current: UniqueID?) -> JSONValue {
        [
            "id": .string(id.description), "user": .string(user.description),
            "device": (try? JSONValue(parsing: Array(deviceInfo.utf8))) ?? .null,
            "address": address.map(JSONValue.string) ?? .null,
            "second_factor": secondFactor.map { .string($0.rawValue) } ?? .null,
            "created_at": .string(createdAt.description), "last_used": .string(lastUsed.description),
            "expires_at": .string(expiresAt.description), "is_current": .bool(id == current),
        ]
    }
}
