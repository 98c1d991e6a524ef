// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The metrics a process shows. Made once in the composition root.
package final class MetricsRegistry: Sendable {
    private let metrics = Locked<[any Metric]>([])

    /// A registry with `metrics`.
    package init(_ metrics: [any Metric] = []) { register(metrics) }

    /// Adds metrics; names must not repeat (checked at collection: the first wins).
    package func register(_ added: [any Metric]) { metrics.withLock { $0 += added } }

    /// All values of this moment, in order of registration.
    package func collect() -> [MetricFamily] {
        var seen: Set<String> = []
        return metrics.withLock { $0 }.flatMap { $0.collect() }.filter { seen.insert($0.name).inserted }
    }

    /// The answer to a scrape: see `PrometheusText`.
    package func prometheusText() -> String { PrometheusText.render(collect()) }
}

/// Prometheus text exposition format, version 0.0.4.
package enum PrometheusText {
    /// The media type of the answer.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// HELP, TYPE and samples of each family; families without samples are left out.
    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help, quote: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name
                text += sample.suffix
                if !sample.labels.isEmpty {
                    let pairs = sample.labels.map { "\($0.0)=\"\(escaped($0.1, quote: true))\"" }
                    text += "{\(pairs.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// A number as Go's ParseFloat reads it; whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return value.description
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
