// SPDX-License-Identifier: Apache-2.0
import HTTPServer

/// What a request asks of the mock: read by a byte search, since the mock must cost less than what it measures.
struct ChatCall: Sendable {
    /// The name between its quotes, as it stood in the JSON.
    let model: String
    let isStream: Bool
    let includesUsage: Bool
    let choices: Int
    let body: [UInt8]
    /// The words after `mock-` with the number that follows each: `mock-delay-50-chunks-3` is delay 50, chunks 3.
    private let directives: [String: Int]

    init(_ request: HTTPRequest) {
        body = request.body
        model = Self.value(of: "model", in: request.body).flatMap(Self.text) ?? "mock"
        isStream = Self.value(of: "stream", in: request.body)?.starts(with: "true".utf8) ?? false
        includesUsage = Self.value(of: "include_usage", in: request.body)?.starts(with: "true".utf8) ?? false
        choices = min(128, max(1, Self.value(of: "n", in: request.body).flatMap(Self.number) ?? 1))
        directives = Self.directives(request.headers["x-mock"] ?? model)
    }

    /// The number of a directive, 0 when it has none; nil when it is not given.
    subscript(directive: String) -> Int? { directives[directive] }

    private static func directives(_ text: String) -> [String: Int] {
        var found: [String: Int] = [:]
        var last = ""
        for word in text.split(separator: "-") {
            if let number = Int(word) { found[last] = number } else { found[String(word)] = 0 }
            last = String(word)
        }
        return found
    }

    /// What follows the first `"key":`, past white space.
    private static func value(of key: String, in body: [UInt8]) -> ArraySlice<UInt8>? {
        let needle = Array("\"\(key)\"".utf8)
        var position = 0
        while position + needle.count < body.count {
            guard let quote = body[position...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            if body[quote...].starts(with: needle) {
                let rest = body[(quote + needle.count)...].drop { $0 <= 0x20 }
                if rest.first == UInt8(ascii: ":") { return rest.dropFirst().drop { $0 <= 0x20 } }
            }
            position = quote + 1
        }
        return nil
    }

    private static func text(_ value: ArraySlice<UInt8>) -> String? {
        guard value.first == UInt8(ascii: "\"") else { return nil }
        return String(decoding: value.dropFirst().prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    private static func number(_ value: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: value.prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
}
