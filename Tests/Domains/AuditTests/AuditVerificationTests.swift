// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions
import Testing

@testable import Audit

@Suite struct AuditVerificationTests {
    /// What the tables hold: links of three entries each, and the entries.
    struct Log {
        var links: [ChainLink] = []
        var entries: [UniqueID: (entry: AuditEntry, stored: Digest)] = [:]

        init(links count: Int) {
            var previous = HashChain.origin
            for sequence in 1...Int64(count) {
                let run = (0..<3).map { entry(id: UniqueID(high: UInt64(sequence), low: $0), actor: "key:\($0)") }
                for entry in run { entries[entry.id] = (entry, entry.digest) }
                let hash = HashChain.fold(run.map(\.digest), after: previous)
                links.append(link(sequence, run.map(\.id), previous, hash))
                previous = hash
            }
        }

        var verified: AuditVerification {
            var verification = AuditVerification()
            for link in links { verification.check(link, entries: entries) }
            return verification
        }
    }

    static func link(_ sequence: Int64, _ ids: [UniqueID], _ previous: Digest, _ hash: Digest) -> ChainLink {
        ChainLink(
            organization: UniqueID(high: 1, low: 2), sequence: sequence, entries: ids, previous: previous, hash: hash)
    }

    @Test("a log that nobody touched is intact, and an empty one too")
    func intact() {
        let verification = Log(links: 5).verified
        #expect(verification.isIntact)
        #expect(verification.findings.isEmpty)
        #expect(verification.links == 5)
        #expect(verification.sealed == 15)
        #expect(AuditVerification().isIntact)
    }

    @Test("an edited entry is found, also when its digest was computed anew")
    func edited() throws {
        for withDigest in [false, true] {
            var log = Log(links: 3)
            let id = log.links[1].entries[1]
            let changed = entry(id: id, actor: "somebody else")
            let stored = try #require(log.entries[id]?.stored)
            log.entries[id] = (changed, withDigest ? changed.digest : stored)
            let verification = log.verified
            #expect(!verification.isIntact)
            #expect(verification.findings.contains { $0.contains("link 2 does not match") })
            #expect(verification.findings.contains { $0.contains("\(id)") } == !withDigest)
        }
    }

    @Test("a deleted entry is found, by its id")
    func deleted() {
        var log = Log(links: 3)
        let id = log.links[2].entries[0]
        log.entries[id] = nil
        #expect(log.verified.findings.contains { $0.contains("\(id)") && $0.contains("missing") })
    }

    @Test("an entry put into a link, left out of it or moved within it is found")
    func rearranged() {
        let changes: [([UniqueID]) -> [UniqueID]] = [
            { $0 + [$0[0]] }, { Array($0.dropLast()) }, { Array($0.dropFirst()) }, { $0.reversed() },
            { [$0[1], $0[0], $0[2]] },
        ]
        for change in changes {
            var log = Log(links: 3)
            let old = log.links[1]
            log.links[1] = Self.link(2, change(old.entries), old.previous, old.hash)
            #expect(!log.verified.isIntact)
        }
    }

    @Test("a missing link is found: the first, one in the middle")
    func missingLink() {
        for index in [0, 1, 2] {
            var log = Log(links: 4)
            log.links.remove(at: index)
            #expect(log.verified.findings.contains { $0.contains("link \(index + 1) is missing") })
        }
    }

    @Test("links that changed places are found, with and without their numbers")
    func swapped() {
        var log = Log(links: 4)
        log.links.swapAt(1, 2)
        #expect(!log.verified.isIntact)
        var renumbered = Log(links: 4)
        let (second, third) = (renumbered.links[1], renumbered.links[2])
        renumbered.links[1] = Self.link(2, third.entries, third.previous, third.hash)
        renumbered.links[2] = Self.link(3, second.entries, second.previous, second.hash)
        #expect(!renumbered.verified.isIntact)
    }

    @Test("a link whose hash was computed anew breaks the one after it")
    func rehashed() throws {
        var log = Log(links: 3)
        let old = log.links[1]
        let changed = entry(id: old.entries[0], actor: "somebody else")
        log.entries[changed.id] = (changed, changed.digest)
        let digests = old.entries.compactMap { log.entries[$0]?.entry.digest }
        log.links[1] = Self.link(2, old.entries, old.previous, HashChain.fold(digests, after: old.previous))
        #expect(log.verified.findings.contains { $0.contains("link 3 does not continue") })
    }

    @Test("a chain that does not begin at the beginning is found")
    func otherOrigin() {
        var log = Log(links: 1)
        let only = log.links[0]
        let hash = HashChain.fold(only.entries.compactMap { log.entries[$0]?.stored }, after: .zero)
        log.links[0] = Self.link(1, only.entries, .zero, hash)
        #expect(!log.verified.isIntact)
    }

    @Test("findings are bounded, their count is not")
    func bounded() {
        var log = Log(links: 100)
        log.entries = [:]
        let verification = log.verified
        #expect(verification.findings.count == AuditVerification.findingsMaximum)
        #expect(verification.findingsCount >= 300)
    }

    @Test("folding runs one after the other gives what folding them together gives")
    func folding() {
        let digests = (0..<9).map { SHA256.hash([$0]) }
        let inParts = HashChain.fold(digests[4...], after: HashChain.fold(digests[..<4], after: HashChain.origin))
        #expect(inParts == HashChain.fold(digests, after: HashChain.origin))
        #expect(HashChain.fold([], after: .zero) == .zero)
        #expect(HashChain.fold(digests.reversed(), after: .zero) != HashChain.fold(digests, after: .zero))
    }
}
