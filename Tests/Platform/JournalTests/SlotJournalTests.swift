// SPDX-License-Identifier: Apache-2.0
import Glibc
import Journal
import Synchronization
import Testing

@Suite struct SlotJournalTests {
    private func path() -> String { "/tmp/witan-journal-\(getpid())-\(UInt64.random(in: 0...UInt64.max))" }

    @Test("what was claimed and not released survives, what was released does not")
    func survival() throws {
        let file = path()
        defer { unlink(file) }
        do {
            let journal = try SlotJournal(path: file, slots: 8)
            _ = journal.claim([1, 2, 3])
            let second = try #require(journal.claim([4]))
            _ = journal.claim(Array(repeating: 9, count: 496))
            journal.release(second)
            journal.shutdown()
        }
        let reopened = try SlotJournal(path: file, slots: 8)
        #expect(Set(reopened.survivors.map(\.payload)) == [[1, 2, 3], Array(repeating: 9, count: 496)])
        #expect(reopened.available == 6)
        for survivor in reopened.survivors { reopened.release(survivor.slot) }
        #expect(reopened.available == 8)
        reopened.shutdown()
    }

    @Test("a process that is killed leaves its claims behind")
    func killed() throws {
        let file = path()
        defer { unlink(file) }
        do {
            let journal = try SlotJournal(path: file, slots: 4)
            _ = journal.claim([7, 7])
            // No shutdown: the mapping is dropped as a kill would drop it, and the lock with the descriptor.
            journal.shutdown()
        }
        let reopened = try SlotJournal(path: file, slots: 4)
        #expect(reopened.survivors.map(\.payload) == [[7, 7]])
        reopened.shutdown()
    }

    @Test("a torn slot is dropped, not reported")
    func torn() throws {
        let file = path()
        defer { unlink(file) }
        do {
            let journal = try SlotJournal(path: file, slots: 1)
            _ = journal.claim([1, 2, 3, 4])
            journal.shutdown()
        }
        let descriptor = open(file, O_RDWR)
        var byte: UInt8 = 0xff
        #expect(pwrite(descriptor, &byte, 1, 4096 + 16) == 1)
        close(descriptor)
        let reopened = try SlotJournal(path: file, slots: 1)
        #expect(reopened.survivors.isEmpty)
        #expect(reopened.available == 1)
        reopened.shutdown()
    }

    @Test("the slots bound what is in flight")
    func bound() throws {
        let file = path()
        defer { unlink(file) }
        let journal = try SlotJournal(path: file, slots: 2)
        _ = journal.claim([1])
        _ = journal.claim([2])
        #expect(journal.claim([3]) == nil)
        journal.shutdown()
    }

    @Test("a file that is no journal, of another size, or in use is refused, each for its own reason, and left alone")
    func foreign() throws {
        let file = path()
        defer { unlink(file) }
        func refusal(slots: Int) -> String {
            do {
                _ = try SlotJournal(path: file, slots: slots)
                return "none"
            } catch {
                return error.description
            }
        }
        let journal = try SlotJournal(path: file, slots: 2)
        #expect(refusal(slots: 2).contains("in use"))
        journal.shutdown()
        #expect(refusal(slots: 3).contains("bytes"))
        #expect(refusal(slots: 2) == "none")
        let descriptor = open(file, O_RDWR)
        var bytes: [UInt8] = Array("not mine".utf8)
        #expect(pwrite(descriptor, &bytes, 8, 0) == 8)
        #expect(refusal(slots: 2).contains("not a journal"))
        #expect(pread(descriptor, &bytes, 8, 0) == 8)
        #expect(bytes == Array("not mine".utf8))
        close(descriptor)
    }

    @Test("a refused file is let go of, so that what is put in its place can be opened")
    func refusedIsLetGo() throws {
        let file = path()
        defer { unlink(file) }
        for _ in 0..<3 {
            let descriptor = open(file, O_RDWR | O_CREAT, 0o600)
            #expect(ftruncate(descriptor, 77) == 0)
            #expect(throws: JournalError.self) { try SlotJournal(path: file, slots: 2) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0, "somebody still holds the file")
            close(descriptor)
        }
        unlink(file)
        let journal = try SlotJournal(path: file, slots: 2)
        #expect(journal.available == 2)
        journal.shutdown()
    }

    @Test("a path that cannot be opened says which, and what to look at")
    func unwritable() {
        let error = #expect(throws: JournalError.self) {
            try SlotJournal(path: "/nonexistent/witan/calls.journal", slots: 2)
        }
        #expect(error?.description.contains("/nonexistent/witan/calls.journal") == true)
    }

    @Test("the file is its owner's alone")
    func mode() throws {
        let file = path()
        defer { unlink(file) }
        let journal = try SlotJournal(path: file, slots: 2)
        defer { journal.shutdown() }
        var status = stat()
        #expect(stat(file, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("a process that is really killed leaves what it had claimed, and not what it had released")
    func killedProcess() throws {
        let file = path()
        defer { unlink(file) }
        let journal = try SlotJournal(path: file, slots: 4)
        let released = try #require(journal.claim([1]))
        _ = journal.claim([2, 2])
        journal.release(released)
        // What another process sees in the file without any sync is what a kill would leave.
        let bytes = try Self.contents(file)
        #expect(bytes.count == 4096 + 4 * 512)
        let claimed = (0..<4).map { Array(bytes[(4096 + $0 * 512)...].prefix(18)) }.filter { $0[0] == 1 }
        #expect(claimed.map { Array($0.suffix(2)) } == [[2, 2]])
        journal.shutdown()
    }

    @Test("threads that claim and release at once never hold one slot together")
    func concurrent() async throws {
        let file = path()
        defer { unlink(file) }
        let journal = try SlotJournal(path: file, slots: 8)
        let holders = (0..<8).map { _ in Holder() }
        let clashes = await withTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var clashes = 0
                    for _ in 0..<2000 {
                        guard let slot = journal.claim([UInt8(number)]) else { continue }
                        if holders[slot].count.wrappingAdd(1, ordering: .relaxed).newValue != 1 { clashes += 1 }
                        holders[slot].count.subtract(1, ordering: .relaxed)
                        journal.release(slot)
                    }
                    return clashes
                }
            }
            return await group.reduce(0, +)
        }
        #expect(clashes == 0)
        #expect(journal.available == 8)
        journal.shutdown()
        let reopened = try SlotJournal(path: file, slots: 8)
        #expect(reopened.survivors.isEmpty)
        reopened.shutdown()
    }

    /// Counts who holds a slot.
    private final class Holder: Sendable {
        let count = Atomic<Int>(0)
    }

    private static func contents(_ file: String) throws -> [UInt8] {
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    @Test("a slot with a length that cannot be is dropped, not read")
    func impossibleLength() throws {
        let file = path()
        defer { unlink(file) }
        for length in [0, 497, UInt32.max] as [UInt32] {
            do {
                let journal = try SlotJournal(path: file, slots: 1)
                if journal.available == 1 { _ = journal.claim([1, 2, 3, 4]) }
                journal.shutdown()
            }
            let descriptor = open(file, O_RDWR)
            var wrong = length
            #expect(pwrite(descriptor, &wrong, 4, 4096 + 4) == 4)
            close(descriptor)
            let reopened = try SlotJournal(path: file, slots: 1)
            #expect(reopened.survivors.isEmpty)
            #expect(reopened.available == 1)
            reopened.shutdown()
        }
    }
}
