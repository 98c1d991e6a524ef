// SPDX-License-Identifier: Apache-2.0
import Glibc
import Journal
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

    @Test("a file that is no journal, of another size, or in use is refused and left alone")
    func foreign() throws {
        let file = path()
        defer { unlink(file) }
        let journal = try SlotJournal(path: file, slots: 2)
        #expect(throws: JournalError.self) { try SlotJournal(path: file, slots: 2) }
        journal.shutdown()
        #expect(throws: JournalError.self) { try SlotJournal(path: file, slots: 3) }
        let descriptor = open(file, O_RDWR)
        var bytes: [UInt8] = Array("not mine".utf8)
        #expect(pwrite(descriptor, &bytes, 8, 0) == 8)
        close(descriptor)
        #expect(throws: JournalError.self) { try SlotJournal(path: file, slots: 2) }
    }
}
