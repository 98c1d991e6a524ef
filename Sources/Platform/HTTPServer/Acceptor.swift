// SPDX-License-Identifier: Apache-2.0
import CEvent
import EventLoop
import Glibc
import SwiftExtensions
import Synchronization

/// One loop's share of a server: its listening socket and the connections accepted from it. Loop-confined.
final class Acceptor: @unchecked Sendable {
    // @unchecked: the variables are touched on the loop's thread only.
    static let lineEnd = Array("\r\n".utf8)

    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let limits: RequestParser.Limits
    let tls: TLSContext?
    let observe: @Sendable (HTTPServerEvent) -> Void
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    private let open: OpenConnections
    private let descriptor: Int32
    private var watch: FileWatch?
    private var sweep: LoopTimer?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private(set) var isDraining = false
    /// The `date` line of the present second.
    private(set) var date: [UInt8] = []
    /// Where heads are put together; its memory serves all connections in turn.
    var scratch: [UInt8] = []

    init(
        loop: EventLoop, descriptor: Int32, tls: TLSContext?, open: OpenConnections,
        configuration: HTTPServerConfiguration, observe: @escaping @Sendable (HTTPServerEvent) -> Void,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.loop = loop
        self.descriptor = descriptor
        self.tls = tls
        self.open = open
        self.configuration = configuration
        self.observe = observe
        self.handler = handler
        limits = RequestParser.Limits(
            headBytes: configuration.maximumHeadBytes, headers: configuration.maximumHeaders,
            bodyBytes: configuration.maximumBodyBytes)
    }

    /// Begins to accept.
    func start() {
        let watch = FileWatch(on: loop, descriptor: descriptor) { [self] _, _ in accept() }
        watch.watch(read: true, write: false)
        self.watch = watch
        sweep = LoopTimer(on: loop) { [self] in tick() }
        tick()
    }

    /// Accepts no more, and lets the connections end as they become idle.
    func drain() {
        guard !isDraining else { return }
        // What the kernel has already accepted for this socket would be reset with it.
        accept()
        isDraining = true
        watch?.close()
        watch = nil
        close(descriptor)
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Closes what is left.
    func stop() {
        drain()
        for connection in Array(connections.values) { connection.close() }
        sweep?.cancel()
        sweep = nil
    }

    func forget(_ connection: Connection) {
        if connections.removeValue(forKey: ObjectIdentifier(connection)) != nil {
            open.count.subtract(1, ordering: .relaxed)
        }
    }

    // MARK: Accepting

    private func accept() {
        // A bound, so that a flood of connections does not starve those already open.
        for _ in 0..<64 {
            let (accepted, peer, code) = ListeningAddress.accept(descriptor)
            guard accepted >= 0 else { return acceptFailed(code) }
            admit(accepted, peer: peer)
        }
    }

    private func admit(_ accepted: Int32, peer: String) {
        guard open.count.add(1, ordering: .relaxed).newValue <= configuration.maximumConnections else {
            open.count.subtract(1, ordering: .relaxed)
            return turnAway(accepted, peer)
        }
        let connection = Connection(acceptor: self, peer: peer)
        connections[ObjectIdentifier(connection)] = connection
        if !connection.open(accepted) { forget(connection) }
    }

    private func turnAway(_ accepted: Int32, _ peer: String) {
        observe(.connectionRefused(peer: peer))
        if tls == nil {
            let body = configuration.errorBody(503, "the server has no room for more connections: try again later")
            let response = HTTPResponse(
                status: 503,
                headers: [("Content-Type", "application/json"), ("Retry-After", "1")] + configuration.errorHeaders())
            var head: [UInt8] = []
            var keepsAlive = false
            _ = ResponseHead.append(
                response, framing: .length(body.count), minorVersion: 1, date: date, keepsAlive: &keepsAlive, to: &head)
            _ = unsafe cevent_send(accepted, head, head.count, body, body.count, nil, 0)
        }
        close(accepted)
    }

    private func acceptFailed(_ code: Int32) {
        switch code {
        case EAGAIN, EINTR, ECONNABORTED: break
        default:
            // Out of descriptors, most likely: the socket stays readable, so look again only at the next tick.
            observe(.acceptFailed(errno: code))
            watch?.watch(read: false, write: false)
        }
    }

    // MARK: Time

    /// Deadlines are looked at in turns, a few times in the shortest of them: cheaper than a timer a connection.
    private func tick() {
        date = ResponseHead.dateLine(Timestamp.now().seconds)
        watch?.watch(read: true, write: false)
        let now = ContinuousClock.now
        let expired = connections.values.filter { $0.deadline <= now }
        for connection in expired { connection.expire() }
        sweep?.schedule(after: interval)
    }

    private var interval: Duration {
        let shortest =
            [
                configuration.idleTimeout, configuration.headTimeout, configuration.bodyTimeout,
                configuration.requestTimeout,
            ].min() ?? .seconds(1)
        return min(max(shortest / 4, .milliseconds(5)), .milliseconds(250))
    }
}

/// How many connections a server has open, over all loops.
final class OpenConnections: Sendable {
    let count = Atomic<Int>(0)
}
