// SPDX-License-Identifier: Apache-2.0
import API
import Core
import EmbeddedServers
import Gateway
import HTTPServer
import Identity
import JSON
import Observability
import Postgres
import Redis

/// What `witan status` shows.
struct SystemStatus: Sendable {
    let stores: Stores
    let database: Database
    let writer: BatchWriter
    let redis: Redis?
    let keys: APIKeyMonitor
    let readiness: Readiness

    var view: JSONValue {
        var degraded: [JSONValue] = []
        if !database.isConnected { degraded.append("postgresql is not reachable") }
        if !writer.isReady { degraded.append("calls cannot be recorded and are refused") }
        if let redis, case .degraded(let reason) = redis.state { degraded.append(.string("redis: \(reason)")) }
        if redis == nil { degraded.append("redis is not there; changes on other nodes are seen by polling") }
        degraded += (stores.disk.degraded + (stores.archive?.degraded ?? [])).map { .string($0) }
        let pool = database.statistics
        return [
            "version": .string(Version.current), "ready": .bool(readiness.isReady),
            "stores": [
                "postgresql": .string(
                    stores.postgres.map { "private, version \($0.majorVersion)" } ?? "by DATABASE_URL"),
                "redis": .string(stores.redis != nil ? "private" : redis == nil ? "none" : "by REDIS_URL"),
                "search": "postgresql",
            ],
            "pool": [
                "open": .number(JSONNumber(Int64(pool.open))), "idle": .number(JSONNumber(Int64(pool.idle))),
                "waiting": .number(JSONNumber(Int64(pool.waiting))),
            ],
            "archive": stores.archive?.view ?? .null,
            "keys": .number(JSONNumber(Int64(keys.count))), "degraded": .array(degraded),
        ]
    }
}

/// Liveness, readiness, metrics, the API's description, status.
enum SystemRoutes {
    /// Everything that `/metrics` shows.
    static let metrics: [any Metric] = [
        APIMetrics.requests, APIMetrics.duration, GatewayMetrics.calls, GatewayMetrics.tokens,
        GatewayMetrics.overhead, Observer.batches, Observer.batchEntries, Observer.refusedRequests,
        ClusterArchive.waitingFiles, ClusterArchive.failures, ClusterArchive.lastBase, StorageService.freeBytes,
        CollectedMetric.process,
    ]

    static func endpoints(status: SystemStatus, readiness: Readiness, others: [Endpoint]) -> [Endpoint] {
        let metrics = MetricsRegistry(Self.metrics)
        let own: [Endpoint] = [
            Endpoint(.get, "/healthz", permission: nil, summary: "Whether the process lives") { _ in
                .json(["status": "ok"])
            },
            Endpoint(.get, "/readyz", permission: nil, summary: "Whether requests are welcome") { _ in
                let isReady = readiness.isReady && status.writer.isReady
                return .json(["ready": .bool(isReady)], status: isReady ? 200 : 503)
            },
            Endpoint(.get, "/metrics", permission: nil, summary: "Metrics for Prometheus") { _ in
                HTTPResponse(
                    status: 200, headers: [("content-type", PrometheusText.contentType)],
                    body: .bytes(Array(metrics.prometheusText().utf8)))
            },
            Endpoint(.get, "/api/v1/status", permission: .readStatus, summary: "Stores, pools and degraded parts") {
                _ in
                .json(status.view)
            },
        ]
        let description = Endpoint(.get, "/openapi.json", permission: nil, summary: "This API in OpenAPI 3.1") { _ in
            .json(OpenAPI.document(others + own, version: Version.current))
        }
        return own + [description]
    }
}
