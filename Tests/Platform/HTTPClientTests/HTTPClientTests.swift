// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import HTTPClient
import SwiftExtensions
import Testing

@Suite struct HTTPClientTests {
    let peer = Peer()
    let loop = EventLoop()
    let client: HTTPClient

    init() { client = HTTPClient(loops: [loop]) }

    /// A request with short waits, so that what hangs is seen soon.
    func request(_ path: String, _ method: String = "GET", body: String = "") -> HTTPClientRequest {
        HTTPClientRequest(method: method, url: peer.url(path), body: Array(body.utf8))
    }

    func text(_ request: HTTPClientRequest) async throws -> String {
        String(decoding: try await client.fetch(request).body, as: UTF8.self)
    }

    func failure(_ request: HTTPClientRequest) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            _ = try await client.fetch(request)
            return nil
        } catch {
            return error
        }
    }

    @Test("a response has its status, its headers in whatever case, and its body")
    func response() async throws {
        let response = try await client.fetch(request("/hello"))
        #expect(response.status == 200)
        #expect(response.body == Array("hello".utf8))
        #expect(response.headers["CONTENT-length"] == "5")
        #expect(response.headers["x-twice"] == "a")
        #expect(response.headers["x-empty"] == "")
        #expect(response.headers["x-none"] == nil)
        #expect(response.headers.pairs.map(\.name) == ["Content-Length", "X-Twice", "x-twice", "X-Empty"])
        #expect(response.headers.pairs.map(\.value) == ["5", "a", "b", ""])
    }

    @Test("only addresses that are admitted are connected to, whatever name leads there")
    func admitted() async throws {
        let asked = Locked<[NetworkAddress]>([])
        func client(_ answer: Bool) -> HTTPClient {
            HTTPClient(
                configuration: HTTPClientConfiguration(admits: { address in
                    asked.withLock { $0.append(address) }
                    return answer
                }), loops: [loop])
        }
        let url = peer.url("/hello")
        for name in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
            let request = HTTPClientRequest(url: url.replacing("127.0.0.1", with: name))
            await #expect(throws: HTTPClientError.notAdmitted(host: request.url.split(separator: "/")[1].description)) {
                try await client(false).fetch(request)
            }
        }
        #expect(try await text(request("/count/connections")) == "1", "none of these has come")
        #expect(try await client(true).fetch(HTTPClientRequest(url: url)).status == 200)
        #expect(asked.withLock { Set($0.map(\.description)) }.isSubset(of: ["127.0.0.1", "::1"]))
    }

    @Test("requests one after the other share one connection, on the loop and off it")
    func keepAlive() async throws {
        for _ in 0..<20 { #expect(try await text(request("/hello")) == "hello") }
        let (client, hello) = (client, request("/hello"))
        try await loop.run { () async throws -> Void in
            for _ in 0..<20 { #expect(try await client.fetch(hello).status == 200) }
        }
        #expect(try await text(request("/count/connections")) == "1")
    }

    @Test("a connection the server has closed in the meantime is replaced")
    func closedConnection() async throws {
        #expect(try await text(request("/once")) == "once")
        try await Task.sleep(for: .milliseconds(50))
        #expect(try await text(request("/hello", "POST", body: "x")) == "hello")
        #expect(try await text(request("/count/connections")) == "2")
    }

    @Test("the loop sleeps while a connection rests")
    func rest() async throws {
        #expect(try await text(request("/hello")) == "hello")
        let before = await loop.run { Self.threadTime() }
        try await Task.sleep(for: .milliseconds(400))
        let spent = await loop.run { Self.threadTime() } - before
        #expect(spent < 100_000_000, "\(spent) ns of CPU")
    }

    /// CPU nanoseconds of the calling thread.
    private static func threadTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    @Test("an answer in any pieces is the same answer, and the connection serves on")
    func pieces() async throws {
        for path in ["/dribble/length", "/dribble/chunked"] {
            let response = try await client.fetch(request(path))
            #expect(response.body == Array("one,two,three".utf8))
            #expect(response.headers["x-late"] == "value")
        }
        #expect(try await text(request("/count/connections")) == "1")
    }

    @Test("an answer without a length ends with its connection")
    func untilClose() async throws {
        #expect(try await text(request("/untilclose")) == "to the end")
        #expect(try await text(request("/hello")) == "hello")
    }

    @Test(
        "answers that can be read in two ways are refused",
        arguments: ["twolengths", "badlength", "gzipchunked", "badchunk"])
    func ambiguous(_ kind: String) async {
        guard case .protocolError = await failure(request("/ambiguous/\(kind)")) else {
            Issue.record("accepted")
            return
        }
    }

    @Test("what follows an answer unasked is not taken for the next one")
    func excess() async throws {
        #expect(try await text(request("/excess")) == "first")
        #expect(try await text(request("/hello")) == "hello")
        #expect(try await text(request("/count/connections")) == "2")
    }

    @Test("a request on a kept connection that dies under it goes out again on a new one")
    func retry() async throws {
        for _ in 0..<20 {
            #expect(try await text(request("/hello")) == "hello")
            // Closed by the server without an answer, and only once.
            #expect(try await text(request("/dropreused", "POST", body: "x")) == "fresh")
        }
    }

    @Test("fifty requests at once are all answered, at the same time")
    func concurrent() async throws {
        let start = ContinuousClock.now
        let answers = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try? await text(request("/slow/1")) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: "slow", count: 50))
        #expect(ContinuousClock.now - start < .seconds(25))
    }

    @Test("no more connections are made to a host than configured, and the rest wait")
    func connectionLimit() async throws {
        let client = HTTPClient(configuration: HTTPClientConfiguration(maximumConnectionsPerHost: 2), loops: [loop])
        let slow = request("/slow/0.1")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask { await #expect(throws: Never.self) { _ = try await client.fetch(slow) } }
            }
        }
        #expect(String(decoding: try await client.fetch(request("/count/connections")).body, as: UTF8.self) == "2")
    }

    @Test("methods, headers and bodies arrive as given, without additions that delay or change them")
    func echo() async throws {
        var request = request("/echo", "POST", body: String(repeating: "body", count: 100_000))
        request.headers = [("X-One", "1"), ("x-empty", ""), ("X-Two", "two, three")]
        let answer = try await text(request)
        #expect(answer.hasPrefix("POST /echo HTTP/1.1\r\n"))
        #expect(answer.contains("\r\nX-One: 1\r\n") && answer.contains("\r\nX-Two: two, three"))
        #expect(answer.contains("\r\nx-empty:"))
        #expect(answer.hasSuffix("\r\n\r\n" + String(repeating: "body", count: 100_000)))
        for unwanted in ["expect", "accept-encoding", "content-type", "cookie"] {
            #expect(!answer.prefix(600).lowercased().contains("\r\n\(unwanted):"))
        }
    }

    @Test(
        "each method goes out under its name, also after others on the same handle",
        arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
    func methods(_ method: String) async throws {
        #expect(try await text(request("/echo", "POST", body: "first")).hasSuffix("\r\n\r\nfirst"))
        let empty = try await text(request("/echo", method))
        #expect(empty.hasPrefix("\(method) /echo HTTP/1.1\r\n") && empty.hasSuffix("\r\n\r\n"))
        let full = try await text(request("/echo", method, body: "x\0y"))
        #expect(full.hasPrefix("\(method) /echo HTTP/1.1\r\n") && full.hasSuffix("\r\n\r\nx\0y"))
        #expect(full.contains("\r\nContent-Length: 3"))
        #expect(try await client.fetch(request("/status/204%20Gone", "HEAD")).body.isEmpty)
        #expect(try await text(request("/hello")) == "hello")
    }

    @Test("a redirect is returned, not followed; other statuses are responses too")
    func statuses() async throws {
        let redirect = try await client.fetch(request("/redirect"))
        #expect(redirect.status == 302)
        #expect(redirect.headers["location"] == "/hello")
        #expect(try await client.fetch(request("/status/500")).status == 500)
        #expect(try await client.fetch(request("/status/429")).status == 429)
    }

    @Test("an interim response is passed over")
    func interim() async throws {
        let response = try await client.fetch(request("/interim"))
        #expect(response.status == 200)
        #expect(response.headers["link"] == nil)
        #expect(response.body == Array("final".utf8))
    }

    // MARK: What goes wrong

    @Test("a body that ends early is cut, not a success", arguments: ["/cut", "/cutchunked", "/nothing"])
    func cut(_ path: String) async {
        let error = await failure(request(path))
        #expect(error == .cut)
        #expect(error?.requestMayHaveBeenSent == true)
    }

    @Test("a server that never answers is given up after the first-byte timeout, and its connection closed")
    func firstByte() async throws {
        var request = request("/hang")
        request.timeouts.firstByte = .milliseconds(150)
        #expect(await failure(request) == .firstByteTimeout(.milliseconds(150)))
        #expect(try await becomes("1", "/count/closed"))
    }

    @Test("a response that stops is given up after the idle timeout, and its connection closed")
    func idle() async throws {
        var request = request("/hangmid")
        request.timeouts.idle = .milliseconds(150)
        #expect(await failure(request) == .idleTimeout(.milliseconds(150)))
        #expect(try await becomes("1", "/count/closed"))
    }

    @Test("a response that goes on for too long is given up after the total timeout")
    func total() async {
        var request = request("/endless")
        request.maximumResponseBytes = .max
        request.timeouts.total = .milliseconds(200)
        #expect(await failure(request) == .totalTimeout(.milliseconds(200)))
    }

    @Test("a refused connection says so, and that nothing was sent")
    func refused() async {
        let error = await failure(HTTPClientRequest(url: "http://127.0.0.1:1/"))
        #expect(error == .refused(host: "127.0.0.1:1"))
        #expect(error?.requestMayHaveBeenSent == false)
    }

    @Test("a host that swallows packets is given up after the connect timeout")
    func connectTimeout() async {
        // A listener whose queue is full drops further handshakes, like a firewall.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) { raw in
            let pointer = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            #expect(bind(listener, pointer, length) == 0 && listen(listener, 0) == 0)
            #expect(getsockname(listener, pointer, &length) == 0)
        }
        let fillers = (0..<4).map { _ in
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            withUnsafeBytes(of: &address) { raw in
                _ = connect(filler, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
            }
            return filler
        }
        let host = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        var request = HTTPClientRequest(url: "http://\(host)/")
        request.timeouts.connect = .milliseconds(150)
        let error = await failure(request)
        #expect(error == .connectTimeout(host: host))
        #expect(error?.requestMayHaveBeenSent == false)
        for descriptor in fillers + [listener] { close(descriptor) }
    }

    @Test("a name that does not exist says so")
    func unresolvable() async {
        let error = await failure(HTTPClientRequest(url: "http://x.invalid/"))
        #expect(error == .resolve(host: "x.invalid"))
        #expect(error?.requestMayHaveBeenSent == false)
    }

    @Test("a body over the limit is refused, announced or not", arguments: ["/big/104857600", "/endless"])
    func tooLarge(_ path: String) async throws {
        #expect(await failure(request(path)) == .tooLarge(limit: 32 << 20))
        #expect(try await text(request("/hello")) == "hello")
    }

    @Test("a head over 64 KB is refused")
    func largeHead() async { #expect(await failure(request("/bighead")) == .tooLarge(limit: 64 << 10)) }

    @Test("an answer that is not HTTP is a protocol error")
    func garbage() async {
        guard case .protocolError = await failure(request("/garbage")) else {
            Issue.record("not a protocol error")
            return
        }
    }

    @Test(
        "URLs that are none, or of another scheme, are refused",
        arguments: [
            "", "/path", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:1/", "http//127.0.0.1/",
            "http://",
            "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:99999/", "http://[::1/",
        ])
    func invalidURL(_ url: String) async {
        guard case .invalidURL = await failure(HTTPClientRequest(url: url)) else {
            Issue.record("accepted: \(url)")
            return
        }
    }

    @Test(
        "headers and methods that would break out of their line are refused",
        arguments: [
            ("x", "a\r\nb: c"), ("x", "a\nb"), ("x", "a\0"), ("x y", "a"), ("x:", "a"), ("", "a"), ("x\r\ny", "a"),
            ("Content-Length", "3"), ("transfer-encoding", "chunked"),
        ])
    func headerInjection(_ name: String, _ value: String) async throws {
        var request = request("/hello")
        request.headers = [(name, value)]
        guard case .invalidHeader = await failure(request) else {
            Issue.record("accepted")
            return
        }
        #expect(await failure(self.request("/hello", "GET /other HTTP/1.1\r\nx:")) == .invalidHeader(name: "method"))
        #expect(try await text(self.request("/count/connections")) == "1")
    }

    @Test("cancelling the task ends the request at once and closes its connection", arguments: [true, false])
    func cancellation(onLoop: Bool) async throws {
        let (client, hang, loop) = (client, request("/hang"), loop)
        let seen = Locked<HTTPClientError?>(nil)
        let body: @Sendable () async -> Void = {
            do throws(HTTPClientError) { _ = try await client.fetch(hang) } catch { seen.withLock { $0 = error } }
        }
        let task = onLoop ? loop.spawn(body) : Task { await body() }
        #expect(try await becomes("2", "/count/connections"))
        task.cancel()
        await task.value
        #expect(seen.withLock { $0 } == .cancelled)
        #expect(try await becomes("1", "/count/closed"))
        // Cancelled before it began.
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            await body()
        }
        late.cancel()
        await late.value
        #expect(seen.withLock { $0 } == .cancelled)
    }

    @Test("an untrusted certificate is refused, and accepted when its issuer is given")
    func tls() async throws {
        guard case .tls(let reason) = await failure(HTTPClientRequest(url: peer.tlsURL("/hello"))) else {
            Issue.record("accepted")
            return
        }
        #expect(reason.contains("certificate"))
        let trusting = HTTPClient(configuration: HTTPClientConfiguration(caFile: peer.certificate), loops: [loop])
        for _ in 0..<3 {
            #expect(try await trusting.fetch(HTTPClientRequest(url: peer.tlsURL("/hello"))).status == 200)
        }
        let plain = try await trusting.fetch(HTTPClientRequest(url: peer.tlsURL("/count/connections")))
        #expect(plain.body == Array("2".utf8))
    }

    /// Waits until a path answers with `wanted`.
    func becomes(_ wanted: String, _ path: String) async throws -> Bool {
        for _ in 0..<100 {
            if try await text(request(path)) == wanted { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
