// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension APIKeyService {
    private static let limitFields: [Endpoint.Field] = [
        .init("scopes", "array", "permissions it is narrowed to; empty means all of its role"),
        .init("allowed_models", "array", "models it may call; empty means all"),
        .init("allowed_addresses", "array", "addresses or CIDR ranges it may be used from; empty means everywhere"),
        .init("expires_at", "string", "RFC 3339; none means never"),
    ]

    /// The text of a key is in the answer to its creation or rotation and in no other.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/keys", permission: .manageKeys, audit: "key.created",
                summary: "Creates an API key; its text is in the answer and is not shown again",
                fields: [
                    .init("name", "string", required: true, "1 to 200 characters"),
                    .init("role", "string", "admin, manager, developer (the default) or viewer"),
                    .init("custom_role", "string", "id of one of the organization's own roles, in its place"),
                    .init(
                        "owner", "string",
                        "id of the member whose it is, with whom it ends; the caller's person unless set, null for "
                            + "nobody's"),
                ] + Self.limitFields
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
                .patch, "/api/v1/keys/{id}", permission: .manageKeys, audit: "key.updated",
                summary: "Changes a key's name and limits, everywhere within a second",
                fields: [.init("name", "string", "1 to 200 characters")] + Self.limitFields
            ) { context in
                let fields = try context.fields()
                let key = try await update(try context.pathID(), by: try context.caller()) { name, limits in
                    var fields = fields
                    try reading {
                        name = try fields.optionalString("name") ?? name
                        try Self.read(&limits, from: &fields)
                        try fields.finish()
                    }
                }
                return .json(key.view)
            },
            Endpoint(
                .post, "/api/v1/keys/{id}/rotate", permission: .manageKeys, audit: "key.rotated",
                summary: "Makes a new key with the same rights; the old one ends after the overlap",
                fields: [.init("overlap_seconds", "integer", "0 to 2592000 (30 days); 86400 unless set")]
            ) { context in
                try await rotate(context)
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

    private func rotate(_ context: RequestContext) async throws -> HTTPResponse {
        var fields = try context.fields()
        let overlap = try reading {
            let seconds = try fields.optionalInteger("overlap_seconds", in: 0...2_592_000) ?? 86_400
            try fields.finish()
            return Duration.seconds(seconds)
        }
        let made = try await rotate(try context.pathID(), overlap: overlap, by: try context.caller())
        return .json(
            [
                "id": .string(made.id.description), "key": .string(made.token.text.reveal()),
                "old_expires_at": .string(made.oldExpiresAt.description),
            ], status: 201)
    }

    private static func newKey(_ context: RequestContext) throws -> NewAPIKey {
        var fields = try context.fields()
        let caller = try context.caller()
        return try reading {
            let name = try fields.string("name")
            let role = try fields.roleChoice(from: RoleChoice(.developer))
            // A person's keys, and theirs, end with the person; one that is nobody's must be asked for.
            let namesOwner = fields.contains("owner")
            let named = try fields.optionalID("owner")
            let owner = namesOwner ? named : caller.user
            var limits = APIKeyLimits()
            try read(&limits, from: &fields)
            try fields.finish()
            return try NewAPIKey(name: name, role: role, owner: owner, limits: limits)
        }
    }

    /// Reads the fields that are there; `null` empties one.
    private static func read(_ limits: inout APIKeyLimits, from fields: inout JSONFields) throws {
        for (name, path) in [
            ("scopes", \APIKeyLimits.scopes), ("allowed_models", \.allowedModels),
            ("allowed_addresses", \.allowedAddresses),
        ] {
            let isThere = fields.contains(name)
            let items = try fields.optionalStringArray(name)
            if isThere { limits[keyPath: path] = items ?? [] }
        }
        let isThere = fields.contains("expires_at")
        let expiry = try fields.optionalTime("expires_at")
        if isThere { limits.expiresAt = expiry }
    }
}

extension JSONFields {
    /// A UUID as text; nil when it is absent or `null`.
    mutating func optionalID(_ name: String) throws -> UniqueID? {
        guard let text = try optionalString(name) else { return nil }
        guard let id = UniqueID(text) else {
            throw DomainError(
                .invalid, code: "invalid_value", "\(name) must be an id of 36 characters, as lists show it.",
                parameter: name)
        }
        return id
    }

    /// A time with its zone (RFC 3339); nil when it is absent or `null`.
    mutating func optionalTime(_ name: String) throws -> Timestamp? {
        guard let text = try optionalString(name) else { return nil }
        guard let time = Timestamp(text) else {
            throw DomainError(
                .invalid, code: "invalid_value", "\(name) must be a time such as 2027-01-01T00:00:00Z.",
                parameter: name)
        }
        return time
    }
}

extension APIKey {
    var view: JSONValue {
        let texts = { (items: [String]) in JSONValue.array(items.map(JSONValue.string)) }
        let time = { (time: Timestamp?) -> JSONValue in time.map { .string($0.description) } ?? .null }
        let reference = { (id: UniqueID?) -> JSONValue in id.map { .string($0.description) } ?? .null }
        return [
            "id": .string(id.description), "name": .string(name), "role": .string(role.role.rawValue),
            "custom_role": reference(role.custom), "scopes": texts(scopes), "last_four": .string(lastFour),
            "allowed_models": texts(allowedModels), "allowed_addresses": texts(allowedAddresses),
            "owner": reference(owner), "rotated_from": reference(rotatedFrom),
            "created_at": .string(createdAt.description), "expires_at": time(expiresAt),
            "revoked_at": time(revokedAt), "last_used": time(lastUsed),
        ]
    }
}
