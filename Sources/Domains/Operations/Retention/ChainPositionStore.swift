// SPDX-License-Identifier: Apache-2.0
import Audit
import Postgres
import SwiftExtensions

/// What an organization's chain says of a partition of the log, read link by link.
struct ChainPosition: Sendable {
    /// The commitment that is signed.
    let links: LinkCommitment.Value
    /// Ids and digests of the partition's entries in links that also hold others.
    let edges: [UInt8]

    static func read(
        of organization: UniqueID, in partition: TablePartition, _ transaction: borrowing Transaction
    ) async throws -> ChainPosition {
        var commitment = LinkCommitment(from: partition.lower, to: partition.upper)
        var edges: [UInt8] = []
        var sequence: Int64 = 0
        while true {
            let links = try await ArchiveStore.links(of: organization, in: partition, after: sequence, transaction)
            for link in links {
                commitment.add(link)
                sequence = link.sequence
                let inside = link.entries.filter { partition.lower <= $0 && $0 < partition.upper }
                guard inside.count < link.entries.count else { continue }
                let found = try await ArchiveStore.digests(inside, of: organization, in: partition, transaction)
                for (id, digest) in found { edges += id.bytes + digest }
            }
            if links.count < 20 { break }
        }
        return ChainPosition(links: commitment.value, edges: edges)
    }
}
