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

    @Test("a watch released within its own callback is over at once, whatever its descriptor becomes")
    func releasedInCallback() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let calls = Locked<[String]>([])
        try await loop.run {
            var (ends, other): ([Int32], [Int32]) = ([0, 0], [0, 0])
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            #expect(pipe(&other) == 0)
            let (mine, peer, reader, writer) = (ends[0], ends[1], other[0], other[1])
            // The socket lives on under another descriptor, so that epoll would go on to report it under the first.
            let survivor = dup(mine)
            let owner = WatchOwner()
            owner.watch = FileWatch(on: loop, descriptor: mine) { [unowned owner] _, _ in
                calls.withLock { $0.append("socket") }
                owner.watch = nil
                dup2(reader, mine)
                owner.watch = FileWatch(on: loop, descriptor: mine) { [unowned owner] _, _ in
                    calls.withLock { $0.append("pipe") }
                    owner.watch = nil
                }
                owner.watch?.watch(read: true, write: false)
            }
            owner.watch?.watch(read: true, write: false)
            write(peer, "a", 1)
            try await Task.sleep(for: .milliseconds(30))
            #expect(calls.withLock { $0 } == ["socket"])
            write(writer, "b", 1)
            try await Task.sleep(for: .milliseconds(30))
            for end in [survivor, mine, peer, reader, writer] { close(end) }
        }
        #expect(calls.withLock { $0 } == ["socket", "pipe"])
    }

    private final class WatchOwner { var watch: FileWatch? }

    @Test("a task that only yields holds up neither timers nor sockets nor other threads' work")
    func fairness() async {
        let loop = EventLoop()
        defer { loop.stop() }
        let (isOver, seen) = (Locked(false), Locked<Set<String>>([]))
        let note = { @Sendable (name: String) in _ = seen.withLock { $0.insert(name) } }
        await loop.run {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let watch = FileWatch(on: loop, descriptor: ends[0]) { _, _ in note("socket") }
            watch.watch(read: true, write: false)
            write(ends[1], "a", 1)
            let timer = LoopTimer(on: loop) { note("timer") }
            timer.schedule(after: .milliseconds(1))
            Task.detached { loop.execute { note("thread") } }
            // Bounded, so that a loop that is not fair fails instead of hanging.
            let greedy = loop.spawn {
                for _ in 0..<2_000_000 where !isOver.withLock({ $0 }) {
                    await Task.yield()
                    if seen.withLock({ $0.count }) == 3 { isOver.withLock { $0 = true } }
                }
            }
            await greedy.value
            #expect(isOver.withLock { $0 }, "only \(seen.withLock { $0 }) had its turn")
            watch.close()
            timer.cancel()
            for end in ends { close(end) }
        }
    }

    @Test("a stop lets long chains of work come to their end")
    func stopsAfterChains() async {
        let loop = EventLoop()
        let task = loop.spawn { for _ in 0..<5000 { await Task.yield() } }
        loop.stop()
        await task.value
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

    @Test("what a body throws comes out where it was run from, and its result too")
    func errors() async throws {
        struct Oops: Error {}
        let loop = EventLoop()
        defer { loop.stop() }
        await #expect(throws: Oops.self) { try await loop.run { throw Oops() } }
        #expect(await loop.run { 7 } == 7)
        let nested = await loop.run { await loop.run { EventLoop.current === loop } }
        #expect(nested)
        #expect(EventLoop.current == nil)
    }

    @Test("work from one thread runs in the order it was handed over")
    func order() async {
        let loop = EventLoop()
        defer { loop.stop() }
        let seen = Locked<[Int]>([])
        await withCheckedContinuation { done in
            for number in 0..<1000 { loop.execute { seen.withLock { $0.append(number) } } }
            loop.execute { done.resume() }
        }
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test("a timer that is scheduled again fires once, at the later time")
    func rescheduled() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let fired = Locked(0)
        try await loop.run {
            let timer = LoopTimer(on: loop) { fired.withLock { $0 += 1 } }
            timer.schedule(after: .milliseconds(5))
            timer.schedule(after: .seconds(30))
            try await Task.sleep(for: .milliseconds(50))
            #expect(fired.withLock { $0 } == 0)
            timer.schedule(after: .seconds(-1))
            try await Task.sleep(for: .milliseconds(50))
            #expect(fired.withLock { $0 } == 1)
        }
    }

    @Test("a timer never fires early")
    func notEarly() async {
        let loop = EventLoop()
        defer { loop.stop() }
        for milliseconds in [1, 2, 5] {
            let started = ContinuousClock.now
            let timers = Locked<[LoopTimer]>([])
            await withCheckedContinuation { done in
                loop.execute {
                    let timer = LoopTimer(on: loop) { done.resume() }
                    timer.schedule(after: .milliseconds(milliseconds))
                    timers.withLock { $0.append(timer) }
                }
            }
            #expect(ContinuousClock.now - started >= .milliseconds(milliseconds) - .microseconds(50))
            await loop.run { timers.withLock { $0 = [] } }
        }
    }

    @Test("a watch for writing says when there is room, and a paused one says nothing")
    func writable() async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        let (rooms, reads) = (Locked(0), Locked(0))
        try await loop.run {
            var ends: [Int32] = [0, 0]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let watch = FileWatch(on: loop, descriptor: ends[0]) { readable, writable in
                if writable { rooms.withLock { $0 += 1 } }
                if readable { reads.withLock { $0 += 1 } }
            }
            watch.watch(read: false, write: true)
            try await Task.sleep(for: .milliseconds(20))
            watch.watch(read: false, write: false)
            #expect(rooms.withLock { $0 } > 0)
            let before = rooms.withLock { $0 }
            write(ends[1], "a", 1)
            try await Task.sleep(for: .milliseconds(20))
            #expect(rooms.withLock { $0 } == before)
            #expect(reads.withLock { $0 } == 0)
            watch.watch(read: true, write: false)
            try await Task.sleep(for: .milliseconds(20))
            #expect(reads.withLock { $0 } > 0)
            watch.close()
            for end in ends { close(end) }
        }
    }

    @Test("what was handed over before a stop still runs")
    func stops() async {
        let seen = Locked(0)
        for _ in 0..<20 {
            let loop = EventLoop()
            await withCheckedContinuation { done in
                for _ in 0..<10 { loop.execute { seen.withLock { $0 += 1 } } }
                loop.execute { done.resume() }
                loop.stop()
            }
        }
        #expect(seen.withLock { $0 } == 200)
    }

    @Test("a cancelled task on a loop stops waiting")
    func cancels() async {
        let loop = EventLoop()
        defer { loop.stop() }
        let wasCancelled = Locked(false)
        let task = loop.spawn {
            do { try await Task.sleep(for: .seconds(60)) } catch { wasCancelled.withLock { $0 = true } }
        }
        task.cancel()
        await task.value
        #expect(wasCancelled.withLock { $0 })
    }
}
