// SPDX-License-Identifier: Apache-2.0
import CLibpq
import Glibc

/// One connection as libpq knows it; the one owner of a `PGconn`. Closed when released.
@safe final class Link: @unchecked Sendable {
    // @unchecked: one thread at a time: the one that starts it, then the loop it is handed to.
    private let handle: OpaquePointer
    var notice: ((String) -> Void)?

    /// Begins to connect. Resolves host names, so it may block: never on a loop's thread. Nil without memory.
    init?(connecting parameters: [(String, String)]) {
        var keys: [UnsafeMutablePointer<CChar>?] = unsafe parameters.map { unsafe strdup($0.0) }
        var values: [UnsafeMutablePointer<CChar>?] = unsafe parameters.map { unsafe strdup($0.1) }
        defer { unsafe (keys + values).forEach { unsafe free($0) } }
        unsafe keys.append(nil)
        unsafe values.append(nil)
        let names = unsafe keys.map { unsafe UnsafePointer($0) }
        let texts = unsafe values.map { unsafe UnsafePointer($0) }
        guard let made = unsafe PQconnectStartParams(names, texts, 1) else { return nil }
        unsafe handle = made
    }

    deinit { unsafe PQfinish(handle) }

    // MARK: State

    enum Progress { case reading, writing, ready, failed }

    /// One step of connecting (PQconnectPoll).
    func advance() -> Progress {
        switch unsafe PQconnectPoll(handle) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK: .ready
        default: .failed
        }
    }

    var isBad: Bool { unsafe PQstatus(handle) == CONNECTION_BAD }
    var socket: Int32 { unsafe PQsocket(handle) }
    var backend: Int32 { unsafe PQbackendPID(handle) }
    var isInTransaction: Bool { unsafe PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// libpq's last message in one line.
    var message: String {
        let text = unsafe String(cString: PQerrorMessage(handle))
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }
        return lines.isEmpty ? "closed by the server" : lines.joined(separator: "; ")
    }

    /// Non-blocking and pipelined from here on. Call once connected.
    func becomeReady() -> Bool {
        unsafe PQsetNoticeProcessor(
            handle,
            { context, text in
                guard let context = unsafe context, let text = unsafe text else { return }
                let link = unsafe Unmanaged<Link>.fromOpaque(context).takeUnretainedValue()
                unsafe link.notice?(String(cString: text))
            }, Unmanaged.passUnretained(self).toOpaque())
        return unsafe PQsetnonblocking(handle, 1) == 0 && enterPipeline()
    }

    func enterPipeline() -> Bool { unsafe PQenterPipelineMode(handle) == 1 }
    func leavePipeline() -> Bool { unsafe PQexitPipelineMode(handle) == 1 }

    // MARK: Sending

    func prepare(_ name: String, _ text: String, types: [UInt32]) -> Bool {
        unsafe PQsendPrepare(handle, name, text, Int32(clamping: types.count), types) == 1
    }

    /// Queues a statement with binary parameters and results; `name` of a prepared one, or nil.
    func send(_ sql: SQL, prepared name: String?) -> Bool {
        let count = sql.lengths.count
        return unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
            unsafe sql.bytes.withUnsafeBytes { bytes in
                let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? Self.nothing
                var offset = 0
                for (index, length) in sql.lengths.enumerated() {
                    unsafe values[index] = length < 0 ? nil : base + offset
                    offset += max(0, Int(length))
                }
                return unsafe send(
                    sql.text, prepared: name, types: sql.types, values: values.baseAddress, lengths: sql.lengths)
            }
        }
    }

    private func send(
        _ text: String, prepared name: String?, types: [UInt32], values: UnsafePointer<UnsafePointer<CChar>?>?,
        lengths: [Int32]
    ) -> Bool {
        let count = Int32(clamping: lengths.count)
        let binary = [Int32](repeating: 1, count: lengths.count)
        if let name { return unsafe PQsendQueryPrepared(handle, name, count, values, lengths, binary, 1) == 1 }
        return unsafe PQsendQueryParams(handle, text, count, types, values, lengths, binary, 1) == 1
    }

    /// A non-null address for empty values.
    private static var nothing: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// Queues a batch's statement: one parameter a column, each an array in binary format.
    func send(columns: UnsafeBufferPointer<ColumnBuffer>, text: String, types: [UInt32], prepared name: String?) -> Bool
    {
        unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: columns.count) { values in
            for index in 0..<columns.count { unsafe values[index] = unsafe columns[index].characters }
            let lengths = (0..<columns.count).map { unsafe Int32(clamping: columns[$0].count) }
            return unsafe send(text, prepared: name, types: types, values: values.baseAddress, lengths: lengths)
        }
    }

    /// Simple protocol, several statements; outside pipeline mode only.
    func send(script: String) -> Bool { unsafe PQsendQuery(handle, script) == 1 }

    /// Queues a piece of COPY data, cut wherever it is; false when the connection is lost.
    func put(copyData bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe bytes.isEmpty || PQputCopyData(handle, start, Int32(clamping: bytes.count)) == 1
        }
    }

    /// Ends COPY data; with a reason, the server undoes the COPY and answers with an error that holds it.
    func endCopy(failure reason: String?) -> Bool { unsafe PQputCopyEnd(handle, reason) == 1 }

    func synchronize() -> Bool { unsafe PQpipelineSync(handle) == 1 }

    enum Flushed { case all, some, failed }

    func flush() -> Flushed {
        switch unsafe PQflush(handle) {
        case 0: .all
        case 1: .some
        default: .failed
        }
    }

    // MARK: Receiving

    /// Reads what has arrived; false when the connection is lost.
    func consume() -> Bool { unsafe PQconsumeInput(handle) == 1 }

    var isBusy: Bool { unsafe PQisBusy(handle) == 1 }

    /// The next result; nil ends the results of one statement.
    func nextResult() -> ResultSet? {
        guard let result = unsafe PQgetResult(handle) else { return nil }
        return unsafe ResultSet(result)
    }

    enum CopyStep { case data, nothingYet, ended, failed }

    /// Appends the next piece of COPY data to `buffer`, if one has arrived whole.
    func takeCopyData(into buffer: inout [UInt8]) -> CopyStep {
        var data: UnsafeMutablePointer<CChar>?
        let count = unsafe PQgetCopyData(handle, &data, 1)
        guard let data = unsafe data else { return count == 0 ? .nothingYet : count == -1 ? .ended : .failed }
        defer { unsafe PQfreemem(data) }
        unsafe buffer.append(contentsOf: UnsafeRawBufferPointer(start: data, count: Int(count)))
        return .data
    }

    func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = unsafe PQnotifies(handle) else { return nil }
        defer { unsafe PQfreemem(notification) }
        return unsafe (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }

    /// Asks the server, over a connection of its own, to stop what this one runs. PQcancel blocks, so it has a thread;
    /// `done` is called there.
    func requestCancel(_ done: @escaping @Sendable () -> Void) {
        guard let request = unsafe CancelRequest(handle) else { return done() }
        detachThread {
            request.send()
            done()
        }
    }
}

/// The one owner of a `PGcancel`.
@safe private final class CancelRequest: @unchecked Sendable {
    // @unchecked: handed to one thread, and PQcancel is thread-safe.
    private let handle: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let made = unsafe PQgetCancel(connection) else { return nil }
        unsafe handle = made
    }

    deinit { unsafe PQfreeCancel(handle) }

    func send() {
        var message = [CChar](repeating: 0, count: 256)
        _ = unsafe PQcancel(handle, &message, 256)
    }
}
