// SPDX-License-Identifier: Apache-2.0

/// A piece of the small XML documents that S3 servers send: elements by name, without attributes, comments or CDATA
/// (XML 1.0 §3.1). Enough to find a few values; whatever does not fit is not found.
struct XMLText {
    private let content: Substring

    init(_ bytes: [UInt8]) { content = Substring(String(decoding: bytes, as: UTF8.self)) }

    private init(_ content: Substring) { self.content = content }

    /// Elements of this name, however deep, none within another of them.
    func all(_ name: String) -> [XMLText] {
        var found: [XMLText] = []
        var rest = content
        while let (element, after) = Self.next(name, in: rest) {
            found.append(XMLText(element))
            rest = after
        }
        return found
    }

    /// The first element of this name.
    func first(_ name: String) -> XMLText? { Self.next(name, in: content).map { XMLText($0.content) } }

    private static func next(_ name: String, in text: Substring) -> (content: Substring, after: Substring)? {
        var rest = text
        while let open = rest.firstRange(of: "<\(name)") {
            let after = rest[open.upperBound...]
            guard let first = after.first, first == ">" || first == " ", let end = after.firstIndex(of: ">") else {
                rest = after
                continue
            }
            let inside = after[after.index(after: end)...]
            guard let close = inside.firstRange(of: "</\(name)>") else { return nil }
            return (inside[..<close.lowerBound], inside[close.upperBound...])
        }
        return nil
    }

    /// The text with the five predefined entities and character references replaced.
    var text: String {
        guard content.contains("&") else { return String(content) }
        var result = ""
        var rest = content
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            guard let end = rest[mark...].firstIndex(of: ";") else { return result + rest[mark...] }
            let name = rest[rest.index(after: mark)..<end]
            result += Self.character(name) ?? "&\(name);"
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ name: Substring) -> String? {
        if let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"][String(name)] { return known }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
    }

    /// Text for the inside of an element.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
