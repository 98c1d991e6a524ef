// SPDX-License-Identifier: Apache-2.0

/// Why the search engine did not do what was asked, and what to do about it.
package enum ElasticsearchError: Error, Equatable, CustomStringConvertible {
    /// The URL cannot be used.
    case invalidURL(reason: String)
    /// It does not answer, or has no room now (429, 502, 503, 504).
    case unavailable(reason: String)
    /// Something answers that is no Elasticsearch (it does not say so in `X-Elastic-Product`).
    case notElasticsearch
    /// Older than the oldest that works.
    case tooOld(version: String)
    /// It refused; the status and what it says.
    case refused(status: Int, reason: String)
    /// The description of indices is none.
    case invalidSchema(reason: String)

    package var description: String {
        switch self {
        case .invalidURL(let reason): "The Elasticsearch URL cannot be used: \(reason)."
        case .unavailable(let reason): "Elasticsearch is not available: \(reason)"
        case .notElasticsearch:
            "What answers at the Elasticsearch URL is not Elasticsearch. OpenSearch and others do not work; leave the "
                + "URL out to search in PostgreSQL."
        case .tooOld(let version): "Elasticsearch \(version) is too old; 8.11 is the oldest that works. Upgrade it."
        case .refused(let status, let reason): "Elasticsearch refused with status \(status): \(reason)."
        case .invalidSchema(let reason): "The description of indices cannot be used: \(reason)."
        }
    }
}
