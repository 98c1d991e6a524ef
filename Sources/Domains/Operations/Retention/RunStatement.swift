// SPDX-License-Identifier: Apache-2.0
import Audit
import Cryptography
import JSON
import SwiftExtensions

/// What is signed for an organization when a partition is archived: which rows, which file, and where its chain stood.
struct RunStatement {
    let archive: Archive
    let content: Archive.Content
    let organization: UniqueID
    let rows: Int64
    /// Only for the log itself.
    let position: ChainPosition?
    let head: (sequence: Int64, hash: String)

    /// Canonical JSON (RFC 8785).
    var text: String {
        get throws {
            func number(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }
            var members = [
                JSONMember("format", "witan.archive.1"), JSONMember("archive", .string(archive.id.description)),
                JSONMember("organization", .string(organization.description)),
                JSONMember("table", .string(archive.table)), JSONMember("partition", .string(archive.partition.name)),
                JSONMember("lower", .string(archive.partition.lower.description)),
                JSONMember("upper", .string(archive.partition.upper.description)), JSONMember("rows", number(rows)),
                JSONMember("partition_rows", number(content.rows)),
                JSONMember("content_sha256", .string(content.digest.hex)),
                JSONMember("file_sha256", .string(content.fileDigest.hex)),
                JSONMember("chain_sequence", number(head.sequence)), JSONMember("chain_hash", .string(head.hash)),
                JSONMember("edges_sha256", .string(SHA256.hash(position?.edges ?? []).hex)),
            ]
            if let position {
                members += [
                    JSONMember("links", number(position.links.links)),
                    JSONMember("chained", number(position.links.entries)),
                    JSONMember("links_digest", .string(position.links.digest.hex)),
                ]
            }
            return String(decoding: try JSONValue.object(members).canonicalBytes(), as: UTF8.self)
        }
    }
}

/// Why retention stopped before a partition.
enum RetentionError: Error, Sendable, Equatable, CustomStringConvertible {
    case notIntact(String)
    case notSealed(String, count: Int64)
    case incomplete(String)
    case vanished(String)
    case otherMasterKey(String, needed: String)

    var description: String {
        switch self {
        case .notIntact(let name):
            "\(name) stays: a log in it does not verify; run 'witan audit verify' in each organization"
        case .notSealed(let name, let count):
            "\(name) stays: \(count) of its entries are in no chain; the sealer must come to them first"
        case .incomplete(let name): "the archive of \(name) has no figures of its file; look at ops.archives"
        case .vanished(let name): "\(name) is neither a partition nor a table; somebody has dropped or renamed it"
        case .otherMasterKey(let name, let needed):
            "the archive of \(name) was begun under master key \(needed); start with that key file to finish it"
        }
    }
}
