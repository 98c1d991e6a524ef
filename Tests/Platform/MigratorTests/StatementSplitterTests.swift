// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Migrator

@Suite("Statements of a script")
struct StatementSplitterTests {
    private func split(_ script: String) -> [String] { StatementSplitter.statements(in: script).map(\.text) }

    @Test("end at semicolons, and comments between them are left out")
    func plain() {
        #expect(split("-- first\nSELECT 1;\n/* two; */ SELECT 2 ;; SELECT 3") == ["SELECT 1", "SELECT 2 ", "SELECT 3"])
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

@Suite("A migration")
struct MigrationTests {
    @Test("takes its number and name from its file")
    func naming() throws {
        let migration = try #require(Migration(file: "0012_more_tables.sql", text: "SELECT 1"))
        #expect(migration.id == 12 && migration.name == "0012_more_tables" && migration.isTransactional)
        #expect(migration.checksum == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5")
    }

    @Test(
        "needs a number and a name", arguments: ["tables.sql", "0000_zero.sql", "-1_minus.sql", "1.sql", "_1.sql", ""])
    func unnamed(file: String) { #expect(Migration(file: file, text: "") == nil) }

    @Test("says in its first line that it cannot be a transaction")
    func transaction() {
        #expect(Migration(file: "1_a", text: "--  migrate: no-transaction\nSELECT 1")?.isTransactional == false)
        #expect(Migration(file: "1_a", text: "-- migrate: no-transaction\r\nSELECT 1")?.isTransactional == false)
        #expect(Migration(file: "1_a", text: "SELECT 1;\n-- migrate: no-transaction")?.isTransactional == true)
    }

    @Test("of the program has its place in the order")
    func embedded() {
        let ids = Migration.embedded.map(\.id)
        #expect(!ids.isEmpty && ids == Array(1...ids.count))
    }
}
