// SPDX-License-Identifier: Apache-2.0

/// The waits of one request, each bounded; they end it with an error of their own.
///
/// Connecting is exact to the millisecond, the others to about 50 ms.
package struct HTTPTimeouts: Sendable, Equatable {
    /// Name resolution, TCP and TLS together.
    package var connect: Duration
    /// From the start of the request (waiting for a connection and sending included) to the response's head.
    package var firstByte: Duration
    /// Between two arrivals of response bytes. Does not run while the reader holds the transfer back.
    package var idle: Duration
    /// From the start of the request to the last byte of the response.
    package var total: Duration

    package init(
        connect: Duration = .seconds(5), firstByte: Duration = .seconds(60), idle: Duration = .seconds(60),
        total: Duration = .seconds(600)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}

/// A request with its whole body. RFC 9110.
package struct HTTPClientRequest: Sendable {
    /// A token such as `GET`, sent as written.
    package var method: String
    /// Absolute, `http` or `https`, already percent-encoded.
    package var url: String
    /// Sent in this order. `content-length` and `transfer-encoding` follow from the body and are refused here.
    package var headers: [(name: String, value: String)]
    /// The content; empty sends none.
    package var body: [UInt8]
    /// The bounds on this request alone.
    package var timeouts: HTTPTimeouts
    /// The bound on the response's body; more is an error, for streams too.
    package var maximumResponseBytes: Int

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeouts: HTTPTimeouts = HTTPTimeouts(), maximumResponseBytes: Int = 32 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.maximumResponseBytes = maximumResponseBytes
    }
}

/// A whole response.
package struct HTTPClientResponse: Sendable {
    /// The status code, 200…999; redirects are not followed.
    package let status: Int
    /// The final response's; those of interim responses (1xx) are not among them.
    package let headers: HTTPClientHeaders
    /// The content, without transfer coding; at most the request's `maximumResponseBytes`.
    package let body: [UInt8]
}

/// A response's header fields: kept as the bytes that came, read when asked for. At most 64 KB.
package struct HTTPClientHeaders: Sendable {
    /// Lines ended by LF, without status line.
    private let lines: [UInt8]

    init(lines: [UInt8]) { self.lines = lines }

    /// All fields in the order they came, names as they came, values without surrounding blanks.
    package var pairs: [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        forEachField { name, value in
            pairs.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            return true
        }
        return pairs
    }

    /// The value of the first field called `name`, in whatever case.
    package subscript(name: String) -> String? {
        let wanted = name.utf8
        var found: String?
        forEachField { field, value in
            guard field.count == wanted.count, zip(field, wanted).allSatisfy({ lowercase($0) == lowercase($1) }) else {
                return true
            }
            found = String(decoding: value, as: UTF8.self)
            return false
        }
        return found
    }

    /// Calls `body` with each name and value until it returns false. Lines that are no field are left out.
    private func forEachField(_ body: (ArraySlice<UInt8>, ArraySlice<UInt8>) -> Bool) {
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                let first = line.first, !isBlank(first)
            else { continue }
            guard body(line[..<colon], trimmed(line[(colon + 1)...])) else { return }
        }
    }

    private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return bytes[first...last]
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

/// ASCII only, as header names are.
private func lowercase(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
