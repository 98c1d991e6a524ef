// SPDX-License-Identifier: Apache-2.0

extension SchemaScript {
    private static let firing = ["never": "DISABLE", "on replicas only": "ENABLE REPLICA", "always": "ENABLE ALWAYS"]

    /// Triggers and rules of tables, then event triggers.
    var triggers: [String] {
        let onTables = of(.trigger, .rule).flatMap { object -> [String] in
            let table = "\(object.schema).\(object.table ?? "")"
            let what = object.kind.rawValue.uppercased()
            let definition = object["definition"] ?? ""
            let fires = object["fires"].flatMap { Self.firing[$0] }
            return [definition + (definition.hasSuffix(";") ? "" : ";")]
                + (fires.map { ["ALTER TABLE \(table) \($0) \(what) \(object.name);"] } ?? [])
                + comment(object, as: what, on: "\(object.name) ON \(table)")
        }
        let onEvents = of(.eventTrigger).flatMap { object -> [String] in
            let fires = object["fires"].flatMap { Self.firing[$0] }
            return ["CREATE EVENT TRIGGER \(object.name) \(object["definition"] ?? "");"]
                + (fires.map { ["ALTER EVENT TRIGGER \(object.name) \($0);"] } ?? [])
                + owner(object, as: "EVENT TRIGGER")
        }
        return onTables + onEvents
    }

    /// Which tables keep their rows apart, and by which policies.
    var security: [String] {
        of(.table).flatMap { table -> [String] in
            let name = table.qualifiedName
            var statements: [String] = []
            let state = table["row security"] ?? ""
            if state == "forced" || state == "enabled" {
                statements.append("ALTER TABLE \(name) ENABLE ROW LEVEL SECURITY;")
            }
            if state.hasPrefix("forced") { statements.append("ALTER TABLE \(name) FORCE ROW LEVEL SECURITY;") }
            let policies = parts.belongings(of: table, .policy)
            return statements
                + policies.flatMap { policy in
                    [self.policy(policy, on: name)] + comment(policy, as: "POLICY", on: "\(policy.name) ON \(name)")
                }
        }
    }

    private func policy(_ object: SchemaObject, on table: String) -> String {
        var text = "CREATE POLICY \(object.name) ON \(table)"
        if let kind = object["as"] { text += " AS \(kind)" }
        text += " FOR \(object["for"] ?? "ALL") TO \(object["to"] ?? "PUBLIC")"
        if let using = object["using"] { text += "\n    USING (\(using))" }
        if let check = object["check"] { text += "\n    WITH CHECK (\(check))" }
        return text + ";"
    }

    // MARK: Grants

    /// What is granted: one statement for all objects of a schema on which somebody has the same.
    var grants: [String] {
        var targets: [Grant: [String]] = [:]
        for object in of(.grant) where object.qualifiedName != "public TO PUBLIC" {
            for grant in statements(object) { targets[grant, default: []].append(target(of: object)) }
        }
        let onObjects = targets.sorted { $0.key < $1.key }.map { grant, names in
            "GRANT \(grant.privileges) ON \(grant.class) " + Self.wrapped(names)
                + " TO \(grant.grantee)\(grant.isGrantable ? " WITH GRANT OPTION" : "");"
        }
        let toCome = of(.defaultGrant).map { object in
            let parts = object.name.split(separator: " ").map(String.init)
            let place = object.schema.isEmpty ? "" : " IN SCHEMA \(object.schema)"
            return "ALTER DEFAULT PRIVILEGES FOR ROLE \(parts[1])\(place)"
                + " GRANT \(object["privileges"] ?? "") ON \(parts[3]) TO \(parts[5]);"
        }
        return onObjects + toCome
    }

    private struct Grant: Hashable, Comparable {
        let schema: String
        let `class`: String
        let grantee: String
        let privileges: String
        let isGrantable: Bool

        static func < (left: Grant, right: Grant) -> Bool {
            (left.schema, left.class == "SCHEMA" ? "" : left.class, left.grantee, left.privileges)
                < (right.schema, right.class == "SCHEMA" ? "" : right.class, right.grantee, right.privileges)
        }
    }

    private func statements(_ object: SchemaObject) -> [Grant] {
        let privileges = (object["privileges"] ?? "").split(separator: ", ").map(String.init)
        let option = " WITH GRANT OPTION"
        let grantable = privileges.filter { $0.hasSuffix(option) }.map { String($0.dropLast(option.count)) }
        let plain = privileges.filter { !$0.hasSuffix(option) }
        let isColumn = object["on"] == "COLUMN"
        let columns = isColumn ? object.name.prefix { $0 != ")" } + ")" : ""
        let grantee = object.name.split(separator: " ").last.map(String.init) ?? ""
        return [(plain, false), (grantable, true)].filter { !$0.0.isEmpty }.map { names, isGrantable in
            let list = names.map { columns.isEmpty ? $0 : "\($0) \(columns)" }.joined(separator: ", ")
            return Grant(
                schema: object.schema, class: isColumn ? "TABLE" : object["on"] ?? "", grantee: grantee,
                privileges: list, isGrantable: isGrantable)
        }
    }

    private func target(of object: SchemaObject) -> String {
        object.table.map { "\(object.schema).\($0)" } ?? object.schema
    }

    /// Names in lines of at most a hundred columns or so.
    private static func wrapped(_ names: [String]) -> String {
        var lines = [""]
        for (index, name) in names.enumerated() {
            if lines[lines.count - 1].count + name.count > 80 { lines.append("") }
            lines[lines.count - 1] += name + (index == names.count - 1 ? "" : ", ")
        }
        return lines.map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 }.joined(separator: "\n    ")
    }
}
