// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The request line and header fields (RFC 9112 §3, §5), taken line by line as they arrive.
struct RequestHead {
    /// The bytes of the head as far as they have come; the fields are ranges of it.
    var bytes: [UInt8] = []
    private(set) var method = HTTPMethod.get
    private(set) var path = ""
    private(set) var query: String?
    /// 0 or 1: how much of HTTP/1 the client speaks.
    private(set) var minorVersion = 1
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var expectsContinue = false
    private var fields: [HTTPHeaders.Field] = []
    private var lineStart = 0
    private var hasRequestLine = false
    private var authority: Range<Int>?
    private var hostIndex: Int?
    private var asksToClose = false
    private var asksToKeep = false

    var isEmpty: Bool { bytes.isEmpty }
    var headers: HTTPHeaders { HTTPHeaders(bytes: bytes, fields: fields) }

    /// Whether the client expects the connection to stay open after the answer (RFC 9112 §9.3).
    var keepsAlive: Bool { !asksToClose && (minorVersion == 1 || asksToKeep) }

    /// Reads the line that now ends `bytes`; true when it is the empty one that ends the head.
    mutating func takeLine(maximumHeaders: Int) throws(RequestRefusal) -> Bool {
        guard bytes.count - lineStart >= 2, bytes[bytes.count - 2] == 0x0D else {
            throw RequestRefusal(400, "a line of the request's head does not end in CRLF")
        }
        let line = lineStart..<bytes.count - 2
        defer { lineStart = bytes.count }
        if line.isEmpty {
            if hasRequestLine { return true }
            // One empty line before a request is forgiven (RFC 9112 §2.2).
            guard line.lowerBound == 0 else { throw RequestRefusal(400, "the request line is missing") }
            return false
        }
        if !hasRequestLine {
            hasRequestLine = true
            fields.reserveCapacity(16)
            try takeRequestLine(line)
        } else {
            guard fields.count < maximumHeaders else {
                throw RequestRefusal(431, "the request has more than \(maximumHeaders) header fields")
            }
            let (name, value) = try Grammar.field(bytes, line)
            try note(name, value)
            append(name, value)
        }
        return false
    }

    /// Settles what only the whole head can tell: the host and the framing of the body.
    mutating func complete() throws(RequestRefusal) {
        guard hostIndex != nil || minorVersion == 0 else { throw RequestRefusal(400, "the request has no host header") }
        if let authority { replaceHost(authority) }
        guard isChunked else { return }
        guard contentLength == nil else {
            throw RequestRefusal(400, "the request has both content-length and transfer-encoding")
        }
        guard minorVersion == 1 else { throw RequestRefusal(400, "HTTP/1.0 has no transfer-encoding") }
    }

    // MARK: Request line

    private mutating func takeRequestLine(_ line: Range<Int>) throws(RequestRefusal) {
        guard let first = bytes[line].firstIndex(of: 0x20),
            let second = bytes[(first + 1)..<line.upperBound].firstIndex(of: 0x20)
        else { throw RequestRefusal(400, "the request line is not a method, a target and a version") }
        let name = bytes[line.lowerBound..<first]
        guard !name.isEmpty, name.allSatisfy(Grammar.isToken) else {
            throw RequestRefusal(400, "the request's method is no token")
        }
        try takeVersion((second + 1)..<line.upperBound)
        guard let method = HTTPMethod(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw RequestRefusal(501, "the request's method is not implemented here")
        }
        self.method = method
        try takeTarget((first + 1)..<second)
    }

    private mutating func takeVersion(_ range: Range<Int>) throws(RequestRefusal) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard range.count == 8, bytes[range].starts(with: "HTTP/".utf8), digits ~= bytes[range.lowerBound + 5],
            bytes[range.lowerBound + 6] == UInt8(ascii: "."), digits ~= bytes[range.lowerBound + 7]
        else { throw RequestRefusal(400, "the request line does not end in an HTTP version") }
        guard bytes[range.lowerBound + 5] == UInt8(ascii: "1") else {
            throw RequestRefusal(505, "this server speaks HTTP/1.1 and HTTP/1.0 only")
        }
        minorVersion = bytes[range.lowerBound + 7] == UInt8(ascii: "0") ? 0 : 1
    }

    /// origin-form, absolute-form, or `*` for OPTIONS (RFC 9112 §3.2).
    private mutating func takeTarget(_ range: Range<Int>) throws(RequestRefusal) {
        let refusal = RequestRefusal(400, "the request's target is no path and no http URI")
        guard !range.isEmpty, bytes[range].allSatisfy(Grammar.isTarget) else { throw refusal }
        var start = range.lowerBound
        if bytes[start] != UInt8(ascii: "/") {
            if range.count == 1, bytes[start] == UInt8(ascii: "*"), method == .options {
                path = "*"
                return
            }
            guard let scheme = ["http://", "https://"].first(where: { startsWith($0, range) }) else { throw refusal }
            start += scheme.utf8.count
            let end = bytes[start..<range.upperBound].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            let authority = start..<(end ?? range.upperBound)
            guard !authority.isEmpty, bytes[authority].allSatisfy(Grammar.isHost) else { throw refusal }
            self.authority = authority
            start = authority.upperBound
        }
        let mark = bytes[start..<range.upperBound].firstIndex(of: UInt8(ascii: "?"))
        let path = String(decoding: bytes[start..<(mark ?? range.upperBound)], as: UTF8.self)
        self.path = path.isEmpty ? "/" : path
        query = mark.map { String(decoding: bytes[($0 + 1)..<range.upperBound], as: UTF8.self) }
    }

    private func startsWith(_ scheme: String, _ range: Range<Int>) -> Bool {
        bytes[range].prefix(scheme.utf8.count).elementsEqual(scheme.utf8) { lowercased($0) == $1 }
    }

    // MARK: Fields

    /// Remembers the fields that say how to read the rest and what to do with the connection.
    private mutating func note(_ name: Range<Int>, _ value: Range<Int>) throws(RequestRefusal) {
        switch name.count {
        case 4 where equals(name, "host"): try noteHost(value)
        case 6 where equals(name, "expect"):
            guard minorVersion == 1 else { break }
            guard equals(value, "100-continue") else { throw RequestRefusal(417, "only 100-continue can be expected") }
            expectsContinue = true
        case 10 where equals(name, "connection"):
            for option in bytes[value].split(separator: UInt8(ascii: ",")) {
                let word = option.filter { $0 != 0x20 && $0 != 0x09 }.map(lowercased)
                if word.elementsEqual("close".utf8) { asksToClose = true }
                if word.elementsEqual("keep-alive".utf8) { asksToKeep = true }
            }
        case 14 where equals(name, "content-length"): try noteContentLength(value)
        case 17 where equals(name, "transfer-encoding"):
            guard !isChunked, equals(value, "chunked") else {
                throw RequestRefusal(400, "the only transfer-encoding understood is one \"chunked\"")
            }
            isChunked = true
        default: break
        }
    }

    private mutating func noteHost(_ value: Range<Int>) throws(RequestRefusal) {
        guard hostIndex == nil else { throw RequestRefusal(400, "the request has two host headers") }
        guard !value.isEmpty, bytes[value].allSatisfy(Grammar.isHost) else {
            throw RequestRefusal(400, "the host header is no host")
        }
        hostIndex = fields.count
    }

    /// 1*DIGIT, once. Even two equal ones are refused: another party may have read only one of them.
    private mutating func noteContentLength(_ value: Range<Int>) throws(RequestRefusal) {
        guard contentLength == nil else { throw RequestRefusal(400, "the request has two content-length headers") }
        guard (1...18).contains(value.count) else {
            throw RequestRefusal(400, "the content-length is no number in bounds")
        }
        var length = 0
        for byte in bytes[value] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                throw RequestRefusal(400, "the content-length is not made of digits")
            }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        contentLength = length
    }

    /// The target's authority takes the place of the host header (RFC 9112 §3.2.2).
    private mutating func replaceHost(_ authority: Range<Int>) {
        if let hostIndex {
            fields[hostIndex].valueStart = UInt32(authority.lowerBound)
            fields[hostIndex].valueEnd = UInt32(authority.upperBound)
        } else {
            let start = bytes.count
            bytes.append(utf8: "host")
            append(start..<bytes.count, authority)
        }
    }

    private mutating func append(_ name: Range<Int>, _ value: Range<Int>) {
        fields.append(
            HTTPHeaders.Field(
                nameStart: UInt32(name.lowerBound), nameEnd: UInt32(name.upperBound),
                valueStart: UInt32(value.lowerBound), valueEnd: UInt32(value.upperBound)))
    }

    private func equals(_ range: Range<Int>, _ lowercase: String) -> Bool {
        bytes[range].elementsEqual(lowercase.utf8) { lowercased($0) == $1 }
    }
}
