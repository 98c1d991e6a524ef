// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Migrator

@Suite("A migration")
struct MigrationTests {
    private func checksum(_ text: String) -> String? { Migration(file: "1_a.sql", text: text)?.checksum }

    @Test("takes its number, name and kind from its file")
    func naming() throws {
        let migration = try #require(Migration(file: "0012_more_tables.sql", text: "SELECT 1"))
        #expect(migration.id == 12 && migration.name == "0012_more_tables" && migration.isTransactional)
        #expect(migration.kind == .sql && migration.file == "0012_more_tables.sql")
        #expect(migration.rawChecksum == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5")
        #expect(Migration(file: "0002_keys.redis", text: "{}")?.kind == .redis)
        #expect(Migration(file: "0002_keys.elasticsearch", text: "{}")?.kind == .elasticsearch)
    }

    @Test(
        "needs a number, a name and a known ending",
        arguments: [
            "tables.sql", "0000_zero.sql", "-1_minus.sql", "1.sql", "_1.sql", "", "1_a.txt", "1_a.down.sql",
            "1_a.sql.sql",
        ])
    func unnamed(file: String) { #expect(Migration(file: file, text: "") == nil) }

    @Test("for another store is JSON")
    func notJSON() { #expect(Migration(file: "0002_keys.redis", text: "SELECT 1") == nil) }

    @Test("says in its header that it cannot be a transaction, or has no way back")
    func header() {
        #expect(Migration(file: "1_a", text: "--  migrate: no-transaction\nSELECT 1")?.isTransactional == false)
        #expect(Migration(file: "1_a", text: "-- migrate: no-transaction\r\nSELECT 1")?.isTransactional == false)
        let later = Migration(file: "1_a", text: "-- What.\n\n-- migrate: no-transaction\nSELECT 1")
        #expect(later?.isTransactional == false)
        #expect(Migration(file: "1_a", text: "SELECT 1;\n-- migrate: no-transaction")?.isTransactional == true)
        let evidence = Migration(file: "1_a.sql", text: "-- Two lines.\n-- irreversible: it holds evidence\nSELECT 1")
        #expect(evidence?.irreversibility == "it holds evidence")
        #expect(Migration(file: "1_a.sql", text: "SELECT 1")?.irreversibility == "it has no .down.sql file")
        #expect(Migration(file: "1_a.sql", text: "SELECT 1", down: "SELECT 2")?.irreversibility == nil)
    }

    @Test("is found in its folder with its way back, in order")
    func folder() throws {
        let migrations = try Migration.list([
            ("0002_b.redis", "{}"), ("0001_a.down.sql", "DROP"), ("0001_a.sql", "CREATE"), ("0003_c.sql", ""),
        ])
        #expect(migrations.map(\.file) == ["0001_a.sql", "0002_b.redis", "0003_c.sql"])
        #expect(migrations.map(\.down) == ["DROP", nil, nil])
    }

    @Test(
        "folder with a way back of nothing, a number twice or a strange name is refused, and the file named",
        arguments: [
            ("0001_a.down.sql", "0002_b.sql", "0001_a.down.sql"), ("0001_a.sql", "0001_b.sql", "0001_b.sql"),
            ("0001_a.sql", "readme", "readme"),
        ])
    func badFolder(first: String, second: String, named: String) {
        let error = #expect(throws: Migration.FolderError.self) { try Migration.list([(first, ""), (second, "")]) }
        #expect(error?.description.contains(named) == true)
    }

    @Test("of the program has its place in the order")
    func embedded() {
        let ids = Migration.embedded.map(\.id)
        #expect(!ids.isEmpty && ids == ids.sorted())
    }

    @Test(
        "has the checksum of what it says",
        arguments: [
            "CREATE TABLE a (n int, t text DEFAULT 'x;y');", "-- why\nCREATE TABLE a (n int, t text DEFAULT 'x;y');",
            "CREATE  TABLE\r\n a(n int,t text DEFAULT 'x;y')\r\n;\r\n",
            "CREATE TABLE a (n int, /* a /* nested */ one */ t text DEFAULT 'x;y'); -- end",
        ])
    func cosmetic(text: String) { #expect(checksum(text) == checksum("CREATE TABLE a (n int, t text DEFAULT 'x;y');")) }

    @Test(
        "has another checksum when it says something else",
        arguments: [
            ("SELECT 'a b'", "SELECT 'a  b'"), ("DO $$ a $$", "DO $$ a  $$"), ("DO $$ a -- b\n$$", "DO $$ a\n$$"),
            ("DO $$ a\n$$", "DO $$ a\r\n$$"), ("SELECT ab", "SELECT a b"), ("SELECT \"A\"", "SELECT \"a\""),
            ("SELECT E'a'", "SELECT E 'a'"), ("SELECT 1", "SELECT 2"), ("SELECT a", "SELECT 'a'"),
            ("SELECT 1 - - 1", "SELECT 1 -- 1"), ("SELECT a <= b", "SELECT a < = b"), ("SELECT 1;", "SELECT 1"),
        ])
    func different(one: String, other: String) { #expect(checksum(one) != checksum(other)) }

    @Test("that is JSON has the checksum of its canonical form")
    func json() {
        let checksum = { Migration(file: "1_a.redis", text: $0)?.checksum }
        #expect(checksum("{\"a\": 1, \"b\": [2]}") == checksum("{ \"b\": [2.0],\n\"a\":1}\n"))
        #expect(checksum("{\"a\": 1}") != checksum("{\"a\": 2}"))
    }
}
