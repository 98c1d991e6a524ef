// SPDX-License-Identifier: Apache-2.0
import QRCode
import Testing

/// That a reader reads them is seen in the end-to-end tests, with a real one.
@Suite("QR codes")
struct QRMatrixTests {
    /// ISO/IEC 18004 §6.3.3: 7 by 7, a ring, a gap, a core of 3 by 3.
    private func hasFinder(_ code: QRMatrix, _ left: Int, _ top: Int) -> Bool {
        (0..<7).allSatisfy { row in
            (0..<7).allSatisfy { column in
                let ring = max(abs(column - 3), abs(row - 3))
                return code.isDark(left + column, top + row) == (ring != 2)
            }
        }
    }

    @Test("a code has its three finder patterns, and only three", arguments: ["a", String(repeating: "x", count: 600)])
    func finders(text: String) throws {
        let code = try QRMatrix(text)
        #expect(hasFinder(code, 0, 0) && hasFinder(code, code.size - 7, 0) && hasFinder(code, 0, code.size - 7))
        #expect(!hasFinder(code, code.size - 7, code.size - 7))
        #expect(code.size % 4 == 1 && !code.isDark(-1, 0) && !code.isDark(0, code.size))
    }

    @Test("the smallest code is taken, and the longest text has room")
    func sizes() throws {
        #expect(try QRMatrix("a").size == 21)
        #expect(try QRMatrix(String(repeating: "a", count: QRMatrix.bytesMaximum)).size == 177)
    }

    @Test("what no code holds is refused", arguments: [0, QRMatrix.bytesMaximum + 1, 100_000])
    func refused(bytes: Int) {
        #expect(throws: QRCodeError.unsuitable(bytes: bytes)) { try QRMatrix(String(repeating: "a", count: bytes)) }
        #expect(throws: QRCodeError.unsuitable(bytes: 3)) { try QRMatrix("a\0b") }
    }

    @Test("the terminal's lines say black on white, hold two rows each, and have a quiet zone")
    func terminal() throws {
        let code = try QRMatrix("a")
        let lines = code.terminalText.split(separator: "\n")
        #expect(lines.count == (21 + 8 + 1) / 2)
        for line in lines {
            #expect(line.hasPrefix("\u{1B}[38;5;16;48;5;231m") && line.hasSuffix("\u{1B}[0m"))
            #expect(line.dropFirst(19).dropLast(4).count == 21 + 8)
        }
        #expect(lines[0].dropFirst(19).dropLast(4).allSatisfy { $0 == " " })
        #expect(lines[2].dropFirst(19).hasPrefix("    █▀▀▀▀▀█ "))
    }

    @Test("the picture is one white and one black shape, and nothing that runs")
    func picture() throws {
        let svg = try QRMatrix("<script>alert(1)</script>").svg
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.hasSuffix("</svg>"))
        #expect(svg.split(separator: "<path").count == 3)
        #expect(!svg.contains("script") && !svg.contains("style=") && !svg.contains("href"))
    }
}
