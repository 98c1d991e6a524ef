// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Finds the parts of one HTTP/1 response (RFC 9112) in bytes as they come, and hands them to its transfer.
struct ResponseParser {
    enum Outcome {
        /// All taken; the response goes on.
        case more
        /// Taken up to here; the reader must catch up first.
        case heldBack(Int)
        /// The response ends here.
        case done(Int)
        case failed(HTTPClientError)
    }

    private enum State {
        case statusLine, fields, content(Int), untilClose, chunkSize, chunk(Int), chunkEnd, trailers, done
    }

    private let isHead: Bool
    private var state = State.statusLine
    /// The beginning of a line whose end has not come.
    private var partial: [UInt8] = []
    private var status = 0
    private var contentLength: Int?
    private var isChunked = false
    /// Whether any byte of the response has come.
    private(set) var hasBegun = false
    /// Whether another request may follow on the connection.
    var keepsAlive: Bool { isPersistent && !isBroken }
    private var isPersistent = false
    private var isBroken = false

    init(isHead: Bool) { self.isHead = isHead }

    /// Whether the end of the connection is the response's end.
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

    /// No further request: the connection is broken.
    mutating func giveUpConnection() { isBroken = true }

    mutating func feed(_ bytes: UnsafeRawBufferPointer, to transfer: Transfer) -> Outcome {
        if unsafe !bytes.isEmpty { hasBegun = true }
        var position = 0
        while true {
            var wanted = Int.max
            switch state {
            case .done: return .done(position)
            case .content(let left), .chunk(let left): wanted = left
            case .untilClose: break
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                guard let end = unsafe lineEnd(in: bytes, from: position) else {
                    unsafe partial.append(contentsOf: bytes[position...])
                    return partial.count > Transfer.maximumHeadBytes ? .failed(Self.headTooLarge) : .more
                }
                let failure = unsafe take(line: UnsafeRawBufferPointer(rebasing: bytes[position..<end]), transfer)
                if let failure { return .failed(failure) }
                position = end
                continue
            }
            guard position < bytes.count else { return .more }
            let end = position + min(wanted, bytes.count - position)
            switch unsafe transfer.receive(body: UnsafeRawBufferPointer(rebasing: bytes[position..<end])) {
            case .nothing: return .heldBack(position)
            case .refused: return .failed(transfer.failure ?? .cut)
            case .all: advance(by: end - position)
            }
            position = end
        }
    }

    private static let headTooLarge = HTTPClientError.tooLarge(limit: Transfer.maximumHeadBytes)

    /// Bytes of the content were taken.
    private mutating func advance(by count: Int) {
        switch state {
        case .content(let left): state = left == count ? .done : .content(left - count)
        case .chunk(let left): state = left == count ? .chunkEnd : .chunk(left - count)
        default: break
        }
    }

    // MARK: Lines

    /// Behind the next line feed.
    private func lineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, start < bytes.count,
            let found = unsafe memchr(base + start, 0x0A, bytes.count - start)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - base + 1
    }

    private mutating func take(line end: UnsafeRawBufferPointer, _ transfer: Transfer) -> HTTPClientError? {
        guard !partial.isEmpty else { return unsafe understand(end, transfer) }
        unsafe partial.append(contentsOf: end)
        let whole = partial
        partial.removeAll()
        return unsafe whole.withUnsafeBytes { unsafe understand($0, transfer) }
    }

    private mutating func understand(_ line: UnsafeRawBufferPointer, _ transfer: Transfer) -> HTTPClientError? {
        let text = unsafe Self.trimmed(line[...])
        switch state {
        case .statusLine:
            guard unsafe readStatus(text) else { return .protocolError(reason: "its answer has no HTTP/1 status line") }
            state = .fields
        case .fields:
            if unsafe text.isEmpty { return unsafe endHead(line, transfer) }
            if let failure = unsafe readField(text) { return failure }
        case .chunkSize:
            guard let size = unsafe Self.chunkSize(text) else { return .protocolError(reason: "a chunk has no size") }
            state = size == 0 ? .trailers : .chunk(size)
            return nil
        case .chunkEnd:
            state = .chunkSize
            return unsafe text.isEmpty ? nil : .protocolError(reason: "a chunk is longer than it says")
        default:
            if unsafe text.isEmpty { state = .done }
        }
        return unsafe transfer.receive(headerLine: line) ? nil : transfer.failure ?? .cut
    }

    private mutating func endHead(_ line: UnsafeRawBufferPointer, _ transfer: Transfer) -> HTTPClientError? {
        guard unsafe transfer.receive(headerLine: line) else { return transfer.failure ?? .cut }
        if status < 200 {
            // An interim response: another head follows.
            (state, contentLength, isChunked) = (.statusLine, nil, false)
        } else if isHead || status == 204 || status == 304 || (contentLength == 0 && !isChunked) {
            state = .done
        } else if isChunked {
            // A length beside it is a trap for those who believe it (§6.3).
            if contentLength != nil { isPersistent = false }
            state = .chunkSize
        } else if let contentLength {
            state = .content(contentLength)
        } else {
            isPersistent = false
            state = .untilClose
        }
        return nil
    }

    // MARK: Their contents

    private mutating func readStatus(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        let start = unsafe line.startIndex
        guard unsafe line.count >= 12, unsafe line.prefix(7).elementsEqual("HTTP/1.".utf8),
            unsafe line[start + 8] == 0x20,
            let code = unsafe Self.decimal(line[start + 9..<start + 12]), code >= 100
        else { return false }
        isPersistent = unsafe line[start + 7] != UInt8(ascii: "0")
        status = code
        return true
    }

    private mutating func readField(_ line: Slice<UnsafeRawBufferPointer>) -> HTTPClientError? {
        guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = unsafe line[..<colon]
        let value = unsafe Self.trimmed(line[(colon + 1)...])
        switch unsafe name.count {
        case 10 where unsafe Self.matches(name, "connection"):
            let options = unsafe value.split(separator: UInt8(ascii: ","))
            for index in unsafe options.indices {
                let option = unsafe Self.trimmed(options[index])
                if unsafe Self.matches(option, "close") { isPersistent = false }
                if unsafe Self.matches(option, "keep-alive") { isPersistent = true }
            }
        case 14 where unsafe Self.matches(name, "content-length"):
            guard let length = unsafe Self.decimal(value), contentLength == nil || contentLength == length else {
                return .protocolError(reason: "its answer has no clear length")
            }
            contentLength = length
        case 17 where unsafe Self.matches(name, "transfer-encoding"):
            guard !isChunked, unsafe Self.matches(value, "chunked") else {
                return .protocolError(reason: "its answer has a transfer coding that was not asked for")
            }
            isChunked = true
        default: break
        }
        return nil
    }

    /// Without blanks and line ends around it.
    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = unsafe bytes
        while let first = unsafe bytes.first, first == 0x20 || first == 0x09 { unsafe bytes.removeFirst() }
        while let last = unsafe bytes.last, last == 0x20 || (0x09...0x0D).contains(last) { unsafe bytes.removeLast() }
        return unsafe bytes
    }

    private static func matches(_ bytes: Slice<UnsafeRawBufferPointer>, _ lowercase: StaticString) -> Bool {
        guard unsafe bytes.count == lowercase.utf8CodeUnitCount else { return false }
        var position = 0
        for index in unsafe bytes.indices {
            let byte = unsafe bytes[index]
            let folded = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            guard unsafe folded == lowercase.utf8Start[position] else { return false }
            position += 1
        }
        return true
    }

    /// Up to 18 digits and nothing else.
    private static func decimal(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard unsafe (1...18).contains(bytes.count) else { return nil }
        var number = 0
        for index in unsafe bytes.indices {
            let byte = unsafe bytes[index]
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// Up to 15 hexadecimal digits; an extension behind a semicolon is passed over (§7.1.1).
    private static func chunkSize(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
        let digits = unsafe trimmed(line.prefix { $0 != UInt8(ascii: ";") })
        guard unsafe (1...15).contains(digits.count) else { return nil }
        var size = 0
        for index in unsafe digits.indices {
            let byte = unsafe digits[index]
            switch byte {
            case 0x30...0x39: size = size << 4 | Int(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: size = size << 4 | Int((byte | 0x20) - 0x57)
            default: return nil
            }
        }
        return size
    }
}
