// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPServer
package import JSON
package import Observability
package import SwiftExtensions

/// A request on its way through the house: what came, who sent it, and where it belongs in traces.
package struct RequestContext: Sendable {
    /// As it came, body included.
    package let request: HTTPRequest
    /// `x-request-id`; also the id of the call's record.
    package let id: UniqueID
    /// Where it came from, proxies seen through.
    package let origin: Origin
    /// Nil only on endpoints that are open to all.
    package let principal: Principal?
    /// By their names in the endpoint's path, percent-decoded and not empty.
    package let parameters: [String: String]
    /// A child of the client's `traceparent`, or a trace of its own.
    package let trace: TraceContext

    package init(
        request: HTTPRequest, id: UniqueID, origin: Origin, principal: Principal?, parameters: [String: String],
        trace: TraceContext
    ) {
        self.request = request
        self.id = id
        self.origin = origin
        self.principal = principal
        self.parameters = parameters
        self.trace = trace
    }

    /// The caller; the responder has made sure that there is one where the endpoint names a permission.
    package func caller() throws(DomainError) -> Principal {
        guard let principal else { throw Responder.unauthenticated }
        return principal
    }

    /// The id in the path.
    package func pathID(_ name: String = "id") throws(DomainError) -> UniqueID {
        guard let text = parameters[name], let id = UniqueID(text) else {
            throw DomainError(
                .notFound, code: "not_found", "The id in the path is not one of ours: 36 characters, as lists show it.")
        }
        return id
    }

    /// The page that the query asks for.
    package func page() throws(DomainError) -> PageRequest {
        try PageRequest(limit: request.queryItem("limit"), after: request.queryItem("after"))
    }

    /// The fields of a JSON body; refuses another media type (415) and what is not a JSON object (400).
    package func fields() throws(DomainError) -> JSONFields {
        try Self.checkMediaType(request)
        do {
            return try JSONFields(try JSONText(validating: request.body).root)
        } catch let error as JSONError {
            throw DomainError(.invalid, code: "invalid_json", "The body is not valid JSON: \(error.description).")
        } catch let error as JSONFieldError where error.problem == .duplicate {
            throw DomainError(.invalid, code: "invalid_value", error.description + ".", parameter: error.path)
        } catch {
            throw DomainError(.invalid, code: "invalid_json", "The body must be a JSON object.")
        }
    }

    /// JSON it must be, when it says what it is.
    package static func checkMediaType(_ request: HTTPRequest) throws(DomainError) {
        guard let type = request.headers["content-type"], type != "application/json" else { return }
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard essence == "application/json" || essence.hasSuffix("+json") else {
            throw DomainError(
                .unsupportedMedia, code: "unsupported_media_type",
                "The body must be application/json, not \(String(type.prefix(100))).", shouldRetry: false)
        }
    }
}

/// Reads the fields of a body and turns what is wrong with them into the one error clients see.
package func reading<Value>(
    _ body: () throws -> Value
) throws(DomainError) -> Value {
    do {
        return try body()
    } catch let error as DomainError {
        throw error
    } catch let error as JSONFieldError {
        throw DomainError(.invalid, code: "invalid_value", error.description + ".", parameter: error.path)
    } catch {
        throw .unforeseen
    }
}
