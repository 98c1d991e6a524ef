// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Something that can be measured now. Declared as a `static let` in its domain, registered once at start.
///
/// Names follow Prometheus: snake_case, base units, the unit last (`_seconds`, `_bytes`), `_total` for counters.
package protocol Metric: Sendable {
    /// The values of this moment.
    func collect() -> [MetricFamily]
}

/// The samples of one name at one moment.
package struct MetricFamily: Sendable {
    /// What kind of number it is, as exposition formats tell them apart.
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// One number with its labels; `suffix` is appended to the family's name (`_bucket`).
    package struct Sample: Sendable {
        /// `_bucket`, `_sum`, `_count` or nothing.
        package let suffix: String
        /// Names and values, in order of declaration.
        package let labels: [(String, String)]
        /// The number.
        package let value: Double

        /// A sample of the family, by default under its own name and without labels.
        package init(_ value: Double, suffix: String = "", labels: [(String, String)] = []) {
            self.value = value
            self.suffix = suffix
            self.labels = labels
        }
    }

    /// The name, without suffix.
    package let name: String
    /// One sentence for readers.
    package let help: String
    /// The kind.
    package let kind: Kind
    /// The names of its labels, whether there are samples yet or not.
    package let labels: [String]
    /// The numbers.
    package let samples: [Sample]

    /// A family of samples read elsewhere, such as a pool's own counts.
    package init(_ name: String, _ help: String, kind: Kind, labels: [String] = [], samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.samples = samples
    }
}

/// Metrics read from elsewhere at the moment of collection.
package struct CollectedMetric: Metric {
    private let read: @Sendable () -> [MetricFamily]

    /// `read` is called at each collection, on the caller's thread; it must not wait.
    package init(_ read: @escaping @Sendable () -> [MetricFamily]) { self.read = read }

    package func collect() -> [MetricFamily] { read() }
}

/// A cell per combination of label values. Beyond the maximum all new combinations share one cell, labelled `other`:
/// values may come from outside, memory may not.
final class CellFamily<Cell: Sendable>: Sendable {
    let name: String
    let help: String
    let labels: [String]
    private let childrenMaximum: Int
    private let make: @Sendable () -> Cell
    private let state = Locked(State())
    /// The only cell of a family without labels.
    let single: Cell

    private struct State {
        var cells: [[String]: Cell] = [:]
        /// The latest few: comparing a few strings costs less than hashing them.
        var recent: [(values: [String], cell: Cell)] = []
        var oldest = 0
    }

    init(
        _ name: String, _ help: String, labels: [String], childrenMaximum: Int, make: @escaping @Sendable () -> Cell
    ) {
        precondition(Self.isName(name, colon: true), "\(name) is no name of a metric")
        precondition(
            labels.allSatisfy { Self.isName($0, colon: false) && !$0.hasPrefix("__") && $0 != "le" }, "\(name): labels")
        precondition(Set(labels).count == labels.count && (1...1000).contains(childrenMaximum), "\(name): labels")
        self.name = name
        self.help = help
        self.labels = labels
        self.childrenMaximum = childrenMaximum
        self.make = make
        single = make()
    }

    func cell(_ values: [String]) -> Cell {
        precondition(values.count == labels.count, "\(name) has the labels \(labels)")
        if labels.isEmpty { return single }
        return state.withLock { state in
            if let known = state.recent.first(where: { $0.values == values }) { return known.cell }
            let cell = cell(values, &state.cells)
            if state.recent.count < 8 {
                state.recent.append((values, cell))
            } else {
                state.recent[state.oldest] = (values, cell)
                state.oldest = (state.oldest + 1) % 8
            }
            return cell
        }
    }

    private func cell(_ values: [String], _ cells: inout [[String]: Cell]) -> Cell {
        if let cell = cells[values] { return cell }
        let key = cells.count < childrenMaximum ? values : labels.map { _ in "other" }
        if let cell = cells[key] { return cell }
        let cell = make()
        cells[key] = cell
        return cell
    }

    /// All cells with their labels, in a stable order.
    func children() -> [(labels: [(String, String)], cell: Cell)] {
        if labels.isEmpty { return [([], single)] }
        let all = state.withLock { $0.cells }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return all.map { (Array(zip(labels, $0.key)), $0.value) }
    }

    /// The data model's rule: `[a-zA-Z_:][a-zA-Z0-9_:]*`, labels without the colon.
    private static func isName(_ text: String, colon: Bool) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: colon && byte == UInt8(ascii: ":")
            }
        }
    }
}
