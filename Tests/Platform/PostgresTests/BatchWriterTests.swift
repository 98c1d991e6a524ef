// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Postgres
import SwiftExtensions
import Testing

@Suite struct BatchWriterTests {
    /// Two tables of a schema of their own, and a writer for them.
    private func withWriter(
        _ schema: String, limits: BatchLimits = BatchLimits(), prepared: Bool = true,
        observe: @escaping @Sendable (PostgresEvent) -> Void = { _ in },
        repair: @escaping @Sendable () async -> Void = {},
        _ body: (BatchWriter, Database, EventLoop) async throws -> Void
    ) async throws {
        let loop = EventLoop()
        defer { loop.stop() }
        try await withDatabase { database in
            try await database.run(
                script: "DROP SCHEMA IF EXISTS \(schema) CASCADE; CREATE SCHEMA \(schema);" + """
                    CREATE TABLE \(schema).call (id uuid PRIMARY KEY, n int CHECK (n <> 13), cost numeric(38,12));
                    CREATE TABLE \(schema).entry (
                        id uuid PRIMARY KEY, call uuid NOT NULL REFERENCES \(schema).call, at timestamptz, big int8,
                        ok bool,
                        note text, raw bytea, data jsonb, plain json);
                    """)
            var configuration = TestCluster.shared.configuration
            configuration.preparedStatements = prepared
            let writer = BatchWriter(
                configuration: configuration, loop: loop, tables: Self.tables(schema), limits: limits, observe: observe,
                repair: repair)
            writer.start()
            try await eventually { if !writer.isReady { throw NotYet() } }
            try await body(writer, database, loop)
            await writer.stop()
            #expect(!writer.isReady)
        }
    }

    static func tables(_ schema: String) -> [BatchTable] {
        [
            BatchTable(name: "\(schema).call", columns: [("id", .uuid), ("n", .int4), ("cost", .numeric)]),
            BatchTable(
                name: "\(schema).entry",
                columns: [
                    ("id", .uuid), ("call", .uuid), ("at", .timestamptz), ("big", .int8), ("ok", .bool),
                    ("note", .text),
                    ("raw", .bytea), ("data", .jsonb), ("plain", .json),
                ]),
        ]
    }

    static func fill(
        _ rows: inout BatchRows, _ id: UniqueID, _ number: Int32, note: String = "note", json: String = "{}"
    ) {
        rows.begin(0)
        rows.uuid(id)
        rows.int4(number)
        rows.numeric(FixedDecimal(units: Int128(number)))
        rows.begin(1)
        rows.uuid(id)
        rows.uuid(id)
        rows.timestamp(Timestamp(microseconds: Int64(number)))
        rows.int8(Int64(number))
        rows.bool(true)
        rows.text(note)
        if number % 2 == 0 { rows.null() } else { rows.bytea([0, 1, 2]) }
        rows.json(json)
        rows.json(json)
    }

    private func count(_ table: String, _ database: Database) async throws -> Int {
        try #require(try await database.query("SELECT count(*) AS n FROM \(raw: table)").first)["n"]
    }

    @Test("rows of many callers, from the loop and from other threads, are all there when their callers resume")
    func manyCallers() async throws {
        let commits = Locked(0)
        try await withWriter("b1") { event in
            if case .batchCommitted = event { commits.withLock { $0 += 1 } }
        } _: { writer, database, loop in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let id = UniqueID.v7()
                        if number % 2 == 0 {
                            try await writer.append { Self.fill(&$0, id, Int32(number + 100)) }
                        } else {
                            try await loop.run { try await writer.append { Self.fill(&$0, id, Int32(number + 100)) } }
                        }
                        if number % 100 == 0 {
                            let rows = try await database.query("SELECT n, cost FROM b1.call WHERE id = \(id)")
                            #expect(try rows.first?["n"] == number + 100)
                            #expect(try rows.first?["cost"] == FixedDecimal(units: Int128(number + 100)))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await count("b1.call", database) == 2000)
            #expect(
                try await count(
                    "b1.entry WHERE raw IS NULL AND at = 'epoch'::timestamptz + big * interval '1 us'", database)
                    == 1000)
            #expect(commits.withLock { $0 } < 1500)
        }
    }

    @Test("one bad row fails its own caller only, and none of its entry is written")
    func badRow() async throws {
        try await withWriter("b2") { writer, database, loop in
            let outcomes = await withTaskGroup(of: (Int32, PostgresError?).self) { group in
                for number in Int32(0)..<40 {
                    group.addTask {
                        let json = number == 20 ? "{" : "[1]"
                        let error = await failure {
                            try await writer.append { Self.fill(&$0, .v7(), number, json: json) }
                        }
                        return (number, error)
                    }
                }
                return await group.reduce(into: [Int32: PostgresError]()) { $0[$1.0] = $1.1 }
            }
            #expect(Set(outcomes.keys) == [13, 20])
            #expect(outcomes[13]?.sqlState == "23514")
            #expect(outcomes[20]?.sqlState == "22P02")
            let written = (try await count("b2.call", database), try await count("b2.entry", database))
            #expect(written == (38, 38))
            #expect(writer.isReady)
        }
    }

    @Test("values of the wrong type or number refuse the entry before it is sent, and text is repaired")
    func validation() async throws {
        try await withWriter("b3") { writer, database, _ in
            let wrong: [@Sendable (inout BatchRows) -> Void] = [
                {
                    $0.begin(0); $0.uuid(.v7()); $0.text("one")
                },
                {
                    $0.begin(0); $0.uuid(.v7())
                },
                {
                    $0.begin(0); $0.uuid(.v7()); $0.int4(1); $0.null(); $0.null()
                },
                { $0.begin(7) },
                {
                    Self.fill(&$0, .v7(), 1); $0.begin(0); $0.uuid(.v7()); $0.int4(1)
                },
            ]
            for fill in wrong {
                guard case .encoding = await failure({ try await writer.append(fill) }) else { throw NotYet() }
            }
            try await writer.append { _ in }
            let id = UniqueID.v7()
            try await writer.append { Self.fill(&$0, id, 5, note: "a\0b") }
            let bytes = UniqueID.v7()
            try await writer.append { rows in
                rows.begin(0)
                rows.uuid(bytes)
                rows.null()
                rows.null()
                rows.begin(1)
                rows.uuid(bytes)
                rows.uuid(bytes)
                for _ in 0..<3 { rows.null() }
                rows.text([0x61, 0xFF, 0x62])
                for _ in 0..<3 { rows.null() }
            }
            #expect(try await count("b3.call", database) == 2)
            let rows = try await database.query("SELECT note FROM b3.entry WHERE id = ANY(\([id, bytes])) ORDER BY id")
            #expect(try rows.map { try $0["note"] as String } == ["a\u{FFFD}b", "a\u{FFFD}b"])
        }
    }

    @Test("a missing partition is repaired once and the batch written; what stays impossible is refused")
    func partitions() async throws {
        let repairs = Locked(0)
        let loop = EventLoop()
        defer { loop.stop() }
        try await withDatabase { database in
            try await database.run(
                script: """
                    DROP TABLE IF EXISTS p1; CREATE TABLE p1 (id int8, at timestamptz, PRIMARY KEY (id, at))
                        PARTITION BY RANGE (at)
                    """)
            let writer = BatchWriter(
                configuration: TestCluster.shared.configuration, loop: loop,
                tables: [BatchTable(name: "p1", columns: [("id", .int8), ("at", .timestamptz)])], observe: { _ in }
            ) {
                repairs.withLock { $0 += 1 }
                try? await database.run(
                    script:
                        "CREATE TABLE IF NOT EXISTS p1a PARTITION OF p1 FOR VALUES FROM ('2000-01-01') TO ('2100-1-1')"
                )
            }
            writer.start()
            try await writer.append {
                $0.begin(0); $0.int8(1); $0.timestamp(.now())
            }
            #expect(repairs.withLock { $0 } == 1)
            let error = await failure {
                try await writer.append {
                    $0.begin(0); $0.int8(2); $0.timestamp(Timestamp(microseconds: 0))
                }
            }
            #expect(error?.sqlState == "23514")
            await writer.stop()
            #expect(try await count("p1", database) == 1)
        }
    }

    @Test("relaxed rows are written too, bounded, and stop writes what is queued")
    func relaxed() async throws {
        var limits = BatchLimits()
        limits.maximumPendingBytes = 20_000
        limits.maximumBatchRows = 50
        let refused = Locked(0)
        let written = Locked(0)
        try await withWriter("b4", limits: limits, prepared: false) { writer, database, loop in
            await loop.run {
                for number in Int32(100)..<1100 {
                    do {
                        try writer.appendWithoutWaiting { Self.fill(&$0, .v7(), number) }
                        written.withLock { $0 += 1 }
                    } catch {
                        if case PostgresError.overloaded = error { refused.withLock { $0 += 1 } }
                    }
                }
                #expect(!writer.isReady)
            }
            await writer.stop()
            #expect(refused.withLock { $0 } > 0)
            #expect(try await count("b4.entry", database) == written.withLock { $0 })
            #expect(refused.withLock { $0 } + written.withLock { $0 } == 1000)
            guard case .closed = await failure({ try await writer.append { Self.fill(&$0, .v7(), 1) } }) else {
                throw NotYet()
            }
        }
    }
}
