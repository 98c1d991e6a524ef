// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A count that only grows. An increment of a child is one atomic addition.
///
///     static let requests = Counter("http_requests_total", "Requests answered.", labels: ["method", "status"])
///     let ok = requests["GET", "200"]   // once
///     ok.increment()                    // often
package struct Counter: Metric {
    /// The count of one combination of label values. Keep it: looking it up takes a lock.
    package final class Child: Sendable {
        private let count = Atomic<UInt64>(0)

        fileprivate init() {}

        /// Adds `amount`.
        package func increment(by amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
        /// The count so far.
        package var value: UInt64 { count.load(ordering: .relaxed) }
    }

    private let family: CellFamily<Child>
    private let unit: Double

    /// `unit` is what one increment is worth when collected: a counter of microseconds named `_seconds_total` has 1e-6.
    /// Beyond `childrenMaximum` (at most 1000) combinations of values, new ones count as `other`.
    package init(
        _ name: String, _ help: String, labels: [String] = [], unit: Double = 1, childrenMaximum: Int = 1000
    ) {
        family = CellFamily(name, help, labels: labels, childrenMaximum: childrenMaximum) { Child() }
        self.unit = unit
    }

    /// The child with these label values, in order of declaration.
    package subscript(_ values: String...) -> Child { family.cell(values) }

    /// Adds to a counter without labels.
    package func increment(by amount: UInt64 = 1) { family.single.increment(by: amount) }

    package func collect() -> [MetricFamily] {
        let samples = family.children().map { MetricFamily.Sample(Double($0.cell.value) * unit, labels: $0.labels) }
        return [MetricFamily(family.name, family.help, kind: .counter, labels: family.labels, samples: samples)]
    }
}

/// A number that rises and falls.
package struct Gauge: Metric {
    /// The number of one combination of label values. Keep it: looking it up takes a lock.
    package final class Child: Sendable {
        private let number = AtomicDouble()

        fileprivate init() {}

        /// Replaces the number.
        package func set(_ value: Double) { number.store(value) }
        /// Adds `amount`, which may be negative.
        package func add(_ amount: Double) { number.add(amount) }
        /// The number now.
        package var value: Double { number.load() }
    }

    private let family: CellFamily<Child>

    /// A gauge; beyond `childrenMaximum` (at most 1000) combinations of values, new ones share `other`.
    package init(_ name: String, _ help: String, labels: [String] = [], childrenMaximum: Int = 1000) {
        family = CellFamily(name, help, labels: labels, childrenMaximum: childrenMaximum) { Child() }
    }

    /// The child with these label values, in order of declaration.
    package subscript(_ values: String...) -> Child { family.cell(values) }

    /// Replaces the number of a gauge without labels.
    package func set(_ value: Double) { family.single.set(value) }
    /// Adds to a gauge without labels.
    package func add(_ amount: Double) { family.single.add(amount) }

    package func collect() -> [MetricFamily] {
        let samples = family.children().map { MetricFamily.Sample($0.cell.value, labels: $0.labels) }
        return [MetricFamily(family.name, family.help, kind: .gauge, labels: family.labels, samples: samples)]
    }
}

/// A double as an atomic word.
final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}
