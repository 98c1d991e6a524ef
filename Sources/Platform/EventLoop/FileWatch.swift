// SPDX-License-Identifier: Apache-2.0
import CEvent

/// Watches one file descriptor that somebody else owns (libpq, libcurl, hiredis). Loop-confined.
///
/// Level-triggered: `ready` is called again as long as the descriptor stays readable or writable. Close the watch
/// before the descriptor.
@safe package final class FileWatch {
    private let loop: EventLoop
    private let descriptor: Int32
    private let ready: (_ readable: Bool, _ writable: Bool) -> Void
    private var event: OpaquePointer?
    private var interest: Int16 = 0

    /// Watches for nothing until `watch`. `ready` is called on the loop's thread.
    package init(
        on loop: EventLoop, descriptor: Int32, _ ready: @escaping (_ readable: Bool, _ writable: Bool) -> Void
    ) {
        self.loop = loop
        self.descriptor = descriptor
        self.ready = ready
    }

    deinit { close() }

    /// Changes what is watched for; both false pauses.
    package func watch(read: Bool, write: Bool) {
        let wanted = Int16((read ? EV_READ : 0) | (write ? EV_WRITE : 0))
        guard wanted != interest else { return }
        close()
        interest = wanted
        guard wanted != 0 else { return }
        unsafe event = unsafe loop.withBase { base in
            unsafe event_new(
                base, descriptor, wanted | Int16(EV_PERSIST),
                { _, happened, context in
                    guard let context = unsafe context else { return }
                    let watch = unsafe Unmanaged<FileWatch>.fromOpaque(context).takeUnretainedValue()
                    watch.loop.enter {
                        watch.ready(happened & Int16(EV_READ) != 0, happened & Int16(EV_WRITE) != 0)
                    }
                }, Unmanaged.passUnretained(self).toOpaque())
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
