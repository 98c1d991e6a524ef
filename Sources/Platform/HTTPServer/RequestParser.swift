// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Why a request is not served: the status to answer before the connection closes, and a sentence for the client.
struct RequestRefusal: Error, Equatable {
    let status: Int
    let message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Reads requests from a stream of bytes (RFC 9112), however it is sliced. Pure: no socket, no clock.
///
/// Stricter than the RFC where leniency has let requests be smuggled: what two parties might frame differently is
/// refused, never repaired. After a refusal the parser is of no further use; close the connection.
struct RequestParser {
    struct Limits {
        var headBytes = 32 * 1024
        var headers = 100
        var bodyBytes = 10 * 1024 * 1024
    }

    enum Step: Equatable {
        /// All bytes are taken and the request is not complete.
        case needMore
        /// The head is complete and a body follows. Bytes may be left; feed them again.
        case head
        /// The request is complete: `take` it. Bytes left belong to the next one.
        case request
    }

    private enum Phase { case head, fixed, chunkSize, chunkData, chunkEnd, trailers, complete }

    /// Chunk extensions are of no use to anybody; more than this of them, over a whole body, is an attack.
    private static let maximumExtensionBytes = 4 * 1024
    private static let maximumChunkLineBytes = 256

    private let limits: Limits
    private var phase = Phase.head
    private(set) var head = RequestHead()
    private var body: [UInt8] = []
    /// Bytes to come of the body or of the chunk.
    private var remaining = 0
    /// The chunk-size or trailer line being read.
    private var line: [UInt8] = []
    private var extensionBytes = 0
    private var trailerBytes = 0

    init(limits: Limits) { self.limits = limits }

    /// No byte of a request has been read.
    var isIdle: Bool { phase == .head && head.isEmpty }

    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool { head.expectsContinue }

    /// Takes bytes in from `position`, which it moves past what it has taken.
    mutating func feed(_ bytes: Span<UInt8>, from position: inout Int) throws(RequestRefusal) -> Step {
        while true {
            switch phase {
            case .head:
                guard try feedHead(bytes, &position) else { return .needMore }
                try beginBody()
                return phase == .complete ? .request : .head
            case .fixed, .chunkData:
                guard feedContent(bytes, &position) else { return .needMore }
                phase = phase == .fixed ? .complete : .chunkEnd
            case .chunkEnd:
                guard try feedChunkEnd(bytes, &position) else { return .needMore }
                phase = .chunkSize
            case .chunkSize:
                guard try feedLine(bytes, &position, limit: Self.maximumChunkLineBytes, status: 400) else {
                    return .needMore
                }
                try beginChunk()
            case .trailers:
                let left = limits.headBytes - trailerBytes
                guard try feedLine(bytes, &position, limit: left, status: 431) else { return .needMore }
                try endTrailer()
            case .complete:
                return .request
            }
        }
    }

    /// Hands the complete request over and makes ready for the next.
    mutating func take() -> (head: RequestHead, body: [UInt8]) {
        let taken = (head, body)
        self = RequestParser(limits: limits)
        return taken
    }

    // MARK: Head

    private mutating func feedHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(RequestRefusal) -> Bool {
        while position < bytes.count {
            let newline = bytes.firstIndex(of: 0x0A, from: position)
            let end = newline.map { $0 + 1 } ?? bytes.count
            guard head.bytes.count + end - position <= limits.headBytes else {
                throw RequestRefusal(431, "the request's head is longer than \(limits.headBytes) bytes")
            }
            if head.isEmpty { head.bytes.reserveCapacity(min(bytes.count - position, limits.headBytes)) }
            head.bytes.append(bytes, position..<end)
            position = end
            if newline != nil, try head.takeLine(maximumHeaders: limits.headers) { return true }
        }
        return false
    }

    private mutating func beginBody() throws(RequestRefusal) {
        try head.complete()
        if head.isChunked {
            phase = .chunkSize
            return
        }
        remaining = head.contentLength ?? 0
        guard remaining <= limits.bodyBytes else { throw tooLarge }
        // Room for what is usual; a client that only declares a great length gets no memory for it.
        body.reserveCapacity(min(remaining, 64 * 1024))
        phase = remaining == 0 ? .complete : .fixed
    }

    private var tooLarge: RequestRefusal {
        RequestRefusal(413, "the request's body is larger than \(limits.bodyBytes) bytes")
    }

    // MARK: Body

    private mutating func feedContent(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        let count = min(remaining, bytes.count - position)
        body.append(bytes, position..<position + count)
        position += count
        remaining -= count
        return remaining == 0
    }

    /// Gathers a line in `line`, without its CRLF; true when it is whole.
    private mutating func feedLine(
        _ bytes: Span<UInt8>, _ position: inout Int, limit: Int, status: Int
    ) throws(RequestRefusal) -> Bool {
        let newline = bytes.firstIndex(of: 0x0A, from: position)
        let end = newline.map { $0 + 1 } ?? bytes.count
        guard line.count + end - position <= limit else {
            throw RequestRefusal(status, "a line in the chunked body is too long")
        }
        line.append(bytes, position..<end)
        position = end
        guard newline != nil else { return false }
        line.removeLast()
        guard line.popLast() == 0x0D else {
            throw RequestRefusal(400, "a line in the chunked body does not end in CRLF")
        }
        return true
    }

    /// chunk-size [ chunk-ext ] (RFC 9112 §7.1).
    private mutating func beginChunk() throws(RequestRefusal) {
        let digits = line.prefix { Hex.value($0) != nil }
        guard (1...15).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw RequestRefusal(400, "a chunk's size is not a hexadecimal number of 1 to 15 digits")
        }
        let rest = line[digits.endIndex...]
        extensionBytes += rest.count
        guard rest.isEmpty || rest.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: ";"),
            rest.allSatisfy(Grammar.isFieldValue), extensionBytes <= Self.maximumExtensionBytes
        else { throw RequestRefusal(400, "a chunk's size is followed by what is no extension, or by too much") }
        guard size <= limits.bodyBytes - body.count else { throw tooLarge }
        line.removeAll(keepingCapacity: true)
        remaining = size
        phase = size == 0 ? .trailers : .chunkData
    }

    private mutating func feedChunkEnd(_ bytes: Span<UInt8>, _ position: inout Int) throws(RequestRefusal) -> Bool {
        while position < bytes.count {
            guard bytes[position] == (line.isEmpty ? 0x0D : 0x0A) else {
                throw RequestRefusal(400, "a chunk is not followed by CRLF")
            }
            line.append(bytes[position])
            position += 1
            if line.count == 2 {
                line.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }

    /// Trailer fields are checked as header fields are, and dropped: nothing here could make use of them.
    private mutating func endTrailer() throws(RequestRefusal) {
        if line.isEmpty {
            phase = .complete
            return
        }
        _ = try Grammar.field(line, line.indices)
        trailerBytes += line.count + 2
        line.removeAll(keepingCapacity: true)
    }
}

extension Span<UInt8> {
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var position = start
        while position < count {
            if self[position] == byte { return position }
            position += 1
        }
        return nil
    }
}

extension [UInt8] {
    mutating func append(_ span: Span<UInt8>, _ range: Range<Int>) {
        unsafe span.extracting(range).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
