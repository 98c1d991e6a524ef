// SPDX-License-Identifier: Apache-2.0
package import Cryptography
import JSON
package import SwiftExtensions

/// What an organization had in a partition that was archived and dropped: the signed record that stands for the
/// entries when the chain is verified.
package struct ArchivedRun: Sendable, Equatable {
    /// Whose entries they were.
    package let organization: UniqueID
    /// The archive's id.
    package let archive: UniqueID
    /// The table they were in, with its schema.
    package let table: String
    /// The smallest id of the run.
    package let lower: UniqueID
    /// The first id after it.
    package let upper: UniqueID
    /// How many entries the organization had in it.
    package let rows: Int64
    /// Digests of the archived entries in links that also hold entries outside of the run: ids and digests of 16 and
    /// 32 bytes, one after the other. With them such links can still be recomputed.
    package let edges: [UInt8]
    /// Canonical JSON: what is signed.
    package let statement: String
    /// Ed25519 over the statement.
    package let signature: [UInt8]
    /// The entry in the log that says the same.
    package let entry: UniqueID

    package init(
        organization: UniqueID, archive: UniqueID, table: String, lower: UniqueID, upper: UniqueID, rows: Int64,
        edges: [UInt8], statement: String, signature: [UInt8], entry: UniqueID
    ) {
        self.organization = organization
        self.archive = archive
        self.table = table
        self.lower = lower
        self.upper = upper
        self.rows = rows
        self.edges = edges
        self.statement = statement
        self.signature = signature
        self.entry = entry
    }

    /// Whether the id belongs to the run.
    package func covers(_ id: UniqueID) -> Bool { lower <= id && id < upper }

    /// Whether the holder of the key signed exactly this: the statement, and columns and edges as the statement says.
    package func isGenuine(under key: Ed25519.PublicKey) -> Bool {
        guard key.verifies(signature, of: Array(statement.utf8)),
            let said = try? JSONValue(parsing: Array(statement.utf8))
        else { return false }
        return said["organization"]?.string == organization.description
            && said["archive"]?.string == archive.description && said["table"]?.string == table
            && said["lower"]?.string == lower.description
            && said["upper"]?.string == upper.description && said["rows"]?.integer == rows
            && said["edges_sha256"]?.string == SHA256.hash(edges).hex && edges.count.isMultiple(of: 48)
    }

    /// The commitment to the chain that was signed; nil when the statement has none.
    var signedLinks: LinkCommitment.Value? {
        guard let said = try? JSONValue(parsing: Array(statement.utf8)), let links = said["links"]?.integer,
            let entries = said["chained"]?.integer,
            let digest = said["links_digest"]?.string.flatMap({ Digest(hex: $0) })
        else { return nil }
        return LinkCommitment.Value(links: links, entries: entries, digest: digest)
    }

    /// The digest of an archived entry in a link at the run's edge.
    func edgeDigests() -> [UniqueID: Digest] {
        var found: [UniqueID: Digest] = [:]
        for start in stride(from: 0, to: edges.count - 47, by: 48) {
            let id = edges[start..<start + 16].reduce((UInt64(0), UInt64(0))) { words, byte in
                (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
            }
            found[UniqueID(high: id.0, low: id.1)] = Digest(edges[start + 16..<start + 48])
        }
        return found
    }
}

/// A digest over all that the chain says of the ids in a range: sequence, previous and own hash of each link that
/// holds some, and those ids in order. Fed link by link, in order.
package struct LinkCommitment: Sendable {
    /// What was fed so far, in three figures.
    package struct Value: Sendable, Equatable {
        /// Links that hold ids of the range.
        package let links: Int64
        /// Ids of the range in them.
        package let entries: Int64
        /// Over all of them.
        package let digest: Digest

        package init(links: Int64, entries: Int64, digest: Digest) {
            self.links = links
            self.entries = entries
            self.digest = digest
        }
    }

    private let lower: UniqueID
    private let upper: UniqueID
    private var links: Int64 = 0
    private var entries: Int64 = 0
    private var digest = SHA256.hash(Array("witan.audit.links.1".utf8))

    /// For ids from `lower` up to but not including `upper`.
    package init(from lower: UniqueID, to upper: UniqueID) {
        self.lower = lower
        self.upper = upper
    }

    /// The next link; those without ids of the range change nothing.
    package mutating func add(_ link: ChainLink) {
        let ids = link.entries.filter { lower <= $0 && $0 < upper }
        guard !ids.isEmpty else { return }
        links += 1
        entries += Int64(ids.count)
        var bytes = digest.bytes
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: link.sequence >> Int64(shift)))
        }
        bytes += link.previous.bytes + link.hash.bytes
        for id in ids { bytes += id.bytes }
        digest = SHA256.hash(bytes)
    }

    /// What was fed so far.
    package var value: Value { Value(links: links, entries: entries, digest: digest) }
}
