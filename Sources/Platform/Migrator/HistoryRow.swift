// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
package import SwiftExtensions

/// One event in the life of a schema, as `ops._migration_history` keeps it. Rows are only ever added, and each holds
/// the hash of the one before it.
package struct HistoryRow: Sendable, Equatable {
    /// What happened.
    package enum Event: String, Sendable {
        /// A file was applied.
        case applied
        /// A file's way back was taken.
        case rolledBack = "rolled_back"
        /// A file was found to have been applied already, by somebody else.
        case baselined
        /// A changed file was accepted in the place of the one that was applied.
        case accepted
        /// A changed catalog was accepted in the place of what the files had made.
        case driftAccepted = "drift_accepted"
    }

    /// From 1, without a gap.
    package var sequence: Int64 = 0
    /// What happened.
    package var event: Event
    /// The file's number; 0 for what concerns no file.
    package var step: Int
    /// The file's name without its ending; empty for what concerns no file.
    package var name: String
    /// The store the file is for.
    package var kind: Migration.Kind
    /// What `checksum` is.
    package var algorithm: String
    /// What the file says, 64 hexadecimal digits.
    package var checksum: String
    /// SHA-256 of the body.
    package var rawChecksum: String
    /// The account on the machine the program ran on.
    package var actor: String
    /// The account the program logged in to the server with.
    package var login: String
    /// The version of the program that wrote it.
    package var programVersion: String
    /// As `server_version_num` has it.
    package var serverVersion: Int
    /// When, by the server's clock.
    package var occurredAt: Timestamp
    /// How long it took, waits included.
    package var milliseconds: Int64
    /// The catalog's fingerprint before; nil where none was taken.
    package var fingerprintBefore: String?
    /// The catalog's fingerprint after; nil where none was taken.
    package var fingerprint: String?
    /// Why somebody did it by hand.
    package var reason: String?
    /// The hash of the row before; zeros for the first.
    package var previousHash: String = Self.origin
    /// SHA-256 over everything above.
    package var hash: String = ""

    /// Such as 15.
    package var serverMajor: Int { serverVersion / 10_000 }

    static let origin = String(repeating: "0", count: 64)

    /// What `hash` must be: over every field, each with its length before it, so that none can pass for two.
    var expectedHash: String {
        let fields: [String?] = [
            previousHash, String(sequence), event.rawValue, String(step), name, kind.rawValue, algorithm, checksum,
            rawChecksum, actor, login, programVersion, String(serverVersion), String(occurredAt.microseconds),
            String(milliseconds), fingerprintBefore, fingerprint, reason,
        ]
        var sum = SHA256()
        sum.update(Array("migration history 1\n".utf8))
        for field in fields {
            let bytes = Array((field ?? "").utf8)
            sum.update([field == nil ? 0 : 1])
            sum.update(MigrationChecksum.bigEndian(bytes.count))
            sum.update(bytes)
        }
        return sum.finish().hex
    }

    /// Takes its place behind `last`.
    mutating func follow(_ last: (sequence: Int64, hash: String)?) {
        sequence = (last?.sequence ?? 0) + 1
        previousHash = last?.hash ?? Self.origin
        hash = expectedHash
    }
}

extension HistoryRow {
    /// Every column but the body, whose hash is one.
    static let columns = """
        sequence, event, step, name, kind, algorithm, checksum, raw_checksum, actor, login, program_version,
        server_version, occurred_at, duration_ms, fingerprint_before, fingerprint, reason, previous_hash, hash
        """

    init(row: Row) throws(PostgresError) {
        let kind: String = try row["kind"]
        let event: String = try row["event"]
        guard let known = Event(rawValue: event) else {
            throw .decoding(column: "event", reason: "holds \"\(event)\", which this program does not know")
        }
        sequence = try row["sequence"]
        self.event = known
        step = try row["step"]
        name = try row["name"]
        self.kind = Migration.Kind(rawValue: kind) ?? .sql
        algorithm = try row["algorithm"]
        checksum = try row["checksum"]
        rawChecksum = try row["raw_checksum"]
        actor = try row["actor"]
        login = try row["login"]
        programVersion = try row["program_version"]
        serverVersion = try row["server_version"]
        occurredAt = try row["occurred_at"]
        milliseconds = try row["duration_ms"]
        fingerprintBefore = try row["fingerprint_before"]
        fingerprint = try row["fingerprint"]
        reason = try row["reason"]
        previousHash = try row["previous_hash"]
        hash = try row["hash"]
    }

    func insertion(body: String?) -> SQL {
        """
        INSERT INTO ops._migration_history (\(raw: Self.columns), body)
        VALUES (\(sequence), \(event.rawValue), \(step), \(name), \(kind.rawValue), \(algorithm), \(checksum),
            \(rawChecksum), \(actor), \(login), \(programVersion), \(serverVersion), \(occurredAt), \(milliseconds),
            \(fingerprintBefore), \(fingerprint), \(reason), \(previousHash), \(hash), \(body))
        """
    }
}
