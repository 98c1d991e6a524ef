// SPDX-License-Identifier: Apache-2.0

/// One strict pass over a text (RFC 8259): grammar, escapes and UTF-8 together.
///
/// Strings, which are nearly all of a large body, are crossed sixteen bytes at a time. The members of the root object
/// are noted on the way, so that looking one up later costs no second pass.
struct JSONValidator {
    typealias Failure = (kind: JSONError.Kind, offset: Int)

    private let bytes: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    private var position = 0
    private var failure: Failure?
    private(set) var members: [JSONMemberRange] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// The range of the root value, or what is wrong with the text.
    mutating func run() -> Result<Range<Int>, JSONFailure> {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            return .failure(JSONFailure(kind: .byteOrderMark, offset: 0))
        }
        skipWhitespace()
        let start = position
        if value(depth: 0) {
            let end = position
            skipWhitespace()
            if position == bytes.count { return .success(start..<end) }
            _ = fail(.trailingBytes)
        }
        let found = failure ?? (.expectedValue, position)
        return .failure(JSONFailure(kind: found.kind, offset: found.offset))
    }

    // MARK: Grammar

    @inline(__always)
    private mutating func fail(_ kind: JSONError.Kind) -> Bool {
        let ended = position >= bytes.count && kind != .unterminatedString
        failure = (ended ? .unexpectedEnd : kind, position)
        return false
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    private mutating func value(depth: Int) -> Bool {
        guard position < bytes.count else { return fail(.expectedValue) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "{"): return object(depth: depth + 1)
        case UInt8(ascii: "["): return array(depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "t"): return literal("true")
        case UInt8(ascii: "f"): return literal("false")
        case UInt8(ascii: "n"): return literal("null")
        default: return fail(.expectedValue)
        }
    }

    private mutating func object(depth: Int) -> Bool {
        guard depth <= maximumDepth else { return fail(.tooDeep(limit: maximumDepth)) }
        position += 1
        skipWhitespace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
            position += 1
            return true
        }
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return fail(.expectedKey) }
            let key = position
            guard string() else { return false }
            let keyEnd = position
            skipWhitespace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { return fail(.expectedColon) }
            position += 1
            skipWhitespace()
            let start = position
            guard value(depth: depth) else { return false }
            // Only the root object is at depth 1.
            if depth == 1 { members.append(JSONMemberRange(key: key..<keyEnd, value: start..<position)) }
            skipWhitespace()
            guard position < bytes.count else { return fail(.unexpectedEnd) }
            let next = bytes[position]
            guard next == UInt8(ascii: ",") || next == UInt8(ascii: "}") else { return fail(.expectedCommaOrBrace) }
            position += 1
            if next == UInt8(ascii: "}") { return true }
            skipWhitespace()
        }
    }

    private mutating func array(depth: Int) -> Bool {
        guard depth <= maximumDepth else { return fail(.tooDeep(limit: maximumDepth)) }
        position += 1
        skipWhitespace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
            return true
        }
        while true {
            guard value(depth: depth) else { return false }
            skipWhitespace()
            guard position < bytes.count else { return fail(.unexpectedEnd) }
            let next = bytes[position]
            guard next == UInt8(ascii: ",") || next == UInt8(ascii: "]") else { return fail(.expectedCommaOrBracket) }
            position += 1
            if next == UInt8(ascii: "]") { return true }
            skipWhitespace()
        }
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        for index in 0..<word.utf8CodeUnitCount {
            guard position + index < bytes.count else {
                position = bytes.count
                return fail(.unexpectedEnd)
            }
            guard bytes[position + index] == word.utf8Start[index] else { return fail(.invalidLiteral) }
        }
        position += word.utf8CodeUnitCount
        return true
    }

    // MARK: Numbers

    private mutating func number() -> Bool {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
            if position < bytes.count, isDigit(bytes[position]) { return fail(.invalidNumber) }
        } else {
            guard digits() else { return fail(.invalidNumber) }
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() else { return fail(.invalidNumber) }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard digits() else { return fail(.invalidNumber) }
        }
        return true
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    @inline(__always)
    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
        return position > start
    }

    // MARK: Strings

    private mutating func string() -> Bool {
        position += 1
        while true {
            position = JSONScan.plainEnd(in: bytes, from: position)
            guard position < bytes.count else { return fail(.unterminatedString) }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"):
                guard escape() else { return false }
            case 0x80...:
                guard multibyte() else { return fail(.invalidUTF8) }
            default:
                return fail(.controlCharacter)
            }
        }
    }

    private mutating func escape() -> Bool {
        guard position + 1 < bytes.count else {
            position = bytes.count
            return fail(.unterminatedString)
        }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
            return true
        case UInt8(ascii: "u"):
            for index in 2..<6 {
                guard position + index < bytes.count else {
                    position = bytes.count
                    return fail(.unterminatedString)
                }
                guard JSONScan.hexValue(bytes[position + index]) != nil else { return fail(.invalidEscape) }
            }
            position += 6
            return true
        default: return fail(.invalidEscape)
        }
    }

    /// Crosses a run of sequences of two to four bytes (RFC 3629: no overlong form, no surrogate, none past U+10FFFF).
    private mutating func multibyte() -> Bool {
        while position < bytes.count, bytes[position] >= 0x80 {
            let length = JSONScan.sequenceLength(in: bytes, at: position)
            guard length > 0 else { return false }
            position += length
        }
        return true
    }
}

/// What is wrong, before line and column are known.
struct JSONFailure: Error {
    let kind: JSONError.Kind
    let offset: Int
}

/// Where one member of an object lies; the key's range has its quotes.
struct JSONMemberRange {
    private let keyStart, keyEnd, valueStart, valueEnd: UInt32

    init(key: Range<Int>, value: Range<Int>) {
        keyStart = UInt32(truncatingIfNeeded: key.lowerBound)
        keyEnd = UInt32(truncatingIfNeeded: key.upperBound)
        valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
        valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
    }

    var key: Range<Int> { Int(keyStart)..<Int(keyEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    /// From the key's first quote to the value's last byte.
    var whole: Range<Int> { Int(keyStart)..<Int(valueEnd) }
}
