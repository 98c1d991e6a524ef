// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import HTTPClient
import SwiftExtensions
import Testing

@Suite struct HTTPClientStreamTests {
    let peer = Peer()
    let loop = EventLoop()
    let client: HTTPClient

    init() { client = HTTPClient(loops: [loop]) }

    func request(_ path: String) -> HTTPClientRequest {
        HTTPClientRequest(url: peer.url(path), maximumResponseBytes: 100 << 20)
    }

    func text(_ path: String) async throws -> String {
        String(decoding: try await client.fetch(request(path)).body, as: UTF8.self)
    }

    @Test("pieces arrive as they are sent, on the loop and off it", arguments: [true, false])
    func chunks(onLoop: Bool) async throws {
        let (client, request) = (client, request("/chunks"))
        let read: @concurrent @Sendable () async throws -> [String] = {
            let stream = try await client.open(request)
            #expect(stream.status == 200)
            #expect(stream.headers["transfer-encoding"] == "chunked")
            #expect(stream.headers["x-trailer"] == nil)
            var pieces: [String] = []
            while let piece = try await stream.next() { pieces.append(String(decoding: piece, as: UTF8.self)) }
            #expect(try await stream.next() == nil)
            return pieces
        }
        let pieces = onLoop ? try await loop.run(read) : try await read()
        #expect(pieces.joined() == "part-0part-1part-2part-3")
        // The loop has a thread of its own; off it the reader may be late and get two at once.
        if onLoop { #expect(pieces.count == 4) }
    }

    @Test("a slow reader holds the server back, and still gets everything")
    func backPressure() async throws {
        var slow = request("/big/52428800")
        slow.timeouts.idle = .milliseconds(100)
        let stream = try await client.open(slow)
        try await Task.sleep(for: .milliseconds(500))
        // Without a reader the server has not got rid of more than what socket buffers and the client's bound hold.
        let sent = try #require(Int(try await text("/count/sent")))
        #expect(sent > 256 << 10 && sent < 20 << 20)
        var received = 0
        while let piece = try await stream.next() {
            #expect(piece.count <= 512 << 10)
            received += piece.count
            if received < 4 << 20 { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(received == 52_428_800)
    }

    @Test("collect gathers the rest, up to its limit")
    func collect() async throws {
        #expect(try await client.open(request("/big/1000000")).collect(limit: 1_000_000).count == 1_000_000)
        let stream = try await client.open(request("/big/1000001"))
        await #expect(throws: HTTPClientError.tooLarge(limit: 1_000_000)) { try await stream.collect(limit: 1_000_000) }
    }

    @Test("a stream that is cut gives what came, then the error, not an end")
    func cut() async throws {
        let stream = try await client.open(request("/cutchunked"))
        #expect(try await stream.next() == Array("hello".utf8))
        await #expect(throws: HTTPClientError.cut) { try await stream.next() }
        await #expect(throws: HTTPClientError.cut) { try await stream.next() }
    }

    @Test("a stream over the request's limit is refused")
    func tooLarge() async throws {
        var limited = request("/endless")
        limited.maximumResponseBytes = 1 << 20
        let stream = try await client.open(limited)
        await #expect(throws: HTTPClientError.tooLarge(limit: 1 << 20)) { try await stream.collect(limit: .max) }
    }

    @Test(
        "cancelling the reader's task, cancelling the stream and letting it go each close the connection",
        arguments: ["task", "stream", "let go"])
    func cancellation(_ way: String) async throws {
        var stream: HTTPClientStream? = try await client.open(request("/hangmid"))
        #expect(try await stream?.next() == Array("01234".utf8))
        switch way {
        case "task":
            let reader = Task { [stream] in
                await #expect(throws: HTTPClientError.cancelled) { try await stream?.next() }
            }
            try await Task.sleep(for: .milliseconds(50))
            reader.cancel()
            _ = await reader.value
        case "stream":
            stream?.cancel()
            stream?.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await stream?.next() }
        default: stream = nil
        }
        var closed = ""
        for _ in 0..<100 where closed != "1" {
            closed = try await text("/count/closed")
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(closed == "1")
    }

    @Test("closing the client ends what is under way, and refuses what comes later")
    func close() async throws {
        let stream = try await client.open(request("/hangmid"))
        #expect(try await stream.next() == Array("01234".utf8))
        client.close()
        await #expect(throws: HTTPClientError.cancelled) { try await stream.next() }
        await #expect(throws: HTTPClientError.cancelled) { try await client.fetch(request("/hello")) }
    }

    @Test("a head that never comes, and a body that stops, are errors of the stream")
    func deadlines() async throws {
        var hang = request("/hang")
        hang.timeouts.firstByte = .milliseconds(150)
        let hanging = hang
        await #expect(throws: HTTPClientError.firstByteTimeout(.milliseconds(150))) { try await client.open(hanging) }
        var stop = request("/hangmid")
        stop.timeouts.idle = .milliseconds(150)
        let stream = try await client.open(stop)
        await #expect(throws: HTTPClientError.idleTimeout(.milliseconds(150))) { try await stream.collect(limit: 100) }
    }
}
