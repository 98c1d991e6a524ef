// SPDX-License-Identifier: Apache-2.0
package import Core
package import Journal
package import Postgres
package import Providers
package import SwiftExtensions

/// Sees to it that no call runs that could not be recorded, and that every call that ran is recorded once.
///
/// An admitted call is in the journal before it goes upstream; its slot is freed when its rows are committed. What a
/// dead process left in the journal is closed as interrupted at the next start.
package final class CallLedgerService: Sendable {
    private let writer: BatchWriter
    private let journal: SlotJournal
    /// Slots of calls whose rows wait for the database to come back; freed once the queue before them is written.
    private let waiting = Locked<[(slot: Int, mark: UInt64)]>([])
    /// Records that found the queue full, with their slots, which bound them.
    private let unqueued = Locked<[(record: CallRecord, slot: Int)]>([])

    /// Both outlive the ledger and are started and stopped by the program.
    package init(writer: BatchWriter, journal: SlotJournal) {
        self.writer = writer
        self.journal = journal
    }

    /// Whether calls can be recorded now.
    package var isReady: Bool { writer.isReady }

    /// Notes a call that is about to go upstream. Refuses with 503 while it could not be recorded.
    package func begin(
        _ record: CallRecord, assumed: TokenUsage, assumedCost: FixedDecimal
    ) throws(DomainError) -> Int {
        guard writer.isReady else { throw .storeUnavailable("The call could not be recorded now.") }
        let call = InFlightCall(record, assumed: assumed, assumedCost: assumedCost)
        guard let slot = journal.claim(call.encoded) else {
            throw DomainError(
                .unavailable, code: "too_many_calls", "Too many calls are in flight; retry in a moment.",
                retryAfter: .seconds(1))
        }
        return slot
    }

    /// Records the call: returns when its rows are committed, or at once when the organization relaxed durability.
    /// Cancelling the caller's task does not stop it.
    package func settle(_ record: CallRecord, slot: Int, durable: Bool) async throws(DomainError) {
        do {
            if durable {
                try await writer.append { CallStore.append(record, to: &$0) }
                journal.release(slot)
            } else {
                try writer.appendWithoutWaiting { CallStore.append(record, to: &$0) }
                holdUntilWritten(slot)
            }
        } catch {
            hold(record, slot: slot, error)
            throw DomainError(
                .unavailable, code: "record_unavailable",
                "The call was made but its record is not committed yet, so its answer is withheld; it will be recorded "
                    + "as soon as the store is back.", retryAfter: .seconds(1))
        }
    }

    /// A call that is not written yet keeps its slot. Where its rows were refused it keeps it until the next start,
    /// which closes it as interrupted.
    private func hold(_ record: CallRecord, slot: Int, _ error: PostgresError) {
        switch error {
        case .timeout: holdUntilWritten(slot)
        case .overloaded: unqueued.withLock { $0.append((record, slot)) }
        case .server, .connection, .cancelled, .decoding, .encoding, .closed: break
        }
    }

    /// Keeps the slot of a call that is queued. Where many wait, those that are written by now go at once.
    private func holdUntilWritten(_ slot: Int) {
        let mark = writer.queuedEntries
        let count = waiting.withLock { waiting in
            waiting.append((slot, mark))
            return waiting.count
        }
        if count.isMultiple(of: 256) { releaseWritten() }
    }

    /// Queues what found the queue full, and frees the slots of calls that are written by now. Run by clock.
    package func reclaim() {
        let again = unqueued.withLock { unqueued in
            defer { unqueued = [] }
            return unqueued
        }
        for (record, slot) in again {
            do {
                try writer.appendWithoutWaiting { CallStore.append(record, to: &$0) }
                holdUntilWritten(slot)
            } catch {
                hold(record, slot: slot, error)
            }
        }
        releaseWritten()
    }

    private func releaseWritten() {
        let written = waiting.withLock { waiting in
            let split = waiting.partition { writer.isFinished(through: $0.mark) }
            defer { waiting.removeSubrange(split...) }
            return waiting[split...].map(\.slot)
        }
        for slot in written { journal.release(slot) }
    }

    /// Closes what a dead process left in flight, and says how many calls that were. One that the database refuses
    /// keeps its slot for the next start, and does not keep this one from serving; the writer reports it.
    package func closeInterrupted() async throws -> Int {
        var closed = 0
        for survivor in journal.survivors {
            guard let call = InFlightCall(survivor.payload) else {
                journal.release(survivor.slot)
                continue
            }
            do {
                try await writer.append { CallStore.append(call.interrupted, to: &$0) }
                closed += 1
                journal.release(survivor.slot)
            } catch {
                // Recorded before, and only its slot had not been freed.
                if error.isUniqueViolation { journal.release(survivor.slot) }
                if error.sqlState == nil || error.isConnectionProblem { throw error }
            }
        }
        return closed
    }
}
