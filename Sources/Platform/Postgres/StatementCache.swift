// SPDX-License-Identifier: Apache-2.0

/// The prepared statements of one connection, the least recently used of which makes room. Loop-confined.
final class StatementCache {
    private struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }
    private struct Entry {
        let name: String
        var lastUse: Int
    }

    static let capacity = 256
    let isEnabled: Bool
    private var entries: [Key: Entry] = [:]
    private var uses = 0
    private var made = 0

    init(isEnabled: Bool) { self.isEnabled = isEnabled }

    /// The name to run `sql` by; new ones are to be prepared first, and an evicted one deallocated.
    func name(for sql: SQL) -> (name: String, isNew: Bool, evicted: String?) {
        uses += 1
        let key = Key(text: sql.text, types: sql.types)
        if let name = entries[key]?.name {
            entries[key]?.lastUse = uses
            return (name, false, nil)
        }
        let evicted = entries.count < Self.capacity ? nil : evictOldest()
        made += 1
        let name = "s\(made)"
        entries[key] = Entry(name: name, lastUse: uses)
        return (name, true, evicted)
    }

    /// Prepares it again next time.
    func forget(_ sql: SQL) { entries[Key(text: sql.text, types: sql.types)] = nil }

    private func evictOldest() -> String? {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }
}
