// SPDX-License-Identifier: Apache-2.0

/// The objects of an inventory by kind and by what they belong to.
struct SchemaParts {
    let ofKind: [SchemaObject.Kind: [SchemaObject]]
    private let ofTable: [String: [SchemaObject]]

    init(_ inventory: SchemaInventory) {
        ofKind = Dictionary(grouping: inventory.objects, by: \.kind)
        ofTable = Dictionary(grouping: inventory.objects.filter { $0.table != nil }) {
            "\($0.schema).\($0.table ?? "")"
        }
    }

    /// What belongs to a table, a view, or a function.
    func belongings(of whole: SchemaObject, _ kind: SchemaObject.Kind) -> [SchemaObject] {
        (ofTable[whole.qualifiedName] ?? []).filter { $0.kind == kind }
    }

    /// The columns of a table or view, in their order.
    func columns(of table: SchemaObject) -> [SchemaObject] {
        let columns = Dictionary(
            belongings(of: table, .column).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return (table["columns"] ?? "").split(separator: ", ").compactMap { columns[String($0)] }
    }
}

extension SchemaObject {
    /// Whether it is a foreign key.
    var isReference: Bool { kind == .constraint && self["definition"]?.hasPrefix("FOREIGN KEY") == true }
}

extension SchemaScript {
    /// A table with all that is only its own: columns, keys, checks, indexes, statistics, comments, owner.
    func table(_ object: SchemaObject) -> String {
        let constraints = parts.belongings(of: object, .constraint).filter { !$0.isReference }
        let unvalidated = constraints.filter { $0["definition"]?.hasSuffix("NOT VALID") == true }
        var lines = parts.columns(of: object).map(column)
        lines += constraints.filter { !unvalidated.contains($0) }.sorted { rank($0) < rank($1) }.map {
            "CONSTRAINT \($0.name) \($0["definition"] ?? "")"
        }
        let name = object.qualifiedName
        let kind = object["persistence"] == nil ? "TABLE" : "UNLOGGED TABLE"
        let partition = object["partition key"].map { " PARTITION BY \($0)" } ?? ""
        let options = object["options"].map { " WITH (\($0))" } ?? ""
        var statements = [
            "CREATE \(kind) \(name) (\n    " + lines.joined(separator: ",\n    ") + "\n)\(partition)\(options);"
        ]
        statements += unvalidated.map { "ALTER TABLE \(name) ADD CONSTRAINT \($0.name) \($0["definition"] ?? "");" }
        statements += storage(of: object) + replicaIdentity(of: object) + indexes(of: object)
        statements += parts.belongings(of: object, .statistics).map { ($0["definition"] ?? "") + ";" }
        statements += parts.belongings(of: object, .partition).filter { $0.facts.keys.elementsEqual(["bound"]) }.map {
            "CREATE TABLE \($0.schema).\($0.name) PARTITION OF \(name) \($0["bound"] ?? "");"
        }
        statements += owner(object, as: "TABLE") + comment(object, as: "TABLE")
        statements += parts.columns(of: object).flatMap { comment($0, as: "COLUMN") }
        statements += constraints.flatMap { comment($0, as: "CONSTRAINT", on: "\($0.name) ON \(name)") }
        statements += of(.sequence).filter { $0["owned by"]?.hasPrefix(name + ".") == true }.map {
            "ALTER SEQUENCE \($0.qualifiedName) OWNED BY \($0["owned by"] ?? "NONE");"
        }
        return statements.joined(separator: "\n") + "\n"
    }

    /// Keys before checks.
    private func rank(_ constraint: SchemaObject) -> Int {
        let definition = constraint["definition"] ?? ""
        return definition.hasPrefix("PRIMARY") ? 0 : definition.hasPrefix("UNIQUE") ? 1 : 2
    }

    private func column(_ object: SchemaObject) -> String {
        var text = "\(object.name) \(object["type"] ?? "")"
        if let method = object["compression"] { text += " COMPRESSION \(method)" }
        if let collation = object["collation"] { text += " COLLATE \(collation)" }
        if let value = object["default"] { text += " DEFAULT \(value)" }
        if let generated = object["generated"], let space = generated.lastIndex(of: " ") {
            text += " GENERATED ALWAYS AS (\(generated[..<space]))\(generated[space...])"
        }
        if let identity = object["identity"] { text += " GENERATED \(identity) AS IDENTITY" }
        if object["null"] != nil { text += " NOT NULL" }
        return text
    }

    private func storage(of table: SchemaObject) -> [String] {
        parts.columns(of: table).compactMap { column in
            column["storage"].map {
                "ALTER TABLE \(table.qualifiedName) ALTER COLUMN \(column.name) SET STORAGE \($0);"
            }
        }
    }

    private func replicaIdentity(of table: SchemaObject) -> [String] {
        guard let identity = table["replica identity"], identity != "index" else { return [] }
        return ["ALTER TABLE \(table.qualifiedName) REPLICA IDENTITY \(identity.uppercased());"]
    }

    /// The indexes of a table or materialized view, with their comments.
    func indexes(of table: SchemaObject) -> [String] {
        parts.belongings(of: table, .index).flatMap { index in
            [(index["definition"] ?? "").replacing(" ON ONLY ", with: " ON ", maxReplacements: 1) + ";"]
                + comment(index, as: "INDEX", on: "\(index.schema).\(index.name)")
        }
    }

    /// A foreign key.
    func reference(_ object: SchemaObject) -> String {
        let table = "\(object.schema).\(object.table ?? "")"
        let add = "ALTER TABLE \(table) ADD CONSTRAINT \(object.name)\n    \(object["definition"] ?? "");"
        return ([add] + comment(object, as: "CONSTRAINT", on: "\(object.name) ON \(table)")).joined(separator: "\n")
    }
}
