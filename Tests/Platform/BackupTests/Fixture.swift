// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import Migrator
import ObjectStore
import Postgres
import SwiftExtensions
import TestSupport

@testable import Backup

/// A schema with everything that makes a restore hard, and a place for backups of it.
struct Fixture {
    static let first = migration(
        "0001_shop.sql",
        """
        CREATE SCHEMA shop;
        CREATE TABLE shop.orders (
            id uuid PRIMARY KEY, customer text NOT NULL, amount numeric(38, 12), facts jsonb, raw json, at timestamptz,
            tags text[], others uuid[], data bytea, address inet, plain boolean, big bigint, small integer,
            doubled bigint GENERATED ALWAYS AS (big * 2) STORED, parent uuid REFERENCES shop.orders);
        CREATE TABLE shop.lines (
            order_id uuid NOT NULL REFERENCES shop.orders, number integer GENERATED ALWAYS AS IDENTITY, "odd name" text,
            PRIMARY KEY (order_id, number));
        CREATE TABLE shop.events (id integer NOT NULL, note text) PARTITION BY RANGE (id);
        CREATE TABLE shop.events_new PARTITION OF shop.events FOR VALUES FROM (1000) TO (2000);
        CREATE TABLE shop.chicken (id integer PRIMARY KEY, egg integer);
        CREATE TABLE shop.egg (id integer PRIMARY KEY, chicken integer NOT NULL REFERENCES shop.chicken);
        ALTER TABLE shop.chicken ADD CONSTRAINT circle FOREIGN KEY (egg) REFERENCES shop.egg;
        CREATE TABLE shop.state (name text PRIMARY KEY, value bigint NOT NULL);
        INSERT INTO shop.state VALUES ('transaction', 5), ('made by the migration', 1);
        CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'refused: %', TG_OP; END $$;
        CREATE TRIGGER read_only BEFORE INSERT OR UPDATE OR DELETE ON shop.lines FOR EACH ROW
            EXECUTE FUNCTION shop.refuse();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON shop.lines EXECUTE FUNCTION shop.refuse();
        CREATE TRIGGER always BEFORE DELETE ON shop.egg FOR EACH ROW EXECUTE FUNCTION shop.refuse();
        ALTER TABLE shop.egg ENABLE ALWAYS TRIGGER always;
        ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
        ALTER TABLE shop.orders FORCE ROW LEVEL SECURITY;
        """)

    static let second = migration(
        "0002_more.sql", "ALTER TABLE shop.state ADD COLUMN note text NOT NULL DEFAULT 'none'")

    static let rows = """
        INSERT INTO shop.orders (id, customer, amount, facts, raw, at, tags, others, data, address, plain, big, small,
            parent)
        SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'customer ' || n,
            n / 7.0, jsonb_build_object('n', n, 'text', repeat('x', 200)), '{"a":  1}',
            '2026-01-01'::timestamptz + n * interval '1 minute', ARRAY['a', NULL, 'c' || n], NULL,
            '\\x00ff', '10.0.0.1/8', n % 2 = 0, n, NULL,
            CASE WHEN n > 1 THEN '00000000-0000-0000-0000-000000000001'::uuid END
        FROM generate_series(1, 5000) AS n;
        ALTER TABLE shop.lines DISABLE TRIGGER USER;
        INSERT INTO shop.lines (order_id, "odd name") SELECT id, customer FROM shop.orders LIMIT 300;
        ALTER TABLE shop.lines ENABLE TRIGGER USER;
        CREATE TABLE shop.events_old PARTITION OF shop.events FOR VALUES FROM (0) TO (1000);
        INSERT INTO shop.events SELECT n, 'event ' || n FROM generate_series(0, 1999) AS n;
        INSERT INTO shop.chicken VALUES (1, NULL); INSERT INTO shop.egg VALUES (10, 1);
        UPDATE shop.chicken SET egg = 10;
        UPDATE shop.state SET value = 77 WHERE name = 'transaction';
        """

    let storage: DirectoryStorage
    let path: String
    let passphrase = BackupKeyHolder.passphrase(Secret("a long enough phrase"))
    let masterKey: BackupKeyHolder

    init() throws {
        var template = Array("/tmp/backups.XXXXXX".utf8CString)
        mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        storage = DirectoryStorage(path: path)
        masterKey = .masterKey(try MasterKey(Secret([UInt8](repeating: 3, count: 32))))
    }

    func remove() { system("rm -rf '\(path)'") }

    static func migration(_ file: String, _ text: String) -> Migration {
        guard let migration = Migration(file: file, text: text) else { preconditionFailure(file) }
        return migration
    }

    static var profile: BackupProfile {
        var profile = BackupProfile(programVersion: "test", markerSchema: "being_restored", lockKey: 4711)
        profile.isRestored = { !$0.hasPrefix("ops._migration") }
        profile.expressions = ["shop.state": ["value": "CASE WHEN name = 'transaction' THEN 1 ELSE value END"]]
        profile.headsQuery = """
            SELECT 'orders' AS subject, count(*) AS sequence, md5(string_agg(id::text, ',' ORDER BY id)) AS hash
            FROM shop.orders
            """
        return profile
    }

    /// Runs `body` with a filled database.
    func withSource(_ body: (TestDatabase, Database) async throws -> Void) async throws {
        try await withEmpty { test, database in
            _ = try await Migrator(database: database, migrations: [Self.first], programVersion: "test").up()
            try await database.run(script: Self.rows)
            try await body(test, database)
        }
    }

    func withEmpty(_ body: (TestDatabase, Database) async throws -> Void) async throws {
        let test = try await TestDatabase.make(migrated: false)
        do {
            try await body(test, test.open())
            try await test.close()
        } catch {
            try await test.close()
            throw error
        }
    }

    @discardableResult
    func back(
        up database: Database, as name: String = "one", holder: BackupKeyHolder? = nil,
        observe: @escaping @Sendable (BackupEvent) -> Void = { _ in }
    ) async throws -> BackupManifest {
        try await BackupWriter(database: database, storage: storage, profile: Self.profile, observe: observe).create(
            name, for: holder ?? masterKey,
            migrations: [.init(id: 1, name: "0001_shop", checksum: Self.first.checksum)],
            extras: [.init(purpose: "extra", bytes: [1, 2, 3])])
    }

    func open(_ name: String = "one") async throws -> OpenBackup {
        try await BackupLibrary(storage).open(name, by: masterKey)
    }

    func restorer(
        _ database: Database, migrations: [Migration] = [first],
        observe: @escaping @Sendable (BackupEvent) -> Void = { _ in }
    ) -> BackupRestorer {
        BackupRestorer(database: database, migrations: migrations, profile: Self.profile, observe: observe)
    }
}

/// The error of `body` in this module's terms.
func failure(_ body: () async throws -> Void) async -> BackupError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? BackupError
    }
}
