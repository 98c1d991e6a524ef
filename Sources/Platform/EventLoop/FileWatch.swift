// SPDX-License-Identifier: Apache-2.0
import CEvent

/// Watches one file descriptor that somebody else owns (libpq, libcurl, hiredis). Loop-confined.
///
/// Level-triggered: `ready` is called again as long as the descriptor stays readable or writable. The watch ends when
/// it is released, from within `ready` too; let go of it before the descriptor is closed.
@safe package final class FileWatch {
    private let core: Core

    /// What libevent's callback holds on to while it runs. It is not the watch itself, whose release by its owner must
    /// end the event at once: epoll goes by descriptors, and the next file may get the same one.
    @safe private final class Core {
        let loop: EventLoop
        let ready: (_ readable: Bool, _ writable: Bool) -> Void
        init(_ loop: EventLoop, _ ready: @escaping (Bool, Bool) -> Void) {
            self.loop = loop
            self.ready = ready
        }
    }

    private let descriptor: Int32
    private var event: OpaquePointer?
    private var interest: Int16 = 0

    /// Watches for nothing until `watch`. `ready` is called on the loop's thread.
    package init(
        on loop: EventLoop, descriptor: Int32, _ ready: @escaping (_ readable: Bool, _ writable: Bool) -> Void
    ) {
        core = Core(loop, ready)
        self.descriptor = descriptor
    }

    deinit { close() }

    /// Changes what is watched for; both false pauses.
    package func watch(read: Bool, write: Bool) {
        let wanted = Int16((read ? EV_READ : 0) | (write ? EV_WRITE : 0))
        guard wanted != interest else { return }
        close()
        interest = wanted
        guard wanted != 0 else { return }
        unsafe event = unsafe core.loop.withBase { base in
            unsafe event_new(
                base, descriptor, wanted | Int16(EV_PERSIST),
                { _, happened, context in
                    guard let context = unsafe context else { return }
                    let core = unsafe Unmanaged<Core>.fromOpaque(context).takeUnretainedValue()
                    core.loop.enter {
                        core.ready(happened & Int16(EV_READ) != 0, happened & Int16(EV_WRITE) != 0)
                    }
                }, Unmanaged.passUnretained(core).toOpaque())
        }
        unsafe event_add(event, nil)
    }

    /// Stops watching.
    package func close() {
        if let event = unsafe event { unsafe event_free(event) }
        unsafe event = nil
        interest = 0
    }
}
