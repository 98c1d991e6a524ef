// SPDX-License-Identifier: Apache-2.0
package import Core
package import Postgres

extension PostgresError: DomainErrorConvertible {
    /// A database that is away, slow or full is 503 and may be tried again; anything else is a mistake of ours.
    package var domainError: DomainError? {
        switch self {
        case .connection, .timeout, .overloaded, .closed: Self.away
        case .server where isConnectionProblem: Self.away
        case .server, .cancelled, .decoding, .encoding: nil
        }
    }

    private static let away = DomainError(
        .unavailable, code: "store_unavailable",
        "The database does not answer now; retry in a moment, and look first whether a change took effect.",
        retryAfter: .seconds(1))
}
