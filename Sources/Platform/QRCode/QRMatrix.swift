// SPDX-License-Identifier: Apache-2.0
import CQRCode
import Glibc

/// Why there is no QR code of a text.
package enum QRCodeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is empty, contains a zero byte, or has more bytes than a code can hold.
    case unsuitable(bytes: Int)
    /// The library had no memory for it.
    case outOfMemory

    /// What happened and what to do.
    package var description: String {
        switch self {
        case .unsuitable(let bytes): "a QR code holds 1 to \(QRMatrix.bytesMaximum) bytes of text; this has \(bytes)"
        case .outOfMemory: "there was no memory for a QR code; give the process more"
        }
    }
}

/// A QR code (ISO/IEC 18004): the dark and light modules of a square.
///
/// Error correction is level M: a seventh of the code may be unreadable.
package struct QRMatrix: Sendable, Equatable {
    /// The most bytes of UTF-8 that level M holds (version 40).
    package static let bytesMaximum = 2331
    /// Light modules that stand around every code, on each side (§9.1).
    package static let quietZone = 4

    /// Modules a side, 21 to 177, without the quiet zone.
    package let size: Int
    private let modules: [Bool]

    /// The smallest code that holds `text`. Throws `unsuitable` and `outOfMemory`.
    package init(_ text: String) throws(QRCodeError) {
        let bytes = Array(text.utf8)
        guard (1...Self.bytesMaximum).contains(bytes.count), !bytes.contains(0) else {
            throw .unsuitable(bytes: bytes.count)
        }
        guard let code = unsafe QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else {
            throw errno == ENOMEM ? .outOfMemory : .unsuitable(bytes: bytes.count)
        }
        defer { unsafe QRcode_free(code) }
        let size = unsafe Int(code.pointee.width)
        let data = unsafe UnsafeBufferPointer(start: code.pointee.data, count: size * size)
        self.size = size
        // The lowest bit is the colour; the others say what a module is for.
        modules = unsafe data.map { $0 & 1 == 1 }
    }

    /// Whether the module in this column and row is dark; outside the code none is.
    package func isDark(_ column: Int, _ row: Int) -> Bool {
        (0..<size).contains(column) && (0..<size).contains(row) && modules[row * size + column]
    }

    private var range: Range<Int> { -Self.quietZone..<size + Self.quietZone }

    private static func halfBlock(_ upper: Bool, _ lower: Bool) -> String {
        switch (upper, lower) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }

    /// For a terminal: two rows of modules a line, black on white by escape sequences (ECMA-48 SGR), so that it is the
    /// same on dark and light ones. Each line ends with a newline.
    package var terminalText: String {
        var text = ""
        for row in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
            text += "\u{1B}[38;5;16;48;5;231m"
            for column in range {
                text += Self.halfBlock(isDark(column, row), isDark(column, row + 1))
            }
            text += "\u{1B}[0m\n"
        }
        return text
    }

    /// A picture (SVG 1.1) of ten units a module, black on white, without scripts, styles or references.
    package var svg: String {
        let side = range.count
        var path = ""
        for row in 0..<size {
            var column = 0
            while column < size {
                let count = (column..<size).prefix { isDark($0, row) }.count
                if count > 0 {
                    path += "M\(column + Self.quietZone) \(row + Self.quietZone)h\(count)v1h-\(count)z"
                }
                column += max(count, 1)
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(side * 10)" height="\(side * 10)" \
            viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path fill="#000" d="\(path)"/></svg>
            """
    }
}
