// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// The COPY protocol on a session (protocol §55.2.6): outside pipeline mode, alone on its connection.
extension Session {
    /// Takes COPY data as far as it goes; false when there is nothing more to read for now.
    func goOn(copying exchange: Exchange, _ link: Link) -> Bool {
        switch exchange.copy(over: link) {
        case .ended:
            exchange.isCopying = false
            return true
        case .waiting: return false
        case .paused:
            // Unread bytes fill the system's buffers, and the server waits.
            watch?.watch(read: false, write: false)
            return false
        case .failed:
            lose(link)
            return false
        }
    }

    /// The reader has room again.
    func resumeCopy() {
        guard phase == .ready, let link else { return }
        watch?.watch(read: true, write: false)
        read(link)
    }

    /// Sends a piece; true when the system has taken it all, else `flushed` tells when.
    func put(copyData bytes: [UInt8]) -> Bool {
        guard phase == .ready, let link else { return false }
        guard link.put(copyData: bytes) else {
            lose(link)
            return false
        }
        return flushCopy(link)
    }

    /// Ends what is sent, or has the server undo it for `reason`; the server's answer comes to the exchange.
    func endCopy(failure reason: String?, of exchange: Exchange) {
        guard phase == .ready, let link else { return }
        exchange.isCopying = false
        guard link.endCopy(failure: reason) else { return lose(link) }
        if flushCopy(link) { read(link) }
    }

    private func flushCopy(_ link: Link) -> Bool {
        flush(link)
        return phase == .ready && !isWriting
    }
}
