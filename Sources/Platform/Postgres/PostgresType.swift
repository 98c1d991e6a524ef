// SPDX-License-Identifier: Apache-2.0

/// A type of PostgreSQL's catalog, by its fixed object id (`pg_type.dat`).
package struct PostgresType: Sendable, Hashable {
    /// The object id; the same in every database for built-in types.
    package let oid: UInt32

    package init(oid: UInt32) { self.oid = oid }

    /// `true` or `false`, one byte.
    package static let bool = PostgresType(oid: 16)
    /// Bytes, at most 1 GB.
    package static let bytea = PostgresType(oid: 17)
    /// A whole number of 64 bits.
    package static let int8 = PostgresType(oid: 20)
    /// A whole number of 16 bits.
    package static let int2 = PostgresType(oid: 21)
    /// A whole number of 32 bits.
    package static let int4 = PostgresType(oid: 23)
    /// Text of any length, without NUL.
    package static let text = PostgresType(oid: 25)
    /// JSON kept as its text.
    package static let json = PostgresType(oid: 114)
    /// An IEEE 754 number of 64 bits.
    package static let float8 = PostgresType(oid: 701)
    /// A moment, in microseconds from 2000-01-01 UTC.
    package static let timestamptz = PostgresType(oid: 1184)
    /// A decimal number, exact.
    package static let numeric = PostgresType(oid: 1700)
    /// RFC 9562, 16 bytes.
    package static let uuid = PostgresType(oid: 2950)
    /// JSON taken apart: blanks, order and repeated names are lost.
    package static let jsonb = PostgresType(oid: 3802)

    static let name = PostgresType(oid: 19)
    static let objectID = PostgresType(oid: 26)
    static let float4 = PostgresType(oid: 700)
    static let unknown = PostgresType(oid: 705)
    static let bpchar = PostgresType(oid: 1042)
    static let varchar = PostgresType(oid: 1043)

    private static let table: [(type: PostgresType, name: String, array: UInt32)] = [
        (.bool, "bool", 1000), (.bytea, "bytea", 1001), (.int8, "int8", 1016), (.int2, "int2", 1005),
        (.int4, "int4", 1007), (.text, "text", 1009), (.json, "json", 199), (.float8, "float8", 1022),
        (.timestamptz, "timestamptz", 1185), (.numeric, "numeric", 1231), (.uuid, "uuid", 2951),
        (.jsonb, "jsonb", 3807), (.name, "name", 1003), (.objectID, "oid", 1028), (.float4, "float4", 1021),
        (.unknown, "unknown", 0), (.bpchar, "char", 1014), (.varchar, "varchar", 1015),
    ]

    /// The type of arrays of this type; oid 0 for a type not listed here.
    package var array: PostgresType { PostgresType(oid: Self.table.first { $0.type == self }?.array ?? 0) }
}

extension PostgresType: CustomStringConvertible {
    /// The SQL name (`int8`, `text[]`), or `type 1234` for one not listed here.
    package var description: String {
        for entry in Self.table {
            if entry.type == self { return entry.name }
            if entry.array == oid, oid != 0 { return entry.name + "[]" }
        }
        return "type \(oid)"
    }
}
