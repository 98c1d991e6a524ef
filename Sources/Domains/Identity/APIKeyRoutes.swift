// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension APIKeyService {
    /// The text of a key is in the answer to its creation and in no other.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/keys", permission: .manageKeys, audit: "key.created",
                summary: "Creates an API key; its text is in the answer and is not shown again",
                fields: [
                    .init("name", "string", required: true, "1 to 200 characters"),
                    .init("role", "string", "admin, manager, developer (the default) or viewer"),
                    .init("allowed_models", "array", "models it may call; empty means all"),
                    .init("expires_at", "string", "RFC 3339; none means never"),
                ]
            ) { context in
                let (id, token) = try await create(try Self.newKey(context), by: try context.caller())
                return .json(
                    ["id": .string(id.description), "key": .string(token.text.reveal())], status: 201)
            },
            Endpoint(.get, "/api/v1/keys", permission: .readKeys, summary: "The keys, newest first") { context in
                let page = try context.page()
                let keys = try await list(page, of: try context.caller().organization)
                return .page(keys.map(\.view), limit: page.limit)
            },
            Endpoint(.get, "/api/v1/keys/{id}", permission: .readKeys, summary: "One key") { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .delete, "/api/v1/keys/{id}", permission: .manageKeys, audit: "key.revoked",
                summary: "Revokes a key, everywhere within a second"
            ) { context in
                try await revoke(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static func newKey(_ context: RequestContext) throws(DomainError) -> NewAPIKey {
        var fields = try context.fields()
        return try reading {
            let name = try fields.string("name")
            let roleName = try fields.optionalString("role") ?? Role.developer.rawValue
            guard let role = Role(rawValue: roleName) else {
                throw DomainError(
                    .invalid, code: "invalid_value",
                    "role must be one of \(Role.allCases.map(\.rawValue).joined(separator: ", ")).", parameter: "role")
            }
            let models = try fields.optionalStringArray("allowed_models") ?? []
            var expiry: Timestamp?
            if let text = try fields.optionalString("expires_at") {
                guard let time = Timestamp(text) else {
                    throw DomainError(
                        .invalid, code: "invalid_value", "expires_at must be a time such as 2027-01-01T00:00:00Z.",
                        parameter: "expires_at")
                }
                expiry = time
            }
            try fields.finish()
            return try NewAPIKey(name: name, role: role, allowedModels: models, expiresAt: expiry)
        }
    }
}

extension APIKey {
    var view: JSONValue {
        [
            "id": .string(id.description), "name": .string(name), "role": .string(role.rawValue),
            "last_four": .string(lastFour), "allowed_models": .array(allowedModels.map(JSONValue.string)),
            "created_at": .string(createdAt.description),
            "expires_at": expiresAt.map { .string($0.description) } ?? .null,
            "revoked_at": revokedAt.map { .string($0.description) } ?? .null,
        ]
    }
}
