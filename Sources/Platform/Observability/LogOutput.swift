// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Synchronization

/// Where lines go: a bounded buffer in memory, emptied into a file descriptor by one thread of its own.
///
/// Callers never wait for the descriptor. When it is slower than the program, the buffer fills up, further lines are
/// dropped and counted, and a line with their count follows once there is room.
package final class LogOutput: Sendable {
    private struct Buffer {
        var bytes: [UInt8] = []
        var droppedLines: UInt64 = 0
        var isIdle = true
    }

    private let descriptor: Int32
    private let format: LogFormat
    private let capacityBytes: Int
    private let buffer = Locked(Buffer())
    private let wakeup = Semaphore()
    private let threshold: Atomic<UInt8>
    private let dropped = Atomic<UInt64>(0)

    /// Lines of `level` and above to `descriptor` (which stays the caller's, and open), at most `capacityBytes` of them
    /// in memory. The thread lives as long as the process.
    package init(descriptor: Int32, format: LogFormat, level: LogLevel = .info, capacityBytes: Int = 4 << 20) {
        self.descriptor = descriptor
        self.format = format
        self.capacityBytes = capacityBytes
        threshold = Atomic(level.rawValue)
        startThread()
    }

    /// Standard error: text when it is a terminal, else JSON lines. Flushed when the process exits.
    package static let standardError: LogOutput = {
        atexit { LogOutput.standardError.flush(within: .seconds(2)) }
        return LogOutput(descriptor: STDERR_FILENO, format: isatty(STDERR_FILENO) == 1 ? .text(colored: false) : .json)
    }()

    /// The lowest level that is written; may be changed at any time.
    package var level: LogLevel {
        get { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Lines dropped so far because the buffer was full.
    package var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    func passes(_ level: LogLevel) -> Bool { level.rawValue >= threshold.load(ordering: .relaxed) }

    func write(_ line: LogLine) {
        let bytes = line.bytes(format)
        let wasIdle = buffer.withLock { buffer in
            guard buffer.bytes.count + bytes.count <= capacityBytes else {
                buffer.droppedLines += 1
                dropped.add(1, ordering: .relaxed)
                return false
            }
            buffer.bytes.append(contentsOf: bytes)
            defer { buffer.isIdle = false }
            return buffer.isIdle
        }
        if wasIdle { wakeup.signal() }
    }

    /// Waits until everything logged so far is written, but no longer than `limit`. Blocks the thread: for exits.
    package func flush(within limit: Duration) {
        let deadline = ContinuousClock.now + limit
        while !buffer.withLock({ $0.isIdle }), ContinuousClock.now < deadline { usleep(500) }
    }

    // MARK: The thread

    private func startThread() {
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<LogOutput>.fromOpaque(context).takeRetainedValue().drain()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(failure == 0, "no thread for the log: errno \(failure)")
        pthread_detach(thread)
    }

    private func drain() {
        var batch: [UInt8] = []
        while true {
            let droppedLines = buffer.withLock { buffer in
                swap(&batch, &buffer.bytes)
                defer { buffer.droppedLines = 0 }
                if batch.isEmpty, buffer.droppedLines == 0 { buffer.isIdle = true }
                return buffer.droppedLines
            }
            if droppedLines > 0 {
                let fields = [("lines", LogValue(droppedLines))]
                let line = LogLine(time: .now(), level: .warning, message: "log lines dropped", fields: fields)
                batch.append(contentsOf: line.bytes(format))
            }
            if batch.isEmpty { wakeup.wait() } else { writeAll(batch) }
            batch.removeAll(keepingCapacity: true)
        }
    }

    /// What cannot be written is lost: a log has nobody to tell.
    private func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, 1000)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}

/// A POSIX semaphore with a stable address.
private final class Semaphore: @unchecked Sendable {
    // @unchecked: sem_t is made for use from many threads.
    private let raw: UnsafeMutablePointer<sem_t>

    init() {
        raw = .allocate(capacity: 1)
        sem_init(raw, 0, 0)
    }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    func signal() { sem_post(raw) }
    func wait() { while sem_wait(raw) == -1, errno == EINTR {} }
}
