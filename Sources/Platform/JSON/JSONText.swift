// SPDX-License-Identifier: Apache-2.0

/// Bytes known to be one JSON text (RFC 8259), kept as they came.
///
/// Nothing is decoded: views find fields in the bytes, and what nobody asks for passes through untouched. Escapes of
/// lone surrogates (`\ud800`) are accepted, as the RFC's grammar does; they read as U+FFFD. Names may repeat: ask
/// `firstDuplicateKey()` where that matters.
package struct JSONText: Sendable {
    /// The text, unchanged.
    package let bytes: [UInt8]
    let rootRange: Range<Int>
    /// The members of the root, if it is an object.
    let rootMembers: [JSONMemberRange]

    /// Checks the whole text: grammar, UTF-8, escapes, limits; no byte order mark, nothing behind the value.
    package init(validating bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(.tooLarge(limit: limits.maximumBytes), at: limits.maximumBytes, in: bytes)
        }
        let (result, members) = bytes.withUnsafeBufferPointer { buffer in
            var validator = JSONValidator(buffer, maximumDepth: limits.maximumDepth)
            let result = validator.run()
            return (result, validator.members)
        }
        switch result {
        case .success(let range):
            self.bytes = bytes
            rootRange = range
            rootMembers = members
        case .failure(let failure):
            throw JSONError(failure.kind, at: failure.offset, in: bytes)
        }
    }

    /// Checks the UTF-8 of `text`.
    package init(validating text: String, limits: JSONLimits = .standard) throws(JSONError) {
        try self.init(validating: Array(text.utf8), limits: limits)
    }

    /// The text's one value.
    package var root: JSONView { JSONView(text: self, range: rootRange) }
}
