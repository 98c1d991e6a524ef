// SPDX-License-Identifier: Apache-2.0
package import Observability

/// What Prometheus learns of the installation's upkeep.
package enum OperationsMetrics {
    /// -1 when the current month itself is missing.
    package static let monthsAhead = Gauge(
        "witan_partitions_months_ahead", "Monthly partitions made ahead, by table; below 2 somebody must look.",
        labels: ["table"])
    /// One a run.
    package static let jobRuns = Counter(
        "witan_job_runs_total", "Runs of background jobs on this node, by job and how they ended.",
        labels: ["job", "result"])
}
