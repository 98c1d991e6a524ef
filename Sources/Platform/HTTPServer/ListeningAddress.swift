// SPDX-License-Identifier: Apache-2.0
import CEvent
import Glibc

/// A numeric address with a port, and the listening sockets on it.
struct ListeningAddress {
    private let text: String
    private let host: String
    private let isVersion6: Bool
    private let port: UInt16

    init(_ text: String) throws(HTTPServerError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .invalidAddress(text)
        }
        let host = text[..<colon]
        isVersion6 = host.first == "[" && host.last == "]"
        self.host = String(isVersion6 ? host.dropFirst().dropLast() : host)
        self.text = text
        self.port = port
    }

    /// `count` sockets that share the port, so that the kernel spreads connections over them, and that port.
    ///
    /// SO_REUSEPORT alone would let a second server of the same user take half of the connections, so a socket
    /// without it tries the port first: that one fails when anybody listens there.
    func listen(count: Int) throws(HTTPServerError) -> (descriptors: [Int32], port: Int) {
        if port != 0 { close(try bound(port, shared: false)) }
        var descriptors: [Int32] = []
        var port = port
        do throws(HTTPServerError) {
            for _ in 0..<count {
                let descriptor = try bound(port, shared: true)
                descriptors.append(descriptor)
                guard Glibc.listen(descriptor, 1024) == 0 else { throw failure(errno) }
                port = cevent_port(descriptor)
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw error
        }
        return (descriptors, Int(port))
    }

    private func bound(_ port: UInt16, shared: Bool) throws(HTTPServerError) -> Int32 {
        let descriptor = unsafe cevent_bind(host, isVersion6 ? 1 : 0, port, shared ? 1 : 0)
        guard descriptor != -2 else { throw .invalidAddress(text) }
        guard descriptor >= 0 else { throw failure(errno) }
        return descriptor
    }

    private func failure(_ code: Int32) -> HTTPServerError {
        if code == EADDRINUSE { return .addressInUse(text) }
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) }
        return .cannotListen(address: text, reason: reason ?? "errno \(code)")
    }

    /// The next connection waiting at a listening socket, and the client's address without its port (IPv4 as such also
    /// when it came through a dual-stack socket); errno when there is none.
    static func accept(_ listener: Int32) -> (descriptor: Int32, peer: String, code: Int32) {
        var text = [CChar](repeating: 0, count: 46)
        let descriptor = unsafe cevent_accept(listener, &text)
        guard descriptor >= 0 else { return (-1, "", errno) }
        let peer = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let isMapped = peer.hasPrefix("::ffff:") && peer.contains(".")
        return (descriptor, isMapped ? String(peer.dropFirst(7)) : peer, 0)
    }
}
