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

    /// GET answers HEAD as well.
    package let method: HTTPMethod
    /// Segments are literal, `{name}` for one, or `{name...}` for the rest.
    package let path: String
    /// What the caller must be allowed; nil is open to all.
    package let permission: Permission?
    /// The audit action a success writes; nil only for reads.
    package let audit: String?
    /// One line for OpenAPI and the reference.
    package let summary: String
    /// How its errors are written.
    package let style: Style
    /// The fields of the request body, for OpenAPI.
    package let fields: [Field]
    /// Answers; called only for callers with the permission. Errors it throws are turned into the style's answer.
    package let handle: @Sendable (RequestContext) async throws -> HTTPResponse

    /// One field of a request body.
    package struct Field: Sendable {
        /// The member's name in the body.
        package let name: String
        /// JSON Schema's name of the type.
        package let type: String
        /// Whether the request is refused without it.
        package let isRequired: Bool
        /// A few words for OpenAPI: bounds, unit, default.
        package let summary: String

        /// `type` is JSON Schema's name; optional unless `required`.
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
