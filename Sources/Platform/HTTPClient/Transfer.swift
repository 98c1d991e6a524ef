// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// One request on its way: what has come so far, who waits for it, and its deadlines.
final class Transfer: @unchecked Sendable {
    // @unchecked: `request` and `loop` never change; the rest is touched on the loop's thread only.
    typealias Whole = CheckedContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>
    typealias Head = CheckedContinuation<Result<(status: Int, headers: HTTPClientHeaders), HTTPClientError>, Never>
    typealias Piece = CheckedContinuation<Result<[UInt8]?, HTTPClientError>, Never>

    /// Who waits; a stream's reader has none while it works on what it got.
    enum Waiter {
        case none
        case whole(Whole)
        case head(Head)
        case piece(Piece)
    }

    enum Carrier {
        case none
        case curl(EasyHandle)
        /// curl makes the connection.
        case connecting(EasyHandle)
        case plain(PlainConnection)
    }

    enum Taken {
        case all
        /// Held back: the same bytes come again once the reader has caught up.
        case nothing
        /// `failure` says why.
        case refused
    }

    static let maximumHeadBytes = 64 << 10
    static let maximumUnreadBytes = 256 << 10

    let request: HTTPClientRequest
    let loop: EventLoop
    /// What is at work on it; set by its transport, as are the two that follow.
    var carrier = Carrier.none
    /// Where it goes, when it does not go over curl.
    var target: PlainTarget?
    /// The place among the transfers under way.
    var position = 0
    /// Set by whoever ends the transfer before curl does.
    private(set) var failure: HTTPClientError?
    private(set) var isFinished = false
    private(set) var isHeldBack = false
    private(set) var hasHead = false
    private var waiter = Waiter.none
    private let isStream: Bool
    private var status = 0
    private var headerLines: [UInt8] = []
    private var headBytes = 0
    private var contentLength: Int?
    private var unread: [UInt8] = []
    private var bodyBytes = 0
    private let bodyLimit: Int
    let started: ContinuousClock.Instant
    private var lastArrival: ContinuousClock.Instant
    private var arrivedSinceSweep = false

    init(_ request: HTTPClientRequest, on loop: EventLoop, isStream: Bool) {
        self.request = request
        self.loop = loop
        self.isStream = isStream
        bodyLimit = request.maximumResponseBytes
        started = .now
        lastArrival = started
    }

    func wait(_ waiter: Waiter) { self.waiter = waiter }

    // MARK: What arrives

    /// A line of the head, or of trailers. False refuses it.
    func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        arrivedSinceSweep = true
        headBytes += line.count
        guard headBytes <= Self.maximumHeadBytes else { return refuse(.tooLarge(limit: Self.maximumHeadBytes)) }
        guard !hasHead else { return true }
        if unsafe line.starts(with: "HTTP/".utf8) {
            // A status line; after an interim response (1xx) there is another.
            status = unsafe statusCode(line)
            headerLines.removeAll(keepingCapacity: true)
            contentLength = nil
        } else if unsafe line.first == UInt8(ascii: "\r") || line.first == UInt8(ascii: "\n") {
            return status < 200 ? true : headIsComplete()
        } else {
            unsafe headerLines.append(contentsOf: line)
            if let length = unsafe contentLengthField(line) { contentLength = length }
        }
        return true
    }

    /// Bytes of the body.
    func receive(body bytes: UnsafeRawBufferPointer) -> Taken {
        arrivedSinceSweep = true
        if isStream, unread.count >= Self.maximumUnreadBytes {
            isHeldBack = true
            return .nothing
        }
        bodyBytes += bytes.count
        guard bodyBytes <= bodyLimit else {
            _ = refuse(.tooLarge(limit: bodyLimit))
            return .refused
        }
        unsafe unread.append(contentsOf: bytes)
        if case .piece(let reader) = waiter {
            waiter = .none
            reader.resume(returning: .success(takeUnread()))
        }
        return .all
    }

    private func headIsComplete() -> Bool {
        hasHead = true
        if let length = contentLength, request.method != "HEAD" {
            guard length <= bodyLimit else { return refuse(.tooLarge(limit: bodyLimit)) }
            if !isStream { unread.reserveCapacity(min(length, 1 << 20)) }
        }
        if case .head(let caller) = waiter {
            waiter = .none
            caller.resume(returning: .success((status, HTTPClientHeaders(lines: headerLines))))
        }
        return true
    }

    private func refuse(_ error: HTTPClientError) -> Bool {
        fail(error)
        return false
    }

    /// The first reason stands.
    func fail(_ error: HTTPClientError) { if failure == nil { failure = error } }

    /// Nothing more comes; without an error the response is whole.
    func finish(_ error: HTTPClientError?) {
        guard !isFinished else { return }
        isFinished = true
        if let error { fail(error) } else if !hasHead { fail(.protocolError(reason: "there was no response head")) }
        let waiting = waiter
        waiter = .none
        switch waiting {
        case .none: break
        case .whole(let caller):
            let response = HTTPClientResponse(
                status: status, headers: HTTPClientHeaders(lines: headerLines), body: takeUnread())
            caller.resume(returning: failure.map { .failure($0) } ?? .success(response))
        case .head(let caller): caller.resume(returning: .failure(failure ?? .cut))
        case .piece(let reader): reader.resume(returning: failure.map { .failure($0) } ?? .success(nil))
        }
    }

    // MARK: The stream's reader

    /// What there is to read without waiting; nil when there is nothing yet.
    func read() -> Result<[UInt8]?, HTTPClientError>? {
        if !unread.isEmpty { return .success(takeUnread()) }
        guard isFinished else { return nil }
        return failure.map { .failure($0) } ?? .success(nil)
    }

    /// True when curl is to go on: the reader has caught up.
    func release() -> Bool {
        guard isHeldBack, !isFinished else { return false }
        isHeldBack = false
        arrivedSinceSweep = true
        return true
    }

    private func takeUnread() -> [UInt8] {
        defer { unread = [] }
        return unread
    }

    // MARK: Deadlines

    /// The deadline that has passed at `now`, if one has.
    func overdue(at now: ContinuousClock.Instant) -> HTTPClientError? {
        if arrivedSinceSweep {
            arrivedSinceSweep = false
            lastArrival = now
        }
        let timeouts = request.timeouts
        if now - started >= timeouts.total { return .totalTimeout(timeouts.total) }
        guard hasHead else {
            return now - started >= timeouts.firstByte ? .firstByteTimeout(timeouts.firstByte) : nil
        }
        guard !isHeldBack else { return nil }
        return now - lastArrival >= timeouts.idle ? .idleTimeout(timeouts.idle) : nil
    }
}

/// The three digits after the first blank of a status line; 0 when there are none.
private func statusCode(_ line: UnsafeRawBufferPointer) -> Int {
    guard let blank = unsafe line.firstIndex(of: UInt8(ascii: " ")), blank + 3 < line.count else { return 0 }
    var status = 0
    for offset in 1...3 {
        let digit = unsafe line[blank + offset]
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return 0 }
        status = status * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return status
}

/// The number in a `content-length` line; nil for all other lines.
private func contentLengthField(_ line: UnsafeRawBufferPointer) -> Int? {
    let name: StaticString = "content-length:"
    guard line.count > name.utf8CodeUnitCount else { return nil }
    var position = 0
    while position < name.utf8CodeUnitCount {
        guard unsafe line[position] | 0x20 == name.utf8Start[position] | 0x20 else { return nil }
        position += 1
    }
    var length: Int?
    while position < line.count {
        let byte = unsafe line[position]
        position += 1
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { continue }
        let (shifted, overflows) = (length ?? 0).multipliedReportingOverflow(by: 10)
        guard !overflows else { return .max }
        length = shifted + Int(byte - UInt8(ascii: "0"))
    }
    return length
}
