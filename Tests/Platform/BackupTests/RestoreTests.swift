// SPDX-License-Identifier: Apache-2.0
import Migrator
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Backup

@Suite(.serialized) struct RestoreTests {
    /// Nothing but what was there before: an empty database.
    private func isEmpty(_ test: TestDatabase) throws -> Bool {
        try test.psql(
            "SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')"
        ) == "0"
    }

    @Test("what was saved is restored: rows, partitions, sequences, guards and the catalog, to the byte")
    func roundTrip() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { source, database in
            let manifest = try await fixture.back(up: database)
            #expect(manifest.tables.map(\.qualifiedName).contains("shop.orders"))
            #expect(manifest.rows > 7300)
            try await fixture.withEmpty { test, empty in
                let backup = try await fixture.open()
                #expect(try await fixture.restorer(empty).restore(backup) == [])
                #expect(
                    try await BackupComparison.differences(of: empty, from: backup, profile: Fixture.profile) == [])
                #expect(try test.psql("SELECT value FROM shop.state ORDER BY value") == "1\n1")
                #expect(try source.psql("SELECT max(value) FROM shop.state") == "77")
                // Identity goes on behind the last number, and what refuses does so again.
                let sequence = "SELECT last_value, is_called FROM shop.lines_number_seq"
                #expect(try test.psql(sequence) == source.psql(sequence))
                #expect(throws: PsqlError.self) { try test.psql("DELETE FROM shop.egg") }
                #expect(throws: PsqlError.self) { try test.psql("TRUNCATE shop.lines") }
                #expect(try test.psql("SELECT condeferrable FROM pg_constraint WHERE conname = 'circle'") == "f")
                let changed = "UPDATE shop.orders SET customer = 'x' WHERE big = 7"
                try test.psql(changed)
                let found = try await BackupComparison.differences(of: empty, from: backup, profile: Fixture.profile)
                #expect(found == ["shop.orders has other bytes"])
            }
        }
    }

    @Test("a backup of a restored database is the same backup again")
    func again() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            let first = try await fixture.back(up: database)
            try await fixture.withEmpty { _, empty in
                _ = try await fixture.restorer(empty).restore(try await fixture.open())
                let second = try await fixture.back(up: empty, as: "two")
                let compared = first.tables.filter(\.isRestored).map(\.part.sha256)
                #expect(second.tables.filter(\.isRestored).map(\.part.sha256) == compared)
                #expect(second.fingerprint == first.fingerprint && second.heads == first.heads)
            }
        }
    }

    @Test("a newer program applies its migrations after the rows")
    func newerProgram() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            try await fixture.withEmpty { test, empty in
                let migrated = try await fixture.restorer(empty, migrations: [Fixture.first, Fixture.second]).restore(
                    try await fixture.open())
                #expect(migrated == ["0002_more"])
                #expect(try test.psql("SELECT DISTINCT note FROM shop.state") == "none")
            }
        }
    }

    @Test("a program that is older, or has other files, refuses and changes nothing")
    func otherPrograms() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            try await fixture.withEmpty { test, empty in
                let backup = try await fixture.open()
                let other = Fixture.migration("0001_shop.sql", "CREATE SCHEMA other")
                guard
                    case .changed = await failure({
                        _ = try await fixture.restorer(empty, migrations: [other]).restore(backup)
                    })
                else { Issue.record("restored with another file"); return }
                guard
                    case .newer = await failure({
                        _ = try await fixture.restorer(empty, migrations: []).restore(backup)
                    })
                else { Issue.record("restored with an older program"); return }
                #expect(try isEmpty(test))
            }
        }
    }

    @Test("a database that is not empty is refused and stays, and the refusal names what is in it")
    func notEmpty() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            let backup = try await fixture.open()
            for script in ["CREATE SCHEMA mine; CREATE TABLE mine.t ()", "CREATE TABLE public.mine ()"] {
                try await fixture.withEmpty { test, other in
                    try await other.run(script: script)
                    guard
                        case .notEmpty(let found) = await failure({
                            _ = try await fixture.restorer(other).restore(backup)
                        })
                    else { Issue.record("restored into a full one"); return }
                    #expect(found.count == 1 && found.first?.contains("mine") == true)
                    #expect(try test.psql("SELECT count(*) FROM pg_class WHERE relname IN ('t', 'mine')") == "1")
                }
            }
        }
    }

    @Test("a damaged object, a killed session: the database is as it was, and a second try works")
    func failures() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            let manifest = try await fixture.back(up: database)
            let backup = try await fixture.open()
            try await fixture.withEmpty { test, empty in
                let victim = try #require(manifest.tables.last { $0.rows > 100 })
                let path = "\(fixture.path)/one/\(victim.part.object)"
                try Disk.flip(path, at: 50)
                guard case .corrupted = await failure({ _ = try await fixture.restorer(empty).restore(backup) }) else {
                    Issue.record("restored from a damaged object")
                    return
                }
                #expect(try isEmpty(test))
                try Disk.flip(path, at: 50)

                let kill =
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%FROM STDIN%'"
                    + " AND datname = '\(test.name)'"
                let killer = fixture.restorer(empty) { event in
                    if case .progress(let bytes, _) = event, bytes > 0 { _ = try? test.psql(kill) }
                }
                #expect(await failure { _ = try await killer.restore(backup) }?.exitCode == 10)
                #expect(try isEmpty(test))

                #expect(try await fixture.restorer(empty).restore(backup) == [])
            }
        }
    }

    @Test("what an interrupted restore left is cleared away, unless somebody has used it since")
    func interrupted() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            let backup = try await fixture.open()
            for isUsed in [false, true] {
                try await fixture.withEmpty { test, empty in
                    // As far as a restore gets before it is killed.
                    try await empty.withConnection { connection in
                        let site = RestoreSite(connection: connection, profile: Fixture.profile)
                        try await site.begin()
                        _ = try await Migrator(database: empty, migrations: [Fixture.first], programVersion: "t").up()
                        try await site.noteSize()
                    }
                    if isUsed { try test.psql("INSERT INTO shop.chicken VALUES (1)") }
                    let failure = await failure { _ = try await fixture.restorer(empty).restore(backup) }
                    if isUsed {
                        guard case .notEmpty = failure else { Issue.record("cleared what was used"); return }
                        #expect(try test.psql("SELECT count(*) FROM shop.chicken") == "1")
                    } else {
                        #expect(failure == nil)
                    }
                }
            }
        }
    }

    @Test("two restores into one database: one of them waits for nothing and says so")
    func busy() async throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try await fixture.withSource { _, database in
            try await fixture.back(up: database)
            let backup = try await fixture.open()
            try await fixture.withEmpty { _, empty in
                try await empty.withConnection { holder in
                    try await holder.query("SELECT pg_advisory_lock(\(Fixture.profile.lockKey))")
                    guard case .busy = await failure({ _ = try await fixture.restorer(empty).restore(backup) }) else {
                        Issue.record("did not notice the other one")
                        return
                    }
                }
            }
        }
    }

    @Test("tables are loaded after those they refer to, and circles last")
    func order() {
        func reference(_ from: String, _ to: String) -> LoadOrder.Reference {
            .init(from: from, to: to, table: "t", name: "c", isDeferrable: false, isDeferred: false)
        }
        func sorted(_ references: [LoadOrder.Reference], _ names: [String]) -> [String] {
            let tables = names.map {
                CatalogTable(
                    schema: String($0.prefix(1)), name: String($0.dropFirst(2)), isPartitioned: false, columns: [],
                    size: 0, isSelectable: true, showsAllRows: true, forcesRowSecurity: false)
            }
            return LoadOrder(references: references, tables: names).sorted(tables).map(\.qualifiedName)
        }
        #expect(
            sorted([reference("s.a", "s.b"), reference("s.b", "s.c")], ["s.a", "s.b", "s.c"]) == ["s.c", "s.b", "s.a"])
        #expect(
            sorted([reference("s.a", "s.b"), reference("s.b", "s.a")], ["s.a", "s.b", "s.c"]) == ["s.c", "s.a", "s.b"])
    }

    @Test("bounds of a partition become part of a statement only when they are plain")
    func bounds() {
        func isPlain(_ bounds: String) -> Bool {
            BackupManifest.Partition(schema: "s", parent: "p", partitionSchema: "s", name: "n", bounds: bounds)
                .hasPlainBounds
        }
        #expect(isPlain("FOR VALUES FROM ('0199f000-0000-0000-0000-000000000000') TO (MAXVALUE)"))
        #expect(isPlain("FOR VALUES FROM ('2026-01-01 00:00:00+00') TO (1000)"))
        for wrong in [
            "DEFAULT", "FOR VALUES IN (1)", "FOR VALUES FROM (1) TO (2); DROP TABLE x", "FOR VALUES FROM ($$)",
        ] {
            #expect(!isPlain(wrong))
        }
    }
}
