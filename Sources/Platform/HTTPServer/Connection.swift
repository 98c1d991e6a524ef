// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// One client: reads its requests, has them handled one at a time, writes the answers in order.
///
/// While a handler runs the socket is read on, to a bound, so that a client's going away is noticed. The end of its
/// input counts as that, also when it closed only its sending half: a FIN is all a client that was killed sends, no
/// common HTTP client half-closes, and a handler that works on for nobody costs real resources.
final class Connection: @unchecked Sendable {
    // @unchecked: touched on the loop's thread only; the handler's task runs there too.
    private enum Phase { case handshake, reading, handling, flushing, lingering, closed }

    /// Bytes of output from which a writer waits, and of pipelined input from which reading pauses.
    static let highWater = 64 * 1024
    /// How long a finished connection is read on. Closing over unread input would make the kernel send RST, which
    /// can take the answer away from a client that has not read it yet (RFC 9112 §9.6).
    private static let lingerTimeout: Duration = .seconds(2)

    let acceptor: Acceptor
    let peer: String
    private var socket: BufferedSocket?
    private var parser: RequestParser
    private var phase = Phase.reading
    private(set) var deadline = ContinuousClock.now
    /// Counts requests, so that what comes late of a request that was given up is told from the present one.
    private var request: UInt64 = 0
    private var task: Task<Void, Never>?
    private var writers: [CheckedContinuation<Bool, Never>] = []
    private var method = HTTPMethod.get
    private var minorVersion = 1
    private var keepsAlive = true
    private var hasBegunRequest = false
    private var hasSentHead = false
    private var isChunked = false
    private var isProcessing = false
    private var hasInputEnded = false

    var loop: EventLoop { acceptor.loop }
    private var configuration: HTTPServerConfiguration { acceptor.configuration }

    init(acceptor: Acceptor, peer: String) {
        self.acceptor = acceptor
        self.peer = peer
        parser = RequestParser(limits: acceptor.limits)
    }

    /// Begins to read. False when there is no memory for it.
    func open(_ descriptor: Int32) -> Bool {
        socket = BufferedSocket(
            descriptor: descriptor, on: loop, tls: acceptor.tls, writeTimeout: configuration.writeTimeout, owner: self)
        phase = acceptor.tls == nil ? .reading : .handshake
        deadline = .now + (acceptor.tls == nil ? configuration.idleTimeout : configuration.headTimeout)
        return socket != nil
    }

    // MARK: What the socket tells

    func readable() {
        switch phase {
        case .reading: process()
        case .handling: if let socket, socket.inputCount >= Self.highWater { socket.pauseReading(true) }
        case .flushing, .lingering: socket?.discardInput()
        case .handshake, .closed: break
        }
    }

    /// The output has sunk to half of the high-water mark, or is empty.
    func drained() {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(returning: true) }
        if phase == .reading { process() }
        if phase == .flushing, socket?.outputCount == 0 { linger() }
    }

    func signalled(_ signal: BufferedSocket.Signal) {
        switch signal {
        case .handshaken:
            phase = .reading
            deadline = .now + configuration.idleTimeout
        case .endOfInput:
            hasInputEnded = true
            switch phase {
            case .reading where (socket?.outputCount ?? 0) > 0: finish()
            case .flushing: break
            default: close()
            }
        case .failed: close()
        case .writeStalled: close(reset: true)
        }
    }

    /// Called when the deadline has passed.
    func expire() {
        switch phase {
        case .reading where !parser.isIdle:
            refuse(RequestRefusal(408, "the request did not arrive in time"))
        case .reading where (socket?.outputCount ?? 0) > 0: finish()
        case .handling where !hasSentHead:
            abandon()
            refuse(RequestRefusal(504, "the request was not answered in time"))
        case .handling: abort()
        case .handshake, .reading, .flushing, .lingering: close(reset: phase == .flushing)
        case .closed: break
        }
    }

    /// No more requests: closes now when idle, else after the answer under way.
    func drain() {
        if phase == .handshake || phase == .reading && parser.isIdle { finish() }
    }

    // MARK: Reading

    private func process() {
        // A handler that answers at once comes back here; the loop below goes on with the next request.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while phase == .reading, let socket {
            guard socket.outputCount <= Self.highWater else { return socket.pauseReading(true) }
            do throws(RequestRefusal) {
                let step = try socket.withInput { bytes, position throws(RequestRefusal) in
                    try parser.feed(bytes, from: &position)
                }
                guard let step else { return socket.pauseReading(false) }
                take(step)
            } catch {
                refuse(error)
            }
        }
    }

    private func take(_ step: RequestParser.Step) {
        switch step {
        case .needMore:
            if !hasBegunRequest, !parser.isIdle {
                hasBegunRequest = true
                deadline = .now + configuration.headTimeout
            }
        case .head:
            hasBegunRequest = true
            deadline = .now + configuration.bodyTimeout
            if parser.expectsContinue, socket?.inputCount == 0 { send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        case .request:
            start()
        }
    }

    private func start() {
        let (head, body) = parser.take()
        let now = ContinuousClock.now
        phase = .handling
        deadline = now + configuration.requestTimeout
        request += 1
        method = head.method
        minorVersion = head.minorVersion
        keepsAlive = head.keepsAlive
        hasBegunRequest = false
        hasSentHead = false
        let message = HTTPRequest(
            method: head.method, path: head.path, query: head.query, headers: head.headers, body: body, peer: peer,
            receivedAt: now)
        let request = request
        let task = loop.spawn { [self] in
            let response = await acceptor.handler(message)
            await answer(response, to: request)
        }
        if isHandling(request) { self.task = task }
    }

    private func isHandling(_ request: UInt64) -> Bool { phase == .handling && self.request == request }

    // MARK: Answering

    private func answer(_ response: HTTPResponse, to request: UInt64) async {
        guard isHandling(request) else { return await abandon(response, request) }
        guard (200...599).contains(response.status) else {
            return respond(own(500), configuration.errorBody(500, "the handler's status is none of a response"))
        }
        switch response.body {
        case .bytes(let bytes): respond(response, bytes)
        case .stream(let produce): await respond(response, produce, request)
        }
    }

    private func respond(_ response: HTTPResponse, _ bytes: [UInt8]) {
        let hasContent = response.status != 204 && response.status != 304
        sendHead(response, hasContent ? .length(bytes.count) : .none, hasContent && method != .head ? bytes : [])
        end()
    }

    private func respond(
        _ response: HTTPResponse, _ produce: @Sendable (HTTPBodyWriter) async throws -> Void, _ request: UInt64
    ) async {
        let hasContent = response.status != 204 && response.status != 304
        isChunked = minorVersion == 1
        sendHead(response, !hasContent ? .none : isChunked ? .chunked : .untilClose)
        guard isHandling(request) else { return await abandon(response, request) }
        guard hasContent, method != .head else { return end() }
        do {
            try await produce(HTTPBodyWriter(connection: self, request: request))
        } catch {
            if isHandling(request) { abort() }
            return
        }
        guard isHandling(request) else { return }
        if isChunked { send(Array("0\r\n\r\n".utf8)) }
        end()
    }

    /// The client went before its stream began: the closure runs all the same, since it may have something to settle,
    /// and finds its writer throwing.
    private func abandon(_ response: HTTPResponse, _ request: UInt64) async {
        guard case .stream(let produce) = response.body else { return }
        try? await produce(HTTPBodyWriter(connection: self, request: request))
    }

    /// For the body writer: false when the request is no longer the one being answered.
    func write(_ bytes: [UInt8], for request: UInt64) async -> Bool {
        guard isHandling(request) else { return false }
        if isChunked {
            acceptor.scratch.removeAll(keepingCapacity: true)
            ResponseHead.appendChunkSize(bytes.count, to: &acceptor.scratch)
            send(acceptor.scratch, bytes, Acceptor.lineEnd)
        } else {
            send(bytes)
        }
        guard isHandling(request), let socket else { return false }
        guard socket.outputCount > Self.highWater else { return true }
        return await withCheckedContinuation { writers.append($0) }
    }

    private func sendHead(_ response: HTTPResponse, _ framing: ResponseFraming, _ content: [UInt8] = []) {
        if acceptor.isDraining { keepsAlive = false }
        hasSentHead = true
        acceptor.scratch.removeAll(keepingCapacity: true)
        let refused = ResponseHead.append(
            response, framing: framing, minorVersion: minorVersion, date: acceptor.date, keepsAlive: &keepsAlive,
            to: &acceptor.scratch)
        send(acceptor.scratch, content)
        for name in refused { acceptor.observe(.responseHeaderRefused(name: name)) }
    }

    private func send(_ head: [UInt8], _ body: [UInt8] = [], _ tail: [UInt8] = []) {
        if socket?.send(head, body, tail) == false { close() }
    }

    /// The server's own answer to a request it does not serve; closes the connection.
    private func refuse(_ refusal: RequestRefusal) {
        acceptor.observe(.requestRefused(status: refusal.status, message: refusal.message, peer: peer))
        if phase == .reading { method = parser.head.method }
        keepsAlive = false
        phase = .handling
        respond(own(refusal.status), configuration.errorBody(refusal.status, refusal.message))
    }

    private func own(_ status: Int) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")] + configuration.errorHeaders())
    }

    // MARK: Ending

    /// The answer is complete.
    private func end() {
        guard phase == .handling else { return }
        task = nil
        guard keepsAlive else { return finish() }
        phase = .reading
        deadline = .now + configuration.idleTimeout
        process()
    }

    /// The answer cannot be completed: ends the connection so that the client can tell. A missing last chunk says it;
    /// without chunks only RST does.
    private func abort() {
        acceptor.observe(.responseCutShort(peer: peer))
        abandon()
        phase = .flushing
        if isChunked { finish() } else { close(reset: true) }
    }

    /// Lets go of the handler: it is cancelled, and whatever it still answers is dropped.
    private func abandon() {
        request += 1
        let task = task
        self.task = nil
        task?.cancel()
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(returning: false) }
    }

    /// Closes in order: first what waits is written.
    private func finish() {
        guard phase != .closed else { return }
        phase = .flushing
        deadline = .now + configuration.requestTimeout
        socket?.pauseReading(false)
        if socket?.outputCount == 0 { linger() }
    }

    private func linger() {
        guard !hasInputEnded else { return close() }
        phase = .lingering
        deadline = .now + Self.lingerTimeout
        socket?.finishWriting()
        socket?.discardInput()
    }

    func close(reset: Bool = false) {
        guard phase != .closed else { return }
        let before = phase
        phase = .closed
        abandon()
        socket?.close(reset: reset)
        socket = nil
        acceptor.forget(self)
        if before == .handling { acceptor.observe(.disconnected(peer: peer)) }
        if before == .handshake { acceptor.observe(.handshakeFailed(peer: peer)) }
    }
}
