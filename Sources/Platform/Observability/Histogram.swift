// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How values are spread over fixed buckets. An observation is one atomic addition and one compare-and-swap.
package struct Histogram: Metric {
    /// Upper bounds in seconds for waits from half a millisecond to a minute.
    package static let seconds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// The observations of one combination of label values. Keep it: looking it up takes a lock.
    package final class Child: @unchecked Sendable {
        // @unchecked: the pointer never changes; what it points to is atomic.
        private let counts: UnsafeMutablePointer<Atomic<UInt64>>
        private let bounds: [Double]
        private let sum = AtomicDouble()

        fileprivate init(bounds: [Double]) {
            self.bounds = bounds
            counts = .allocate(capacity: bounds.count + 1)
            for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
        }

        deinit {
            counts.deinitialize(count: bounds.count + 1)
            counts.deallocate()
        }

        /// Counts one value; NaN is ignored.
        package func observe(_ value: Double) {
            guard !value.isNaN else { return }
            var index = 0
            while index < bounds.count, value > bounds[index] { index += 1 }
            counts[index].wrappingAdd(1, ordering: .relaxed)
            sum.add(value)
        }

        /// Counts one duration, in seconds.
        package func observe(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            observe(Double(seconds) + Double(attoseconds) * 1e-18)
        }

        fileprivate func samples(_ labels: [(String, String)]) -> [MetricFamily.Sample] {
            var total: UInt64 = 0
            var samples: [MetricFamily.Sample] = []
            for index in 0...bounds.count {
                total += counts[index].load(ordering: .relaxed)
                let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
                samples.append(.init(Double(total), suffix: "_bucket", labels: labels + [("le", bound)]))
            }
            samples.append(.init(sum.load(), suffix: "_sum", labels: labels))
            samples.append(.init(Double(total), suffix: "_count", labels: labels))
            return samples
        }
    }

    private let family: CellFamily<Child>

    /// A histogram over `buckets`: upper bounds, inclusive and rising; one without bound is added.
    package init(
        _ name: String, _ help: String, labels: [String] = [], buckets: [Double] = Histogram.seconds,
        childrenMaximum: Int = 1000
    ) {
        let isRising = zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && buckets.allSatisfy(\.isFinite)
        precondition(isRising, "\(name): buckets rise and are finite")
        family = CellFamily(name, help, labels: labels, childrenMaximum: childrenMaximum) { Child(bounds: buckets) }
    }

    /// The child with these label values, in order of declaration.
    package subscript(_ values: String...) -> Child { family.cell(values) }

    /// Counts one value in a histogram without labels.
    package func observe(_ value: Double) { family.single.observe(value) }
    /// Counts one duration, in seconds, in a histogram without labels.
    package func observe(_ duration: Duration) { family.single.observe(duration) }

    package func collect() -> [MetricFamily] {
        let samples = family.children().flatMap { $0.cell.samples($0.labels) }
        return [MetricFamily(family.name, family.help, kind: .histogram, labels: family.labels, samples: samples)]
    }
}
