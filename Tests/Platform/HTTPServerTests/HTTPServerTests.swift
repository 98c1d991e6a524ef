// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import SwiftExtensions
import Testing

@testable import HTTPServer

@Suite struct HTTPServerTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("requests of every framing are answered over one connection")
    func keepAlive() async throws {
        let server = try TestServer.echoing(loops: 2)
        let client = try RawClient(port: server.port)
        client.send("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n")
        let first = client.answer()
        #expect(first.body == "GET /a b h ")
        #expect(first.status == 200)
        #expect(first["content-length"] == "11")
        #expect(first["date"]?.hasSuffix(" GMT") == true)
        #expect(first["connection"] == nil)
        client.send("POST /p HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.answer().body == "POST /p - h ")
        client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        #expect(client.answer().body == "POST /p - h ")
        client.trickle(
            "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: t\r\n\r\n"
        )
        #expect(client.answer().body == "PUT /p - h abcde")
        let body = String(repeating: "x", count: 3_000_000)
        client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n\(body)")
        #expect(client.answer().body == "POST /p - h \(body)")
        client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(client.answer()["connection"] == "close")
        #expect(client.endsSilently())
        await server.stop()
    }

    @Test("pipelined requests are answered in order, though the first takes longest")
    func pipelining() async throws {
        let server = try TestServer { request in
            if request.path == "/0" { try? await Task.sleep(for: .milliseconds(50)) }
            return await echo(request)
        }
        let client = try RawClient(port: server.port)
        client.send((0..<50).map { "POST /\($0) HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" }.joined())
        for index in 0..<50 { #expect(client.answer().body == "POST /\(index) - h x") }
        await server.stop()
    }

    @Test("megabytes of pipelined requests wait outside while a handler runs, and all are answered")
    func boundedPipelining() async throws {
        let server = try TestServer { request in
            if request.path == "/slow" { try? await Task.sleep(for: .milliseconds(300)) }
            return HTTPResponse(status: 200)
        }
        let client = try RawClient(port: server.port)
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        let request =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n\(String(repeating: "x", count: 10_000))"
        for _ in 0..<500 { client.send(request) }
        for _ in 0..<501 { #expect(client.answer().status == 200) }
        await server.stop()
    }

    @Test("HTTP/1.0 closes after the answer unless it asks to keep the connection")
    func version10() async throws {
        let server = try TestServer.echoing()
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(client.answer()["connection"] == "keep-alive")
        client.send("GET / HTTP/1.0\r\n\r\n")
        let answer = client.answer()
        #expect(answer.body == "GET / - - ")
        #expect(answer["connection"] == "close")
        #expect(client.endsSilently())
        await server.stop()
    }

    @Test("who expects 100 is told to continue before the body")
    func expectContinue() async throws {
        let server = try TestServer.echoing()
        let client = try RawClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.answer().status == 100)
        client.send("ok")
        #expect(client.answer().body == "POST / - h ok")
        await server.stop()
    }

    @Test("HEAD, 204 and 304 have no content, and the next answer is where it belongs")
    func noContent() async throws {
        let server = try TestServer { request in
            if request.path == "/stream" {
                return HTTPResponse(status: 200, body: .stream { try await $0.write(Array("never".utf8)) })
            }
            let status = Int(request.queryItem("status") ?? "") ?? 200
            return HTTPResponse(status: status, body: .bytes(Array("content".utf8)))
        }
        let client = try RawClient(port: server.port)
        for (request, status, length) in [
            ("HEAD /", 200, "7"), ("HEAD /stream", 200, nil), ("GET /?status=204", 204, nil),
            ("GET /?status=304", 304, nil),
        ] {
            client.send("\(request) HTTP/1.1\r\nHost: h\r\n\r\n")
            let answer = client.answer(toHead: true)
            #expect(answer.status == status)
            #expect(answer["content-length"] == length)
        }
        client.send("GET /?status=99 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.answer().status == 500)
        client.send(get)
        #expect(client.answer().body == "content")
        await server.stop()
    }

    @Test("a response cannot be split or framed by its headers")
    func responseSplitting() async throws {
        let server = try TestServer { _ in
            HTTPResponse(
                status: 200,
                headers: [
                    ("X-Good", "a\tb"), ("X-Bad", "a\r\nX-Evil: 1"), ("X-LF", "a\nX-Evil: 1"), ("X-NUL", "a\0"),
                    ("X Evil", "1"), ("X-Evil: 1\r\nX", "1"), ("Content-Length", "99"), ("Transfer-Encoding", "gzip"),
                    ("Date", "never"), ("connection", "close"),
                ], body: .bytes(Array("ok".utf8)))
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        let answer = client.answer()
        #expect(answer.headers.map(\.name).sorted() == ["Connection", "Content-Length", "Date", "X-Good"])
        #expect(answer.body == "ok")
        #expect(client.endsSilently())
        let refused = server.events.withLock { $0 }
        #expect(refused.contains(.responseHeaderRefused(name: "X-Bad")))
        #expect(refused.count == 5)
        await server.stop()
    }

    @Test("a handler runs on the loop that read the request, and comes back to it")
    func staysOnLoop() async throws {
        let server = try TestServer(loops: 2) { _ in
            let before = EventLoop.current
            await Task.yield()
            let isSame = before != nil && EventLoop.current === before
            try? await Task.sleep(for: .milliseconds(1))
            return HTTPResponse(status: isSame && EventLoop.current === before ? 200 : 500)
        }
        for _ in 0..<8 {
            let client = try RawClient(port: server.port)
            client.send(get)
            #expect(client.answer().status == 200)
        }
        await server.stop()
    }

    @Test("a client that goes away cancels its handler", arguments: [false, true])
    func disconnectCancels(halfClose: Bool) async throws {
        let (started, cancelled) = (Locked(false), Locked(false))
        let server = try TestServer { _ in
            started.withLock { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            cancelled.withLock { $0 = Task.isCancelled }
            return HTTPResponse(status: 200)
        }
        var client: RawClient? = try RawClient(port: server.port)
        client?.send(get)
        #expect(await eventually { started.withLock { $0 } })
        if halfClose { client?.shutdownWriting() } else { client = nil }
        #expect(await eventually { cancelled.withLock { $0 } })
        #expect(await eventually { server.server.connectionCount == 0 })
        #expect(server.events.withLock { $0 } == [.disconnected(peer: "127.0.0.1")])
        withExtendedLifetime(client) {}
        await server.stop()
    }

    @Test("a slow head and a slow body are answered 408, an idle connection is closed silently")
    func slowClients() async throws {
        let server = try TestServer.echoing({
            $0.headTimeout = .milliseconds(150)
            $0.bodyTimeout = .milliseconds(150)
            $0.idleTimeout = .milliseconds(300)
        })
        for start in ["GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"] {
            let client = try RawClient(port: server.port)
            client.send(start)
            let answer = client.answer()
            #expect(answer.status == 408)
            #expect(answer["connection"] == "close")
            #expect(client.endsSilently())
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        #expect(client.answer().status == 200)
        #expect(client.endsSilently())
        #expect(try RawClient(port: server.port).endsSilently())
        await server.stop()
    }

    @Test("a drip-fed head is refused though bytes keep coming")
    func drip() async throws {
        let server = try TestServer.echoing({ $0.headTimeout = .milliseconds(150) })
        let client = try RawClient(port: server.port)
        for _ in 0..<60 {
            client.send("X")
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(client.answer().status == 408)
        await server.stop()
    }

    @Test("a handler out of time is cancelled and answered for with 504")
    func requestTimeout() async throws {
        let cancelled = Locked(false)
        let server = try TestServer({ $0.requestTimeout = .milliseconds(100) }) { _ in
            try? await Task.sleep(for: .seconds(60))
            cancelled.withLock { $0 = Task.isCancelled }
            return HTTPResponse(status: 200)
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        let answer = client.answer()
        #expect(answer.status == 504)
        #expect(answer.body.contains(#""type":"server_error""#))
        #expect(client.endsSilently())
        #expect(await eventually { cancelled.withLock { $0 } })
        await server.stop()
    }

    @Test("connections over the limit are turned away with 503, and let in again later")
    func maximumConnections() async throws {
        let server = try TestServer.echoing({ $0.maximumConnections = 2 })
        var clients = try (0..<2).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send(get)
            #expect(client.answer().status == 200)
        }
        #expect(try RawClient(port: server.port).answer().status == 503)
        clients.removeLast()
        #expect(await eventually { server.server.connectionCount == 1 })
        let client = try RawClient(port: server.port)
        client.send(get)
        #expect(client.answer().status == 200)
        await server.stop()
    }

    @Test("200 idle connections are kept and still answer")
    func idleConnections() async throws {
        let server = try TestServer.echoing(loops: 2)
        let clients = try (0..<200).map { _ in try RawClient(port: server.port) }
        for _ in 0..<2 {
            for client in clients {
                client.send(get)
                #expect(client.answer().status == 200)
            }
        }
        #expect(server.server.connectionCount == 200)
        await server.stop()
        #expect(server.server.connectionCount == 0)
    }

    @Test("draining answers what is under way, closes what is idle and takes no more")
    func drains() async throws {
        let (started, gate) = (Locked(false), Locked(false))
        let server = try TestServer(loops: 2) { request in
            started.withLock { $0 = true }
            while !gate.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) }
            return await echo(request)
        }
        let idle = try RawClient(port: server.port)
        let busy = try RawClient(port: server.port)
        busy.send(get)
        #expect(await eventually { started.withLock { $0 } })
        async let drained: Void = server.server.drain(within: .seconds(10))
        #expect(await eventually { (try? RawClient(port: server.port)) == nil })
        #expect(idle.endsSilently())
        gate.withLock { $0 = true }
        let answer = busy.answer()
        #expect(answer.body == "GET / - a ")
        #expect(answer["connection"] == "close")
        #expect(busy.endsSilently())
        busy.shutdownWriting()
        idle.shutdownWriting()
        await drained
        await server.stop()
    }

    @Test("draining cancels what does not end in time")
    func drainCancels() async throws {
        let (started, cancelled) = (Locked(false), Locked(false))
        let server = try TestServer { _ in
            started.withLock { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            cancelled.withLock { $0 = Task.isCancelled }
            return HTTPResponse(status: 200)
        }
        let client = try RawClient(port: server.port)
        client.send(get)
        #expect(await eventually { started.withLock { $0 } })
        await server.server.drain(within: .milliseconds(50))
        #expect(await eventually { cancelled.withLock { $0 } })
        #expect(client.endsSilently())
        await server.stop()
    }

    @Test("a port that is taken and an address that is none say so")
    func addresses() async throws {
        let server = try TestServer.echoing(loops: 2)
        let address = "127.0.0.1:\(server.port)"
        #expect(throws: HTTPServerError.addressInUse(address)) { try TestServer.echoing({ $0.address = address }) }
        for address in ["", "8080", "localhost:80", "1.2.3:80", "127.0.0.1:70000", "[::g]:1", "::1:80", "127.0.0.1:"] {
            #expect(throws: HTTPServerError.invalidAddress(address)) {
                try TestServer.echoing({ $0.address = address })
            }
        }
        #expect(HTTPServerError.addressInUse(address).description.contains("another server"))
        await server.stop()
        let next = try TestServer.echoing({ $0.address = address })
        #expect(next.port == server.port)
        await next.stop()
        let version6 = try TestServer.echoing({ $0.address = "[::1]:0" })
        #expect(version6.port > 0)
        await version6.stop()
    }
}
