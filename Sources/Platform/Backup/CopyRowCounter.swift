// SPDX-License-Identifier: Apache-2.0

/// Counts the rows of PostgreSQL's binary COPY format ("COPY", File Formats, Binary Format), however it is cut, and
/// knows whether it is whole. Pure.
struct CopyRowCounter {
    private enum Field { case signature, flags, extensionLength, columns, length, end }

    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0]
    private(set) var rows: Int64 = 0
    private(set) var isDamaged = false
    private var awaited = Field.signature
    /// Bytes to pass over without a look.
    private var toSkip = 0
    private var columnsLeft = 0
    /// The awaited field, as far as it has come.
    private var partial: [UInt8] = []

    /// Whether the trailer was the last thing.
    var isWhole: Bool { awaited == .end && !isDamaged && toSkip == 0 }

    mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count, !isDamaged {
                if toSkip > 0 {
                    let skipped = min(toSkip, bytes.count - position)
                    toSkip -= skipped
                    position += skipped
                } else {
                    position += take(UnsafeRawBufferPointer(rebasing: bytes[position...]))
                }
            }
        }
    }

    private var awaitedSize: Int {
        switch awaited {
        case .signature: 11
        case .flags, .extensionLength, .length: 4
        case .columns: 2
        case .end: 0
        }
    }

    /// Reads one field, or the piece of it that is there; the bytes used.
    private mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        let size = awaitedSize
        guard size > 0 else {
            isDamaged = true
            return bytes.count
        }
        if partial.isEmpty, bytes.count >= size {
            read(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
            return size
        }
        let taken = min(size - partial.count, bytes.count)
        partial.append(contentsOf: bytes[..<taken])
        if partial.count == size {
            let whole = partial
            partial = []
            whole.withUnsafeBytes { read($0) }
        }
        return taken
    }

    private mutating func read(_ field: UnsafeRawBufferPointer) {
        switch awaited {
        case .signature:
            isDamaged = !field.elementsEqual(Self.signature)
            awaited = .flags
        case .flags: awaited = .extensionLength
        case .extensionLength: skip(Int(Self.number(field)), then: .columns)
        case .columns:
            let count = Int16(truncatingIfNeeded: Int(field[0]) << 8 | Int(field[1]))
            if count == -1 {
                awaited = .end
            } else {
                rows += 1
                columnsLeft = Int(count)
                isDamaged = count < 0
                awaited = columnsLeft == 0 ? .columns : .length
            }
        case .length:
            columnsLeft -= 1
            let length = Int(Self.number(field))
            skip(length == -1 ? 0 : length, then: columnsLeft == 0 ? .columns : .length)
        case .end: isDamaged = true
        }
    }

    private mutating func skip(_ count: Int, then next: Field) {
        isDamaged = isDamaged || count < 0
        toSkip = max(0, count)
        awaited = next
    }

    private static func number(_ field: UnsafeRawBufferPointer) -> Int32 {
        Int32(bigEndian: field.loadUnaligned(as: Int32.self))
    }
}
