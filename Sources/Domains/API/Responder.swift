// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPServer
package import Observability
import SwiftExtensions

/// The one way in: finds the endpoint, knows the caller, checks the permission, and turns whatever happens into an
/// answer with a request id. Returns errors to clients and logs them once, here.
package final class Responder: Sendable {
    private let router: Router
    private let clients: ClientAddress
    private let authenticate: Authentication
    private let refused: @Sendable (RefusedRequest) -> Void
    private let logger: Logger

    /// Who holds a credential, as known from memory; it never waits. Nil for nobody's; it throws where the holder is
    /// known and refused for another reason, such as the address.
    package typealias Authentication =
        @Sendable (_ credential: String, _ origin: Origin) throws(DomainError) ->
        Principal?

    /// `clients` knows which proxies to believe; without it none is. `refused` is told of requests that were refused
    /// for who sent them; it runs before the answer, so that it must not wait.
    package init(
        endpoints: [Endpoint], logger: Logger, clients: ClientAddress = ClientAddress(),
        refused: @escaping @Sendable (RefusedRequest) -> Void = { _ in }, authenticate: @escaping Authentication
    ) {
        router = Router(endpoints)
        self.logger = logger
        self.clients = clients
        self.refused = refused
        self.authenticate = authenticate
    }

    /// For callers without a key and with a wrong one alike; says nothing of which.
    package static let unauthenticated = DomainError(
        .unauthenticated, code: "invalid_api_key",
        "No valid API key or access token. Send one as 'Authorization: Bearer <key>'; 'witan keys create' makes keys.",
        shouldRetry: false)

    /// Answers, whatever happens; `x-request-id` is on every answer.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let id = UniqueID.v7()
        let started = ContinuousClock.now
        var (response, endpoint) = await answer(request, id: id)
        response.headers.append(("x-request-id", id.description))
        APIMetrics.observe(endpoint, status: response.status, elapsed: ContinuousClock.now - started)
        return response
    }

    private func answer(_ request: HTTPRequest, id: UniqueID) async -> (HTTPResponse, Endpoint?) {
        switch router.match(request.method, request.path) {
        case .endpoint(let endpoint, let parameters):
            let origin = clients.origin(of: request)
            var principal: Principal?
            do {
                principal = try caller(of: request, from: origin, at: endpoint)
                if let permission = endpoint.permission { try Self.demand(permission, of: principal) }
                let trace = request.headers["traceparent"].flatMap { TraceContext(traceParent: $0) }?.child() ?? .root()
                let context = RequestContext(
                    request: request, id: id, origin: origin, principal: principal, parameters: parameters,
                    trace: trace)
                return (try await endpoint.handle(context), endpoint)
            } catch {
                let error = known(error, id: id, endpoint: endpoint)
                tell(of: error, request, from: origin, principal, at: endpoint)
                return (ErrorResponse.make(error, style: endpoint.style), endpoint)
            }
        case .otherMethods(let methods):
            let allowed = methods.map(\.rawValue).joined(separator: ", ")
            var response = ErrorResponse.make(
                DomainError(.methodNotAllowed, code: "method_not_allowed", "This path takes \(allowed)."),
                style: Self.style(of: request.path))
            response.headers.append(("allow", allowed))
            return (response, nil)
        case .none:
            let error = DomainError(
                .notFound, code: "unknown_path",
                "There is nothing at this path; GET /openapi.json lists what there is.", shouldRetry: false)
            return (ErrorResponse.make(error, style: Self.style(of: request.path)), nil)
        }
    }

    private func caller(
        of request: HTTPRequest, from origin: Origin, at endpoint: Endpoint
    ) throws(DomainError) -> Principal? {
        guard endpoint.permission != nil else { return nil }
        guard let credential = Self.credential(request.headers), var principal = try authenticate(credential, origin)
        else { throw Self.unauthenticated }
        principal.origin = origin
        return principal
    }

    private static func demand(_ permission: Permission, of principal: Principal?) throws(DomainError) {
        guard let principal else { throw unauthenticated }
        guard principal.may(permission) else {
            throw DomainError(
                .forbidden, code: "permission_denied",
                "\(principal.title) may not do this: it needs the permission \(permission.name).", shouldRetry: false)
        }
    }

    /// Tells of errors that say that who sent the request is not whom it takes. What is open to all has no caller, and
    /// writes down by itself whose account was tried. Nothing of this runs for a request that is let in.
    private func tell(
        of error: DomainError, _ request: HTTPRequest, from origin: Origin, _ principal: Principal?,
        at endpoint: Endpoint
    ) {
        guard endpoint.permission != nil else { return }
        switch error.kind {
        case .unauthenticated: break
        // What models a key may call is the gateway's to say, and to record.
        case .forbidden: guard endpoint.style == .management || error.code == "permission_denied" else { return }
        default: return
        }
        let credential = principal == nil ? Self.credential(request.headers) : nil
        // Who sends nothing at all pretends nothing.
        guard principal != nil || credential != nil else { return }
        refused(
            RefusedRequest(
                code: error.code, endpoint: "\(endpoint.method.rawValue) \(endpoint.path)", origin: origin,
                principal: principal, credential: credential.map { Secret($0) }))
    }

    /// `Authorization: Bearer`, else `x-api-key` (Anthropic's clients), else `api-key` (Azure's).
    private static func credential(_ headers: HTTPHeaders) -> String? {
        if let authorization = headers["authorization"] {
            let scheme = authorization.utf8.prefix(7)
            guard authorization.utf8.count > 7, scheme.elementsEqual("bearer ".utf8, by: { $0 | 0x20 == $1 }) else {
                return nil
            }
            return String(authorization[scheme.endIndex...].drop { $0 == " " })
        }
        return headers["x-api-key"] ?? headers["api-key"]
    }

    private static func style(of path: String) -> Endpoint.Style {
        path.hasPrefix("/v1/") || path == "/v1" ? .openAI : .management
    }

    /// What a client may know of an error; anything unforeseen is logged with its cause and shown as such.
    private func known(_ error: any Error, id: UniqueID, endpoint: Endpoint) -> DomainError {
        if let error = error as? DomainError { return error }
        if let error = (error as? any DomainErrorConvertible)?.domainError { return error }
        logger.error(
            "request failed",
            [
                ("request_id", .string(id.description)), ("endpoint", .string(endpoint.path)),
                ("error", .string(String(describing: error))),
            ])
        return .unforeseen
    }
}
