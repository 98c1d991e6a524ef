// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// Walks a chain link by link and notes everything that does not fit. Pure: it is fed what the tables hold.
package struct AuditVerification: Sendable {
    /// At most this many findings are kept; the count goes on.
    package static let findingsMaximum = 100

    /// Links checked.
    package private(set) var links: Int64 = 0
    /// Entries the links name, missing ones included.
    package private(set) var sealed: Int64 = 0
    /// All that did not fit, those beyond the kept ones too.
    package private(set) var findingsCount = 0
    /// The first of them, a sentence each.
    package private(set) var findings: [String] = []
    private var expectedSequence: Int64 = 1
    private var expectedPrevious = HashChain.origin
    /// Entries that are gone and covered by a signed record of their archive.
    package private(set) var archived: Int64 = 0
    private let runs: [ArchivedRun]
    private let edges: [UniqueID: Digest]
    private var commitments: [LinkCommitment]
    private var isUsed: [Bool]

    /// `runs` are the records whose signatures were found genuine.
    package init(archivedRuns runs: [ArchivedRun] = []) {
        self.runs = runs
        edges = runs.reduce(into: [:]) { $0.merge($1.edgeDigests()) { first, _ in first } }
        commitments = runs.map { LinkCommitment(from: $0.lower, to: $0.upper) }
        isUsed = runs.map { _ in false }
    }

    /// Whether everything fitted so far.
    package var isIntact: Bool { findingsCount == 0 }

    /// The next link with its entries as they are now.
    package mutating func check(_ link: ChainLink, entries: [UniqueID: (entry: AuditEntry, stored: Digest)]) {
        if link.sequence != expectedSequence {
            note("link \(expectedSequence) is missing: link \(link.sequence) follows \(expectedSequence - 1)")
        } else if link.previous != expectedPrevious {
            note("link \(link.sequence) does not continue the link before it")
        }
        var digests: [Digest] = []
        var isWhole = true
        for id in link.entries {
            if let found = entries[id] {
                let computed = found.entry.digest
                if computed != found.stored { note("entry \(id) was changed: its content no longer gives its digest") }
                digests.append(computed)
            } else if isArchived(id) {
                archived += 1
                if let digest = edges[id] { digests.append(digest) } else { isWhole = false }
            } else {
                note("entry \(id) is missing from the log (link \(link.sequence))")
            }
        }
        // A link whose entries are all archived is proven by the signed commitment to the chain; see `finish`. One
        // that also holds others must be recomputed, or those could be changed.
        let isAllArchived = !isWhole && link.entries.allSatisfy { entries[$0] == nil }
        if !isAllArchived, HashChain.fold(digests, after: link.previous) != link.hash {
            note("link \(link.sequence) does not match its entries")
        }
        for index in runs.indices { commitments[index].add(link) }
        links += 1
        sealed += Int64(link.entries.count)
        expectedSequence = link.sequence + 1
        expectedPrevious = link.hash
    }

    /// After the last link: every archived run that was needed must have a record that fits the chain as it is.
    package mutating func finish() {
        for index in runs.indices where isUsed[index] {
            let alike = runs.indices.filter {
                runs[$0].lower == runs[index].lower && runs[$0].upper == runs[index].upper
            }
            guard alike.first == index, !alike.contains(where: { runs[$0].signedLinks == commitments[$0].value })
            else { continue }
            note("the chain does not match the signed record of the archive \(runs[index].archive)")
        }
    }

    /// Something outside of the links that does not fit.
    package mutating func add(finding: String) { note(finding) }

    private mutating func isArchived(_ id: UniqueID) -> Bool {
        var isFound = false
        for index in runs.indices where runs[index].covers(id) {
            isUsed[index] = true
            isFound = true
        }
        return isFound
    }

    private mutating func note(_ finding: String) {
        findingsCount += 1
        if findings.count < Self.findingsMaximum { findings.append(finding) }
    }
}
