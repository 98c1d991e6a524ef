// SPDX-License-Identifier: Apache-2.0
package import EventLoop
import SwiftExtensions
import Synchronization

/// Group commit: rows of many callers in one statement batch and one commit; each caller resumes once its rows are
/// durable.
///
/// One batch is under way at a time and the next fills meanwhile. All rows of one entry, over all tables, are committed
/// together, exactly once: rows whose commit was sent and not answered are sent again with `ON CONFLICT DO NOTHING`. A
/// batch the server refuses is halved until only the offending entries fail. While the server is away rows wait in
/// memory, up to the bounds. Runs on one loop and takes rows from any thread.
package final class BatchWriter: Sendable {
    private struct Staging {
        var filling: Batch
        /// Full ones, oldest first.
        var full: [Batch] = []
        var spares: [Batch] = []
        var pendingBytes = 0
        /// Since the start.
        var queuedEntries: UInt64 = 0
        var finishedEntries: UInt64 = 0
        /// The loop knows that there are rows.
        var isAnnounced = false
        var isStopped = false
    }

    private let limits: BatchLimits
    private let schema: BatchSchema
    private let staging: Locked<Staging>
    private let pendingBytes = Atomic<Int>(0)
    private let isHealthy = Atomic<Bool>(false)
    private let patience: Int64
    private let loop: EventLoop
    private let sender: BatchSender

    /// - Parameter repair: called once for a batch for whose rows a partition is missing, before the batch is retried.
    package init(
        configuration: PostgresConfiguration, loop: EventLoop, tables: [BatchTable],
        limits: BatchLimits = BatchLimits(),
        observe: @escaping @Sendable (PostgresEvent) -> Void, repair: @escaping @Sendable () async -> Void = {}
    ) {
        self.limits = limits
        self.loop = loop
        schema = BatchSchema(tables)
        staging = Locked(Staging(filling: Batch(schema)))
        patience = limits.answerWithin.wholeMilliseconds * 1_000_000
        sender = BatchSender(
            on: loop, configuration, schema, limits, BatchSender.Hooks(observe: observe, repair: repair))
    }

    /// Connects, and keeps connected until `stop`.
    package func start() {
        loop.execute { [self] in sender.start(writer: self) }
    }

    /// Takes no more rows, writes what is queued for at most `stopWithin`, and disconnects; what is left then fails
    /// with `.closed`.
    package func stop() async {
        staging.withLock { $0.isStopped = true }
        await withCheckedContinuation { done in
            loop.execute { [self] in sender.stop { done.resume() } }
        }
    }

    /// Connected, the last batch went well, and there is room: refuse work otherwise. Cheap.
    package var isReady: Bool {
        isHealthy.load(ordering: .relaxed) && pendingBytes.load(ordering: .relaxed) < limits.maximumPendingBytes
    }

    // MARK: Appending

    /// Adds the rows that `fill` appends and returns when they are committed. `fill` runs at once, under a lock: no
    /// waiting, and no other append, in it. Throws `.server` when the server refuses these rows, `.timeout` when
    /// there is no answer in time (the rows stay queued), `.overloaded` and `.encoding` when nothing was added.
    package func append(_ fill: (inout BatchRows) -> Void) async throws(PostgresError) {
        let failure = await unsafe withUnsafeContinuation { caller in
            let added = unsafe add(fill, caller)
            if case .failure(let error) = added { return unsafe caller.resume(returning: error) }
            if case .success(false) = added { unsafe caller.resume(returning: nil) }
        }
        if let failure { throw failure }
    }

    /// Adds rows that are written soon; nobody is told when that fails, but the events say so.
    package func appendWithoutWaiting(_ fill: (inout BatchRows) -> Void) throws(PostgresError) {
        _ = try unsafe add(fill, nil).get()
    }

    /// False when there were no rows.
    private func add(
        _ fill: (inout BatchRows) -> Void, _ caller: UnsafeContinuation<PostgresError?, Never>?
    ) -> Result<Bool, PostgresError> {
        let deadline = coarseNow() + patience
        var announce = false
        let result: Result<Bool, PostgresError> = staging.withLock { state in
            guard !state.isStopped else { return .failure(.closed) }
            guard state.pendingBytes < limits.maximumPendingBytes else { return .failure(.overloaded) }
            switch state.filling.add(fill) {
            case .failure(let error): return .failure(error)
            case .success(0): return .success(false)
            case .success(let bytes):
                unsafe state.filling.entries.append(BatchEntry(caller: caller, deadline: deadline))
                state.queuedEntries += 1
                state.pendingBytes += bytes
                pendingBytes.store(state.pendingBytes, ordering: .relaxed)
                if state.filling.rowTotal >= limits.maximumBatchRows { seal(&state) }
                announce = !state.isAnnounced
                state.isAnnounced = true
                return .success(true)
            }
        }
        if announce { sender.announce() }
        return result
    }

    private func seal(_ state: inout Staging) {
        state.full.append(state.filling)
        state.filling = state.spares.popLast() ?? Batch(schema)
    }

    /// How many entries have been queued since the start: a mark for `isFinished`.
    package var queuedEntries: UInt64 { staging.withLock { $0.queuedEntries } }

    /// Whether everything up to the mark has been written or refused. Entries finish in the order they were queued.
    package func isFinished(through mark: UInt64) -> Bool { staging.withLock { $0.finishedEntries >= mark } }

    // MARK: For the sender, on the loop

    func setHealthy(_ healthy: Bool) { isHealthy.store(healthy, ordering: .relaxed) }

    /// The oldest batch, or nil when there is none; then the next append is announced.
    func takeBatch() -> Batch? {
        staging.withLock { state in
            if !state.full.isEmpty { return state.full.removeFirst() }
            guard !state.filling.entries.isEmpty else {
                state.isAnnounced = false
                return nil
            }
            let batch = state.filling
            state.filling = state.spares.popLast() ?? Batch(schema)
            return batch
        }
    }

    /// Takes a finished batch back.
    func recycle(_ batch: Batch) {
        let bytes = batch.byteCount
        let entries = UInt64(batch.entries.count)
        batch.reset()
        staging.withLock { state in
            state.finishedEntries += entries
            state.pendingBytes -= bytes
            pendingBytes.store(state.pendingBytes, ordering: .relaxed)
            if state.spares.count < 2 { state.spares.append(batch) }
        }
    }

    /// Tells callers whose patience has ended; true while rows wait.
    func expire(at now: Int64) -> Bool {
        staging.withLock { state in
            for batch in state.full + [state.filling] { batch.expire(at: now) }
            return state.pendingBytes > 0
        }
    }
}

extension Batch {
    /// Tells callers whose patience has ended; their rows stay.
    func expire(at now: Int64) {
        for index in entries.indices where entries[index].deadline <= now { entries[index].answer(.timeout) }
    }

    /// Tells the callers of some entries.
    func answer(_ range: Range<Int>, _ outcome: PostgresError?) {
        for index in range { entries[index].answer(outcome) }
    }
}
