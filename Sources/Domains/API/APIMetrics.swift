// SPDX-License-Identifier: Apache-2.0
package import Observability

/// What Prometheus learns of the door itself.
package enum APIMetrics {
    package static let requests = Counter(
        name: "witan_http_requests_total", help: "Requests answered, by endpoint and status.",
        labels: ["endpoint", "status"])
    package static let duration = Histogram(
        name: "witan_http_request_duration_seconds",
        help: "From the request read to its answer begun, by endpoint.", labels: ["endpoint"])

    static func observe(_ endpoint: Endpoint?, status: Int, duration elapsed: Duration) {
        let path = endpoint?.path ?? "none"
        requests.increment([path, String(status)])
        duration.observe(elapsed, [path])
    }
}
