// SPDX-License-Identifier: Apache-2.0
import CEvent
import COpenSSL
import EventLoop
import Glibc

/// One client's socket with what has been read and what waits to be written (a libevent bufferevent), plain or TLS.
/// Loop-confined. This file alone names the bufferevent.
@safe final class BufferedSocket {
    enum Signal { case handshaken, endOfInput, failed, writeStalled }

    private let events: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private let descriptor: Int32
    private let isEncrypted: Bool
    private var isOpen = true
    private var isPaused = false

    /// Takes over the descriptor. `owner` hears of everything and must outlive the socket or close it.
    /// Nil when libevent or OpenSSL have no memory; the descriptor is closed then.
    init?(descriptor: Int32, on loop: EventLoop, tls: TLSContext?, writeTimeout: Duration, owner: Connection) {
        self.descriptor = descriptor
        isEncrypted = tls != nil
        let made = unsafe loop.withBase { base -> OpaquePointer? in
            let options = Int32(BEV_OPT_CLOSE_ON_FREE.rawValue)
            guard let tls else { return unsafe bufferevent_socket_new(base, descriptor, options) }
            guard let session = unsafe tls.makeSession() else { return nil }
            return unsafe bufferevent_openssl_socket_new(
                base, descriptor, session, BUFFEREVENT_SSL_ACCEPTING, options)
        }
        guard let events = unsafe made, let input = unsafe bufferevent_get_input(events),
            let output = unsafe bufferevent_get_output(events)
        else {
            Glibc.close(descriptor)
            return nil
        }
        unsafe self.events = events
        unsafe self.input = input
        unsafe self.output = output
        if tls != nil { unsafe bufferevent_openssl_set_allow_dirty_shutdown(events, 1) }
        setCallbacks(owner)
        unsafe bufferevent_setwatermark(events, Int16(EV_WRITE), Connection.highWater / 2, 0)
        let (seconds, attoseconds) = writeTimeout.components
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        unsafe bufferevent_set_timeouts(events, nil, &timeout)
        unsafe bufferevent_enable(events, Int16(EV_READ))
    }

    deinit { close() }

    private func setCallbacks(_ owner: Connection) {
        unsafe bufferevent_setcb(
            events,
            { _, context in unsafe BufferedSocket.tell(context) { $0.readable() } },
            { _, context in unsafe BufferedSocket.tell(context) { $0.drained() } },
            { _, what, context in
                let what = Int32(what)
                let signal: Signal =
                    what & BEV_EVENT_CONNECTED != 0
                    ? .handshaken
                    : what & BEV_EVENT_EOF != 0 ? .endOfInput : what & BEV_EVENT_TIMEOUT != 0 ? .writeStalled : .failed
                unsafe BufferedSocket.tell(context) { $0.signalled(signal) }
            }, Unmanaged.passUnretained(owner).toOpaque())
    }

    /// The strong reference taken here keeps the connection through a callback in which it closes itself.
    private static func tell(_ context: UnsafeMutableRawPointer?, _ body: (Connection) -> Void) {
        guard let context = unsafe context else { return }
        let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
        connection.loop.enter { body(connection) }
    }

    // MARK: Input

    var inputCount: Int { isOpen ? unsafe evbuffer_get_length(input) : 0 }

    /// Lends the first bytes that lie together, and drops as many as `body` has moved its position on.
    func withInput<Result>(
        _ body: (Span<UInt8>, inout Int) throws(RequestRefusal) -> Result
    ) throws(RequestRefusal) -> Result? {
        var piece = unsafe iovec()
        guard isOpen, unsafe evbuffer_peek(input, -1, nil, &piece, 1) > 0, unsafe piece.iov_len > 0 else { return nil }
        var consumed = 0
        defer { unsafe evbuffer_drain(input, consumed) }
        let start = unsafe piece.iov_base?.assumingMemoryBound(to: UInt8.self)
        let bytes = unsafe UnsafeBufferPointer(start: start, count: piece.iov_len)
        return try body(unsafe bytes.span, &consumed)
    }

    func discardInput() {
        if isOpen { unsafe evbuffer_drain(input, inputCount) }
    }

    /// Stops or goes on reading. A paused socket does not notice that the client has gone.
    func pauseReading(_ pause: Bool) {
        guard isOpen, pause != isPaused else { return }
        isPaused = pause
        if pause {
            unsafe bufferevent_disable(events, Int16(EV_READ))
        } else {
            unsafe bufferevent_enable(events, Int16(EV_READ))
        }
    }

    // MARK: Output

    /// Bytes that wait to be written.
    var outputCount: Int { isOpen ? unsafe evbuffer_get_length(output) : 0 }

    /// Sends the pieces in order: straight to the socket in one system call when nothing waits, and what the socket
    /// does not take waits in the buffer. False when the connection is broken.
    func send(_ head: [UInt8], _ body: [UInt8] = [], _ tail: [UInt8] = []) -> Bool {
        guard isOpen else { return false }
        var sent = 0
        if !isEncrypted, outputCount == 0 {
            sent = unsafe cevent_send(descriptor, head, head.count, body, body.count, tail, tail.count)
            if sent < 0 {
                guard errno == EAGAIN || errno == EINTR || errno == ENOBUFS else { return false }
                sent = 0
            }
            if sent == head.count + body.count + tail.count { return true }
        }
        for piece in [head, body, tail] {
            if sent < piece.count {
                unsafe piece.withUnsafeBytes { bytes in
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
                    _ = unsafe bufferevent_write(events, rest.baseAddress, rest.count)
                }
            }
            sent = max(0, sent - piece.count)
        }
        return true
    }

    // MARK: End

    /// Tells the client that nothing more comes; reading goes on.
    func finishWriting() {
        guard isOpen else { return }
        if isEncrypted, let session = unsafe bufferevent_openssl_get_ssl(events) { unsafe SSL_shutdown(session) }
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes. With `reset` the client gets RST in place of an end that it could take for the end of the content.
    /// libevent frees the bufferevent and its descriptor after the callbacks under way have returned.
    func close(reset: Bool = false) {
        guard isOpen else { return }
        isOpen = false
        unsafe bufferevent_disable(events, Int16(EV_READ | EV_WRITE))
        unsafe bufferevent_setcb(events, nil, nil, nil, nil)
        if reset {
            var option = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        } else {
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
        unsafe bufferevent_free(events)
    }
}
