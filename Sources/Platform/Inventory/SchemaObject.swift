// SPDX-License-Identifier: Apache-2.0

/// One object of a database's catalog and what is to be known about it.
package struct SchemaObject: Sendable, Hashable {
    /// What sort of thing it is. The raw value is the word for messages and JSON.
    package enum Kind: String, Sendable, CaseIterable {
        case role, schema, type, domain, table, view, column, constraint, index, sequence, statistics, function
        case procedure, aggregate, trigger, policy, rule, partition, grant
        case materializedView = "materialized view"
        case eventTrigger = "event trigger"
        case defaultGrant = "default grant"
    }

    /// What sort of thing it is.
    package let kind: Kind
    /// Quoted where SQL needs it, as all names here; empty for what belongs to no schema.
    package let schema: String
    /// The table or view it belongs to, or for a grant what is granted; nil for what stands by itself.
    package let table: String?
    /// Its own name: of a function with its argument types, of a grant `TO` and who gets it.
    package let name: String
    /// What is to be known, by name: `type`, `definition`, `owner`, `comment` … What is absent is as PostgreSQL has it
    /// when nothing is said.
    package let facts: [String: String]

    package init(kind: Kind, schema: String, table: String?, name: String, facts: [String: String]) {
        self.kind = kind
        self.schema = schema
        self.table = table
        self.name = name
        self.facts = facts
    }

    /// The whole name: `auth.users`, `auth.users.email`, `auth.users TO reader`.
    package var qualifiedName: String {
        let before = [schema, table ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
        let separator = kind == .grant || kind == .defaultGrant ? " " : "."
        return before.isEmpty ? name : name.isEmpty ? before : before + separator + name
    }

    /// One line a fact (more where the fact has more), in the order of their names.
    package var definition: String {
        facts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
    }

    /// The fact of this name.
    package subscript(_ fact: String) -> String? { facts[fact] }

    /// The same object with other facts.
    func with(facts: [String: String]) -> SchemaObject {
        SchemaObject(kind: kind, schema: schema, table: table, name: name, facts: facts)
    }

    /// What makes two objects of two catalogs the same one.
    struct Identity: Hashable, Comparable {
        let kind: Kind
        let name: String

        /// By the bytes of the names, which no locale changes.
        static func < (left: Identity, right: Identity) -> Bool {
            if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
    }

    var identity: Identity { Identity(kind: kind, name: qualifiedName) }
}
