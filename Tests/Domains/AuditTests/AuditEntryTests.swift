// SPDX-License-Identifier: Apache-2.0
import Audit
import Cryptography
import SwiftExtensions
import Testing

@Suite struct AuditEntryTests {
    @Test("the digest covers every field")
    func everyField() {
        let base = entry()
        let others = [
            entry(id: UniqueID(high: 7, low: 8)), entry(category: "auths"), entry(action: "key.revoked"),
            entry(outcome: .failure), entry(actor: "key:1"), entry(entity: "key:2"), entry(payload: "{ }"),
            AuditEntry(
                organization: UniqueID(high: 1, low: 3), id: base.id, category: base.category, action: base.action,
                outcome: base.outcome, actor: base.actor, entity: base.entity, payload: base.payload),
        ]
        #expect(Set(others.map(\.digest) + [base.digest]).count == others.count + 1)
        #expect(base.digest == entry().digest)
    }

    @Test("text cannot be shifted from one field into the next")
    func noShifting() {
        let texts = [
            entry(category: "ab", action: "c"), entry(category: "a", action: "bc"), entry(category: "abc", action: ""),
            entry(category: "", action: "abc"),
            entry(actor: "xy", entity: "z"), entry(actor: "x", entity: "yz"), entry(actor: "xyz", entity: ""),
            entry(entity: "e{}", payload: ""), entry(entity: "e", payload: "{}"),
            entry(actor: "\u{0}\u{0}\u{0}\u{1}a", entity: ""), entry(actor: "", entity: "\u{0}\u{0}\u{0}\u{1}a"),
        ]
        #expect(Set(texts.map(\.digest)).count == texts.count)
    }

    @Test("the digest is by bytes: what only looks the same is not the same")
    func bytes() {
        #expect(entry(actor: "é").digest != entry(actor: "e\u{301}").digest)
    }

    @Test("the digest never changes between versions of the program")
    func stable() {
        // Computed by hand: SHA-256 over the name, then each field with its 4-byte big-endian length.
        func field(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(bytes.count)] + bytes }
        let ids = [UniqueID(high: 1, low: 2), UniqueID(high: 7, low: 7)].flatMap { field($0.bytes) }
        let texts = ["auth", "key.created", "success", "system", "key:1", "{}"].flatMap { field(Array($0.utf8)) }
        #expect(entry().digest == SHA256.hash(Array("witan.audit.entry.1".utf8) + ids + texts))
    }
}
