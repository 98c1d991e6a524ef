// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import SwiftExtensions

@testable import HTTPServer

/// A blocking socket that says exactly what a test wants said. Every read has a deadline.
final class RawClient {
    struct Answer {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body = ""
        var isComplete = false
        subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    }

    let descriptor: Int32
    private var buffered: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var wasReset = false

    init(port: Int, receiveBuffer: Int32 = 0, seconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var size = receiveBuffer
        if size > 0 { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let failed = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if failed != 0 {
            let code = errno
            Glibc.close(descriptor)
            throw Refused(code: code)
        }
    }

    struct Refused: Error { let code: Int32 }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends byte by byte, each in a segment of its own.
    func trickle(_ text: String) {
        for byte in text.utf8 { send([byte]) }
    }

    func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads more; false at the end, after a reset, and when the deadline has passed.
    @discardableResult
    func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 {
            buffered += chunk[0..<count]
            return true
        }
        if count == 0 { hasEnded = true } else if errno == ECONNRESET { wasReset = true }
        return false
    }

    /// The connection is closed by the server, with nothing more said.
    func endsSilently() -> Bool { !fill() && hasEnded && buffered.isEmpty }

    /// The next response; `isComplete` is false when it was cut short.
    func answer(toHead: Bool = false) -> Answer {
        var answer = Answer()
        while range(of: "\r\n\r\n") == nil { if !fill() { return answer } }
        guard let end = range(of: "\r\n\r\n") else { return answer }
        let head = String(decoding: buffered[0..<end], as: UTF8.self)
        buffered.removeFirst(end + 4)
        var lines = head.split(separator: "\r\n").map(String.init)
        answer.status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        answer.headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts[1].drop { $0 == " " }.description)
        }
        if answer.status < 200 || toHead { answer.isComplete = true } else { readBody(&answer) }
        return answer
    }

    private func readBody(_ answer: inout Answer) {
        if answer["transfer-encoding"] == "chunked" {
            var content: [UInt8] = []
            while true {
                while range(of: "\r\n") == nil { if !fill() { return answer.body = text(content) } }
                guard let end = range(of: "\r\n") else { return }
                let size = Int(text(Array(buffered[0..<end])), radix: 16) ?? 0
                buffered.removeFirst(end + 2)
                while buffered.count < size + 2 { if !fill() { return answer.body = text(content) } }
                content += buffered[0..<size]
                buffered.removeFirst(size + 2)
                if size == 0 { break }
            }
            answer.body = text(content)
            answer.isComplete = true
        } else {
            let length = answer["content-length"].flatMap { Int($0) }
            while buffered.count < length ?? .max { if !fill() { break } }
            answer.isComplete = length.map { buffered.count >= $0 } ?? hasEnded
            answer.body = text(Array(buffered.prefix(length ?? .max)))
            buffered.removeFirst(min(buffered.count, length ?? .max))
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func range(of needle: String) -> Int? {
        let needle = Array(needle.utf8)
        guard buffered.count >= needle.count else { return nil }
        return (0...(buffered.count - needle.count)).first { buffered[$0...].starts(with: needle) }
    }
}

/// A server on loops of its own for one test.
struct TestServer {
    let server: HTTPServer
    let loops: [EventLoop]
    let port: Int
    let events = Locked<[HTTPServerEvent]>([])

    static func echoing(
        loops count: Int = 1, _ change: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) throws -> TestServer {
        try TestServer(loops: count, change, handler: echo)
    }

    init(
        loops count: Int = 1, _ change: (inout HTTPServerConfiguration) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) throws {
        loops = (0..<count).map { EventLoop(name: "test-\($0)") }
        var configuration = HTTPServerConfiguration(address: "127.0.0.1:0")
        change(&configuration)
        let events = events
        server = HTTPServer(
            configuration: configuration, loops: loops, observe: { event in events.withLock { $0.append(event) } },
            handler: handler)
        port = try server.start()
    }

    func stop() async {
        await server.drain(within: .zero)
        for loop in loops { loop.stop() }
    }
}

/// Says what it was asked: method, path, query, host and body.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
    let line = "\(request.method.rawValue) \(request.path) \(request.query ?? "-") \(request.headers["host"] ?? "-") "
    return HTTPResponse(status: 200, body: .bytes(Array(line.utf8) + request.body))
}

/// Waits until `condition` holds; false when it does not within ten seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
