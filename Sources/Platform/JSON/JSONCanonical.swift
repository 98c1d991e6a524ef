// SPDX-License-Identifier: Apache-2.0

/// Why a value has no canonical form (RFC 8785 demands I-JSON, RFC 7493).
package enum JSONCanonicalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A name occurs twice in one object.
    case duplicateKey(String)
    /// A number is beyond a Double, or a whole number is not the one its Double is written as.
    case inexactNumber(String)

    /// One line for people.
    package var description: String {
        switch self {
        case .duplicateKey(let key): "the member \"\(key)\" occurs twice"
        case .inexactNumber(let literal): "the number \(literal) cannot be kept exactly; write it as a string"
        }
    }
}

extension JSONValue {
    /// The JSON Canonicalization Scheme (RFC 8785): names in order of UTF-16 units, numbers as ECMAScript writes them.
    ///
    /// Fractions round to the nearest Double, as the RFC has it; whole numbers that would change are refused, so that
    /// no two different counts have one canonical form.
    package func canonicalBytes() throws(JSONCanonicalError) -> [UInt8] {
        var writer = JSONWriter()
        try writer.canonical(self)
        return writer.finish()
    }
}

extension JSONWriter {
    fileprivate mutating func canonical(_ value: JSONValue) throws(JSONCanonicalError) {
        switch value {
        case .number(let number): raw(unchecked: try Self.canonical(number).utf8)
        case .array(let elements):
            try array { (writer) throws(JSONCanonicalError) in
                for element in elements { try writer.canonical(element) }
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            for (left, right) in zip(sorted, sorted.dropFirst()) where left.key.utf16.elementsEqual(right.key.utf16) {
                throw .duplicateKey(left.key)
            }
            try object { (writer) throws(JSONCanonicalError) in
                for member in sorted {
                    writer.key(member.key)
                    try writer.canonical(member.value)
                }
            }
        case .null, .bool, .string: self.value(value)
        }
    }

    private static func canonical(_ number: JSONNumber) throws(JSONCanonicalError) -> String {
        guard let value = number.double, let text = ECMAScriptNumber.format(value) else {
            throw .inexactNumber(number.literal)
        }
        let isWhole = number.literal.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }
        // From 2⁵³ on, several whole numbers share one Double: only the one it is written as may stand for it.
        if isWhole, value.magnitude >= 9_007_199_254_740_992, text != number.literal {
            throw .inexactNumber(number.literal)
        }
        return text
    }
}
