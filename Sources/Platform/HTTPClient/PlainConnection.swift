// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import SwiftExtensions

/// One kept connection to a server without TLS, which carries one transfer after the other. Loop-confined.
final class PlainConnection {
    let origin: PlainOrigin
    private(set) var transfer: Transfer?
    /// Whether it has carried a transfer before this one.
    private(set) var isReused = false
    private(set) var restsSince: ContinuousClock.Instant = .now
    private let descriptor: Int32
    private unowned let transport: PlainTransport
    private var watch: FileWatch?
    private var parser = ResponseParser(isHead: false)
    private var output: [UInt8] = []
    private var sent = 0
    /// What came while the reader was held back.
    private var heldBack: [UInt8] = []

    /// Takes over a connected socket.
    init(_ descriptor: Int32, to origin: PlainOrigin, _ transport: PlainTransport) {
        self.descriptor = descriptor
        self.origin = origin
        self.transport = transport
        watch = FileWatch(on: transport.loop, descriptor: descriptor) { [weak self] readable, writable in
            if writable { self?.flush() }
            if readable { self?.read() }
        }
        watch?.watch(read: true, write: false)
    }

    deinit { close() }

    func close() {
        guard watch != nil else { return }
        watch = nil
        _ = Glibc.close(descriptor)
    }

    // MARK: Sending

    func carry(_ transfer: Transfer, _ target: PlainTarget) {
        self.transfer = transfer
        transfer.carrier = .plain(self)
        parser = ResponseParser(isHead: transfer.request.method == "HEAD")
        sent = 0
        output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
        transfer.request.write(to: target, userAgent: transport.userAgent, into: &output)
        flush()
    }

    /// Sends what the socket takes. When the server has gone, reading tells.
    private func flush() {
        while sent < output.count {
            let count = unsafe output.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return listen(write: true) }
                parser.giveUpConnection()
                sent = output.count
            } else {
                sent += count
            }
        }
        listen(write: false)
    }

    private func listen(write: Bool) { watch?.watch(read: heldBack.isEmpty, write: write) }

    // MARK: Receiving

    private func read() {
        let buffer = unsafe transport.buffer
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard transfer != nil else { return transport.discard(self) }
        if count <= 0 { return ended() }
        unsafe take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard let transfer else { return }
        switch unsafe parser.feed(bytes, to: transfer) {
        case .more: break
        case .heldBack(let position):
            unsafe heldBack = Array(bytes[position...])
            listen(write: sent < output.count)
        case .done(let position):
            let isClean = position == bytes.count && sent == output.count && parser.keepsAlive
            detach()
            transport.finished(transfer, self, isReusable: isClean)
        case .failed(let error): transport.abort(transfer, error)
        }
    }

    /// The reader has caught up.
    func resume() {
        let bytes = heldBack
        heldBack = []
        unsafe bytes.withUnsafeBytes { unsafe take($0) }
        if heldBack.isEmpty { listen(write: sent < output.count) }
    }

    /// The server has closed.
    private func ended() {
        guard let transfer else { return }
        if parser.endsWithConnection {
            detach()
            transport.finished(transfer, self, isReusable: false)
        } else if isReused, !parser.hasBegun {
            detach()
            transport.retry(transfer, self)
        } else {
            transport.abort(transfer, .cut)
        }
    }

    private func detach() {
        transfer?.carrier = .none
        transfer = nil
        isReused = true
        restsSince = .now
    }
}

extension HTTPClientRequest {
    /// Appends the head and the body (RFC 9112 §3).
    func write(to target: PlainTarget, userAgent: String, into out: inout [UInt8]) {
        out.reserveCapacity(512 + body.count)
        out.append(utf8: method)
        out.append(contentsOf: target.line)
        var (hasAgent, hasAccept) = (false, false)
        for (name, value) in headers {
            switch name.utf8.count {
            case 4 where name.lowercased() == "host": continue
            case 6 where name.lowercased() == "accept": hasAccept = true
            case 10 where name.lowercased() == "user-agent": hasAgent = true
            default: break
            }
            Self.append(name, value, to: &out)
        }
        if !hasAgent { Self.append("User-Agent", userAgent, to: &out) }
        if !hasAccept { Self.append("Accept", "*/*", to: &out) }
        if !body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" {
            Self.append("Content-Length", String(body.count), to: &out)
        }
        out.append(utf8: "\r\n")
        out.append(contentsOf: body)
    }

    private static func append(_ name: String, _ value: String, to out: inout [UInt8]) {
        out.append(utf8: name)
        out.append(utf8: ": ")
        out.append(utf8: value)
        out.append(utf8: "\r\n")
    }
}
