// SPDX-License-Identifier: Apache-2.0

/// One object that is not as it should be.
package struct SchemaDifference: Sendable, Equatable {
    /// What is the matter with an object.
    package enum Matter: String, Sendable { case missing, unexpected, changed }

    /// What is the matter with it.
    package let matter: Matter
    /// What sort of object.
    package let kind: SchemaObject.Kind
    /// Its whole name.
    package let name: String
    /// Its definition as it should be; nil for an object that should not be.
    package let expected: String?
    /// Its definition as it is; nil for an object that is not there.
    package let found: String?
    /// The names of the facts that differ, when it changed.
    package let facts: [String]

    init(_ expected: SchemaObject?, _ found: SchemaObject?) {
        matter = expected == nil ? .unexpected : found == nil ? .missing : .changed
        kind = expected?.kind ?? found?.kind ?? .schema
        name = expected?.qualifiedName ?? found?.qualifiedName ?? ""
        self.expected = expected?.definition
        self.found = found?.definition
        let names = Set((expected?.facts ?? [:]).keys).union((found?.facts ?? [:]).keys)
        facts = matter == .changed ? names.filter { expected?.facts[$0] != found?.facts[$0] }.sorted() : []
        let changes = facts.map { "\($0): \(Self.short(expected?[$0])) → \(Self.short(found?[$0]))" }
        // A partition is in an inventory for what its facts say.
        let remarks = kind == .partition ? (found?.facts ?? [:]).sorted { $0.key < $1.key } : []
        detail = (matter == .changed ? changes : remarks.map { "\($0.key): \(Self.short($0.value))" })
            .joined(separator: "; ")
    }

    private let detail: String

    /// Enough of a value to know it by, on one line.
    private static func short(_ value: String?) -> String {
        guard let value else { return "none" }
        let line = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= 100 ? line : line.prefix(99) + "…"
    }
}

extension SchemaDifference: CustomStringConvertible {
    /// Such as `trigger audits.log.append_only changed (fires: none → never)`.
    package var description: String {
        let what =
            switch matter {
            case .missing: "is missing"
            case .unexpected: "is not expected"
            case .changed: "changed"
            }
        return "\(kind.rawValue) \(name) \(what)" + (detail.isEmpty ? "" : " (\(detail))")
    }
}

extension SchemaInventory {
    /// How this catalog, the one found, differs from the one expected; nothing when both have the same fingerprint. Of
    /// a table that only one of them has, what belongs to it is not told again.
    package func differences(from expected: SchemaInventory) -> [SchemaDifference] {
        let wanted = Dictionary(expected.objects.map { ($0.identity, $0) }) { first, _ in first }
        let found = Dictionary(objects.map { ($0.identity, $0) }) { first, _ in first }
        let wholes: Set = Set(wanted.values.filter(\.isWhole).map(\.qualifiedName))
            .symmetricDifference(found.values.filter(\.isWhole).map(\.qualifiedName))
        return Set(wanted.keys).union(found.keys).sorted().compactMap { identity in
            let (before, now) = (wanted[identity], found[identity])
            guard before != now, let object = before ?? now else { return nil }
            if let whole = object.whole, wholes.contains(whole) { return nil }
            return SchemaDifference(before, now)
        }
    }
}

extension SchemaObject {
    /// Whether other objects belong to it.
    fileprivate var isWhole: Bool {
        switch kind {
        case .table, .view, .materializedView, .sequence, .function, .procedure, .aggregate, .schema: true
        default: false
        }
    }

    /// The name of what it belongs to.
    fileprivate var whole: String? { table.map { "\(schema).\($0)" } ?? (kind == .grant ? schema : nil) }
}
