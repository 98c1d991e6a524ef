// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Whom a message is from or to: an address, and perhaps a name to show.
package struct MailAddress: Sendable, Equatable {
    /// Where it goes; ASCII.
    package let address: AddrSpec
    /// At most 200 bytes on one line, any script; empty for none.
    package let name: String

    /// Throws `invalidField` for a name with control characters or beyond 200 bytes.
    package init(_ address: AddrSpec, name: String = "") throws(MailError) {
        guard HeaderText.isOneLine(name), name.utf8.count <= 200 else { throw .invalidField("name") }
        self.address = address
        self.name = name
    }

    /// Reads `local@domain` or `Name <local@domain>`; `invalidAddress` else.
    package init(parsing text: String) throws(MailError) {
        var name = ""
        var bare = Substring(text)
        if text.hasSuffix(">"), let open = text.lastIndex(of: "<") {
            name = String(HeaderText.trimmed(text[..<open]))
            if name.utf8.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
                name = String(name.dropFirst().dropLast())
            }
            bare = text[text.index(after: open)...].dropLast()
        }
        guard let address = try? AddrSpec(String(bare)) else { throw .invalidAddress(HeaderText.printable(text)) }
        try self.init(address, name: name)
    }

    /// The header's form (RFC 5322 §3.4): the name quoted, or as encoded words where it is not ASCII.
    var header: String {
        guard !name.isEmpty else { return address.description }
        let isPlain = name.hasOnlyBytes { (32..<127).contains($0) } && !name.contains("=?") && name.utf8.count <= 60
        guard isPlain else { return "\(HeaderText.encodedWords(name))\r\n <\(address)>" }
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(quoted)\" <\(address)>"
    }
}
