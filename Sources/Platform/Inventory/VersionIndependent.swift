// SPDX-License-Identifier: Apache-2.0
import SQLText

extension SchemaInventory {
    /// What is comparable between servers of different major versions and with different administrators: without the
    /// qualifiers of names in views and rules, which PostgreSQL 15 writes and 16 mostly does not, without privileges
    /// that older versions do not have, and with one name for all administrators.
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
        case .view, .materializedView, .rule: facts["definition"] = facts["definition"].map(unqualified)
        case .grant, .defaultGrant:
            let known = facts["privileges"]?.split(separator: ", ").filter { !$0.hasPrefix("MAINTAIN") }
            facts["privileges"] = known?.joined(separator: ", ")
        default: break
        }
        return facts
    }
}

/// SQL with every name's last part only, one space between tokens.
private func unqualified(_ sql: String) -> String {
    let bytes = Array(sql.utf8)
    let tokens = SQLLexer.tokens(in: bytes).map { (kind: $0.kind, text: bytes[$0.range]) }
    var kept: [ArraySlice<UInt8>] = []
    var index = 0
    while index < tokens.count {
        let isName = tokens[index].kind == .identifier || tokens[index].kind == .word
        let isNumber = tokens[index].text.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        if isName, !isNumber, index + 2 < tokens.count, tokens[index + 1].text.elementsEqual([UInt8(ascii: ".")]) {
            index += 2
        } else {
            kept.append(tokens[index].text)
            index += 1
        }
    }
    return kept.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
}
