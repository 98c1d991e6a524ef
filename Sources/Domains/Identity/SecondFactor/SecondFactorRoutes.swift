// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import Cryptography
import HTTPServer
import JSON
import SwiftExtensions

extension SecondFactorService {
    private static let path = "/api/v1/account/second-factor"
    private static let passwordField = Endpoint.Field("password", "string", "yours; required when you have one")
    private static let codeField = Endpoint.Field("code", "string", "six digits of the authenticator")
    private static let recoveryField = Endpoint.Field("recovery_code", "string", "in place of code")

    /// One's own second factor, and an administrator's way to take a lost one away. `picture` draws the QR code of an
    /// address as SVG.
    package func endpoints(picture: @escaping @Sendable (String) throws -> String) -> [Endpoint] {
        [
            Endpoint(.get, Self.path, permission: .manageAccount, summary: "Whether you have a second factor") {
                context in
                .json(try await status(of: try context.caller()).view)
            },
            Endpoint(
                .post, Self.path, permission: .manageAccount, audit: "second_factor.begun",
                summary: "Begins to set up an authenticator; its secret is in the answer and is not shown again",
                fields: [Self.passwordField]
            ) { context in
                try await begun(context, picture: picture)
            },
            Endpoint(
                .post, "\(Self.path)/confirm", permission: .manageAccount, audit: "second_factor.enabled",
                summary: "Turns the authenticator on with its first code; the recovery codes are in the answer",
                fields: [.init("code", "string", required: true, "six digits of the authenticator")]
            ) { context in
                let code = try Self.code(context)
                return Self.answer(try await confirm(code, by: try context.caller()))
            },
            Endpoint(
                .post, "\(Self.path)/recovery-codes", permission: .manageAccount,
                audit: "second_factor.codes_renewed", summary: "Ten new recovery codes in place of those before",
                fields: [.init("code", "string", required: true, "six digits of the authenticator")]
            ) { context in
                let code = try Self.code(context)
                return Self.answer(try await renewCodes(code, by: try context.caller()))
            },
            Endpoint(
                .post, "\(Self.path)/removal", permission: .manageAccount, audit: "second_factor.removed",
                summary: "Takes your second factor away",
                fields: [Self.passwordField, Self.codeField, Self.recoveryField]
            ) { context in
                try await removed(context)
            },
            Endpoint(
                .delete, "/api/v1/users/{id}/second-factor", permission: .manageMembers, audit: "second_factor.reset",
                summary: "Takes a member's second factor away, who lost it, and ends their sessions"
            ) { context in
                try await reset(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private func begun(
        _ context: RequestContext, picture: @Sendable (String) throws -> String
    ) async throws -> HTTPResponse {
        let made = try await begin(password: try Self.password(context), by: try context.caller())
        let uri = made.uri.reveal()
        return .json(
            [
                "secret": .string(made.secret.base32.reveal()), "uri": .string(uri),
                "qr_code_svg": .string(try picture(uri)),
            ], status: 201)
    }

    /// Who has none may send no body at all.
    private static func password(_ context: RequestContext) throws(DomainError) -> Secret<String>? {
        guard !context.request.body.isEmpty else { return nil }
        var fields = try context.fields()
        return try reading {
            let password = try fields.optionalString("password").map(Secret.init)
            try fields.finish()
            return password
        }
    }

    private func removed(_ context: RequestContext) async throws -> HTTPResponse {
        var fields = try context.fields()
        let (password, given) = try reading {
            let password = try fields.optionalString("password").map(Secret.init)
            let given = try GivenCode(&fields)
            try fields.finish()
            return (password, given)
        }
        guard let given else {
            throw DomainError(
                .invalid, code: "invalid_value", "code or recovery_code is missing.", parameter: "code")
        }
        try await remove(password: password, given, by: try context.caller())
        return HTTPResponse(status: 204)
    }

    private static func code(_ context: RequestContext) throws(DomainError) -> Secret<String> {
        var fields = try context.fields()
        return try reading {
            let code = try fields.string("code", bytes: 0...64)
            try fields.finish()
            return Secret(code)
        }
    }

    private static func answer(_ codes: [RecoveryCode]) -> HTTPResponse {
        .json(["recovery_codes": .array(codes.map { .string($0.text.reveal()) })])
    }
}

extension GivenCode {
    /// What the body gives: `code`, or what it is called there, or `recovery_code`, not both; nil for neither.
    init?(_ fields: inout JSONFields, named name: String = "code") throws {
        let code = try fields.optionalString(name, bytes: 0...64)
        let recovery = try fields.optionalString("recovery_code", bytes: 0...64)
        switch (code, recovery) {
        case (nil, nil): return nil
        case (let code?, nil): self = .authenticator(Secret(code))
        case (nil, let recovery?): self = .recoveryCode(Secret(recovery))
        case (.some, .some): throw fields.error("recovery_code", expected: "left out where there is a code")
        }
    }
}

extension SecondFactorStatus {
    var view: JSONValue {
        [
            "is_enabled": .bool(enabledAt != nil), "enabled_at": enabledAt.map { .string($0.description) } ?? .null,
            "recovery_codes_left": .number(JSONNumber(Int64(recoveryCodesLeft))),
        ]
    }
}
