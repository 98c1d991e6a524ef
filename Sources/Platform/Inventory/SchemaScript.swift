// SPDX-License-Identifier: Apache-2.0

/// An inventory as SQL that makes the same catalog in an empty database, in an order that can be run and read. Roles
/// are assumed to be there; partitions by range are left to who makes them at run time.
package struct SchemaScript {
    let inventory: SchemaInventory
    let parts: SchemaParts
    private let administrators: Set<String>

    package init(_ inventory: SchemaInventory) {
        self.inventory = inventory
        parts = SchemaParts(inventory)
        administrators = Set(inventory.administrators)
    }

    /// The whole script, a section for everything that has to be there before the next.
    package var text: String {
        let (early, late) = routines
        let sections: [(String, [String])] = [
            ("Schemas", of(.schema).filter { $0.schema != "public" }.map(schema)),
            ("Types", types), ("Functions", early.map(routine)), ("Sequences", of(.sequence).map(sequence)),
            ("Tables", of(.table).map(table)),
            ("References", of(.constraint).filter(\.isReference).map(reference)),
            ("Views", views.map(view)), ("Functions over tables", late.map(routine)),
            ("Triggers and rules", triggers), ("Row-level security", security), ("Grants", grants),
        ]
        let written = sections.filter { !$0.1.isEmpty }.map { title, statements in
            "-- ── \(title) " + String(repeating: "─", count: max(3, 112 - title.count)) + "\n"
                + statements.joined(separator: "\n")
        }
        return "SET check_function_bodies = false;\n\n" + written.joined(separator: "\n\n") + "\n"
    }

    func of(_ kinds: SchemaObject.Kind...) -> [SchemaObject] { kinds.flatMap { parts.ofKind[$0] ?? [] } }

    // MARK: Parts of many statements

    /// `COMMENT ON`, when there is one.
    func comment(_ object: SchemaObject, as what: String, on name: String? = nil) -> [String] {
        guard let comment = object["comment"] else { return [] }
        return ["COMMENT ON \(what) \(name ?? object.qualifiedName) IS \(Self.quoted(comment));"]
    }

    /// `ALTER … OWNER`, unless who runs the script will be the owner anyway.
    func owner(_ object: SchemaObject, as what: String) -> [String] {
        guard let owner = object["owner"], !administrators.contains(owner) else { return [] }
        return ["ALTER \(what) \(object.qualifiedName) OWNER TO \(owner);"]
    }

    /// A value in single quotes; one with backslashes needs none escaped (`standard_conforming_strings`).
    static func quoted(_ value: String) -> String { "'" + value.replacing("'", with: "''") + "'" }

    // MARK: Schemas, types, sequences

    private func schema(_ object: SchemaObject) -> String {
        (["CREATE SCHEMA \(object.schema);"] + owner(object, as: "SCHEMA") + comment(object, as: "SCHEMA"))
            .joined(separator: "\n")
    }

    private var types: [String] {
        of(.type, .domain).map { object in
            let what = object.kind == .domain ? "DOMAIN" : "TYPE"
            let create = "CREATE \(what) \(object.qualifiedName) AS \(object["definition"] ?? "");"
            return ([create] + owner(object, as: what) + comment(object, as: what)).joined(separator: "\n")
        }
    }

    private func sequence(_ object: SchemaObject) -> String {
        let create = "CREATE SEQUENCE \(object.qualifiedName) \(object["definition"] ?? "");"
        return ([create] + owner(object, as: "SEQUENCE") + comment(object, as: "SEQUENCE")).joined(separator: "\n")
    }

    // MARK: Functions

    /// Those that tables may use, and those whose arguments, results or parsed bodies are made of tables.
    private var routines: (early: [SchemaObject], late: [SchemaObject]) {
        let tables = of(.table, .view, .materializedView).map(\.qualifiedName)
        let all = of(.function, .procedure)
        let late = all.filter { function in
            let definition = function["definition"] ?? ""
            let header = definition.firstRange(of: "\nAS ").map { definition[..<$0.lowerBound] } ?? definition[...]
            return header.contains("\nBEGIN ATOMIC") || tables.contains { header.mentions($0) }
        }
        return (all.filter { !late.contains($0) }, late)
    }

    private func routine(_ object: SchemaObject) -> String {
        let what = object.kind.rawValue.uppercased()
        var statements = [
            (object["definition"] ?? "").replacing("CREATE OR REPLACE ", with: "CREATE ", maxReplacements: 1)
                .trimmingTrailingSpace + ";"
        ]
        statements += owner(object, as: what) + comment(object, as: what)
        let isPublic = parts.belongings(of: object, .grant).contains { $0.name == "TO PUBLIC" }
        if !isPublic { statements.append("REVOKE ALL ON \(what) \(object.qualifiedName) FROM PUBLIC;") }
        return statements.joined(separator: "\n") + "\n"
    }

    // MARK: Views

    /// In an order in which each finds those it reads from.
    private var views: [SchemaObject] {
        var waiting = of(.view, .materializedView)
        var ordered: [SchemaObject] = []
        while !waiting.isEmpty {
            let ready = waiting.filter { view in
                !waiting.contains { $0 != view && (view["definition"] ?? "").mentions($0.qualifiedName) }
            }
            ordered += ready.isEmpty ? waiting : ready
            waiting.removeAll { ready.isEmpty || ready.contains($0) }
        }
        return ordered
    }

    private func view(_ object: SchemaObject) -> String {
        let what = object.kind.rawValue.uppercased()
        let options = object["options"].map { " WITH (\($0))" } ?? ""
        var body = object["definition"] ?? ""
        if body.hasSuffix(";") { body.removeLast() }
        let end = object.kind == .materializedView ? "\nWITH NO DATA;" : ";"
        var statements = ["CREATE \(what) \(object.qualifiedName)\(options) AS\n\(body)\(end)"]
        statements += owner(object, as: what) + comment(object, as: what)
        statements += parts.columns(of: object).flatMap { comment($0, as: "COLUMN") } + indexes(of: object)
        return statements.joined(separator: "\n") + "\n"
    }
}

extension StringProtocol {
    /// Whether a whole name stands in it.
    fileprivate func mentions(_ name: String) -> Bool {
        String(self).ranges(of: name).contains { range in
            let next = range.upperBound < endIndex ? String(self)[range.upperBound] : " "
            return !next.isLetter && !next.isNumber && next != "_" && next != "."
        }
    }

    fileprivate var trimmingTrailingSpace: String {
        var text = String(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
