// SPDX-License-Identifier: Apache-2.0

/// An inventory as a page for people, in Markdown: for every schema a picture, and for every table what it holds, its
/// columns, keys, indexes, policies, triggers, and who may do what.
package struct SchemaPage {
    private let parts: SchemaParts
    /// The column that divides the data: references that are that column alone are left out of pictures.
    private let leading: String

    /// - Parameters:
    ///   - inventory: Of the schemas to describe.
    ///   - leading: The column that divides the data, as for `SchemaLint`.
    package init(_ inventory: SchemaInventory, leading: String) {
        parts = SchemaParts(inventory)
        self.leading = leading
    }

    private var schemas: [SchemaObject] { (parts.ofKind[.schema] ?? []).filter { $0.schema != "public" } }

    /// The page after its title.
    package var text: String {
        var text = "| schema | tables | what it holds |\n|---|---|---|\n"
        for schema in schemas {
            let names = of(.table, schema).map { "[\($0.name)](#\(anchor($0)))" }
            text +=
                "| [\(schema.schema)](#\(schema.schema)) | \(names.joined(separator: " ")) | \(sentence(schema)) |\n"
        }
        return text + schemas.map(section).joined()
    }

    private func of(_ kind: SchemaObject.Kind, _ schema: SchemaObject) -> [SchemaObject] {
        (parts.ofKind[kind] ?? []).filter { $0.schema == schema.schema }
    }

    /// As GitHub makes it from the heading.
    private func anchor(_ object: SchemaObject) -> String {
        object.qualifiedName.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }

    private func section(_ schema: SchemaObject) -> String {
        var text = "\n## \(schema.schema)\n\n\(sentence(schema))\n"
        text += SchemaDiagram(parts, leading: leading).text(of: schema.schema)
        text += of(.table, schema).map(table).joined()
        text += (of(.view, schema) + of(.materializedView, schema)).map(view).joined()
        let functions = of(.function, schema) + of(.procedure, schema)
        if !functions.isEmpty {
            text += "\n### Functions of \(schema.schema)\n\n| function | runs as | what it does |\n|---|---|---|\n"
            for function in functions {
                let isOwners = function["definition"]?.contains("SECURITY DEFINER") == true
                text += row([code(function.name), isOwners ? "its owner" : "its caller", sentence(function)])
            }
        }
        return text
    }

    // MARK: Tables and views

    private func table(_ object: SchemaObject) -> String {
        var text = "\n### \(object.qualifiedName)\n\n\(sentence(object))\n"
        if let key = object["partition key"] { text += "\nPartitioned by \(code(key)).\n" }
        text += "\n| column | type | null | default | what it holds |\n|---|---|---|---|---|\n"
        for column in parts.columns(of: object) {
            let value = column["default"] ?? column["generated"].map { "generated: \($0)" } ?? column["identity"]
            text += row([
                code(column.name), short(column["type"] ?? ""), column["null"] == nil ? "yes" : "no",
                value.map(code) ?? "", sentence(column),
            ])
        }
        text += list("Keys and checks", parts.belongings(of: object, .constraint).map { ($0, $0["definition"]) })
        text += list("Indexes", parts.belongings(of: object, .index).map { ($0, index($0)) })
        text += list("Triggers", parts.belongings(of: object, .trigger).map { ($0, trigger($0)) })
        return text + policies(of: object) + grants(on: object)
    }

    private func view(_ object: SchemaObject) -> String {
        var text = "\n### \(object.qualifiedName)\n\nA \(object.kind.rawValue). \(sentence(object))\n"
        text += "\n| column | type | what it holds |\n|---|---|---|\n"
        for column in parts.columns(of: object) {
            text += row([code(column.name), short(column["type"] ?? ""), sentence(column)])
        }
        return text + grants(on: object)
    }

    private func list(_ title: String, _ items: [(SchemaObject, String?)]) -> String {
        guard !items.isEmpty else { return "" }
        let lines = items.map { object, text in
            "- \(code(object.name)) \(code(text ?? ""))" + (object["comment"].map { " – \($0)" } ?? "")
        }
        return "\n\(title):\n\n" + lines.joined(separator: "\n") + "\n"
    }

    /// What follows the table's name.
    private func index(_ object: SchemaObject) -> String {
        let definition = object["definition"] ?? ""
        let unique = definition.hasPrefix("CREATE UNIQUE") ? "unique " : ""
        return unique + (definition.firstRange(of: " USING ").map { definition[$0.upperBound...] } ?? definition[...])
    }

    /// When it fires and what it runs.
    private func trigger(_ object: SchemaObject) -> String {
        (object["definition"] ?? "").replacing("CREATE TRIGGER \(object.name) ", with: "")
            .replacing(" ON \(object.schema).\(object.table ?? "")", with: "")
    }

    private func policies(of table: SchemaObject) -> String {
        let policies = parts.belongings(of: table, .policy)
        guard !policies.isEmpty else { return "" }
        var text = "\nRow-level security (\(table["row security"] ?? "off")):\n\n"
        text += "| policy | for | to | sees | may write |\n|---|---|---|---|---|\n"
        for policy in policies {
            text += row([
                code(policy.name), policy["for"] ?? "", policy["to"] ?? "", policy["using"].map(code) ?? "",
                policy["check"].map { $0 == policy["using"] ? "the same" : code($0) } ?? "",
            ])
        }
        return text
    }

    private func grants(on object: SchemaObject) -> String {
        let grants = parts.belongings(of: object, .grant).map { grant in
            "\(grant.name.replacing("TO ", with: "")) \((grant["privileges"] ?? "").lowercased())"
        }
        return grants.isEmpty ? "" : "\nGranted: \(grants.joined(separator: "; ")).\n"
    }

    // MARK: Words

    private func sentence(_ object: SchemaObject) -> String { object["comment"] ?? "" }

    /// The names that people write.
    private func short(_ type: String) -> String {
        code(
            type.replacing("timestamp with time zone", with: "timestamptz")
                .replacing("character varying", with: "varchar"))
    }

    private func code(_ text: String) -> String {
        text.isEmpty ? "" : "`" + text.split(whereSeparator: \.isWhitespace).joined(separator: " ") + "`"
    }

    private func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |\n"
    }
}

/// The relations of a schema's tables as a picture in Mermaid's language.
struct SchemaDiagram {
    private let parts: SchemaParts
    private let leading: String

    init(_ parts: SchemaParts, leading: String) {
        self.parts = parts
        self.leading = leading
    }

    /// Empty when nothing refers to anything.
    func text(of schema: String) -> String {
        let lines = (parts.ofKind[.constraint] ?? []).filter { $0.schema == schema && $0.isReference }.compactMap(
            relation)
        guard !lines.isEmpty else { return "" }
        return "\n```mermaid\nerDiagram\n" + lines.map { "    \($0)\n" }.joined() + "```\n"
    }

    /// One table has many of the other.
    private func relation(_ reference: SchemaObject) -> String? {
        let definition = reference["definition"] ?? ""
        let columns = CatalogColumns.listed(in: definition).filter { $0 != leading }
        guard let other = CatalogColumns.referenced(by: definition), !columns.isEmpty else { return nil }
        let parts = other.split(separator: ".").map(String.init)
        let name = parts.first == reference.schema ? parts.last ?? other : parts.joined(separator: "_")
        return "\(name) ||--o{ \(reference.table ?? "") : \(columns.joined(separator: "_"))"
    }
}
