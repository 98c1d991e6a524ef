// SPDX-License-Identifier: Apache-2.0
import CEvent
import Glibc
import SwiftExtensions
import Synchronization

/// One thread that waits for sockets and timers (libevent, epoll) and runs the Swift tasks that belong to it.
///
/// It is a task executor: a task started with `spawn` runs here and stays here, so a request goes from its socket
/// through the database and back without changing thread. Everything that is loop-confined (connections, timers,
/// watches) is touched on this thread only.
///
/// Every callback from C enters through `enter`, so that continuations it resumes run before the next wait, with
/// no system call and no lock. Some hundreds of jobs at a time: then sockets and timers have their turn, so that a task
/// which only ever yields holds up nobody.
@safe package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    // @unchecked: `base` and `local` are used on the loop's thread only; the rest is atomic or locked.
    /// Names the thread too.
    package let name: String
    private let base: OpaquePointer
    private let wakeDescriptor: Int32
    private var wakeEvent: OpaquePointer?
    private var drainEvent: OpaquePointer?
    private var local: [UnownedJob] = []
    private var spare: [UnownedJob] = []
    private var depth = 0
    private var drainScheduled = false
    private var isStopping = false
    private let remote = Locked(Remote())
    private let owner = Atomic<UInt>(0)
    private let finished = Atomic<Bool>(false)

    private struct Remote {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var stopping = false
        var isEmpty: Bool { jobs.isEmpty && calls.isEmpty && !stopping }
    }

    /// Makes the loop and starts its thread. Traps when the process has no descriptors left for an epoll instance.
    package init(name: String = "loop") {
        self.name = name
        let config = unsafe event_config_new()
        // The coarse default clock fires a 5 ms timer at 8 ms.
        unsafe event_config_set_flag(
            config, Int32(EVENT_BASE_FLAG_PRECISE_TIMER.rawValue | EVENT_BASE_FLAG_NOLOCK.rawValue))
        guard let made = unsafe event_base_new_with_config(config) else {
            preconditionFailure("no event loop: the process is out of file descriptors")
        }
        unsafe event_config_free(config)
        unsafe base = made
        wakeDescriptor = cevent_eventfd()
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe wakeEvent = unsafe event_new(
            base, wakeDescriptor, Int16(EV_READ | EV_PERSIST),
            { descriptor, _, context in
                cevent_eventfd_clear(descriptor)
                if let context = unsafe context {
                    unsafe Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue().takeRemote()
                }
            }, me)
        unsafe drainEvent = unsafe event_new(
            base, -1, 0,
            { _, _, context in
                if let context = unsafe context {
                    let loop = unsafe Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue()
                    loop.drainScheduled = false
                    loop.enter {}
                    loop.endIfStopped()
                }
            }, me)
        unsafe event_add(wakeEvent, nil)
        startThread()
    }

    deinit {
        unsafe event_free(wakeEvent)
        unsafe event_free(drainEvent)
        unsafe event_base_free(base)
        close(wakeDescriptor)
    }

    // MARK: Where am I?

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        return key
    }()

    /// The loop whose thread this is; nil on every other thread.
    package static var current: EventLoop? {
        guard let raw = unsafe pthread_getspecific(key) else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(raw).takeUnretainedValue()
    }

    /// Whether this is the loop's own thread.
    package var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// libevent's base, for the modules that hang buffered sockets on it; on the loop's thread only.
    package func withBase<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        precondition(isCurrent, "used off its thread")
        return unsafe try body(base)
    }

    // MARK: Work

    /// Starts a task on this loop. On the loop's own thread it runs at once, up to its first suspension.
    @discardableResult
    package func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        isCurrent
            ? Task.immediate(executorPreference: self) { await body() }
            : Task(executorPreference: self) { await body() }
    }

    /// Runs `body` on the loop's thread soon; from any thread.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        let wake = remote.withLock { state in
            let wasEmpty = state.isEmpty
            state.calls.append(body)
            return wasEmpty
        }
        if wake { cevent_eventfd_signal(wakeDescriptor) }
    }

    /// Runs `body` on this loop and returns its result: at once when already there, else by a change of thread.
    package func run<Result: Sendable>(
        _ body: @escaping @concurrent @Sendable () async throws -> Result
    ) async rethrows -> Result {
        if isCurrent { return try await body() }
        return try await withTaskExecutorPreference(self, operation: body)
    }

    /// The door for callbacks from C: jobs that `body` makes ready run before control goes back to libevent.
    package func enter<Result>(_ body: () throws -> Result) rethrows -> Result {
        depth += 1
        defer {
            depth -= 1
            if depth == 0, !local.isEmpty { drain() }
        }
        return try body()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            local.append(job)
            if depth == 0, !drainScheduled {
                drainScheduled = true
                unsafe event_active(drainEvent, Int32(EV_TIMEOUT), 0)
            }
            return
        }
        let wake = remote.withLock { state in
            let wasEmpty = state.isEmpty
            state.jobs.append(job)
            return wasEmpty
        }
        if wake { cevent_eventfd_signal(wakeDescriptor) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Jobs after which a drain lets libevent look at sockets and timers.
    private static let jobsPerDrain = 256

    private func drain() {
        depth += 1
        var allowance = Self.jobsPerDrain
        while !local.isEmpty, allowance > 0 {
            swap(&local, &spare)
            allowance -= spare.count
            for job in spare {
                unsafe job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            }
            spare.removeAll(keepingCapacity: true)
        }
        depth -= 1
        guard !local.isEmpty, !drainScheduled else { return }
        drainScheduled = true
        // A timer of no time and not `event_active`, whose event would run before the next look at the sockets.
        var soon = timeval()
        unsafe event_add(drainEvent, &soon)
    }

    private func endIfStopped() {
        if isStopping, local.isEmpty { unsafe event_base_loopbreak(base) }
    }

    private func takeRemote() {
        let taken = remote.withLock { state in
            let taken = state
            state = Remote()
            return taken
        }
        enter {
            local.append(contentsOf: taken.jobs)
            for call in taken.calls { call() }
        }
        if taken.stopping { isStopping = true }
        endIfStopped()
    }

    // MARK: The thread

    private func startThread() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let failure = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().loop()
                return nil
            }, context)
        precondition(failure == 0, "no thread for the event loop: errno \(failure)")
        pthread_detach(thread)
    }

    private func loop() {
        unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        owner.store(UInt(pthread_self()), ordering: .relaxed)
        _ = unsafe name.withCString { unsafe cevent_name_thread($0) }
        unsafe event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY)
        pthread_setspecific(Self.key, nil)
        owner.store(0, ordering: .relaxed)
        finished.store(true, ordering: .releasing)
    }

    /// Ends the thread after what is ready has run. Close what hangs on the loop first.
    package func stop() {
        let wake = remote.withLock { state in
            let wasEmpty = state.isEmpty
            state.stopping = true
            return wasEmpty
        }
        if wake { cevent_eventfd_signal(wakeDescriptor) }
    }
}
