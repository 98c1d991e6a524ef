// SPDX-License-Identifier: Apache-2.0
package import Core
import JSON

/// Why an upstream call gave no answer to pass on, and what the client is told.
package struct UpstreamFailure: Error, Sendable {
    /// What the client is told.
    package let error: DomainError
    /// Whether the provider may have worked (and charged) for it: then the ledger keeps an estimate.
    package let mayHaveBeenCharged: Bool

    /// A failure that was recognised elsewhere.
    package init(_ error: DomainError, mayHaveBeenCharged: Bool) {
        self.error = error
        self.mayHaveBeenCharged = mayHaveBeenCharged
    }

    /// The failure behind a status that is not 2xx.
    ///
    /// The caller's own mistakes (400, 404, 413, 422) keep status and message. A refused key is ours, not the caller's:
    /// 502. 429 stays 429 with the provider's wait. 408 and 504 are 504; the rest is 502.
    package static func status(
        _ status: Int, body: [UInt8], retryAfter: Duration?, provider: String
    ) -> UpstreamFailure {
        let view = (try? JSONText(validating: body, limits: JSONLimits(maximumBytes: 1 << 20)))?.root["error"]
        let said = view?["message"]?.string ?? view?.string
        let told = said.map { ": \($0.prefix(1000))" } ?? "."
        let code = view?["code"]?.string.map { String($0.prefix(100)) }
        let parameter = view?["param"]?.string.map { String($0.prefix(100)) }
        let error: DomainError
        switch status {
        case 400, 404, 409, 413, 415, 422:
            let kinds: [Int: DomainError.Kind] = [
                404: .notFound, 409: .conflict, 413: .tooLarge, 415: .unsupportedMedia, 422: .unprocessable,
            ]
            error = DomainError(
                kinds[status] ?? .invalid, code: code ?? "upstream_refused",
                said.map { String($0.prefix(1000)) }
                    ?? "The provider \(provider) refused the request with status \(status).",
                parameter: parameter)
        case 401, 403:
            error = DomainError(
                .upstream, code: "upstream_authentication",
                "The provider \(provider) refuses the key it is called with; an administrator must update it\(told)",
                shouldRetry: false)
        case 429:
            error = DomainError(
                .rateLimited, code: code ?? "upstream_rate_limit",
                "The provider \(provider) is at its rate limit\(told)", retryAfter: retryAfter)
        case 408, 504:
            error = DomainError(
                .upstreamTimeout, code: "upstream_timeout", "The provider \(provider) ran out of time\(told)",
                retryAfter: retryAfter)
        default:
            error = DomainError(
                .upstream, code: "upstream_error", "The provider \(provider) failed with status \(status)\(told)",
                retryAfter: retryAfter)
        }
        return UpstreamFailure(error, mayHaveBeenCharged: false)
    }

    /// A 2xx answer that is not what was asked for.
    package static func garbage(provider: String) -> UpstreamFailure {
        UpstreamFailure(
            DomainError(
                .upstream, code: "upstream_invalid_response",
                "The provider \(provider) answered with something that is not an answer of its API."),
            mayHaveBeenCharged: true)
    }
}
