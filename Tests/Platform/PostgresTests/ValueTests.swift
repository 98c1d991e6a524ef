// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import Testing

private enum Color: String, PostgresEncodable, PostgresDecodable { case red, green }

@Suite struct ValueTests {
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [Value], _ database: Database
    ) async throws {
        for value in values {
            let row = try #require(try await database.query("SELECT \(value) AS v, \(Value?.none) IS NULL AS n").first)
            let back: Value = try row["v"]
            #expect(back == value)
            #expect(try row["n"] as Bool)
        }
    }

    @Test("every type comes back as it went, at its extremes")
    func roundTrips() async throws {
        try await withDatabase { database in
            try await roundTrip([true, false], database)
            try await roundTrip([Int16.min, 0, .max], database)
            try await roundTrip([Int32.min, 0, .max], database)
            try await roundTrip([Int64.min, 0, .max], database)
            try await roundTrip([Int.min, -1, .max], database)
            try await roundTrip([0.1, -Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity], database)
            try await roundTrip(["", "é🙂", "'; DROP TABLE x; --", "$1 \\ \" %"], database)
            try await roundTrip([[UInt8](), [0, 1, 255]], database)
            try await roundTrip([UniqueID.v7(), UniqueID(high: 0, low: 0), UniqueID(high: .max, low: .max)], database)
            try await roundTrip(
                [0, -1, 946_684_800_000_000, -62_135_596_800_000_000, 253_402_300_799_999_999].map(
                    Timestamp.init(microseconds:)), database)
            try await roundTrip([PostgresJSON("{\"b\":1,  \"a\":2}", as: .json)], database)
            try await roundTrip([Color.red, .green], database)
            try await roundTrip([Int?.none, 5], database)
        }
    }

    @Test("decimals are exact both ways, and PostgreSQL reads the same number as text")
    func decimals() async throws {
        let texts = [
            "0", "1", "-1", "0.000000000001", "-0.000000000001", "0.5", "123.456789012345", "100000000000000000000",
            "-99999999999999.999999999999", "10000", "0.0001", "12345678901234567890.1", "18446744.073709551616",
        ]
        try await withDatabase { database in
            for text in texts {
                let value = try #require(FixedDecimal(text))
                let row = try #require(
                    try await database.query("SELECT \(value) AS v, \(value)::text AS t, \(raw: text)::numeric AS n")
                        .first)
                #expect(try row["v"] as FixedDecimal == value)
                #expect(try row["t"] as String == text)
                #expect(try row["n"] as FixedDecimal == value)
            }
            let fine = try #require(try await database.query("SELECT 0.0000000000001 AS v, 'NaN'::numeric AS n").first)
            #expect(throws: PostgresError.self) { try fine["v"] as FixedDecimal }
            #expect(throws: PostgresError.self) { try fine["n"] as FixedDecimal }
            #expect(throws: PostgresError.self) { try fine["v"] as Int }
        }
    }

    @Test("arrays of every element type come back, with NULLs and empty")
    func arrays() async throws {
        try await withDatabase { database in
            try await roundTrip([[String](), ["a", "", "{},\"\\"]], database)
            try await roundTrip([["a", nil, "b"], [nil]] as [[String?]], database)
            try await roundTrip([[UniqueID.v7(), .v7()]], database)
            try await roundTrip([[Int64.min, .max]], database)
            try await roundTrip([[Int32.min, .max]], database)
            try await roundTrip([[true, false]], database)
            try await roundTrip([[[1, 2], []] as [[UInt8]]], database)
            try await roundTrip([[Timestamp(microseconds: 5)]], database)
            try await roundTrip([[FixedDecimal(units: 5), FixedDecimal(units: -7_000_000_000_000)]], database)
            let nested = try #require(try await database.query("SELECT ARRAY[[1,2],[3,4]] AS v").first)
            #expect(throws: PostgresError.self) { try nested["v"] as [Int32] }
        }
    }

    @Test("jsonb and json are bound by their declared type")
    func json() async throws {
        try await withDatabase { database in
            let text = "{\"b\": 1,  \"a\": [null]}"
            let row = try #require(
                try await database.query(
                    "SELECT \(PostgresJSON(text)) AS b, \(PostgresJSON(text, as: .json)) AS j"
                ).first)
            #expect(try row["b"] as PostgresJSON == PostgresJSON("{\"a\": [null], \"b\": 1}"))
            #expect(try row["j"] as String == text)
        }
    }

    @Test("an error in reading names the column and the reason")
    func decodingErrors() async throws {
        try await withDatabase { database in
            let row = try #require(
                try await database.query(
                    "SELECT NULL::int4 AS nothing, 70000 AS big, 'x' AS letter, 'infinity'::timestamptz AS late"
                ).first)
            func reason<Value: PostgresDecodable>(_ column: String, _: Value.Type) -> String {
                do {
                    _ = try row[column] as Value
                    return "none"
                } catch { return error.description }
            }
            #expect(reason("nothing", Int.self) == "column \"nothing\": is NULL, and a value was asked for")
            #expect(reason("big", Int16.self) == "column \"big\": 70000 is out of range")
            #expect(reason("letter", Int.self) == "column \"letter\": is text, and a whole number was asked for")
            #expect(reason("letter", Color.self) == "column \"letter\": holds \"x\", which is not one of Color")
            #expect(reason("late", Timestamp.self) == "column \"late\": is infinity")
            #expect(reason("none", Int.self) == "column \"none\": is not in the result")
        }
    }

    @Test("statements are joined with their parameters renumbered, and literals with dollars stay text")
    func joining() async throws {
        let part: SQL = "\(2) AND '$1' = \("$1")"
        var sql: SQL = "SELECT \(1) + \(part)"
        #expect(sql.text == "SELECT $1 + $2 AND '$1' = $3")
        sql += " OR \(4) = \(5)" as SQL
        #expect(sql.text == "SELECT $1 + $2 AND '$1' = $3 OR $4 = $5")
        #expect(("SELECT \(identifier: "we\"ird")" as SQL).text == "SELECT \"we\"\"ird\"")
        try await withDatabase { database in
            let row = try #require(try await database.query("SELECT '$1' || \("a") || \("$2") AS v" + "").first)
            #expect(try row["v"] as String == "$1a$2")
        }
    }
}
