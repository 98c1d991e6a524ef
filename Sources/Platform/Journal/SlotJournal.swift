// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Synchronization

/// A file of fixed slots that says what was in flight when the process died.
///
/// The file is mapped shared: a claimed slot is in the kernel's page cache as soon as it is written, so it survives
/// the death of the process (kill -9, a crash) with no system call on the way. A thread of its own syncs the file
/// to disk when something changed, so that after a power failure it is at most one interval old. It never grows:
/// the number of slots bounds what is in flight, and the last freed slot is claimed first, so few pages are touched.
///
/// Layout: a page of header (`magic`, slot count), then slots of 512 bytes: state (0 free, 1 claimed), payload
/// length, FNV-1a check, payload. The payload is written before the state.
@safe package final class SlotJournal: @unchecked Sendable {
    // @unchecked: a slot is touched only by whoever claimed it; the free list is locked.
    /// Bytes of payload a slot holds: its 512 less 16 of head.
    package static let payloadLimit = 496
    private static let slotSize = 512
    private static let headerSize = 4096
    private static let magic: UInt64 = 0x7769_7461_6e6a_3031  // "witanj01"

    /// What was claimed and not released when the journal was opened, oldest file order. Each slot stays claimed
    /// until `release`.
    package let survivors: [(slot: Int, payload: [UInt8])]

    private let descriptor: Int32
    private let base: UnsafeMutableRawPointer
    private let length: Int
    private let free: Locked<[Int32]>
    private let dirty = Atomic<Bool>(false)
    private let closed = Atomic<Bool>(false)

    /// Opens the journal at `path`, or creates it (mode 0600) with `slots` slots (1…65536).
    package init(path: String, slots: Int, syncInterval: Duration = .milliseconds(200)) throws(JournalError) {
        precondition((1...65_536).contains(slots))
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError.last("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw JournalError("The journal \(path) is in use by another process. Stop that one first.")
        }
        length = Self.headerSize + slots * Self.slotSize
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw JournalError.last("stat", path) }
        guard status.st_size == 0 || Int(status.st_size) == length else {
            close(descriptor)
            throw JournalError(
                "The journal \(path) has \(status.st_size) bytes, not \(length). Move it away to start anew.")
        }
        guard ftruncate(descriptor, off_t(length)) == 0,
            let mapped = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            unsafe mapped != MAP_FAILED
        else { throw JournalError.last("map", path) }
        unsafe base = mapped
        let found = unsafe mapped.load(as: UInt64.self)
        guard found == 0 || found == Self.magic else {
            unsafe munmap(mapped, length)
            close(descriptor)
            throw JournalError("The file \(path) is not a journal of this program. Move it away to start anew.")
        }
        unsafe mapped.storeBytes(of: Self.magic, as: UInt64.self)
        (survivors, free) = unsafe Self.scan(mapped, slots: slots)
        // The scan has mapped every page; only those of the slots in use are wanted in memory.
        unsafe madvise(mapped, length, MADV_DONTNEED)
        startSyncing(every: syncInterval)
    }

    deinit {
        shutdown()
        unsafe munmap(base, length)
    }

    /// Claims a slot for `payload` (1…496 bytes); nil when all are claimed, which is the bound on what is in flight.
    package func claim(_ payload: [UInt8]) -> Int? {
        precondition((1...Self.payloadLimit).contains(payload.count))
        guard let slot = free.withLock({ $0.popLast() }) else { return nil }
        let place = unsafe base + Self.headerSize + Int(slot) * Self.slotSize
        unsafe payload.withUnsafeBytes {
            unsafe (place + 16).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(place), byteCount: $0.count)
        }
        unsafe place.storeBytes(of: UInt32(payload.count), toByteOffset: 4, as: UInt32.self)
        unsafe place.storeBytes(of: Self.check(payload), toByteOffset: 8, as: UInt64.self)
        atomicMemoryFence(ordering: .releasing)
        unsafe place.storeBytes(of: 1, as: UInt32.self)
        dirty.store(true, ordering: .relaxed)
        return Int(slot)
    }

    /// Frees a slot: what it stood for is recorded elsewhere.
    package func release(_ slot: Int) {
        unsafe (base + Self.headerSize + slot * Self.slotSize).storeBytes(of: 0, as: UInt32.self)
        dirty.store(true, ordering: .relaxed)
        free.withLock { $0.append(Int32(slot)) }
    }

    /// How many more slots can be claimed.
    package var available: Int { free.withLock { $0.count } }

    /// Syncs and lets go of the file.
    package func shutdown() {
        guard !closed.exchange(true, ordering: .relaxed) else { return }
        unsafe msync(base, length, MS_SYNC)
        // The mapping keeps the file open, and with it the lock, so closing alone does not let go.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func scan(
        _ base: UnsafeMutableRawPointer, slots: Int
    ) -> (survivors: [(slot: Int, payload: [UInt8])], free: Locked<[Int32]>) {
        var survivors: [(slot: Int, payload: [UInt8])] = []
        var free: [Int32] = []
        for slot in (0..<slots).reversed() {
            let place = unsafe base + headerSize + slot * slotSize
            let count = unsafe Int(place.load(fromByteOffset: 4, as: UInt32.self))
            guard unsafe place.load(as: UInt32.self) == 1, (1...payloadLimit).contains(count) else {
                free.append(Int32(slot))
                continue
            }
            let payload = unsafe [UInt8](UnsafeRawBufferPointer(start: place + 16, count: count))
            if unsafe place.load(fromByteOffset: 8, as: UInt64.self) == check(payload) {
                survivors.append((slot, payload))
            } else {
                unsafe place.storeBytes(of: 0, as: UInt32.self)
                free.append(Int32(slot))
            }
        }
        return (survivors, Locked(free))
    }

    /// FNV-1a, 64 bits: finds a slot that a power failure tore, nothing more.
    private static func check(_ payload: [UInt8]) -> UInt64 {
        payload.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private func startSyncing(every interval: Duration) {
        let (seconds, attoseconds) = interval.components
        let microseconds = UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let thread = SyncThread(journal: self, microseconds: microseconds)
        var id = pthread_t()
        let failure = unsafe pthread_create(
            &id, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<SyncThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(thread).toOpaque())
        if failure == 0 { pthread_detach(id) }
    }

    /// Whether the journal still wants to be synced.
    fileprivate func syncOnce() -> Bool {
        guard !closed.load(ordering: .relaxed) else { return false }
        if dirty.exchange(false, ordering: .relaxed) { unsafe msync(base, length, MS_SYNC) }
        return true
    }
}

/// The thread's hold on the journal is weak, so that the journal can go.
private final class SyncThread {
    weak var journal: SlotJournal?
    let microseconds: UInt32

    init(journal: SlotJournal, microseconds: UInt32) {
        self.journal = journal
        self.microseconds = microseconds
    }

    func run() {
        while journal?.syncOnce() == true { usleep(microseconds) }
    }
}

/// Why a journal could not be opened: one sentence with what to do.
package struct JournalError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    static func last(_ act: String, _ path: String) -> JournalError {
        let reason = unsafe String(cString: strerror(errno))
        return JournalError(
            "Could not \(act) the journal \(path): \(reason). Check the data directory's owner and free space.")
    }
}
