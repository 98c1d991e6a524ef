// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPServer
package import JSON
import SwiftExtensions

extension HTTPResponse {
    /// A JSON answer.
    package static func json(_ value: JSONValue, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
    }

    /// One page of a list: `{"data":[…],"next":…}`; `next` is what `?after=` takes, null on the last page.
    package static func page(_ items: [JSONValue], limit: Int) -> HTTPResponse {
        let next: JSONValue = items.count == limit ? items.last?["id"] ?? .null : .null
        return .json(["data": .array(items), "next": next])
    }
}

/// Writes an error as the endpoint's clients expect it.
package enum ErrorResponse {
    /// With the status of its kind, `retry-after` where it is known, and nothing of the cause.
    package static func make(_ error: DomainError, style: Endpoint.Style) -> HTTPResponse {
        var headers: [(name: String, value: String)]
        let body: JSONValue
        switch style {
        case .openAI:
            headers = [("content-type", "application/json")]
            body = openAI(error)
        case .management:
            headers = [("content-type", "application/problem+json")]
            var members: [JSONMember] = [
                JSONMember("type", "about:blank"), JSONMember("title", .string(title(error.kind))),
                JSONMember("status", .number(JSONNumber(Int64(error.status)))),
                JSONMember("detail", .string(error.message)), JSONMember("code", .string(error.code)),
            ]
            if let parameter = error.parameter { members.append(JSONMember("field", .string(parameter))) }
            body = .object(members)
        }
        if let wait = error.retryAfter {
            let seconds = max(1, wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0))
            headers.append(("retry-after", String(seconds)))
        }
        if let retry = error.shouldRetry { headers.append(("x-should-retry", retry ? "true" : "false")) }
        if error.kind == .unauthenticated { headers.append(("www-authenticate", "Bearer realm=\"witan\"")) }
        return HTTPResponse(status: error.status, headers: headers, body: .bytes(body.bytes))
    }

    /// OpenAI's error object.
    package static func openAI(_ error: DomainError) -> JSONValue {
        [
            "error": [
                "message": .string(error.message), "type": .string(type(error)),
                "param": error.parameter.map(JSONValue.string) ?? .null, "code": .string(error.code),
            ]
        ]
    }

    private static func type(_ error: DomainError) -> String {
        switch error.kind {
        case .invalid, .notFound, .methodNotAllowed, .conflict, .tooLarge, .unsupportedMedia, .unprocessable:
            "invalid_request_error"
        case .unauthenticated: "authentication_error"
        case .forbidden: "permission_error"
        case .rateLimited: error.code == "insufficient_quota" ? "insufficient_quota" : "rate_limit_exceeded"
        case .internalFailure, .upstream, .unavailable, .upstreamTimeout: "server_error"
        }
    }

    private static func title(_ kind: DomainError.Kind) -> String {
        switch kind {
        case .invalid: "Bad request"
        case .unauthenticated: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .conflict: "Conflict"
        case .tooLarge: "Content too large"
        case .unsupportedMedia: "Unsupported media type"
        case .unprocessable: "Unprocessable content"
        case .rateLimited: "Too many requests"
        case .internalFailure: "Internal error"
        case .upstream: "Bad gateway"
        case .unavailable: "Service unavailable"
        case .upstreamTimeout: "Gateway timeout"
        }
    }
}
