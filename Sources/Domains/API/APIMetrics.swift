// SPDX-License-Identifier: Apache-2.0
package import Observability

/// What Prometheus learns of the door itself.
package enum APIMetrics {
    /// Counted when the answer's head is known; `endpoint` is the pattern, so that labels stay few.
    package static let requests = Counter(
        "witan_http_requests_total", "Requests answered, by endpoint and status.", labels: ["endpoint", "status"])
    /// Seconds, streams not to their end.
    package static let duration = Histogram(
        "witan_http_request_duration_seconds", "From the request read to its answer begun, by endpoint.",
        labels: ["endpoint"])

    static func observe(_ endpoint: Endpoint?, status: Int, elapsed: Duration) {
        let path = endpoint?.path ?? "none"
        requests[path, String(status)].increment()
        self.duration[path].observe(elapsed)
    }
}
