// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import SwiftExtensions
import Testing

@Suite struct EventLoopTests {
    @Test("a spawned task stays on its loop through yields, child tasks and async let")
    func staysOnLoop() async {
        let loop = EventLoop()
        defer { loop.stop() }
        let places = await loop.run {
            var places: [Bool] = [loop.isCurrent]
            await Task.yield()
            places.append(loop.isCurrent)
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 { group.addTask { loop.isCurrent } }
                for await place in group { places.append(place) }
            }
            async let there = loop.isCurrent
            places.append(await there)
            return places
        }
        #expect(places.allSatisfy { $0 })
        #expect(places.count == 6)
        #expect(!loop.isCurrent)
    }

    @Test("a task spawned on the loop's thread runs at once")
    func immediate() async {
        let loop = EventLoop()
        defer { loop.stop() }
        let order = await loop.run {
            let order = Locked<[String]>([])
            let task = loop.spawn { order.withLock { $0.append("task") } }
            order.withLock { $0.append("after") }
            await task.value
            return order.withLock { $0 }
        }
        #expect(order == ["task", "after"])
    }

    @Test("timers fire in order, can be moved, and do not fire once cancelled")
    func timers() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let fired = Locked<[Int]>([])
        try await loop.run {
            let timers = [30, 10, 20].map { milliseconds in
                let timer = LoopTimer(on: loop) { fired.withLock { $0.append(milliseconds) } }
                timer.schedule(after: .milliseconds(milliseconds))
                return timer
            }
            timers[2].cancel()
            try await Task.sleep(for: .milliseconds(80))
            withExtendedLifetime(timers) {}
        }
        #expect(fired.withLock { $0 } == [10, 30])
    }

    @Test("a watch reports a descriptor readable, and not after it is closed")
    func watches() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let reads = Locked(0)
        try await loop.run {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let (reader, writer) = (ends[0], ends[1])
            let watch = FileWatch(on: loop, descriptor: reader) { readable, _ in
                var byte: UInt8 = 0
                if readable, read(reader, &byte, 1) == 1 { reads.withLock { $0 += 1 } }
            }
            watch.watch(read: true, write: false)
            write(writer, "a", 1)
            try await Task.sleep(for: .milliseconds(20))
            watch.close()
            write(writer, "b", 1)
            try await Task.sleep(for: .milliseconds(20))
            close(reader)
            close(writer)
        }
        #expect(reads.withLock { $0 } == 1)
    }

    @Test("work handed over from other threads all runs on the loop")
    func remoteWork() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let seen = Locked(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 { loop.execute { if loop.isCurrent { seen.withLock { $0 += 1 } } } }
                }
            }
        }
        try await loop.run { try await Task.sleep(for: .milliseconds(10)) }
        #expect(seen.withLock { $0 } == 4000)
    }
}
