// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Gateway
import HTTPServer
import JSON
import Observability
import Operations
import Postgres

/// Liveness, readiness, metrics, the API's description, status.
enum SystemRoutes {
    /// Everything that `/metrics` shows.
    static let metrics: [any Metric] = [
        APIMetrics.requests, APIMetrics.duration, GatewayMetrics.calls, GatewayMetrics.tokens,
        GatewayMetrics.overhead, Observer.batches, Observer.batchEntries, Observer.refusedRequests, Observer.mails,
        Observer.unknownCallers,
        OperationsMetrics.monthsAhead, OperationsMetrics.jobRuns, ClusterArchive.waitingFiles, ClusterArchive.failures,
        ClusterArchive.lastBase, StorageService.freeBytes, CollectedMetric.process,
    ]

    static func endpoints(status: SystemStatus, readiness: Readiness, others: [Endpoint]) -> [Endpoint] {
        let metrics = MetricsRegistry(Self.metrics)
        let own: [Endpoint] = [
            Endpoint(.get, "/healthz", permission: nil, summary: "Whether the process lives") { _ in
                .json(["status": "ok"])
            },
            Endpoint(.get, "/readyz", permission: nil, summary: "Whether requests are welcome") { _ in
                let isReady = readiness.isReady && status.writer.isReady
                return .json(
                    ["ready": .bool(isReady), "degraded": .array(status.degraded.map(JSONValue.string))],
                    status: isReady ? 200 : 503)
            },
            Endpoint(.get, "/metrics", permission: nil, summary: "Metrics for Prometheus") { _ in
                HTTPResponse(
                    status: 200, headers: [("content-type", PrometheusText.contentType)],
                    body: .bytes(Array(metrics.prometheusText().utf8)))
            },
            Endpoint(.get, "/api/v1/status", permission: .readStatus, summary: "Stores, pools and degraded parts") {
                _ in
                .json(await status.report())
            },
        ]
        let description = Endpoint(.get, "/openapi.json", permission: nil, summary: "This API in OpenAPI 3.1") { _ in
            .json(OpenAPI.document(others + own, version: Version.current))
        }
        return own + [description]
    }
}
