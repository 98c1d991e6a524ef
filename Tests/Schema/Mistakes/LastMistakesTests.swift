// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import EventLoop
import Inventory
import Migrator
import Postgres
import Redis
import SwiftExtensions
import TestSupport
import Testing

/// Mistakes 8 to 14 of the source designs, each with what is right instead.
@Suite struct LastMistakesTests {
    static let everybody = [
        "witan_app", "witan_ingest", "witan_sealer", "witan_readonly", "witan_backup", "witan_owner",
    ]

    @Test("8. Retention deletes no entry from the log: a whole month is detached, and the others stay as they were")
    func retention() async throws {
        try await SeededStore.with { seeded in
            let store = seeded.store
            let count = "SELECT count(*) FROM audits.audit_log"
            let before = try store.psql(count)
            let superuser = try store.psql("SELECT current_user")
            for role in Self.everybody + [superuser] {
                let said = store.complaint(
                    as: role, of: Tenant.a.id,
                    "DELETE FROM audits.audit_log WHERE ops.time_of(id) < now() + interval '1 year'")
                let isOwner = role == "witan_owner"
                // The owner is shown no row by the policies, and so has none to delete.
                #expect(isOwner ? said == nil : said != nil, "\(role)")
            }
            #expect(try store.psql(count) == before)
            let month = try store.psql(
                """
                SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audits.audit_log'::regclass ORDER BY 1
                    LIMIT 1
                """)
            try store.psql("SET ROLE witan_owner; ALTER TABLE audits.audit_log DETACH PARTITION \(month)")
            #expect(try store.psql(count) == before)
            // It has no policies of its own any more, and needs none: nobody below the owner reaches it.
            for role in Self.everybody.prefix(5) {
                #expect(store.complaint(as: role, of: Tenant.a.id, "SELECT FROM \(month)") != nil, "\(role)")
            }
        }
    }

    @Test("8. No foreign key leads out of an audit row, so nothing that is deleted elsewhere can change one")
    func auditReferences() async throws {
        let seeded = try await SeededStore.shared.value
        let foreignKeys =
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'audits.audit_log'::regclass"
        #expect(try seeded.store.psql(foreignKeys) == "0")
        let shortened = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confdeltype IN ('n', 'c', 'd')"
        #expect(try seeded.store.psql(shortened) == "0")
    }

    @Test("9. No key is in a setting or in SQL: the server never encrypts, and columns hold what the program sealed")
    func encryption() async throws {
        let seeded = try await SeededStore.shared.value
        let settings = """
            SELECT DISTINCT m[1] FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND \(TableShape.ours),
                regexp_matches(p.prosrc, 'current_setting\\(''([^'']+)''', 'g') m ORDER BY 1
            """
        let named = Set(try seeded.store.psql(settings).split(separator: "\n"))
        #expect(named.subtracting(["app.org_id", "app.team_id", "block_size", "server_version_num"]) == [])
        #expect(named.contains("app.org_id"))
        let policies = """
            SELECT DISTINCT m[1] FROM pg_policy p, regexp_matches(
                pg_get_expr(polqual, polrelid), 'current_setting\\(''([^'']+)''', 'g') m ORDER BY 1
            """
        #expect(try seeded.store.psql(policies).split(separator: "\n") == ["app.org_id", "app.team_id"])
        let crypto = """
            SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND \(TableShape.ours)
            WHERE p.prosrc ~* 'pgp_|encrypt\\(|decrypt\\(|crypt\\('
            """
        #expect(try seeded.store.psql(crypto) == "0")
        #expect(try seeded.store.psql("SELECT string_agg(extname, ' ') FROM pg_extension") == "plpgsql")
        // Each sealed column has beside it the wrapped data key, and the name of the key that wraps it.
        for shape in seeded.shapes {
            let names = shape.columns.map(\.name)
            for column in shape.columns where column.name.hasPrefix("encrypted_") || column.name == "totp_secret" {
                #expect(column.type == "bytea", "\(shape.name).\(column.name)")
                #expect(names.contains { $0.hasSuffix("_dek") }, "\(shape.name)")
                #expect(names.contains { $0.hasSuffix("master_key_id") }, "\(shape.name)")
            }
        }
    }

    @Test("10. Nothing is copied aside before a change: a copied table has lost what a way back restores exactly")
    func backupTables() async throws {
        let seeded = try await SeededStore.shared.value
        #expect(!seeded.shapes.contains { $0.name.hasSuffix("_backup") })
        try await SeededStore.with { other in
            let store = other.store
            try store.psql("CREATE TABLE projects.projects_backup AS SELECT * FROM projects.projects")
            let kept = { (table: String) in
                """
                SELECT (SELECT count(*) FROM pg_constraint WHERE conrelid = '\(table)'::regclass) > 0,
                    (SELECT count(*) FROM pg_index WHERE indrelid = '\(table)'::regclass) > 0,
                    (SELECT count(*) FROM pg_policy WHERE polrelid = '\(table)'::regclass) > 0,
                    (SELECT relacl IS NOT NULL FROM pg_class WHERE oid = '\(table)'::regclass)
                """
            }
            #expect(try store.psql(kept("projects.projects_backup")) == "f|f|f|f")
            #expect(try store.psql(kept("projects.projects")) == "t|t|t|t")
        }
        // The right way is proven by WayBackTests: every file's way back restores the catalog object by object.
        #expect(Migration.embedded.filter { $0.down != nil }.count >= 8)
    }

    @Test("11. A name is unique in its organization, so that nobody learns whether another has used it")
    func uniqueNames() async throws {
        let seeded = try await SeededStore.shared.value
        let taken = [
            ("projects.projects", "name", "projects_org_id_name_key"),
            ("governance.rules", "name, version", "rules_org_id_name_version_key"),
            ("governance.components", "name, version", "components_org_id_name_version_key"),
        ]
        for (table, names, constraint) in taken {
            let theirs = try #require(seeded.rows(of: table, .b).first)
            let mine = try #require(seeded.rows(of: table, .a).last)
            // The first organization's row under the name that the second one uses: fine. Under its own other's: not.
            let rename = { (name: String) in
                "UPDATE \(table) SET (\(names)) = (SELECT \(names) FROM \(table) WHERE \(name)) WHERE \(mine.predicate)"
            }
            #expect(try self.ask(seeded, rename(theirs.predicate)) == "1", "\(table)")
            let own = try #require(seeded.rows(of: table, .a).first)
            let said = #expect(throws: PsqlError.self) { try self.ask(seeded, rename(own.predicate)) }
            #expect(said?.output.contains(constraint) == true)
        }
    }

    private func ask(_ seeded: SeededStore, _ statement: String) throws -> String {
        try seeded.store.psql(
            "BEGIN; WITH changed AS (\(statement) RETURNING 1) SELECT count(*) FROM changed; ROLLBACK")
    }

    @Test(
        "12. A save of Redis has ended when its counter says so, not when BGSAVE answers; nobody blocks it"
    )
    func redisSave() async throws {
        guard let redis = try client() else { return }
        for command in [["SAVE"], ["BGREWRITEAOF"], ["CONFIG", "SET", "dir", "/tmp"]] {
            let error = await #expect(throws: RedisError.self) {
                try await redis.command(command.map { RedisArgument($0) })
            }
            #expect(error.map { "\($0)" }?.contains("NOPERM") == true)
        }
        let before = try await persistence(redis)
        #expect(before["aof_enabled"] == "1")
        // The answer of a save that has begun, or will: the design copied the file upon it.
        #expect(try await redis.command("BGSAVE", "SCHEDULE").text?.hasPrefix("Background saving") == true)
        var now = try await persistence(redis)
        for _ in 0..<3000 where now["rdb_bgsave_in_progress"] != "0" || now["rdb_saves"] == before["rdb_saves"] {
            try await Task.sleep(for: .milliseconds(10))
            now = try await persistence(redis)
        }
        #expect(now["rdb_bgsave_in_progress"] == "0" && now["rdb_saves"] != before["rdb_saves"])
        #expect(now["rdb_last_bgsave_status"] == "ok")
        await redis.close()
    }

    /// The lines of `INFO persistence`.
    private func persistence(_ redis: Redis) async throws -> [String: String] {
        let lines = (try await redis.command("INFO", "persistence").text ?? "").split(whereSeparator: \.isNewline)
        let pairs = lines.map { $0.split(separator: ":", maxSplits: 1).map(String.init) }
        return Dictionary(uniqueKeysWithValues: pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) })
    }

    @Test("13. Redis evicts only what expires anyway, the least recently used first: never a configuration")
    func redisEviction() async throws {
        guard let redis = try client() else { return }
        let memory = try await redis.command("INFO", "memory").text ?? ""
        #expect(memory.contains("maxmemory_policy:volatile-"))
        #expect(!memory.contains("maxmemory:0\r"))
        await redis.close()
    }

    private func client() throws -> Redis? {
        guard let server = try TestRedis.shared else { return nil }
        return try Redis(
            configuration: RedisConfiguration(
                url: Secret("unix://\(server.socketPath)"), connectTimeout: .seconds(10), commandTimeout: .seconds(10)),
            loops: [TestDatabase.loop])
    }

    @Test("14. A time is an instant: who reads it in another zone reads the same one")
    func zones() async throws {
        let seeded = try await SeededStore.shared.value
        for shape in seeded.shapes {
            for column in shape.columns {
                #expect(
                    column.type != "timestamp without time zone" && column.type != "time without time zone",
                    "\(shape.name).\(column.name)")
            }
        }
        let instants = ["UTC", "Pacific/Auckland", "America/St_Johns"].map { zone in
            """
            SET TimeZone = '\(zone)';
            SELECT extract(epoch FROM created_at), ops.time_of(id) BETWEEN now() - interval '1 day' AND now()
            FROM projects.projects ORDER BY id LIMIT 1;
            """
        }
        let read = try instants.map { try seeded.store.psql($0) }
        #expect(Set(read).count == 1 && read[0].hasSuffix("|t"))
        // Months begin at midnight UTC, whatever the server's zone.
        let bounds = try seeded.store.psql(
            "SET TimeZone = 'Pacific/Auckland'; SELECT ops.uuid_at('2026-01-01 00:00:00+00')")
        #expect(try seeded.store.psql("SET TimeZone = 'UTC'; SELECT ops.uuid_at('2026-01-01')") == bounds)
    }
}
