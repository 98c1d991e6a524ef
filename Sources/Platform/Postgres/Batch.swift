// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One caller's share of a batch.
@safe struct BatchEntry {
    /// Nil when nobody waits, or no longer.
    var caller: UnsafeContinuation<PostgresError?, Never>?
    /// On the coarse monotonic clock, in nanoseconds.
    let deadline: Int64

    /// Tells the caller, once.
    mutating func answer(_ outcome: PostgresError?) {
        guard let caller = unsafe caller else { return }
        unsafe self.caller = nil
        unsafe caller.resume(returning: outcome)
    }
}

/// The coarse monotonic clock in nanoseconds: some milliseconds off, and a few nanoseconds to read.
func coarseNow() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Rows of many callers as one binary array for each column.
@safe final class Batch: @unchecked Sendable {
    // @unchecked: filled under the writer's lock, then used on its loop only.
    let schema: BatchSchema
    private let columns: UnsafeMutablePointer<ColumnBuffer>
    private(set) var rows: [Int]
    private(set) var rowTotal = 0
    var entries: [BatchEntry] = []
    /// Rows of each entry in each table, one entry after the other.
    private var entryRows: [Int32] = []
    /// Bytes of all rows.
    private(set) var byteCount = 0
    /// A commit was sent and its answer lost.
    var isOutcomeUnknown = false
    /// The repair was tried.
    var isRepaired = false

    init(_ schema: BatchSchema) {
        self.schema = schema
        unsafe columns = .allocate(capacity: max(1, schema.types.count))
        for (index, type) in schema.types.enumerated() {
            unsafe (columns + index).initialize(to: ColumnBuffer(elementType: type.oid))
        }
        rows = Array(repeating: 0, count: schema.tables.count)
    }

    deinit {
        for index in schema.types.indices { unsafe columns[index].free() }
        unsafe columns.deallocate()
    }

    func reset() {
        for (index, type) in schema.types.enumerated() { unsafe columns[index].reset(elementType: type.oid) }
        for table in rows.indices { rows[table] = 0 }
        (rowTotal, byteCount, isOutcomeUnknown, isRepaired) = (0, 0, false, false)
        entries.removeAll(keepingCapacity: true)
        entryRows.removeAll(keepingCapacity: true)
    }

    // MARK: Filling

    /// Adds the rows of one entry and returns their bytes; nothing is added when one is wrong.
    func add(_ fill: (inout BatchRows) -> Void) -> Result<Int, PostgresError> {
        let mark = entryRows.count
        entryRows.append(contentsOf: repeatElement(0, count: rows.count))
        var writer = unsafe BatchRows(self, columns)
        fill(&writer)
        if let problem = writer.finish() {
            removeRows(of: mark)
            return .failure(.encoding(problem))
        }
        let added = writer.byteCount
        if added == 0 { entryRows.removeLast(rows.count) }
        byteCount += added
        return .success(added)
    }

    func beginRow(_ table: Int) {
        rows[table] += 1
        rowTotal += 1
        entryRows[entryRows.count - rows.count + table] += 1
    }

    private func removeRows(of mark: Int) {
        for table in rows.indices where entryRows[mark + table] > 0 {
            let added = Int(entryRows[mark + table])
            rows[table] -= added
            rowTotal -= added
            for column in schema.offsets[table]..<schema.offsets[table + 1] {
                // The last of the rows may lack values, so count from the start.
                let end = unsafe columns[column].skip(rows[table], from: ColumnBuffer.header)
                unsafe columns[column].truncate(at: end)
            }
        }
        entryRows.removeLast(rows.count)
    }

    // MARK: Sending

    /// Queues the statement of every table that has rows; returns how many, or nil when the connection is lost.
    func send(over link: Link, arePrepared: Bool, ignoringExisting: Bool) -> Int? {
        var sent = 0
        for table in rows.indices where rows[table] > 0 {
            let range = schema.offsets[table]..<schema.offsets[table + 1]
            for column in range { unsafe columns[column].seal(rows: rows[table]) }
            let statement = schema.statement(table, ignoringExisting: ignoringExisting)
            let buffers = unsafe UnsafeBufferPointer(start: columns + range.lowerBound, count: range.count)
            guard
                unsafe link.send(
                    columns: buffers, text: statement.text, types: schema.arrayTypes[table],
                    prepared: arePrepared ? statement.name : nil)
            else { return nil }
            sent += 1
        }
        return sent
    }

    /// A copy of some entries' rows.
    func slice(_ range: Range<Int>) -> Batch {
        let part = Batch(schema)
        let tables = rows.count
        for table in 0..<tables {
            let before = (0..<range.lowerBound).reduce(0) { $0 + Int(entryRows[$1 * tables + table]) }
            let count = range.reduce(0) { $0 + Int(entryRows[$1 * tables + table]) }
            part.rows[table] = count
            part.rowTotal += count
            for column in schema.offsets[table]..<schema.offsets[table + 1] {
                let source = unsafe columns[column]
                let start = unsafe source.skip(before, from: ColumnBuffer.header)
                let end = unsafe source.skip(count, from: start)
                unsafe part.columns[column].append(
                    UnsafeRawBufferPointer(start: source.start + start, count: end - start))
                unsafe part.columns[column].hasNull = unsafe source.hasNull
            }
        }
        return part
    }
}
