// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Arguments

@Suite struct TerminalTests {
    let screen = Screen()

    @Test("columns align, numbers on the right, wide characters counted as two")
    func aligned() {
        var table = Table([.init("NAME"), .init("COUNT", isNumeric: true), .init("NOTE")])
        table.append(["a", "7", "plain"])
        table.append(["日本", "1200", "é😀👨‍👩‍👧"])
        table.append(["e\u{301}\u{1B}[2J", "0", ""])
        #expect(
            table.text() == """
                NAME   COUNT  NOTE
                a          7  plain
                日本    1200  é😀👨‍👩‍👧
                e\u{301}�[2J      0

                """)
    }

    @Test("a table never exceeds its width: long cells end in an ellipsis, narrow columns stay whole")
    func fits() {
        var table = Table([.init("ID"), .init("TEXT"), .init("OTHER")])
        table.append(["1", String(repeating: "漢字", count: 60), String(repeating: "x", count: 70)])
        table.append(["22", "short", "short"])
        let lines = table.text().split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { TextWidth.of($0) <= 100 })
        #expect(lines[1].hasPrefix("1   漢字") && lines[1].contains("…  x") && lines[1].hasSuffix("x…"))
        #expect(lines[2].hasPrefix("22  short "))
        for width in 1...40 {
            let least = 3 + 2 * 2
            #expect(
                table.text(width: width).split(separator: "\n").allSatisfy {
                    TextWidth.of(String($0)) <= max(width, least)
                })
        }
    }

    @Test("a cut never splits a character, and fills the width as far as it can")
    func cut() {
        #expect(TextWidth.cut("hello", to: 5) == "hello")
        #expect(TextWidth.cut("hello", to: 4) == "hel…")
        #expect(TextWidth.cut("日本語", to: 5) == "日本…")
        #expect(TextWidth.cut("日本語", to: 4) == "日…")
        #expect(TextWidth.cut("日本語", to: 1) == "…")
        #expect(TextWidth.of("👨‍👩‍👧") == 2 && TextWidth.of("❤️") == 2 && TextWidth.of("e\u{301}") == 1)
    }

    @Test("styles show only where colours do")
    func styles() {
        #expect(screen.terminal().styled("a", .red) == "a")
        #expect(screen.terminal(interactive: true, colored: true).styled("a", .red) == "\u{1B}[31ma\u{1B}[0m")
        var table = Table([.init("A")])
        table.append(["b"])
        #expect(table.text(terminal: screen.terminal(colored: true)) == "\u{1B}[1mA\u{1B}[0m\nb\n")
    }

    @Test("a progress bar is drawn on a terminal only, and ends at its total")
    func progress() {
        var hidden = ProgressBar("copy", total: 3, terminal: screen.terminal())
        hidden.advance(by: 3)
        hidden.finish()
        #expect(screen.errors.isEmpty)
        var shown = ProgressBar("copy", total: 1000, terminal: screen.terminal(interactive: true))
        for _ in 0..<1200 { shown.advance() }
        shown.finish()
        #expect(screen.errors.hasPrefix("\rcopy ░"))
        #expect(screen.errors.hasSuffix("█ 100 % (1000/1000)\u{1B}[K\n"))
        #expect(screen.output.isEmpty)
    }

    @Test("a question takes yes and no; anything else, and nobody, is the default")
    func confirm() {
        for (answer, standard, result) in [
            ("y", false, true), ("YES", false, true), ("no", true, false), ("maybe", true, true), ("", false, false),
        ] as [(String, Bool, Bool)] {
            #expect(screen.terminal(answer: answer).confirm("Delete?", default: standard) == result)
        }
        #expect(screen.errors.hasPrefix("Delete? [y/N] "))
        #expect(!Screen().terminal().confirm("Delete?"))
    }

    @Test("durations read and write the same")
    func durations() {
        for text in ["0s", "1ms", "500ms", "30s", "5m", "12h", "7d"] {
            #expect(Duration(argument: text)?.argument == text)
        }
        for text in ["", "5", "s", "-1s", "1.5s", "5 s", "5w", "9999999999s", "٣s"] {
            #expect(Duration(argument: text) == nil, "\(text)")
        }
    }

    @Test("numbers are finite and whole where they must be")
    func numbers() {
        #expect(Double(argument: "1e3") == 1000 && Double(argument: "inf") == nil && Double(argument: "nan") == nil)
        #expect(
            Int(argument: "-7") == -7 && Int(argument: "7.0") == nil && Int(argument: "99999999999999999999") == nil)
    }
}
