// SPDX-License-Identifier: Apache-2.0
import API
package import Core
package import Postgres

extension PostgresError: DomainErrorConvertible {
    /// A store that is away or full is told as such, with a time to come back; what else fails in it is ours to find.
    package var domainError: DomainError? {
        switch self {
        case _ where isConnectionProblem, .timeout, .overloaded, .closed:
            DomainError(
                .unavailable, code: "store_unavailable",
                "The database is not reachable or too busy; retry in a moment, and look first whether a change was made.",
                retryAfter: .seconds(1))
        case .server, .connection, .cancelled, .decoding, .encoding: nil
        }
    }
}
