// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPServer
import SwiftExtensions

/// One row of the endpoint table: everything that routing, permission, audit, OpenAPI and metrics need to know.
package struct Endpoint: Sendable {
    /// Whose conventions its errors follow.
    package enum Style: Sendable {
        /// `{"error":{"message","type","param","code"}}`, as OpenAI's clients read it.
        case openAI
        /// `application/problem+json` (RFC 9457) with a stable `code`.
        case management
    }

    package let method: HTTPMethod
    /// Segments are literal, `{name}` for one, or `{name...}` for the rest.
    package let path: String
    /// What the caller must be allowed; nil is open to all.
    package let permission: Permission?
    /// The audit action a success writes; nil only for reads.
    package let audit: String?
    package let summary: String
    package let style: Style
    /// The fields of the request body, for OpenAPI.
    package let fields: [Field]
    package let handle: @Sendable (RequestContext) async throws -> HTTPResponse

    /// One field of a request body.
    package struct Field: Sendable {
        package let name: String
        /// JSON Schema's name of the type.
        package let type: String
        package let isRequired: Bool
        package let summary: String

        package init(_ name: String, _ type: String, required: Bool = false, _ summary: String) {
            self.name = name
            self.type = type
            self.isRequired = required
            self.summary = summary
        }
    }

    package init(
        _ method: HTTPMethod, _ path: String, permission: Permission?, audit: String? = nil, summary: String,
        style: Style = .management, fields: [Field] = [],
        handle: @escaping @Sendable (RequestContext) async throws -> HTTPResponse
    ) {
        self.method = method
        self.path = path
        self.permission = permission
        self.audit = audit
        self.summary = summary
        self.style = style
        self.fields = fields
        self.handle = handle
    }
}
