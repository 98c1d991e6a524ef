// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// How the client finds the end of a response's content (RFC 9112 §6.3).
enum ResponseFraming {
    case length(Int)
    case chunked
    /// HTTP/1.0 has no chunks: the content ends where the connection does.
    case untilClose
    /// 204 and 304 have no content.
    case none
}

/// Writes status lines and header fields.
enum ResponseHead {
    /// Appends the head of `response`. `keepsAlive` becomes false when the response asks for `connection: close`.
    /// Gives back the names of fields that must not be sent: no token for a name, or CR, LF or NUL in the value, with
    /// which a value could end the head and begin another response.
    static func append(
        _ response: HTTPResponse, framing: ResponseFraming, minorVersion: Int, date: [UInt8],
        keepsAlive: inout Bool, to out: inout [UInt8]
    ) -> [String] {
        var refused: [String] = []
        StatusLine.append(response.status, to: &out)
        for (name, value) in response.headers {
            if isOwn(name) {
                if name.utf8.count == 10, matches(value, "close") { keepsAlive = false }
            } else if !append(name, value, to: &out) {
                refused.append(name)
            }
        }
        switch framing {
        case .length(let length):
            out.append(utf8: "Content-Length: ")
            appendDecimal(length, to: &out)
            out.append(utf8: "\r\n")
        case .chunked: out.append(utf8: "Transfer-Encoding: chunked\r\n")
        case .untilClose: keepsAlive = false
        case .none: break
        }
        out.append(contentsOf: date)
        if !keepsAlive {
            out.append(utf8: "Connection: close\r\n")
        } else if minorVersion == 0 {
            out.append(utf8: "Connection: keep-alive\r\n")
        }
        out.append(utf8: "\r\n")
        return refused
    }

    /// The size line of a chunk (RFC 9112 §7.1).
    static func appendChunkSize(_ size: Int, to out: inout [UInt8]) {
        var shift = (max(size, 1).bitWidth - 1 - max(size, 1).leadingZeroBitCount) / 4 * 4
        while shift >= 0 {
            out.append(Hex.digit(UInt8(size >> shift & 15)))
            shift -= 4
        }
        out.append(utf8: "\r\n")
    }

    /// The `date` line in IMF-fixdate (RFC 9110 §5.6.7): `Date: Sun, 06 Nov 1994 08:49:37 GMT`.
    static func dateLine(_ seconds: Int64) -> [UInt8] {
        let days = seconds / 86_400
        let rest = seconds % 86_400
        let date = CivilDate(daysSince1970: days)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(weekdays[Int(days % 7)]), \(two(date.day)) \(months[Int(date.month) - 1]) \(date.year)"
        return Array("Date: \(day) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT\r\n".utf8)
    }

    /// The fields that are the server's business.
    private static func isOwn(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: matches(name, "date")
        case 10: matches(name, "connection")
        case 14: matches(name, "content-length")
        case 17: matches(name, "transfer-encoding")
        default: false
        }
    }

    /// Appends a field, or nothing and false when it must not be sent.
    private static func append(_ name: String, _ value: String, to out: inout [UInt8]) -> Bool {
        let start = out.count
        out.append(utf8: name)
        let nameEnd = out.count
        out.append(utf8: ": ")
        let valueStart = out.count
        out.append(utf8: value)
        var isSendable = nameEnd > start
        for index in start..<nameEnd where !Grammar.isToken(out[index]) { isSendable = false }
        for index in valueStart..<out.count where out[index] <= 0x0D {
            if out[index] == 0x0D || out[index] == 0x0A || out[index] == 0x00 { isSendable = false }
        }
        if isSendable { out.append(utf8: "\r\n") } else { out.removeLast(out.count - start) }
        return isSendable
    }

    private static func matches(_ text: String, _ lowercase: String) -> Bool {
        text.utf8.elementsEqual(lowercase.utf8) { lowercased($0) == $1 }
    }

    private static func appendDecimal(_ number: Int, to out: inout [UInt8]) {
        let start = out.count
        var rest = number
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        out[start...].reverse()
    }
}
