// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension SingleSignOnProviderService {
    /// The client secret is in no answer. `publicURL` is where people reach this installation.
    package func endpoints(publicURL: String) -> [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/sso-providers", permission: .manageSingleSignOn, audit: "sso_provider.created",
                summary: "Adds an OpenID Connect provider that people may sign in at",
                fields: Self.fixedFields + Self.fields(nameRequired: true)
            ) { context in
                let caller = try context.caller()
                return .json(try await create(try Self.new(context), by: caller).view(publicURL), status: 201)
            },
            Endpoint(
                .get, "/api/v1/sso-providers", permission: .manageSingleSignOn,
                summary: "The identity providers, newest first"
            ) { context in
                let page = try context.page()
                let found = try await list(page, of: try context.caller().organization)
                return .page(found.map { $0.view(publicURL) }, limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/sso-providers/{id}", permission: .manageSingleSignOn, summary: "One identity provider"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view(publicURL))
            },
            Endpoint(
                .patch, "/api/v1/sso-providers/{id}", permission: .manageSingleSignOn, audit: "sso_provider.updated",
                summary: "Changes who may come from an identity provider, and its secret; what is not named stays",
                fields: [Self.secretField] + Self.fields(nameRequired: false)
            ) { context in
                let (id, caller) = (try context.pathID(), try context.caller())
                let fields = try context.fields()
                var mine = fields
                let secret = try reading { try mine.optionalString("client_secret").map { Secret($0) } }
                let known = mine
                let provider = try await update(id, secret: secret, by: caller) { rules in
                    var fields = known
                    try reading {
                        let before = rules
                        try rules.read(&fields)
                        try fields.finish()
                        try rules.checkOpening(since: before, saysDefault: known.contains("default_role"))
                    }
                }
                return .json(provider.view(publicURL))
            },
            Endpoint(
                .delete, "/api/v1/sso-providers/{id}", permission: .manageSingleSignOn, audit: "sso_provider.retired",
                summary: "Lets nobody in from an identity provider any more; sessions go on"
            ) { context in
                try await retire(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }

    private static let secretField = Endpoint.Field(
        "client_secret", "string", "stored sealed, never shown again; without it a public client")

    private static var fixedFields: [Endpoint.Field] {
        [
            .init("issuer", "string", required: true, "the https URL in its tokens; cannot be changed later"),
            .init("client_id", "string", required: true, "what it calls this installation; cannot be changed later"),
            secretField,
        ]
    }

    private static func fields(nameRequired: Bool) -> [Endpoint.Field] {
        [
            .init("name", "string", required: nameRequired, "what stands on the button, 1 to 200 characters"),
            .init("scopes", "array", "what is asked of it; openid, email and profile unless set"),
            .init("allowed_domains", "array", "domains of verified addresses that may come; empty means all"),
            .init(
                "trusts_email", "boolean",
                "addresses of these domains count as verified where the provider does not say"),
            .init("group_claim", "string", "the claim that names a person's groups"),
            .init("role_mapping", "object", "group to role; where there is any, roles follow it at each sign-in"),
            .init(
                "default_role", "string",
                "of who is in no mapped group; null lets nobody in, viewer unless set where allowed_domains are"),
            .init("is_active", "boolean", "whether people may come; true unless set"),
        ]
    }

    private static func new(_ context: RequestContext) throws(DomainError) -> NewSingleSignOnProvider {
        var fields = try context.fields()
        return try reading {
            let issuer = try fields.string("issuer")
            let clientID = try fields.string("client_id")
            let secret = try fields.optionalString("client_secret").map { Secret($0) }
            var rules = SingleSignOnRules(name: try fields.string("name"))
            let saysDefault = fields.contains("default_role")
            try rules.read(&fields)
            // Everybody with an account at the provider comes in only where that is said.
            if !saysDefault, !rules.allowedDomains.isEmpty { rules.defaultRole = .viewer }
            try fields.finish()
            return try NewSingleSignOnProvider(issuer: issuer, clientID: clientID, secret: secret, rules: rules)
        }
    }
}

extension SingleSignOnRules {
    /// Takes over the fields that are there.
    fileprivate mutating func read(_ fields: inout JSONFields) throws {
        if let name = try fields.optionalString("name") { self.name = name }
        if let scopes = try fields.optionalStringArray("scopes", count: 20) { self.scopes = scopes }
        if let domains = try fields.optionalStringArray("allowed_domains", count: 100) {
            allowedDomains = domains.map { $0.lowercased() }
        }
        if let trusts = try fields.optionalBool("trusts_email") { trustsEmail = trusts }
        let changesClaim = fields.contains("group_claim")
        let claim = try fields.optionalString("group_claim")
        if changesClaim { groupClaim = claim }
        if let mapping = fields.optional("role_mapping") { roleMapping = try Self.mapping(mapping, fields) }
        let changesDefault = fields.contains("default_role")
        let role = try fields.optionalString("default_role")
        if changesDefault { defaultRole = try role.map { try Self.role($0, "default_role", fields) } }
        if let isActive = try fields.optionalBool("is_active") { self.isActive = isActive }
    }

    /// Throws when the last domain is taken away, and with it the only bound on who comes, by somebody who does not say
    /// what everybody is to become.
    fileprivate func checkOpening(since before: SingleSignOnRules, saysDefault: Bool) throws(DomainError) {
        guard allowedDomains.isEmpty, !before.allowedDomains.isEmpty, defaultRole != nil, !saysDefault else { return }
        throw DomainError(
            .invalid, code: "invalid_value",
            "default_role must be given with empty allowed_domains: everybody at the provider may come then, or with "
                + "null nobody without a mapped group.", parameter: "default_role")
    }

    private static func mapping(_ view: JSONView, _ fields: JSONFields) throws -> [String: Role] {
        guard view.kind == .object, view.firstDuplicateKey() == nil, let members = JSONValue(view).members else {
            throw fields.error("role_mapping", expected: "an object of group to role")
        }
        var mapping: [String: Role] = [:]
        for member in members { mapping[member.key] = try role(member.value.string ?? "", "role_mapping", fields) }
        return mapping
    }

    private static func role(_ text: String, _ field: String, _ fields: JSONFields) throws -> Role {
        guard let role = Role(rawValue: text) else {
            throw fields.error(field, expected: "one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }
}

extension SingleSignOnProvider {
    fileprivate func view(_ publicURL: String) -> JSONValue {
        let first: [JSONMember] = [
            JSONMember("id", .string(id.description)), JSONMember("issuer", .string(issuer)),
            JSONMember("client_id", .string(clientID)), JSONMember("has_client_secret", .bool(hasSecret)),
        ]
        let last: [JSONMember] = [
            JSONMember("callback_url", .string(SignOnService.callback(of: id, publicURL: publicURL))),
            JSONMember("start_url", .string("\(publicURL)/api/v1/sso/\(id)/start")),
            JSONMember("created_at", .string(createdAt.description)),
        ]
        return .object(first + (rules.json.members ?? []) + last)
    }
}
