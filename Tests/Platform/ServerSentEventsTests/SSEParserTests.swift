// SPDX-License-Identifier: Apache-2.0
import ServerSentEvents
import Testing

@Suite struct SSEParserTests {
    typealias Event = SSEParser.Event

    func events(_ text: String) throws -> [Event] {
        var parser = SSEParser()
        return try parser.feed(Array(text.utf8))
    }

    @Test("events have a name, an id, and data lines joined by line feeds")
    func fields() throws {
        let fields = "event: message\nid: 7\ndata: one\ndata:two\ndata\ndata:  three\nretry: 5\nother: x\n\n"
        let events = try events(fields)
        #expect(events.count == 1)
        #expect(events.first?.name == "message")
        #expect(events.first?.id == "7")
        #expect(events.first?.data == Array("one\ntwo\n\n three".utf8))
    }

    @Test("line ends are LF, CR or CRLF, also mixed", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(_ end: String) throws {
        let text = "data: a\(end)data: b\(end)\(end)data: c\(end)\(end)"
        let events = try events(text)
        #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["a\nb", "c"])
        #expect(events.map { String(decoding: $0.raw, as: UTF8.self) }.joined() == text)
        let mixed = try self.events("data: a\r\ndata: b\n\r\ndata: c\r\r")
        #expect(mixed.map(\.data) == [Array("a\nb".utf8), Array("c".utf8)])
    }

    @Test("wherever the bytes are split, the events and all raw bytes are the same")
    func splits() throws {
        let text = "\u{FEFF}: hi\r\n\r\nevent: x\r\ndata: ä€😀\r\n\r\ndata: 1\rdata: 2\r\rdata: 3\n\ndata: tail"
        let bytes = Array(text.utf8)
        let whole = try events(text)
        #expect(whole.map(\.hasData) == [false, true, true, true])
        var failures: [String] = []
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var parser = SSEParser()
                var events: [Event] = []
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                    events += try parser.feed(part)
                }
                let dispatched = events.filter(\.hasData)
                if dispatched.map(\.data) != whole.dropFirst().map(\.data)
                    || dispatched.map(\.name) != [.some("x"), nil, nil] || events.flatMap(\.raw) + parser.rest != bytes
                {
                    failures.append("\(first), \(second)")
                }
            }
        }
        #expect(failures.isEmpty)
    }

    @Test("an event goes out with its blank line, even when that ends with a carriage return")
    func noDelay() throws {
        var parser = SSEParser()
        #expect(try parser.feed(Array("data: a\r\n\r".utf8)).map(\.data) == [Array("a".utf8)])
        #expect(try parser.feed(Array("\n".utf8)).isEmpty)
        #expect(try parser.feed(Array("data: b\r\r".utf8)).map(\.data) == [Array("b".utf8)])
    }

    @Test("a byte order mark counts only at the start")
    func byteOrderMark() throws {
        #expect(try events("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n").map(\.hasData) == [true, false])
    }

    @Test("comments and blocks without data are kept for passing on, and marked")
    func comments() throws {
        let events = try events(": keep-alive\n\nevent: x\n\ndata:\n\n")
        #expect(events.map(\.hasData) == [false, false, true])
        let raw = events.map { String(decoding: $0.raw, as: UTF8.self) }
        #expect(raw == [": keep-alive\n\n", "event: x\n\n", "data:\n\n"])
    }

    @Test("what no blank line has ended is no event")
    func incomplete() throws {
        var parser = SSEParser()
        #expect(try parser.feed(Array("data: a\n".utf8)).isEmpty)
        #expect(parser.rest == Array("data: a\n".utf8))
    }

    @Test("a line or event over the limit is refused, up to the limit accepted")
    func limit() throws {
        var parser = SSEParser(limit: 20)
        #expect(try parser.feed(Array("data: 123456789012\n\n".utf8)).count == 1)
        #expect(throws: SSEParser.TooLong.self) { try parser.feed(Array("data: 1234567890123\n\n".utf8)) }
        var endless = SSEParser()
        let line = repeatElement(UInt8(ascii: "x"), count: 2 << 20)
        #expect(throws: SSEParser.TooLong.self) { try endless.feed(line) }
    }
}
