// SPDX-License-Identifier: Apache-2.0
import CCurl
import EventLoop
import Glibc
import SwiftExtensions

/// The transfers and connections of one loop: curl's multi handle driven by the loop's sockets and timers.
/// Loop-confined.
///
/// No code of ours runs inside curl's callbacks beyond storing what came: continuations resumed there run after
/// `loop.enter` has returned, so nothing calls back into curl while it is at work.
@safe final class CurlMulti {
    private let raw: UnsafeMutableRawPointer
    private let loop: EventLoop
    private let configuration: HTTPClientConfiguration
    private var sockets: [Int32: SocketWatch] = [:]
    private var idleHandles: [EasyHandle] = []
    private var timer: LoopTimer?
    private var deadlines: Deadlines?
    private var isSettling = false
    /// curl asked to be called at once.
    private var isDue = false

    /// A socket in use by curl. A connection that rests keeps its watch, which saves two system calls a request.
    private final class SocketWatch {
        var watch: FileWatch?
        var isResting = false
        let isConnection: Bool
        init(isConnection: Bool) { self.isConnection = isConnection }
    }

    private static let maximumIdleHandles = 1024
    private static let globalInit = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// On the loop's thread.
    init(on loop: EventLoop, _ configuration: HTTPClientConfiguration) {
        precondition(Self.globalInit == CURLE_OK, "libcurl cannot start")
        guard let made = unsafe curl_multi_init() else { preconditionFailure("no memory for a curl handle") }
        unsafe raw = unsafe made
        self.loop = loop
        self.configuration = configuration
        timer = LoopTimer(on: loop) { [unowned self] in
            isDue = true
            settle()
        }
        deadlines = Deadlines(on: loop) { [unowned self] transfer, error in
            if case .firstByteTimeout = error, case .curl(let handle) = transfer.carrier, !handle.hasSent {
                abort(transfer, .connectTimeout(host: transfer.request.host))
            } else {
                abort(transfer, error)
            }
        }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_multi_set_pointer(raw, CURLMOPT_SOCKETDATA, me)
        unsafe ccurl_multi_set_socket_callback(raw) { _, socket, what, context, _ in
            unsafe CurlMulti.from(context)?.watch(socket, what)
            return 0
        }
        unsafe ccurl_multi_set_pointer(raw, CURLMOPT_TIMERDATA, me)
        unsafe ccurl_multi_set_timer_callback(raw) { _, milliseconds, context in
            unsafe CurlMulti.from(context)?.schedule(milliseconds)
            return 0
        }
        let perHost = configuration.maximumConnectionsPerHost
        unsafe ccurl_multi_set_long(raw, CURLMOPT_MAX_HOST_CONNECTIONS, perHost)
        // Else curl keeps four times the transfers of the moment, and drops connections after each burst.
        unsafe ccurl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, max(1024, perHost))
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> CurlMulti? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Transfers

    func start(_ transfer: Transfer) {
        let handle = idleHandles.popLast() ?? EasyHandle(configuration, sockets: self)
        handle.prepare(transfer)
        transfer.carrier = .curl(handle)
        deadlines?.add(transfer)
        unsafe curl_multi_add_handle(raw, handle.raw)
        settle()
    }

    /// Makes a connection and gives it away: `connected` gets its descriptor, soon or before this returns. Nil when
    /// that was so already.
    func connect(
        to url: String, for transfer: Transfer, _ connected: @escaping (Result<Int32, HTTPClientError>) -> Void
    ) -> EasyHandle? {
        let handle = idleHandles.popLast() ?? EasyHandle(configuration, sockets: self)
        handle.prepareConnection(to: url, for: transfer, connected)
        unsafe curl_multi_add_handle(raw, handle.raw)
        settle()
        return handle.transfer === transfer ? handle : nil
    }

    /// Gives up making a connection.
    func cancel(_ handle: EasyHandle) {
        unsafe curl_multi_remove_handle(raw, handle.raw)
        recycle(handle)
    }

    /// Ends a transfer early; its connection is closed (HTTP/1.1) or its stream reset (HTTP/2).
    func abort(_ transfer: Transfer, _ error: HTTPClientError) {
        transfer.fail(error)
        guard case .curl(let handle) = transfer.carrier else { return }
        remove(handle, error)
        settle()
    }

    /// The reader has caught up.
    func resume(_ transfer: Transfer) {
        guard case .curl(let handle) = transfer.carrier else { return }
        handle.resume()
        settle()
    }

    /// Ends everything and frees curl's part, whose callbacks still need this object; it is of no use afterwards.
    func close() {
        for transfer in deadlines?.transfers ?? [] {
            transfer.fail(.cancelled)
            if case .curl(let handle) = transfer.carrier { remove(handle, .cancelled) }
        }
        idleHandles = []
        timer = nil
        deadlines = nil
        unsafe curl_multi_cleanup(raw)
        sockets = [:]
    }

    private func remove(_ handle: EasyHandle, _ error: HTTPClientError?) {
        let connected = handle.takeConnection(error)
        unsafe curl_multi_remove_handle(raw, handle.raw)
        let transfer = handle.transfer
        recycle(handle)
        if let connected { return connected() }
        guard let transfer else { return }
        transfer.carrier = .none
        deadlines?.remove(transfer)
        transfer.finish(error)
    }

    private func recycle(_ handle: EasyHandle) {
        handle.recycle()
        if idleHandles.count < Self.maximumIdleHandles { idleHandles.append(handle) }
    }

    // MARK: Driving curl

    private func ready(_ socket: Int32, _ readable: Bool, _ writable: Bool) {
        guard let entry = sockets[socket] else { return }
        guard !entry.isResting else {
            // The peer closed a resting connection, which curl finds out when it wants to use it.
            entry.watch = nil
            return
        }
        var running: Int32 = 0
        unsafe curl_multi_socket_action(
            raw, socket, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0), &running)
        settle()
    }

    /// Lets curl do what is due, and takes leave of the transfers that are done, until there is neither.
    private func settle() {
        guard !isSettling else { return }
        isSettling = true
        defer { isSettling = false }
        for _ in 0..<64 {
            var queued: Int32 = 0
            if isDue {
                isDue = false
                unsafe curl_multi_socket_action(raw, CURL_SOCKET_TIMEOUT, 0, &queued)
            }
            while let message = unsafe curl_multi_info_read(raw, &queued) {
                guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
                let code = unsafe message.pointee.data.result
                var context: UnsafeMutableRawPointer?
                unsafe ccurl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
                if let handle = unsafe EasyHandle.from(context) { remove(handle, handle.error(code)) }
            }
            if !isDue { return }
        }
        timer?.schedule(after: .zero)
    }

    /// curl's timer callback.
    private func schedule(_ milliseconds: Int) {
        switch milliseconds {
        case ..<0: timer?.cancel()
        case 0: isDue = true
        default: timer?.schedule(after: .milliseconds(milliseconds))
        }
    }

    // MARK: Sockets

    /// A socket of a new connection; child processes must not inherit it, or closing it would not end it.
    func opened(_ socket: Int32) {
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        sockets[socket] = SocketWatch(isConnection: true)
    }

    /// curl is about to close a connection's socket. The watch must end before that: a connection given away lives on
    /// under another descriptor, and epoll would go on to report this one.
    func closing(_ socket: Int32) { forget(socket) }

    private func forget(_ socket: Int32) { sockets.removeValue(forKey: socket)?.watch = nil }

    /// curl's socket callback.
    private func watch(_ socket: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            guard let entry = sockets[socket] else { return }
            // Others, such as the resolver's, are closed without notice: their watch must not outlive this call.
            if entry.isConnection { entry.isResting = true } else { forget(socket) }
            return
        }
        let entry = sockets[socket] ?? SocketWatch(isConnection: false)
        sockets[socket] = entry
        entry.isResting = false
        let watch =
            entry.watch
            ?? FileWatch(on: loop, descriptor: socket) { [unowned self] readable, writable in
                ready(socket, readable, writable)
            }
        entry.watch = watch
        watch.watch(read: what & CURL_POLL_IN != 0, write: what & CURL_POLL_OUT != 0)
    }
}
