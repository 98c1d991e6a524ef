// SPDX-License-Identifier: Apache-2.0

/// A COPY in one direction, alone on its connection. Loop-confined; its caller waits elsewhere.
class CopyExchange: Exchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    private let statement: String
    private var error: PostgresError?
    private var rows = 0
    /// How it ended: the rows that were copied.
    final private(set) var outcome: Result<Int, PostgresError>?

    init(_ statement: SQL) { self.statement = statement.text }

    final override var isScript: Bool { true }
    final override var text: String { String(statement.prefix(1000)) }
    final override func send(over link: Link, _ statements: StatementCache) -> Bool { link.send(script: statement) }

    override func receive(_ result: ResultSet) {
        switch result.status {
        case .copying: isCopying = true
        case .done: rows = result.affected
        case .error:
            // Without a code it is libpq's own report, of a lost connection.
            let report = result.error
            error = error ?? (report.sqlState.isEmpty ? .connection(report.message) : .server(report))
        case .rows, .skipped, .synchronized, .unexpected:
            error = error ?? .encoding("the statement is no COPY in the direction that was asked for")
        }
    }

    final override func finish() { end(error.map { .failure($0) } ?? .success(rows)) }
    final override func fail(_ error: PostgresError) { end(.failure(self.error ?? error)) }

    private func end(_ outcome: Result<Int, PostgresError>) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        ended()
    }

    /// `outcome` is known.
    func ended() {}
}

/// COPY … TO STDOUT: rows gather in chunks; a reader that is slow holds the server back.
final class CopyOutExchange: CopyExchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    typealias Piece = Result<[UInt8]?, PostgresError>

    private static let chunkSize = 256 << 10
    /// Whole chunks that may wait for the reader.
    private static let bound = 4
    private var chunk: [UInt8] = []
    private var ready: [[UInt8]] = []
    private var isPaused = false
    private var reader: CheckedContinuation<Piece, Never>?

    override func copy(over link: Link) -> CopyProgress {
        sentAt = .now
        while ready.count < Self.bound {
            switch link.takeCopyData(into: &chunk) {
            case .data: if chunk.count >= Self.chunkSize { hand() }
            case .nothingYet: return .waiting
            case .ended: return .ended
            case .failed: return .failed
            }
        }
        isPaused = true
        return .paused
    }

    private func hand() {
        let full = chunk
        chunk = []
        chunk.reserveCapacity(Self.chunkSize + Self.chunkSize / 4)
        if let reader {
            self.reader = nil
            reader.resume(returning: .success(full))
        } else {
            ready.append(full)
        }
    }

    override func ended() {
        if !chunk.isEmpty { hand() }
        guard let reader else { return }
        self.reader = nil
        reader.resume(returning: last)
    }

    private var last: Piece { outcome?.map { _ in nil } ?? .failure(.closed) }

    /// Waits for the next chunk; nil is the end. One reader.
    func next(_ reader: CheckedContinuation<Piece, Never>, on session: Session?) {
        if !ready.isEmpty {
            reader.resume(returning: .success(ready.removeFirst()))
        } else if outcome != nil {
            return reader.resume(returning: last)
        } else {
            self.reader = reader
        }
        guard isPaused, ready.count < Self.bound / 2 else { return }
        isPaused = false
        session?.resumeCopy()
    }
}

/// COPY … FROM STDIN: each chunk is taken once the system has the one before it.
final class CopyInExchange: CopyExchange, @unchecked Sendable {
    // @unchecked: as its superclass.
    /// True while the server takes data; false when it has answered already.
    private var writer: CheckedContinuation<Bool, Never>?

    override func receive(_ result: ResultSet) {
        super.receive(result)
        if isCopying { resume(true) }
    }

    /// Nothing is read until the data has ended.
    override func copy(over link: Link) -> CopyProgress { .waiting }

    override func flushed() {
        sentAt = .now
        if isCopying { resume(true) }
    }

    override func ended() { resume(false) }

    private func resume(_ goesOn: Bool) {
        guard let writer else { return }
        self.writer = nil
        writer.resume(returning: goesOn)
    }

    /// Waits until data is wanted.
    func open(_ writer: CheckedContinuation<Bool, Never>) {
        guard outcome == nil, !isCopying else { return writer.resume(returning: outcome == nil) }
        self.writer = writer
    }

    /// Sends a chunk and waits until there is room for the next.
    func put(_ bytes: [UInt8], on session: Session, _ writer: CheckedContinuation<Bool, Never>) {
        guard outcome == nil else { return writer.resume(returning: false) }
        self.writer = writer
        if session.put(copyData: bytes) { flushed() }
    }

    /// Ends the data and waits for the answer.
    func close(failure reason: String?, on session: Session, _ writer: CheckedContinuation<Bool, Never>) {
        guard outcome == nil else { return writer.resume(returning: false) }
        self.writer = writer
        session.endCopy(failure: reason, of: self)
    }
}
