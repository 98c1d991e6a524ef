// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPServer

/// What must be refused, with its status: said to the parser in all slicings and to the server over a socket.
struct Offence: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    let bytes: String
    var testDescription: String { name }

    init(_ name: String, _ status: Int, _ bytes: String) {
        self.name = name
        self.status = status
        self.bytes = bytes
    }

    /// A POST with header lines of its own after Host, and what follows the head.
    static func post(_ name: String, _ status: Int, _ lines: String, _ body: String = "") -> Offence {
        Offence(name, status, "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n\(body)")
    }

    static func get(_ name: String, _ status: Int, _ line: String) -> Offence {
        Offence(name, status, "\(line)\r\nHost: a\r\n\r\n")
    }

    static func chunked(_ name: String, _ status: Int, _ body: String) -> Offence {
        post(name, status, "Transfer-Encoding: chunked", body)
    }

    static let framing: [Offence] = [
        .post("both framings", 400, "Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"),
        .post("both framings, length first", 400, "Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        .post("two lengths", 400, "Content-Length: 3\r\nContent-Length: 4", "abcd"),
        .post("two equal lengths", 400, "Content-Length: 3\r\nContent-Length: 3", "abc"),
        .post("a list of lengths", 400, "Content-Length: 3, 3", "abc"),
        .post("a length with plus", 400, "Content-Length: +5", "abcde"),
        .post("a negative length", 400, "Content-Length: -1"),
        .post("a length of letters", 400, "Content-Length: abc"),
        .post("a hexadecimal length", 400, "Content-Length: 0x5", "abcde"),
        .post("a length with a space", 400, "Content-Length:  5 5", "abcde"),
        .post("an empty length", 400, "Content-Length: "),
        .post("a length past 64 bits", 400, "Content-Length: 99999999999999999999999999"),
        .post("gzip", 400, "Transfer-Encoding: gzip"),
        .post("gzip, chunked", 400, "Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        .post("chunked, chunked", 400, "Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
        .post("two chunked", 400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        .post("xchunked", 400, "Transfer-Encoding: xchunked", "0\r\n\r\n"),
        .post("chunked in quotes", 400, "Transfer-Encoding: \"chunked\"", "0\r\n\r\n"),
        .post("chunked after a vertical tab", 400, "Transfer-Encoding: \u{0B}chunked", "0\r\n\r\n"),
        .post("an empty transfer-encoding", 400, "Transfer-Encoding:"),
        Offence("HTTP/1.0 with chunks", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        .post("a body over the limit", 413, "Content-Length: 2000"),
        .post("an unknown expectation", 417, "Expect: miracles\r\nContent-Length: 3", "abc"),
        .chunked("a chunk size of letters", 400, "xyz\r\n"),
        .chunked("an empty chunk size", 400, "\r\n"),
        .chunked("a chunk size with 0x", 400, "0x3\r\nabc\r\n0\r\n\r\n"),
        .chunked("a chunk size with a sign", 400, "+3\r\nabc\r\n0\r\n\r\n"),
        .chunked("a chunk size before a space and more", 400, "3 3\r\nabc\r\n0\r\n\r\n"),
        .chunked("a chunk size past 64 bits", 400, "FFFFFFFFFFFFFFFFF\r\n"),
        .chunked("a chunk size that would be negative", 400, "FFFFFFFFFFFFFFFF\r\n"),
        .chunked("a chunk over the limit", 413, "FFFFFFF\r\n"),
        .chunked(
            "chunks over the limit together", 413,
            String(repeating: "64\r\n\(String(repeating: "x", count: 100))\r\n", count: 11)),
        .chunked("no CRLF after a chunk", 400, "3\r\nabcd\r\n0\r\n\r\n"),
        .chunked("LF after a chunk", 400, "3\r\nabc\n0\r\n\r\n"),
        .chunked("a bare LF after a chunk size", 400, "3\nabc\r\n0\r\n\r\n"),
        .chunked("a long chunk extension", 400, "3;\(String(repeating: "x", count: 300))\r\nabc\r\n"),
        .chunked(
            "many chunk extensions", 400,
            String(repeating: "1;\(String(repeating: "x", count: 200))\r\na\r\n", count: 30)),
        .chunked("a control character in a chunk extension", 400, "3;a\u{01}\r\nabc\r\n"),
        .chunked("a trailer that is no field", 400, "0\r\nno field\r\n\r\n"),
        .chunked(
            "endless trailers", 431,
            "0\r\n" + String(repeating: "a: \(String(repeating: "x", count: 1000))\r\n", count: 40)),
    ]

    static let heads: [Offence] = [
        .post("NUL in a value", 400, "X: a\0b"),
        .post("a control character in a value", 400, "X: a\u{01}b"),
        .post("DEL in a value", 400, "X: a\u{7F}b"),
        .post("a bare CR in a value", 400, "X: a\rb"),
        .post("a folded line", 400, "X: a\r\n b"),
        .post("a line folded with a tab", 400, "X: a\r\n\tb"),
        .post("a space before the colon", 400, "X : a"),
        .post("a leading space", 400, " X: a"),
        .post("an empty name", 400, ": a"),
        .post("no colon", 400, "X"),
        .post("a name with a slash", 400, "X/Y: a"),
        .post("a name above ASCII", 400, "Ä: a"),
        Offence("bare LF", 400, "GET / HTTP/1.1\nHost: a\n\n"),
        Offence("a bare LF after a field", 400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        Offence("a bare LF at the end of the head", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        Offence("a bare CR in the request line", 400, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
        Offence("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
        Offence("two hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        Offence("an empty host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        Offence("a host with a user", 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        Offence("a list of hosts", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        .get("a leading space before the method", 400, " GET / HTTP/1.1"),
        Offence("two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        .get("a method with a slash", 400, "GE/T / HTTP/1.1"),
        .get("a method with a control character", 400, "GE\u{01}T / HTTP/1.1"),
        .get("an unknown method", 501, "BREW / HTTP/1.1"),
        .get("a method in lower case", 501, "get / HTTP/1.1"),
        .get("CONNECT", 501, "CONNECT a:443 HTTP/1.1"),
        .get("NUL in the target", 400, "GET /\0 HTTP/1.1"),
        .get("a control character in the target", 400, "GET /a\u{7F} HTTP/1.1"),
        .get("a target above ASCII", 400, "GET /ä HTTP/1.1"),
        .get("a fragment", 400, "GET /a#b HTTP/1.1"),
        .get("a target that is no path", 400, "GET a HTTP/1.1"),
        .get("a target of another scheme", 400, "GET ftp://a/ HTTP/1.1"),
        .get("an absolute target without a host", 400, "GET http:///a HTTP/1.1"),
        .get("an absolute target with a user", 400, "GET http://u@a/ HTTP/1.1"),
        .get("* for GET", 400, "GET * HTTP/1.1"),
        .get("two spaces before the target", 400, "GET  / HTTP/1.1"),
        .get("two spaces after the target", 400, "GET /  HTTP/1.1"),
        .get("a space after the version", 400, "GET / HTTP/1.1 "),
        .get("a tab for a space", 400, "GET\t/ HTTP/1.1"),
        .get("HTTP/0.9", 400, "GET /"),
        .get("a version in lower case", 400, "GET / http/1.1"),
        .get("a version of two digits", 400, "GET / HTTP/1.10"),
        .get("HTTP/2.0", 505, "GET / HTTP/2.0"),
        .get("HTTP/9.9", 505, "GET / HTTP/9.9"),
        Offence("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .post("a head of 40 KB", 431, "X: \(String(repeating: "x", count: 40_000))"),
        Offence("a request line without end", 431, "GET /" + String(repeating: "x", count: 33_000)),
        .post("101 headers", 431, (0..<100).map { "X\($0): a" }.joined(separator: "\r\n")),
    ]
}

@Suite struct StrictnessTests {
    @Test("is refused with its status, JSON and a closed connection", arguments: Offence.framing + Offence.heads)
    func refuses(_ offence: Offence) async throws {
        let server = try TestServer.echoing({ $0.maximumBodyBytes = 1000 })
        let client = try RawClient(port: server.port)
        client.send(offence.bytes)
        let answer = client.answer()
        #expect(answer.status == offence.status)
        #expect(answer["connection"] == "close")
        #expect(answer["content-type"] == "application/json")
        #expect(answer.isComplete && answer.body.hasPrefix(#"{"error":{"message":""#) && answer.body.hasSuffix("}}"))
        client.shutdownWriting()
        #expect(client.endsSilently())
        await server.stop()
    }

    @Test("the parser refuses it in every slicing", arguments: Offence.framing + Offence.heads, [1, 3, 7, 100_000])
    func parser(_ offence: Offence, slice: Int) {
        var parser = RequestParser(limits: .init(bodyBytes: 1000))
        let refusal = parser.refusal(of: Array(offence.bytes.utf8), slice: slice)
        #expect(refusal?.status == offence.status)
    }

    @Test("a request smuggled behind a refused one is not served")
    func noSmuggling() async throws {
        let server = try TestServer.echoing()
        let client = try RawClient(port: server.port)
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                + "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.answer().status == 400)
        #expect(client.endsSilently())
        await server.stop()
    }

    @Test("a body declared too large is refused before it is sent, also to one who expects 100")
    func refusesAtOnce() async throws {
        let server = try TestServer.echoing()
        for expectation in ["", "Expect: 100-continue\r\n"] {
            let client = try RawClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: a\r\n\(expectation)Content-Length: 99999999\r\n\r\n")
            #expect(client.answer().status == 413)
        }
        await server.stop()
    }
}

extension RequestParser {
    /// Feeds everything, `slice` bytes at a time; nil when nothing was refused.
    mutating func refusal(of bytes: [UInt8], slice: Int) -> RequestRefusal? {
        do throws(RequestRefusal) {
            _ = try requests(in: bytes, slice: slice)
            return nil
        } catch {
            return error
        }
    }

    /// All requests in `bytes`.
    mutating func requests(
        in bytes: [UInt8], slice: Int
    ) throws(RequestRefusal) -> [(head: RequestHead, body: [UInt8])] {
        var found: [(head: RequestHead, body: [UInt8])] = []
        for start in stride(from: 0, to: bytes.count, by: slice) {
            let piece = Array(bytes[start..<min(start + slice, bytes.count)])
            var position = 0
            var step = Step.head
            repeat {
                step = try feed(piece.span, from: &position)
                if step == .request { found.append(take()) }
            } while step == .head || (step == .request && position < piece.count)
        }
        return found
    }
}
