// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SQLText

@Suite("Statements of a script")
struct StatementSplitterTests {
    private func split(_ script: String) -> [String] { StatementSplitter.statements(in: script).map(\.text) }

    @Test("end at semicolons, and comments between them are left out")
    func plain() {
        #expect(split("-- first\nSELECT 1;\n/* two; */ SELECT 2 ;; SELECT 3") == ["SELECT 1", "SELECT 2", "SELECT 3"])
        #expect(split(" -- nothing;\n ; /* ; */ ") == [])
    }

    @Test(
        "keep semicolons in quotes, comments and parentheses",
        arguments: [
            "SELECT 'a;''b;'", "SELECT E'a\\';b'", "SELECT 'a\\'", "SELECT \"a;\"\"b\"", "SELECT $$a;b$$",
            "SELECT $x$a;$$;$y$;$x$", "SELECT $1", "SELECT a$b$c", "SELECT 1 -- a;b\n+ 1",
            "SELECT 1 /* a; /* b; */ c; */ + 1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v)", "SELECT 'größe;' AS größe$",
        ])
    func whole(statement: String) {
        #expect(split(statement + ";SELECT 2") == [statement, "SELECT 2"])
    }

    @Test("know the line they begin on")
    func lines() {
        let lines = StatementSplitter.statements(in: "-- migrate: no-transaction\n\nSELECT\n1;\n SELECT 2;").map(\.line)
        #expect(lines == [3, 5])
    }

    @Test("that are cut off anywhere do not trap")
    func truncated() {
        let script = "SELECT E'a\\'b', $tag$ ; $tag$, \"x\"\"y\" /* /* */ */ -- end\n; DO $$ BEGIN; END $$; é"
        for count in 0...script.utf8.count {
            let cut = String(decoding: script.utf8.prefix(count), as: UTF8.self)
            #expect(split(cut).allSatisfy { !$0.isEmpty })
        }
    }
}
