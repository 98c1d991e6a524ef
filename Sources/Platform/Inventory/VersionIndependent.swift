// SPDX-License-Identifier: Apache-2.0

extension SchemaInventory {
    /// What is comparable between servers of different major versions and with different administrators: without the
    /// text of views and rules, which each version writes in its own way (their columns and options stay), without
    /// privileges that older versions do not have, and with one name for all administrators.
    package var versionIndependent: SchemaInventory {
        let names = Set(administrators)
        let comparable = objects.compactMap { object -> SchemaObject? in
            switch object.kind {
            case .grant, .defaultGrant, .role:
                if names.contains(where: { object.name == $0 || object.name.hasSuffix("TO \($0)") }) { return nil }
            default: break
            }
            return object.with(facts: object.kind.comparable(object.facts, administrators: names))
        }
        return SchemaInventory(serverMajor: 0, administrators: [], objects: comparable)
    }
}

extension SchemaObject.Kind {
    fileprivate func comparable(_ facts: [String: String], administrators: Set<String>) -> [String: String] {
        var facts = facts
        if let owner = facts["owner"], administrators.contains(owner) { facts["owner"] = "(administrator)" }
        switch self {
        case .view, .materializedView, .rule: facts["definition"] = nil
        case .grant, .defaultGrant:
            let known = facts["privileges"]?.split(separator: ", ").filter { !$0.hasPrefix("MAINTAIN") }
            facts["privileges"] = known?.joined(separator: ", ")
        default: break
        }
        return facts
    }
}
