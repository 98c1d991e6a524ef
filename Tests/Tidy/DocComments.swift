// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The rule that what is `package` says what it is, and what need not say it.
enum DocComments {
    static func undocumented(_ file: SourceFile) -> [Violation] {
        let package = /^\s*(?:[@\w()]+\s+)*?package\s+(?!import\b)[@\w]/
        let declaration = /\b(?:func|var|let|struct|class|enum|actor|protocol|init|typealias|subscript)\b/
        return file.code.indices.filter { index in
            let line = file.code[index]
            guard line.contains(package), line.contains(declaration), !isExempt(file.code, index) else { return false }
            var above = index - 1
            while above >= 0, file.code[above].contains(/^\s*@/) { above -= 1 }
            guard above >= 0 else { return true }
            return !file.lines[above].contains(/^\s*(?:\/\/\/|.*\*\/)/)
        }.map { file.violation($0 + 1, "what is package has a doc comment") }
    }

    private static func isExempt(_ code: [String], _ index: Int) -> Bool {
        if isKnown(code[index]) { return true }
        guard let type = enclosingType(code, of: index) else { return false }
        return isWitness(code[index], of: header(code, type)) || isMemberwise(code, index, in: type)
    }

    /// What a reader knows without being told: operators and requirements of the standard library's protocols.
    private static func isKnown(_ line: String) -> Bool {
        line.contains(/\bfunc\s+[^\w\s`]/)
            || line.contains(/\b(?:var|let)\s+(?:description|debugDescription|customMirror|errorDescription)\b/)
            || line.contains(/\bfunc\s+(?:hash|makeIterator|makeAsyncIterator|next|advanced|distance)\(/)
            || line.contains(/\binit\??\((?:from\s|_ description\b|rawValue\b|\w+Literal\b|stringInterpolation\b)/)
            || line.contains(/\bfunc\s+(?:enqueue|asUnownedSerialExecutor)\(/)
    }

    /// Protocols of ours, and one of the standard library's, with the requirements that are documented there and so
    /// not where a type meets them.
    private static let requirements: [(protocols: Set<String>, names: Set<String>)] = [
        (["Service"], ["name", "run"]),
        (["Metric"], ["collect"]),
        (["Parameter"], ["declaration"]),
        (["ArgumentValue"], ["argument", "argumentKind", "argumentChoices", "init argument"]),
        (["PostgresEncodable"], ["postgresType", "boundType", "isNull", "encode"]),
        (["PostgresDecodable"], ["init PostgresValue"]),
        (["PostgresArrayElement"], ["postgresArrayType", "encode", "decode"]),
        (["StringInterpolationProtocol"], ["appendLiteral", "init literalCapacity"]),
    ]

    private static func isWitness(_ line: String, of header: String) -> Bool {
        guard !header.contains(/\bprotocol\b/) else { return false }
        let named =
            /\b(?:func|var|let)\s+(?<name>\w+)|\binit\??\((?<label>\w+)(?:\s+value:\s*(?<type>PostgresValue)\b)?/
        guard let match = line.firstMatch(of: named),
            let name = match.name ?? (match.type ?? match.label).map({ "init " + $0 })
        else { return false }
        let words = Set(header.matches(of: /\w+/).map { String($0.output) })
        return requirements.contains { !$0.protocols.isDisjoint(with: words) && $0.names.contains(String(name)) }
    }

    /// An initializer that only takes the type's own stored properties, which say themselves what they are. One that
    /// refuses values says which.
    private static func isMemberwise(_ code: [String], _ index: Int, in type: Int) -> Bool {
        guard code[index].contains(/\binit\(/) else { return false }
        let (parameters, rest) = signature(code, from: index)
        guard !rest.contains(/\bthrows\b/) else { return false }
        return labels(parameters).isSubset(of: stored(code, in: type, indentation: indentation(code[index])))
    }

    /// What is between the parentheses, and what stands behind them before the body.
    private static func signature(_ code: [String], from index: Int) -> (parameters: String, rest: String) {
        let text = code[index...].prefix(20).joined(separator: " ")
        guard let start = text.range(of: "init(")?.upperBound else { return ("", "") }
        var depth = 1
        let parameters = text[start...].prefix { character in
            depth += "([".contains(character) ? 1 : ")]".contains(character) ? -1 : 0
            return depth > 0
        }
        return (String(parameters), String(text[parameters.endIndex...].prefix { $0 != "{" }))
    }

    /// The parameters' labels; the name where there is no label.
    private static func labels(_ parameters: String) -> Set<String> {
        var depth = 0
        let flat = parameters.filter { character in
            depth += "([{".contains(character) ? 1 : ")]}".contains(character) ? -1 : 0
            return depth == 0
        }
        return Set(flat.matches(of: /(?:^|,)\s*(?:_\s+)?(?<label>\w+)[^:,]*:/).map { String($0.label) })
    }

    /// The stored properties of the type that begins at `type`, whose members stand at `indentation`.
    private static func stored(_ code: [String], in type: Int, indentation depth: Int) -> Set<String> {
        let end = code[type...].firstIndex { $0.contains(/^\s*\}/) && indentation($0) < depth } ?? code.endIndex
        let property = /\b(?:let|var)\s+(?<name>\w+)\b(?!.*\{$)/
        return Set(
            code[type..<end].filter { indentation($0) == depth }.compactMap { line in
                line.firstMatch(of: property).map { String($0.name) }
            })
    }

    /// The line on which the type or extension around a declaration begins; nil at the top of the file.
    private static func enclosingType(_ code: [String], of index: Int) -> Int? {
        let depth = indentation(code[index])
        let type = /^\s*(?:[@\w()]+\s+)*?(?:struct|class|enum|actor|extension|protocol)\s+\w/
        return code[..<index].lastIndex { indentation($0) < depth && $0.contains(type) }
    }

    private static func header(_ code: [String], _ type: Int) -> String {
        String(code[type...].prefix(5).joined(separator: " ").prefix { $0 != "{" })
    }

    private static func indentation(_ line: String) -> Int { line.prefix { $0 == " " }.count }
}
