// SPDX-License-Identifier: Apache-2.0

/// A refusal or failure that the caller is told about: what happened, and what to do.
///
/// `kind` decides the HTTP status, `code` is stable and documented, `message` is one sentence that is safe to show.
package struct DomainError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The classes of failure; one table maps them to status codes.
    package enum Kind: String, Sendable, CaseIterable {
        case invalid, unauthenticated, forbidden, notFound, methodNotAllowed, conflict, tooLarge, unsupportedMedia,
            unprocessable, rateLimited, internalFailure, upstream, unavailable, upstreamTimeout
    }

    /// Which status it has.
    package var kind: Kind
    /// In snake case, such as `model_not_found`; clients branch on it.
    package var code: String
    /// What happened and what to do; never a secret, nor another organization's.
    package var message: String
    /// The field of the request that is at fault, if it is one.
    package var parameter: String?
    /// When a retry may succeed; nil where a retry cannot cure it or the time is unknown.
    package var retryAfter: Duration?
    /// Whether clients should retry at all; nil leaves it to them.
    package var shouldRetry: Bool?

    package init(
        _ kind: Kind, code: String, _ message: String, parameter: String? = nil, retryAfter: Duration? = nil,
        shouldRetry: Bool? = nil
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.parameter = parameter
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
    }

    package var description: String { "\(message) (\(code))" }

    /// The HTTP status of the kind.
    package var status: Int {
        switch kind {
        case .invalid: 400
        case .unauthenticated: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict: 409
        case .tooLarge: 413
        case .unsupportedMedia: 415
        case .unprocessable: 422
        case .rateLimited: 429
        case .internalFailure: 500
        case .upstream: 502
        case .unavailable: 503
        case .upstreamTimeout: 504
        }
    }

    /// The answer for everything that nobody foresaw: nothing of the cause is shown.
    package static let unforeseen = DomainError(
        .internalFailure, code: "internal_error",
        "Something failed inside the server; the request id in x-request-id finds it in the log.")

    /// The store is away: nothing was done, and a retry soon may succeed.
    package static func storeUnavailable(_ what: String = "The record keeping is not reachable.") -> DomainError {
        DomainError(
            .unavailable, code: "store_unavailable",
            "\(what) Nothing was sent or changed; retry in a moment.", retryAfter: .seconds(1))
    }
}

/// An error of another layer that knows what clients may be told of it.
package protocol DomainErrorConvertible: Error {
    /// Nil for what clients are told nothing of: then it is logged, and answered as unforeseen.
    var domainError: DomainError? { get }
}
