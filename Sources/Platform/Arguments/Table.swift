// SPDX-License-Identifier: Apache-2.0

/// Rows for people: aligned columns under titles, cut to fit.
package struct Table: Sendable {
    /// One column: its title, and on which side its cells stand.
    package struct Column: Sendable {
        let title: String
        let isNumeric: Bool

        /// Text stands left, numbers stand right.
        package init(_ title: String, isNumeric: Bool = false) {
            self.title = title
            self.isNumeric = isNumeric
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    private static let gap = "  "

    /// A table without rows.
    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row: a cell per column. Control characters are shown as `�`, so data cannot steer the terminal.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count == columns.count, "a cell per column")
        rows.append(cells.map(TextWidth.printable))
    }

    /// The lines, none wider than `width` columns of a terminal; long cells end in `…`.
    package func text(width: Int = 100, terminal: Terminal? = nil) -> String {
        let widths = fittedWidths(width)
        let title = line(columns.map(\.title), widths)
        var text = (terminal?.styled(title, .bold) ?? title) + "\n"
        for row in rows { text += line(row, widths) + "\n" }
        return text
    }

    /// The widest columns give way first; none goes below 4 while there is another way.
    private func fittedWidths(_ width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(TextWidth.of(columns[index].title)) { max($0, TextWidth.of($1[index])) }
        }
        let available = width - Self.gap.count * (columns.count - 1)
        while widths.reduce(0, +) > available, let widest = widths.max(), widest > 1,
            let index = widths.lastIndex(of: widest)
        {
            widths[index] -= 1
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let shown = TextWidth.cut(cell, to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - TextWidth.of(shown)))
            line += index == 0 ? "" : Self.gap
            line += columns[index].isNumeric ? padding + shown : shown + padding
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// How much room text takes on a terminal.
enum TextWidth {
    static func of(_ text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        var cut = ""
        var used = 1
        for character in text {
            let next = self.width(of: character)
            guard used + next <= width else { break }
            used += next
            cut.append(character)
        }
        return width > 0 ? cut + "…" : ""
    }

    /// Text without characters that steer a terminal (C0, DEL, C1, and the marks that reverse direction).
    static func printable(_ text: String) -> String {
        var printable = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A: printable.append(" ")
            case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: printable.append("\u{FFFD}")
            default: printable.append(scalar)
            }
        }
        return String(printable)
    }

    private static func width(of character: Character) -> Int {
        // A variation selector 16 asks for the emoji's form, which is wide.
        if character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        return character.unicodeScalars.reduce(0) { max($0, width(of: $1)) }
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// Blocks of East Asian Width W and F (Unicode Standard Annex #11), and the emoji that show wide by themselves.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x2614...0x2615, 0x2648...0x2653,
        0x26A1...0x26A1, 0x26BD...0x26BE, 0x26C4...0x26C5, 0x26D4...0x26D4, 0x2705...0x2705, 0x270A...0x270B,
        0x2728...0x2728, 0x274C...0x274C, 0x2753...0x2755, 0x2757...0x2757, 0x2795...0x2797, 0x2B1B...0x2B1C,
        0x2B50...0x2B50, 0x2B55...0x2B55, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F004...0x1F004, 0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E,
        0x1F191...0x1F19A, 0x1F1E6...0x1F320, 0x1F32D...0x1F335, 0x1F337...0x1F37C, 0x1F37E...0x1F393,
        0x1F3A0...0x1F3CA, 0x1F3CF...0x1F3D3, 0x1F3E0...0x1F3F0, 0x1F3F4...0x1F3F4, 0x1F3F8...0x1F43E,
        0x1F440...0x1F440, 0x1F442...0x1F4FC, 0x1F4FF...0x1F53D, 0x1F54B...0x1F54E, 0x1F550...0x1F567,
        0x1F57A...0x1F57A, 0x1F595...0x1F596, 0x1F5A4...0x1F5A4, 0x1F5FB...0x1F64F, 0x1F680...0x1F6C5,
        0x1F6CC...0x1F6D2, 0x1F6D5...0x1F6D7, 0x1F6DC...0x1F6DF, 0x1F6EB...0x1F6EC, 0x1F6F4...0x1F6FC,
        0x1F7E0...0x1F7EB, 0x1F90C...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
