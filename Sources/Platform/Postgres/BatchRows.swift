// SPDX-License-Identifier: Apache-2.0
import Glibc
package import SwiftExtensions

/// Takes the rows of one entry of a batch: `begin(table)`, then one value a column in the table's order.
///
/// Values are checked as they come: a value of another type than its column, a missing or surplus value, or a field
/// above 64 MB refuses the whole entry (`.encoding`) and nobody else's. Text that is not UTF-8 or holds NUL, which
/// PostgreSQL does not store, is repaired with U+FFFD.
@safe package struct BatchRows: ~Copyable {
    static let maximumFieldBytes = 64 << 20

    private let batch: Batch
    private let columns: UnsafeMutablePointer<ColumnBuffer>
    private var next = 0
    private var end = 0
    private var problem: String?
    private(set) var byteCount = 0

    init(_ batch: Batch, _ columns: UnsafeMutablePointer<ColumnBuffer>) {
        self.batch = batch
        unsafe self.columns = unsafe columns
    }

    /// Begins a row of the table with this index in the writer's list.
    package mutating func begin(_ tableIndex: Int) {
        if next != end { refuse("a row ends before its column \(columnName)") }
        guard tableIndex >= 0, tableIndex < batch.rows.count else { return refuse("there is no table \(tableIndex)") }
        next = batch.schema.offsets[tableIndex]
        end = batch.schema.offsets[tableIndex + 1]
        batch.beginRow(tableIndex)
    }

    /// NULL, in a column of any type.
    package mutating func null() {
        guard next < end else { return refuse("a value after a row's last column") }
        unsafe columns[next].append(Int32(-1))
        unsafe columns[next].hasNull = true
        advance(by: 4)
    }

    /// Into a uuid column.
    package mutating func uuid(_ value: UniqueID) {
        guard prepare(.uuid, count: 16) else { return }
        unsafe columns[next].append(value.high)
        unsafe columns[next].append(value.low)
        advance(by: 20)
    }

    /// Into a bool column.
    package mutating func bool(_ value: Bool) {
        guard prepare(.bool, count: 1) else { return }
        unsafe columns[next].append(UInt8(value ? 1 : 0))
        advance(by: 5)
    }

    /// Into an int4 column.
    package mutating func int4(_ value: Int32) {
        guard prepare(.int4, count: 4) else { return }
        unsafe columns[next].append(value)
        advance(by: 8)
    }

    /// Into an int8 column.
    package mutating func int8(_ value: Int64) {
        guard prepare(.int8, count: 8) else { return }
        unsafe columns[next].append(value)
        advance(by: 12)
    }

    /// Into a timestamptz column.
    package mutating func timestamp(_ value: Timestamp) {
        guard prepare(.timestamptz, count: 8) else { return }
        unsafe columns[next].append(value.microseconds &- Timestamp.postgresEpoch)
        advance(by: 12)
    }

    /// Into a numeric column, exactly; the column rounds to a scale of its own.
    package mutating func numeric(_ value: FixedDecimal) {
        let digits = NumericDigits(value)
        guard prepare(.numeric, count: digits.wordCount * 2) else { return }
        let column = unsafe columns + next
        digits.forEachWord { unsafe column.pointee.append($0) }
        advance(by: 4 + digits.wordCount * 2)
    }

    /// Into a bytea column; at most 64 MB.
    package mutating func bytea(_ value: [UInt8]) {
        unsafe value.withUnsafeBytes { unsafe field(.bytea, $0) }
    }

    /// Into a text or varchar column; at most 64 MB.
    package mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { unsafe text(UnsafeRawBufferPointer($0), as: .text, isValid: true) }
    }

    /// Into a text or varchar column, from bytes that ought to be UTF-8.
    package mutating func text(_ utf8: [UInt8]) {
        unsafe utf8.withUnsafeBytes { unsafe text($0, as: .text, isValid: false) }
    }

    /// Into a json or jsonb column; text that is no JSON is refused by the server.
    package mutating func json(_ value: String) {
        var value = value
        value.withUTF8 { unsafe text(UnsafeRawBufferPointer($0), as: jsonType, isValid: true) }
    }

    /// Into a json or jsonb column, from bytes that ought to be UTF-8.
    package mutating func json(_ utf8: [UInt8]) {
        unsafe utf8.withUnsafeBytes { unsafe text($0, as: jsonType, isValid: false) }
    }

    /// Completes the entry; what was wrong with it, if anything.
    mutating func finish() -> String? {
        if next != end { refuse("a row ends before its column \(columnName)") }
        return problem
    }

    // MARK: One value

    private var jsonType: PostgresType { next < end && batch.schema.types[next] == .json ? .json : .jsonb }

    private var columnName: String {
        let index = batch.schema.offsets.lastIndex { $0 <= next } ?? 0
        let table = batch.schema.tables[index]
        return "\(table.name).\(table.columns[next - batch.schema.offsets[index]].name)"
    }

    /// Checks the type and writes the length; false refuses the value.
    private mutating func prepare(_ type: PostgresType, count: Int) -> Bool {
        guard next < end else {
            refuse("a value after a row's last column")
            return false
        }
        guard batch.schema.types[next] == type, count <= Self.maximumFieldBytes else {
            refuse("column \(columnName) is \(batch.schema.types[next]) and was given \(type) of \(count) bytes")
            return false
        }
        unsafe columns[next].append(Int32(truncatingIfNeeded: count))
        return true
    }

    private mutating func field(_ type: PostgresType, _ bytes: UnsafeRawBufferPointer) {
        let version = type == .jsonb ? 1 : 0
        guard prepare(type, count: bytes.count + version) else { return }
        if version == 1 { unsafe columns[next].append(UInt8(1)) }
        unsafe columns[next].append(bytes)
        advance(by: 4 + version + bytes.count)
    }

    private mutating func text(_ bytes: UnsafeRawBufferPointer, as type: PostgresType, isValid: Bool) {
        let hasNull = unsafe bytes.baseAddress.map { unsafe memchr($0, 0, bytes.count) != nil } ?? false
        if !hasNull, unsafe isValid || bytes.allSatisfy({ $0 < 0x80 }) { return unsafe field(type, bytes) }
        let scalars = unsafe String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }
        var repaired = String(String.UnicodeScalarView(scalars))
        repaired.withUTF8 { unsafe field(type, UnsafeRawBufferPointer($0)) }
    }

    private mutating func advance(by bytes: Int) {
        next += 1
        byteCount += bytes
    }

    private mutating func refuse(_ reason: String) {
        if problem == nil { problem = reason }
        next = end
    }
}
