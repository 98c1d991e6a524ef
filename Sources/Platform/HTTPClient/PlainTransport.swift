// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// HTTP/1.1 without TLS, as providers inside a cluster speak it: a third of the cost of a request over curl, which
/// still makes the connections. Requests over TLS or a proxy, and unusual URLs, are not taken. Loop-confined.
@safe final class PlainTransport {
    /// As curl does: what has rested for longer is likely to be forgotten by something on the way.
    private static let longestRest = Duration.seconds(118)
    private static let maximumTargets = 256

    let loop: EventLoop
    /// For what arrives, one connection at a time.
    let buffer: UnsafeMutableRawBufferPointer
    private let configuration: HTTPClientConfiguration
    private unowned let multi: CurlMulti
    private var targets: [String: PlainTarget] = [:]
    private var origins: [String: PlainOrigin] = [:]
    private var deadlines: Deadlines?

    var userAgent: String { configuration.userAgent }

    init(on loop: EventLoop, _ configuration: HTTPClientConfiguration, connectingBy multi: CurlMulti) {
        self.loop = loop
        self.configuration = configuration
        self.multi = multi
        unsafe buffer = .allocate(byteCount: 64 << 10, alignment: 64)
        deadlines = Deadlines(on: loop) { [unowned self] transfer, error in
            if case .firstByteTimeout = error, case .connecting = transfer.carrier {
                abort(transfer, .connectTimeout(host: transfer.request.host))
            } else {
                abort(transfer, error)
            }
        }
    }

    deinit { unsafe buffer.deallocate() }

    // MARK: Transfers

    /// False when the request is not for us.
    func start(_ transfer: Transfer) -> Bool {
        guard let target = target(of: transfer.request.url) else { return false }
        transfer.target = target
        deadlines?.add(transfer)
        dispatch(transfer, target)
        return true
    }

    private func dispatch(_ transfer: Transfer, _ target: PlainTarget) {
        let origin = target.origin
        while let connection = origin.idle.popLast() {
            if transfer.started - connection.restsSince < Self.longestRest { return connection.carry(transfer, target) }
            connection.close()
            origin.open -= 1
        }
        if origin.open < configuration.maximumConnectionsPerHost {
            connect(transfer, target)
        } else {
            origin.waiting.append(transfer)
        }
    }

    private func connect(_ transfer: Transfer, _ target: PlainTarget) {
        let origin = target.origin
        origin.open += 1
        let handle = multi.connect(to: origin.url, for: transfer) { [weak self] result in
            guard let self else { return }
            transfer.carrier = .none
            switch result {
            case .success(let descriptor): PlainConnection(descriptor, to: origin, self).carry(transfer, target)
            case .failure(let error):
                origin.open -= 1
                end(transfer, error)
                serve(origin)
            }
        }
        if let handle { transfer.carrier = .connecting(handle) }
    }

    /// A response is whole.
    func finished(_ transfer: Transfer, _ connection: PlainConnection, isReusable: Bool) {
        let origin = connection.origin
        end(transfer, nil)
        if isReusable {
            origin.idle.append(connection)
        } else {
            connection.close()
            origin.open -= 1
        }
        if !origin.waiting.isEmpty { serve(origin) }
    }

    /// A kept connection was dead before anything came back: the request goes out once more, on a new one.
    func retry(_ transfer: Transfer, _ connection: PlainConnection) {
        connection.close()
        connection.origin.open -= 1
        guard let target = transfer.target else { return end(transfer, .cut) }
        connect(transfer, target)
    }

    /// A resting connection was closed by the server, or spoke unasked.
    func discard(_ connection: PlainConnection) {
        connection.close()
        connection.origin.open -= 1
        connection.origin.idle.removeAll { $0 === connection }
    }

    /// Ends a transfer early; its connection is closed.
    func abort(_ transfer: Transfer, _ error: HTTPClientError) {
        guard let origin = transfer.target?.origin, !transfer.isFinished else { return }
        switch transfer.carrier {
        case .plain(let connection):
            connection.close()
            origin.open -= 1
        case .connecting(let handle):
            multi.cancel(handle)
            origin.open -= 1
        case .none, .curl: origin.waiting.removeAll { $0 === transfer }
        }
        end(transfer, error)
        serve(origin)
    }

    /// Ends everything.
    func close() {
        while let transfer = deadlines?.transfers.last {
            transfer.target?.origin.waiting = []
            abort(transfer, .cancelled)
        }
        for origin in origins.values {
            for connection in origin.idle { connection.close() }
            origin.idle = []
        }
        deadlines = nil
    }

    private func end(_ transfer: Transfer, _ error: HTTPClientError?) {
        transfer.carrier = .none
        deadlines?.remove(transfer)
        transfer.finish(error)
    }

    /// Lets those who wait have what has become free.
    private func serve(_ origin: PlainOrigin) {
        while !origin.waiting.isEmpty, !origin.idle.isEmpty || origin.open < configuration.maximumConnectionsPerHost {
            let transfer = origin.waiting.removeFirst()
            if let target = transfer.target { dispatch(transfer, target) }
        }
    }

    // MARK: Targets

    private func target(of url: String) -> PlainTarget? {
        if let known = targets[url] { return known }
        guard !configuration.isProxied, let (authority, path) = PlainTarget.parts(of: url) else { return nil }
        if targets.count >= Self.maximumTargets {
            targets.removeAll()
            origins = origins.filter { $0.value.open > 0 || !$0.value.waiting.isEmpty }
        }
        let origin = origins[authority] ?? PlainOrigin(authority: authority)
        origins[authority] = origin
        let target = PlainTarget(origin: origin, line: Array(" \(path) HTTP/1.1\r\nHost: \(authority)\r\n".utf8))
        targets[url] = target
        return target
    }
}
