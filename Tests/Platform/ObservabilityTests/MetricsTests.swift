// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Observability

@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
    @Test("counters, gauges and histograms are rendered as Prometheus reads them")
    func exposition() {
        let requests = Counter("http_requests_total", "Requests.\nBy \\ method.", labels: ["method", "path"])
        requests["GET", "/a\"b\\c\nd"].increment(by: 3)
        requests["DELETE", "/"].increment()
        let open = Gauge("open_connections", "Open.")
        open.set(5)
        open.add(-1.5)
        let wait = Histogram("wait_seconds", "Waits.", buckets: [0.1, 1, 2.5])
        for value in [0.05, 0.1, 0.5, 9] { wait.observe(value) }
        wait.observe(.milliseconds(2500))
        let cpu = Counter("cpu_seconds_total", "CPU.", unit: 1e-6)
        cpu.increment(by: 1_500_000)
        let unused = Counter("unused_total", "Never.", labels: ["a"])
        let text = MetricsRegistry([requests, open, wait, cpu, unused]).prometheusText()
        #expect(
            text == #"""
                # HELP http_requests_total Requests.\nBy \\ method.
                # TYPE http_requests_total counter
                http_requests_total{method="DELETE",path="/"} 1
                http_requests_total{method="GET",path="/a\"b\\c\nd"} 3
                # HELP open_connections Open.
                # TYPE open_connections gauge
                open_connections 3.5
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 2
                wait_seconds_bucket{le="1"} 3
                wait_seconds_bucket{le="2.5"} 4
                wait_seconds_bucket{le="+Inf"} 5
                wait_seconds_sum 12.15
                wait_seconds_count 5
                # HELP cpu_seconds_total CPU.
                # TYPE cpu_seconds_total counter
                cpu_seconds_total 1.5

                """#)
    }

    @Test("numbers are written so that Go's ParseFloat reads them")
    func numbers() {
        let numbers: [(Double, String)] = [
            (0, "0"), (-3, "-3"), (0.25, "0.25"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
            (1e300, "1e+300"),
        ]
        for (number, text) in numbers { #expect(PrometheusText.number(number) == text) }
    }

    @Test("labels from outside are bounded: beyond the maximum they count as other")
    func cardinality() {
        let counter = Counter("a_total", "A.", labels: ["key"], childrenMaximum: 10)
        for key in 0..<500 { counter["\(key)"].increment() }
        let samples = counter.collect()[0].samples
        #expect(samples.count == 11)
        #expect(samples.first { $0.labels[0].1 == "other" }?.value == 490)
        #expect(samples.reduce(0) { $0 + $1.value } == 500)
    }

    @Test("the same label values give the same child")
    func children() {
        let counter = Counter("a_total", "A.", labels: ["key"])
        #expect(counter["x"] === counter["x"])
        #expect(counter["x"] !== counter["y"])
    }

    @Test("no increment is lost between threads")
    func threads() async {
        let counter = Counter("a_total", "A.")
        let gauge = Gauge("b", "B.")
        let histogram = Histogram("c", "C.", buckets: [1, 2])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        counter.increment()
                        gauge.add(1)
                        histogram.observe(1.5)
                    }
                }
            }
        }
        #expect(counter.collect()[0].samples[0].value == 20_000)
        #expect(gauge.collect()[0].samples[0].value == 20_000)
        #expect(histogram.collect()[0].samples.map(\.value) == [0, 20_000, 20_000, 30_000, 20_000])
    }

    @Test("a name registered twice is shown once")
    func duplicates() {
        let registry = MetricsRegistry([Counter("a_total", "First."), Counter("a_total", "Second.")])
        #expect(registry.collect().map(\.help) == ["First."])
    }

    @Test("the process's own metrics are what the kernel says")
    func process() throws {
        func value(_ name: String) throws -> Double {
            try #require(CollectedMetric.process.collect().first { $0.name == name }?.samples.first?.value)
        }
        let start = try value("process_start_time_seconds")
        let now = Date().timeIntervalSince1970
        #expect(start > now - 3600 && start <= now + 1)
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"))
        #expect(try value("process_threads") >= 1)
        #expect(try value("process_max_fds") >= 256)
        #expect(try value("process_open_fds") >= 3)
        let cpu = try value("process_cpu_seconds_total")
        let deadline = ContinuousClock.now + .seconds(20)
        while try value("process_cpu_seconds_total") <= cpu, ContinuousClock.now < deadline {}
        #expect(try value("process_cpu_seconds_total") > cpu)
    }

    @Test("names and labels that Prometheus refuses trap at once")
    func names() async {
        await #expect(processExitsWith: .failure) { _ = Counter("0a", "A.") }
        await #expect(processExitsWith: .failure) { _ = Counter("a-b", "A.") }
        await #expect(processExitsWith: .failure) { _ = Histogram("a", "A.", labels: ["le"]) }
        await #expect(processExitsWith: .failure) { _ = Histogram("a", "A.", buckets: [2, 1]) }
    }
}
