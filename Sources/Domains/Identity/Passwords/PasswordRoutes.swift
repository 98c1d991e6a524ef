// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

/// Endpoints of passwords: changing one's own, and setting a forgotten one.
package enum PasswordRoutes {
    /// Resets are open to all: what they take is the proof.
    package static func endpoints(passwords: PasswordService, resets: PasswordResetService) -> [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/account/password", permission: .manageAccount, audit: "password.changed",
                summary: "Changes your password and signs your other devices out",
                fields: [
                    .init("password", "string", required: true, "the one that you have"),
                    .init("new_password", "string", required: true, "12 to 128 characters, none that is common"),
                ]
            ) { context in
                let (old, new) = try pair(context, "password")
                try await passwords.change(old, to: new, by: try context.caller())
                return HTTPResponse(status: 204)
            },
            Endpoint(
                .post, "/api/v1/password-resets", permission: nil, audit: "password_reset.requested",
                summary: "Has a mail sent for a forgotten password; the answer is the same when nobody has the address",
                fields: [.init("email", "string", required: true, "the account's address")]
            ) { context in
                var fields = try context.fields()
                let email = try reading {
                    let email = try fields.string("email")
                    try fields.finish()
                    return email
                }
                try resets.request(email, from: context.origin)
                return .json(
                    ["detail": "If somebody has this address, a mail with a token is on its way there."], status: 202)
            },
            Endpoint(
                .post, "/api/v1/password-resets/confirm", permission: nil, audit: "password.reset",
                summary: "Sets a forgotten password by the token of the mail, and signs all devices out",
                fields: [
                    .init("token", "string", required: true, "out of the mail; good once"),
                    .init("new_password", "string", required: true, "12 to 128 characters, none that is common"),
                ]
            ) { context in
                let (token, new) = try pair(context, "token")
                try await resets.confirm(token, password: new, from: context.origin)
                return HTTPResponse(status: 204)
            },
        ]
    }

    /// What proves the right to a new password, and that password.
    private static func pair(
        _ context: RequestContext, _ proof: String
    ) throws(DomainError) -> (Secret<String>, Secret<String>) {
        var fields = try context.fields()
        return try reading {
            let (old, new) = (try fields.string(proof), try fields.string("new_password"))
            try fields.finish()
            return (Secret(old), Secret(new))
        }
    }
}
