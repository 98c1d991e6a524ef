// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPServer

@Suite struct RequestParserTests {
    private func parse(_ text: String, slice: Int = 100_000) throws -> [(head: RequestHead, body: [UInt8])] {
        var parser = RequestParser(limits: .init())
        return try parser.requests(in: Array(text.utf8), slice: slice)
    }

    @Test(
        "pipelined requests of all framings come out the same in every slicing", arguments: [1, 2, 3, 5, 17, 64, 1000])
    func slicing(slice: Int) throws {
        let requests = try parse(
            "GET /a?x=1&y HTTP/1.1\r\nHost: one\r\nX-A:  padded \t\r\n\r\n"
                + "POST /b HTTP/1.1\r\nhost: two:80\r\nCONTENT-LENGTH: 5\r\n\r\nhello"
                + "\r\nPOST /c HTTP/1.1\r\nHost: three\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n00 ;z\r\nTrailer: t\r\n\r\n"
                + "DELETE / HTTP/1.0\r\n\r\n",
            slice: slice)
        #expect(requests.map(\.head.method) == [.get, .post, .post, .delete])
        #expect(requests.map(\.head.path) == ["/a", "/b", "/c", "/"])
        #expect(requests.map(\.head.query) == ["x=1&y", nil, nil, nil])
        #expect(requests.map { $0.head.headers["HOST"] } == ["one", "two:80", "three", nil])
        #expect(requests.map { String(decoding: $0.body, as: UTF8.self) } == ["", "hello", "abc0123456789", ""])
        #expect(requests[0].head.headers["x-a"] == "padded")
        #expect(requests[2].head.headers["trailer"] == nil)
        #expect(requests.map(\.head.keepsAlive) == [true, true, true, false])
    }

    @Test("an absolute target gives the path and stands in for the host header")
    func absoluteForm() throws {
        let requests = try parse(
            "GET HTTP://real:8080/p?q HTTP/1.1\r\nHost: claimed\r\n\r\n" + "GET http://real?q HTTP/1.0\r\n\r\n"
                + "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(requests.map(\.head.path) == ["/p", "/", "*"])
        #expect(requests.map(\.head.query) == ["q", "q", nil])
        #expect(requests.map { $0.head.headers["host"] } == ["real:8080", "real", "a"])
    }

    @Test("Connection and the version decide whether the connection stays open")
    func keepAlive() throws {
        func keeps(_ version: String, _ connection: String) throws -> Bool? {
            try parse("GET / HTTP/\(version)\r\nHost: a\r\nConnection: \(connection)\r\n\r\n").first?.head.keepsAlive
        }
        #expect(try keeps("1.1", "x, Close") == false)
        #expect(try keeps("1.1", "keep-alive") == true)
        #expect(try keeps("1.0", "Keep-Alive") == true)
        #expect(try keeps("1.0", "keep-alive, close") == false)
        #expect(try keeps("1.7", "x") == true)
    }

    @Test("exactly the limits are accepted")
    func limits() throws {
        let fields = (0..<99).map { "X\($0): a\r\n" }.joined()
        #expect(try parse("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").count == 1)
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let padding = String(repeating: "x", count: 32 * 1024 - start.utf8.count - 4)
        #expect(try parse("\(start)\(padding)\r\n\r\n").count == 1)
        #expect(throws: RequestRefusal.self) { try parse("\(start)\(padding)x\r\n\r\n") }
        var parser = RequestParser(limits: .init(bodyBytes: 5))
        let post = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".utf8)
        #expect(try parser.requests(in: post, slice: 9).count == 1)
    }

    @Test("any bytes at all are parsed or refused, never trapped on")
    func fuzz() {
        var random = SystemRandomNumberGenerator()
        let seeds = (Offence.framing + Offence.heads).map { Array($0.bytes.utf8.prefix(300)) }
        for _ in 0..<3000 {
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert([0x0D, 0x0A, 0x20, 0x3A][place % 4], at: place)
                }
            }
            var whole = RequestParser(limits: .init(bodyBytes: 1000))
            var sliced = RequestParser(limits: .init(bodyBytes: 1000))
            #expect(whole.refusal(of: bytes, slice: 1000) == sliced.refusal(of: bytes, slice: 1), "\(bytes)")
        }
    }

    @Test("query items are decoded; the first of a name wins")
    func queryItems() {
        let request = HTTPRequest(method: .get, path: "/", query: "a=1&b=x%20y+z&a=2&c&d=%zz&%65=%C3%A4&=v&&f=a=b")
        #expect(request.queryItem("a") == "1")
        #expect(request.queryItem("b") == "x y z")
        #expect(request.queryItem("c") == "")
        #expect(request.queryItem("d") == "%zz")
        #expect(request.queryItem("e") == "ä")
        #expect(request.queryItem("f") == "a=b")
        #expect(request.queryItem("g") == nil)
        #expect(HTTPRequest(method: .get, path: "/").queryItem("a") == nil)
    }

    @Test("headers are found without regard to case, in order, all of a name")
    func headers() {
        let headers = HTTPHeaders([("Accept", "a"), ("X", ""), ("ACCEPT", "b")])
        #expect(headers["accept"] == "a")
        #expect(headers.values("aCCept") == ["a", "b"])
        #expect(headers["x"] == "")
        #expect(headers["y"] == nil)
        #expect(headers.map(\.name) == ["Accept", "X", "ACCEPT"])
    }

    @Test("dates and chunk sizes are written as the RFC wants them")
    func writing() {
        #expect(ResponseHead.dateLine(784_111_777) == Array("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".utf8))
        for size in [1, 9, 15, 16, 255, 256, 4095, 65_536, 1_000_000] {
            var line: [UInt8] = []
            ResponseHead.appendChunkSize(size, to: &line)
            #expect(line == Array((String(size, radix: 16) + "\r\n").utf8))
        }
    }

    @Test("the default error body is JSON whatever the message says")
    func errorBody() {
        let body = HTTPServerConfiguration.defaultErrorBody(status: 413, message: "a \"b\" \\ \n c")
        let text =
            #"{"error":{"message":"a \"b\" \\  c","type":"invalid_request_error","#
            + #""param":null,"code":"content_too_large"}}"#
        #expect(String(decoding: body, as: UTF8.self) == text)
    }
}
