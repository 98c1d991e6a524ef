// SPDX-License-Identifier: Apache-2.0
import Glibc

extension CollectedMetric {
    /// The process as its kernel sees it (`/proc/self`), under Prometheus's usual names: CPU, memory, threads,
    /// file descriptors, start time.
    package static let process = CollectedMetric { ProcessStatus.read()?.families ?? [] }
}

/// Fields of proc(5) `stat`, in base units.
struct ProcessStatus {
    let cpuSeconds: Double
    let threads: Double
    let startSeconds: Double
    let virtualBytes: Double
    let residentBytes: Double

    /// Nil where there is no `/proc`.
    static func read() -> ProcessStatus? {
        guard let stat = contents(of: "/proc/self/stat"), let boot = bootSeconds else { return nil }
        // The second field is the program's name in parentheses, which may hold anything.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        // From the third field of proc(5), at index 1, on.
        func field(_ number: Int) -> Double { number - 2 < fields.count ? Double(fields[number - 2]) ?? 0 : 0 }
        let tick = Double(sysconf(Int32(_SC_CLK_TCK)))
        return ProcessStatus(
            cpuSeconds: (field(14) + field(15)) / tick, threads: field(20), startSeconds: boot + field(22) / tick,
            virtualBytes: field(23), residentBytes: field(24) * Double(sysconf(Int32(_SC_PAGESIZE))))
    }

    var families: [MetricFamily] {
        func family(_ name: String, _ help: String, _ kind: MetricFamily.Kind, _ value: Double) -> MetricFamily {
            MetricFamily(name, help, kind: kind, samples: [.init(value)])
        }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return [
            family("process_cpu_seconds_total", "User and system CPU time spent.", .counter, cpuSeconds),
            family("process_resident_memory_bytes", "Resident memory.", .gauge, residentBytes),
            family("process_virtual_memory_bytes", "Virtual memory.", .gauge, virtualBytes),
            family("process_threads", "Threads.", .gauge, threads),
            family("process_open_fds", "Open file descriptors.", .gauge, Self.openDescriptors),
            family("process_max_fds", "The limit of open file descriptors.", .gauge, Double(limit.rlim_cur)),
            family("process_start_time_seconds", "Start, in seconds since 1970.", .gauge, startSeconds),
        ]
    }

    /// When the machine was booted, in seconds since 1970.
    private static let bootSeconds: Double? = contents(of: "/proc/stat")?.split(separator: "\n")
        .first { $0.hasPrefix("btime ") }
        .flatMap { Double($0.dropFirst(6)) }

    private static var openDescriptors: Double {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the folder's own descriptor.
        return Double(max(0, count - 3))
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
