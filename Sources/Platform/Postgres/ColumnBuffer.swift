// SPDX-License-Identifier: Apache-2.0

/// The bytes of one column of a batch: a binary array of PostgreSQL. Owned by its `Batch`, which frees it.
@unsafe struct ColumnBuffer {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int
    /// Whether a NULL is in it.
    var hasNull = false

    /// Dimensions, NULL flag, element type, element count, lower bound.
    static let header = 20

    init(elementType: UInt32) {
        unsafe capacity = 4096
        unsafe start = .allocate(byteCount: 4096, alignment: 16)
        unsafe reset(elementType: elementType)
    }

    func free() { unsafe start.deallocate() }

    var characters: UnsafePointer<CChar> { unsafe UnsafePointer(start.assumingMemoryBound(to: CChar.self)) }

    /// Empty again; what a burst needed is given back.
    mutating func reset(elementType: UInt32) {
        if unsafe capacity > 1 << 20 {
            unsafe start.deallocate()
            unsafe capacity = 4096
            unsafe start = .allocate(byteCount: 4096, alignment: 16)
        }
        unsafe count = 0
        unsafe hasNull = false
        unsafe append(Int32(1))
        unsafe append(Int32(0))
        unsafe append(elementType)
        unsafe append(Int32(0))
        unsafe append(Int32(1))
    }

    /// Completes the header before the column is sent.
    mutating func seal(rows: Int) {
        unsafe store(Int32(hasNull ? 1 : 0), at: 4)
        unsafe store(Int32(clamping: rows), at: 12)
    }

    @inline(__always) mutating func reserve(_ more: Int) {
        if unsafe count + more > capacity { unsafe grow(more) }
    }

    private mutating func grow(_ more: Int) {
        let larger = unsafe max(capacity * 2, count + more)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        unsafe moved.copyMemory(from: start, byteCount: count)
        unsafe start.deallocate()
        unsafe start = unsafe moved
        unsafe capacity = larger
    }

    @inline(__always) mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        let size = MemoryLayout<Number>.size
        unsafe reserve(size)
        unsafe (start + count).storeBytes(of: value.bigEndian, as: Number.self)
        unsafe count += size
    }

    @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        unsafe reserve(bytes.count)
        unsafe (start + count).copyMemory(from: base, byteCount: bytes.count)
        unsafe count += bytes.count
    }

    func length(at offset: Int) -> Int { unsafe Int(Int32(bigEndian: (start + offset).loadUnaligned(as: Int32.self))) }

    mutating func store(_ value: Int32, at offset: Int) {
        unsafe (start + offset).storeBytes(of: value.bigEndian, as: Int32.self)
    }

    /// Where the element after `rows` elements, starting at `offset`, begins.
    func skip(_ rows: Int, from offset: Int) -> Int {
        var offset = offset
        for _ in 0..<rows { offset += unsafe 4 + max(0, length(at: offset)) }
        return offset
    }

    /// Cuts off everything from `offset`.
    mutating func truncate(at offset: Int) { unsafe count = offset }
}
