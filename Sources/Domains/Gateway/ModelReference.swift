// SPDX-License-Identifier: Apache-2.0

/// The `model` of a request: `provider/model`, and for the sandbox a query of settings (`sandbox/slow?ms=200`).
package struct ModelReference: Sendable, Equatable {
    /// `provider/model`.
    package let name: String
    /// The text after `?`; nil without one.
    package let query: String?

    /// Reads the `model` field; only the sandbox's names have a query.
    package init(_ text: String) {
        if text.hasPrefix("sandbox/"), let mark = text.firstIndex(of: "?") {
            name = String(text[..<mark])
            query = String(text[text.index(after: mark)...])
        } else {
            name = text
            query = nil
        }
    }

    /// The value of one setting in the query.
    package func setting(_ key: String) -> String? {
        query?.split(separator: "&").lazy.compactMap { pair -> String? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0] == key ? String(parts[1]) : nil
        }.first
    }
}
