// SPDX-License-Identifier: Apache-2.0
import CHiredis
import EventLoop
import Glibc

/// Takes one reply. hiredis answers in order and keeps each command's taker with it, so that a reply which comes too
/// late still goes to its own, which drops it.
protocol ReplyTaker: AnyObject {
    func take(_ result: Result<RedisValue, RedisError>)
}

/// One connection to Redis: hiredis' asynchronous context on the loop. Loop-confined.
///
/// Commands of one turn of the loop are written together (pipelining).
@safe final class RedisConnection {
    private var raw: UnsafeMutablePointer<redisAsyncContext>?
    private let readWatch: FileWatch
    private let writeWatch: FileWatch
    private var flushTimer: LoopTimer?
    private var willFlush = false
    private var isFlushing = false
    private var ended: ((_ reason: String) -> Void)?
    private var message: ((_ channel: String, _ bytes: [UInt8]?) -> Void)?

    /// No reply is longer: an array's elements together, with what is read ahead.
    static let maximumReplyBytes = 64 << 20

    // hiredis writes with write(2), which raises SIGPIPE when the server is gone.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// Begins to connect; hosts must be numeric. `ended` is called once, unless `close` is: not from within this.
    init(
        to place: RedisAddress.Place, on loop: EventLoop, ended: @escaping (_ reason: String) -> Void
    ) throws(RedisError) {
        Self.ignoresBrokenPipes
        let made =
            switch place {
            case .unix(let path): unsafe redisAsyncConnectUnix(path)
            case .tcp(let host, let port): unsafe redisAsyncConnect(host, Int32(port))
            }
        guard let made = unsafe made else { throw .unavailable(reason: "no memory") }
        guard unsafe made.pointee.c.err == 0 else {
            let reason = unsafe String(cString: chiredis_error(made))
            unsafe redisAsyncFree(made)
            throw .unavailable(reason: reason)
        }
        let descriptor = unsafe made.pointee.c.fd
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unsafe raw = unsafe made
        self.ended = ended
        var me: () -> RedisConnection? = { nil }
        readWatch = FileWatch(on: loop, descriptor: descriptor) { _, _ in me()?.read() }
        writeWatch = FileWatch(on: loop, descriptor: descriptor) { _, _ in me()?.write() }
        me = { [weak self] in self }
        flushTimer = LoopTimer(on: loop) { [weak self] in self?.flush() }
        setHooks()
    }

    private func setHooks() {
        guard let raw = unsafe raw else { return }
        // Released by the cleanup hook, the last one that hiredis calls.
        unsafe raw.pointee.ev.data = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe raw.pointee.ev.addRead = { unsafe RedisConnection.from($0)?.readWatch.watch(read: true, write: false) }
        unsafe raw.pointee.ev.delRead = { unsafe RedisConnection.from($0)?.readWatch.close() }
        unsafe raw.pointee.ev.addWrite = { unsafe RedisConnection.from($0)?.wantWrite() }
        unsafe raw.pointee.ev.delWrite = { unsafe RedisConnection.from($0)?.writeWatch.close() }
        unsafe raw.pointee.ev.cleanup = { context in
            guard let context = unsafe context else { return }
            unsafe Unmanaged<RedisConnection>.fromOpaque(context).takeRetainedValue().cleanUp()
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> RedisConnection? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<RedisConnection>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Commands

    private typealias Callback =
        @convention(c) (
            UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
        ) -> Void

    /// Sends a command; `taker` is called exactly once.
    func send(_ arguments: [RedisArgument], _ taker: any ReplyTaker) {
        let box = Box(taker)
        let accepted = unsafe append(
            arguments,
            { connection, reply, context in
                guard let context = unsafe context else { return }
                let taker = unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().taker
                unsafe taker.take(RedisConnection.result(connection, reply))
            }, Unmanaged.passRetained(box).toOpaque())
        if !accepted {
            unsafe Unmanaged.passUnretained(box).release()
            taker.take(.failure(.unavailable(reason: "the connection is closing")))
        }
    }

    private final class Box {
        let taker: any ReplyTaker
        init(_ taker: any ReplyTaker) { self.taker = taker }
    }

    /// Subscribes to channels, also again; from then on only this may be sent. `message` is called with each message,
    /// and with nil bytes when Redis confirms a channel.
    func subscribe(_ channels: [String], _ message: @escaping (_ channel: String, _ bytes: [UInt8]?) -> Void) {
        self.message = message
        _ = unsafe append(
            [RedisArgument("SUBSCRIBE")] + channels.map { RedisArgument($0) },
            { _, reply, context in
                guard let reply = unsafe reply else { return }
                let value = unsafe RedisConnection.copy(reply.assumingMemoryBound(to: redisReply.self))
                guard let parts = value.elements, parts.count == 3, let channel = parts[1].text else { return }
                let bytes = parts[0].text == "message" ? parts[2].bytes : nil
                unsafe RedisConnection.from(context)?.message?(channel, bytes)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func append(
        _ arguments: [RedisArgument], _ callback: Callback, _ context: UnsafeMutableRawPointer
    ) -> Bool {
        guard let raw = unsafe raw else { return false }
        // One block with all arguments' bytes, and pointers into it.
        var bytes: [CChar] = []
        bytes.reserveCapacity(arguments.reduce(1) { $0 + $1.bytes.count })
        for argument in arguments { for byte in argument.bytes { bytes.append(CChar(bitPattern: byte)) } }
        bytes.append(0)
        var lengths = arguments.map(\.bytes.count)
        return unsafe bytes.withUnsafeBufferPointer { block in
            var next = block.baseAddress
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            for length in lengths {
                unsafe pointers.append(next)
                unsafe next = next.map { unsafe $0 + length }
            }
            let count = Int32(arguments.count)
            return unsafe redisAsyncCommandArgv(raw, callback, context, count, &pointers, &lengths) == REDIS_OK
        }
    }

    /// Ends the connection: commands that wait get an error, `ended` is not called.
    func close() {
        ended = nil
        message = nil
        guard let closing = unsafe raw else { return }
        unsafe raw = nil
        unsafe redisAsyncFree(closing)
    }

    // MARK: Events

    private func read() {
        guard let reading = unsafe raw else { return }
        unsafe redisAsyncHandleRead(reading)
        guard let raw = unsafe raw, unsafe raw.pointee.c.reader.pointee.len > Self.maximumReplyBytes else { return }
        let ended = ended
        close()
        ended?("a reply is larger than \(Self.maximumReplyBytes) bytes")
    }

    private func write() { if let raw = unsafe raw { unsafe redisAsyncHandleWrite(raw) } }

    /// Writes at the end of this turn of the loop; when epoll says so only if the socket is full or not connected yet.
    private func wantWrite() {
        guard let raw = unsafe raw else { return }
        let isConnected = unsafe raw.pointee.c.flags & REDIS_CONNECTED != 0
        if isFlushing || !isConnected {
            writeWatch.watch(read: false, write: true)
        } else if !willFlush {
            willFlush = true
            flushTimer?.schedule(after: .zero)
        }
    }

    private func flush() {
        willFlush = false
        isFlushing = true
        write()
        isFlushing = false
    }

    /// hiredis lets go of the connection.
    private func cleanUp() {
        readWatch.close()
        writeWatch.close()
        flushTimer = nil
        let ended = ended
        self.ended = nil
        guard let raw = unsafe raw else { return }
        let reason = unsafe String(cString: chiredis_error(raw))
        unsafe self.raw = nil
        ended?(reason.isEmpty ? "the connection was closed" : reason)
    }

    // MARK: Replies

    private static func result(
        _ connection: UnsafeMutablePointer<redisAsyncContext>?, _ reply: UnsafeMutableRawPointer?
    ) -> Result<RedisValue, RedisError> {
        guard let reply = unsafe reply else {
            let reason = unsafe connection.map { unsafe String(cString: chiredis_error($0)) } ?? ""
            return .failure(.connectionLost(reason: reason.isEmpty ? "it was closed" : reason))
        }
        let value = unsafe copy(reply.assumingMemoryBound(to: redisReply.self))
        if case .error(let message) = value { return .failure(.server(message: message)) }
        return .success(value)
    }

    private static func copy(_ reply: UnsafeMutablePointer<redisReply>) -> RedisValue {
        let text = unsafe reply.pointee.str
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : reply.pointee.len)
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_INTEGER: return unsafe .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING: return unsafe .string(Array(bytes))
        case REDIS_REPLY_STATUS: return unsafe .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: return unsafe .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            return .array(
                (0..<(unsafe reply.pointee.elements)).map { index in
                    unsafe reply.pointee.element[index].map { unsafe copy($0) } ?? .null
                })
        default: return .null
        }
    }
}
