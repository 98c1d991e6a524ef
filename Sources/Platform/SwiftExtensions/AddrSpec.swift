// SPDX-License-Identifier: Apache-2.0

/// An e-mail address as it travels: `local@domain` in ASCII, the dot-atom form of RFC 5322 §3.4.1 within the lengths
/// of RFC 5321 §4.5.3.1. No quoting, comments, address literals or Unicode: whatever they allow, somebody reads
/// differently.
package struct AddrSpec: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with a text that is no address.
    package enum Problem: Error, Equatable {
        /// There is no `@`, or more than one.
        case notOneAt
        /// A character outside ASCII: it may look like another one.
        case notASCII
        /// A control character or a blank.
        case control
        /// Before the `@`: 1 to 64 letters, digits and ``!#$%&'*+-/=?^_`{|}~``, with single dots between.
        case localPart
        /// After it: labels of letters, digits and hyphens, at most 63 long, 255 in all, the last not a number.
        case domain
    }

    /// The whole, as given.
    package let description: String
    /// What stands before the `@`, 1 to 64 bytes.
    package let localPart: String
    /// What stands after it, 1 to 255 bytes; internationalised names in their ASCII form (`xn--…`).
    package let domain: String

    /// Reads an address of at most 320 bytes; nothing is trimmed or changed.
    package init(_ text: String) throws(Problem) {
        guard text.hasOnlyBytes({ $0 < 128 }) else { throw .notASCII }
        guard text.hasOnlyBytes({ $0 > 32 && $0 != 127 }) else { throw .control }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .notOneAt }
        guard Self.isDotAtom(parts[0]) else { throw .localPart }
        guard Self.isDomain(parts[1]) else { throw .domain }
        description = text
        localPart = String(parts[0])
        domain = String(parts[1])
    }

    private static let atom = ASCIISet(ASCIISet.alphanumerics + "!#$%&'*+-/=?^_`{|}~")

    private static func isDotAtom(_ text: Substring) -> Bool {
        text.utf8.count <= 64
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy(atom.contains)
            }
    }

    private static let label = ASCIISet(ASCIISet.alphanumerics + "-")

    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 255, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { part in
            (1...63).contains(part.utf8.count) && part.utf8.allSatisfy(label.contains) && part.first != "-"
                && part.last != "-"
        }
    }
}
