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

    package init() {}

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
        for id in link.entries {
            guard let found = entries[id] else {
                note("entry \(id) is missing from the log (link \(link.sequence))")
                continue
            }
            let computed = found.entry.digest
            if computed != found.stored { note("entry \(id) was changed: its content no longer gives its digest") }
            digests.append(computed)
        }
        if HashChain.fold(digests, after: link.previous) != link.hash {
            note("link \(link.sequence) does not match its entries")
        }
        links += 1
        sealed += Int64(link.entries.count)
        expectedSequence = link.sequence + 1
        expectedPrevious = link.hash
    }

    private mutating func note(_ finding: String) {
        findingsCount += 1
        if findings.count < Self.findingsMaximum { findings.append(finding) }
    }
}
