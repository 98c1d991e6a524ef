// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import SwiftExtensions
import Testing

@testable import HTTPServer

@Suite struct StreamingTests {
    private struct Broken: Error {}

    private func streaming(_ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: .stream(produce))
    }

    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("pieces arrive as they are written, and the connection lives on")
    func chunks() async throws {
        let gate = Locked(false)
        let server = try TestServer { _ in
            streaming { writer in
                try await writer.write(Array("one ".utf8))
                try await writer.write([])
                while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                try await writer.write(Array("two".utf8))
            }
        }
        let client = try RawClient(port: server.port)
        for _ in 0..<2 {
            gate.withLock { $0 = false }
            client.send(get)
            #expect(client.fill())
            gate.withLock { $0 = true }
            let answer = client.answer()
            #expect(answer.body == "one two")
            #expect(answer.isComplete)
            #expect(answer["transfer-encoding"] == "chunked")
            #expect(answer["content-length"] == nil)
        }
        await server.stop()
    }

    @Test("a producer runs, and is told, also when the client left before the answer began")
    func leftBeforeHead() async throws {
        let (isHandling, outcome) = (Locked(false), Locked<String?>(nil))
        let server = try TestServer { _ in
            isHandling.withLock { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            return streaming { writer in
                do {
                    try await writer.write(Array("late".utf8))
                    outcome.withLock { $0 = "written" }
                } catch {
                    outcome.withLock { $0 = "refused" }
                }
            }
        }
        do {
            let client = try RawClient(port: server.port)
            client.send(get)
            while !isHandling.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        }
        for _ in 0..<400 where outcome.withLock({ $0 }) == nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(outcome.withLock { $0 } == "refused")
        await server.stop()
    }

    @Test("HTTP/1.0 gets a stream that ends with the connection")
    func version10() async throws {
        let server = try TestServer { _ in streaming { try await $0.write(Array("all".utf8)) } }
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let answer = client.answer()
        #expect(answer.body == "all")
        #expect(answer["transfer-encoding"] == nil)
        #expect(answer["connection"] == "close")
        #expect(client.hasEnded)
        await server.stop()
    }

    @Test("a stream that throws is seen to be cut: no last chunk, or a reset for HTTP/1.0")
    func cut() async throws {
        let server = try TestServer { _ in
            streaming { writer in
                try await writer.write(Array("half".utf8))
                throw Broken()
            }
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        let answer = client.answer()
        #expect(answer.body == "half")
        #expect(!answer.isComplete)
        #expect(client.hasEnded)
        let old = try RawClient(port: server.port)
        old.send("GET / HTTP/1.0\r\n\r\n")
        #expect(!old.answer().isComplete)
        #expect(old.wasReset)
        #expect(server.events.withLock { $0 } == Array(repeating: .responseCutShort(peer: "127.0.0.1"), count: 2))
        await server.stop()
    }

    @Test("a client that reads slowly makes the writer wait, and then gets everything")
    func backPressure() async throws {
        let written = Locked(0)
        let server = try TestServer { _ in
            streaming { writer in
                let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
                for _ in 0..<1000 {
                    try await writer.write(piece)
                    written.withLock { $0 += 1 }
                }
            }
        }
        let client = try RawClient(port: server.port, receiveBuffer: 32 * 1024)
        client.send(get)
        var before = -1
        // The kernel's own buffers take some megabytes; then nothing moves.
        for _ in 0..<100 where written.withLock({ $0 }) != before {
            before = written.withLock { $0 }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(before < 900)
        #expect(written.withLock { $0 } == before)
        var total = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while total < 64 * 1024 * 1000 {
            let count = recv(client.descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            total += count
        }
        #expect(total > 64 * 1024 * 1000)
        #expect(written.withLock { $0 } == 1000)
        await server.stop()
    }

    @Test("a client that stops reading is reset, and its writer told")
    func stalled() async throws {
        let failed = Locked(false)
        let server = try TestServer({ $0.writeTimeout = .milliseconds(300) }) { _ in
            streaming { writer in
                do throws(HTTPDisconnected) {
                    while true { try await writer.write([UInt8](repeating: 0, count: 1 << 20)) }
                } catch {
                    failed.withLock { $0 = true }
                    throw error
                }
            }
        }
        let client = try RawClient(port: server.port, receiveBuffer: 32 * 1024)
        client.send(get)
        #expect(await eventually { failed.withLock { $0 } })
        withExtendedLifetime(client) {}
        await server.stop()
    }

    @Test("a client that goes away in mid-stream cancels the stream")
    func disconnect() async throws {
        let (cancelled, wroteAfter) = (Locked(false), Locked(false))
        let server = try TestServer { _ in
            streaming { writer in
                try await writer.write(Array("first".utf8))
                try? await Task.sleep(for: .seconds(60))
                cancelled.withLock { $0 = Task.isCancelled }
                try await writer.write(Array("second".utf8))
                wroteAfter.withLock { $0 = true }
            }
        }
        var client: RawClient? = try RawClient(port: server.port)
        client?.send(get)
        #expect(client?.fill() == true)
        client = nil
        #expect(await eventually { cancelled.withLock { $0 } })
        #expect(await eventually { server.server.connectionCount == 0 })
        #expect(!wroteAfter.withLock { $0 })
        await server.stop()
    }

    @Test("a stream out of time is cut short")
    func timeout() async throws {
        let server = try TestServer({ $0.requestTimeout = .milliseconds(150) }) { _ in
            streaming { writer in
                while true {
                    try await writer.write(Array("x".utf8))
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        let answer = client.answer()
        #expect(answer.status == 200)
        #expect(!answer.isComplete)
        #expect(client.hasEnded)
        await server.stop()
    }

    @Test("a writer can be used from other threads, and is dead after its request")
    func writerElsewhere() async throws {
        let kept = Locked<HTTPBodyWriter?>(nil)
        let server = try TestServer { _ in
            streaming { writer in
                kept.withLock { $0 = writer }
                try await Task.detached { try await writer.write(Array("elsewhere".utf8)) }.value
            }
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        #expect(client.answer().body == "elsewhere")
        await #expect(throws: HTTPDisconnected.self) {
            try await kept.withLock { $0 }?.write(Array("late".utf8))
        }
        client.send(get)
        #expect(client.answer().body == "elsewhere")
        await server.stop()
    }

    @Test("big answers, whole ones, arrive whole")
    func bigBytes() async throws {
        let server = try TestServer { _ in
            HTTPResponse(status: 200, body: .bytes([UInt8](repeating: UInt8(ascii: "y"), count: 20_000_000)))
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for _ in 0..<2 {
            let answer = client.answer()
            #expect(answer.body.utf8.count == 20_000_000)
            #expect(answer.isComplete)
        }
        #expect(client.endsSilently())
        await server.stop()
    }
}
