// SPDX-License-Identifier: Apache-2.0
import CEvent

/// A timer of one loop: fires once after each `schedule`. Loop-confined.
@safe package final class LoopTimer {
    private let loop: EventLoop
    private var event: OpaquePointer?
    private let action: () -> Void

    /// Made on the loop's thread, where `action` runs too.
    package init(on loop: EventLoop, _ action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
        unsafe event = unsafe loop.withBase { base in
            unsafe event_new(
                base, -1, 0,
                { _, _, context in
                    guard let context = unsafe context else { return }
                    let timer = unsafe Unmanaged<LoopTimer>.fromOpaque(context).takeUnretainedValue()
                    timer.loop.enter { timer.action() }
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    deinit { unsafe event_free(event) }

    /// Fires after `delay`, in place of any earlier schedule.
    package func schedule(after delay: Duration) {
        let (seconds, attoseconds) = max(delay, .zero).components
        var interval = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        unsafe event_add(event, &interval)
    }

    /// Does not fire any more, until scheduled again.
    package func cancel() { unsafe event_del(event) }
}
