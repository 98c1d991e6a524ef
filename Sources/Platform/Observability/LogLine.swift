// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// How lines look.
package enum LogFormat: Sendable {
    /// One JSON object a line (RFC 8259), for machines.
    case json
    /// Time of day, level, message and `name=value`, for people; the level coloured when asked for.
    case text(colored: Bool)
}

/// One event of the log, before it is bytes.
struct LogLine {
    let time: Timestamp
    let level: LogLevel
    let message: StaticString
    let fields: [(String, LogValue)]

    /// Longer strings are cut, so that nobody from outside can fill the log with one value.
    static let valueBytesMaximum = 8192
    static let fieldsMaximum = 64

    func bytes(_ format: LogFormat) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch format {
        case .json: appendJSON(to: &line)
        case .text(let colored): appendText(to: &line, colored: colored)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    // MARK: JSON

    private func appendJSON(to line: inout [UInt8]) {
        line.append(contentsOf: #"{"time":""#.utf8)
        line.append(utf8: time.description)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(utf8: level.name)
        line.append(contentsOf: #"","message":"#.utf8)
        Self.appendQuoted(message.description, to: &line)
        for (name, value) in fields.prefix(Self.fieldsMaximum) {
            line.append(UInt8(ascii: ","))
            // The line's own members are never given twice.
            let isTaken = name == "time" || name == "level" || name == "message"
            Self.appendQuoted(isTaken ? name + "_" : name, to: &line)
            line.append(UInt8(ascii: ":"))
            switch value {
            case .string, .redacted: Self.appendQuoted(value.text, to: &line)
            case .number(let number) where !number.isFinite: Self.appendQuoted(value.text, to: &line)
            default: line.append(utf8: value.text)
            }
        }
        line.append(UInt8(ascii: "}"))
    }

    /// A JSON string (RFC 8259 §7): only what must be escaped is.
    private static func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in cut(text).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case UInt8(ascii: "\n"): line.append(utf8: #"\n"#)
            case UInt8(ascii: "\r"): line.append(utf8: #"\r"#)
            case UInt8(ascii: "\t"): line.append(utf8: #"\t"#)
            case 0..<0x20, 0x7f:
                line.append(utf8: #"\u00"#)
                line.append(Hex.digit(byte >> 4))
                line.append(Hex.digit(byte & 15))
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueBytesMaximum else { return text }
        // Decoding repairs a character cut in two.
        return String(decoding: text.utf8.prefix(valueBytesMaximum), as: UTF8.self) + "…"
    }

    // MARK: Text

    private func appendText(to line: inout [UInt8], colored: Bool) {
        line.append(contentsOf: time.description.utf8.dropFirst(11).prefix(12))
        line.append(UInt8(ascii: " "))
        let name = level.name.uppercased()
        if colored { line.append(utf8: level.color) }
        line.append(utf8: name)
        if colored { line.append(utf8: "\u{1B}[0m") }
        line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8 - name.utf8.count))
        line.append(utf8: message.description)
        for (name, value) in fields.prefix(Self.fieldsMaximum) {
            line.append(UInt8(ascii: " "))
            line.append(utf8: name)
            line.append(UInt8(ascii: "="))
            let text = value.text
            let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x5c && $0 != 0x7f }
            if isPlain { line.append(utf8: Self.cut(text)) } else { Self.appendQuoted(text, to: &line) }
        }
    }
}

extension LogLevel {
    /// The terminal's sequence for the level's colour (ECMA-48 SGR).
    fileprivate var color: String {
        switch self {
        case .trace, .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        }
    }
}

extension LogValue {
    /// The value as text, without quotes.
    var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        case .boolean(let truth): truth ? "true" : "false"
        case .duration(let duration): String(duration / .seconds(1))
        case .redacted: "•••"
        }
    }
}
