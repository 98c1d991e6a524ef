// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The targets of Package.swift, read from its text.
struct Manifest {
    struct Target: Equatable {
        let name: String
        /// The folder, from the root.
        let path: String
        let dependencies: [String]
    }

    let targets: [Target]

    init(_ text: String) {
        let pattern = /(?<call>\bmodule|\btests|\blibrary|\.target|\.executableTarget|\.testTarget)\(/
        let start = text.range(of: "targets: [\n")?.upperBound ?? text.startIndex
        targets = text[start...].matches(of: pattern).compactMap { match in
            Self.target(String(match.call), Self.balanced(text[match.range.upperBound...]), lists: Self.lists(text))
        }
    }

    /// What a line such as `let some = condition ? ["A"] : []` can hold.
    private static func lists(_ text: String) -> [String: [String]] {
        let pattern = /\blet\s+(?<name>\w+)\s*=(?<value>[^\n]*)/
        return Dictionary(
            text.matches(of: pattern).map { match in
                let items = match.value.matches(of: /\s\[(?<list>[^\]]*)\]/).flatMap { quoted($0.list) }
                return (String(match.name), items)
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func quoted(_ text: some StringProtocol) -> [String] {
        String(text).matches(of: /"(?<word>[^"]*)"/).map { String($0.word) }
    }

    /// The text up to the parenthesis that closes.
    private static func balanced(_ text: Substring) -> String {
        var depth = 1
        return String(
            text.prefix { character in
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                return depth > 0
            })
    }

    private static func target(_ call: String, _ arguments: String, lists: [String: [String]]) -> Target? {
        guard let name = quoted(arguments).first else { return nil }
        let floor = arguments.firstMatch(of: /^\s*\.(?<floor>\w+)/).map { String($0.floor).capitalized } ?? ""
        let list = /(?:uses|dependencies):\s*(?:\((?<named>\w+)\s*\+\s*)?\[(?<list>[^\]]*)\]/
        let listed = arguments.firstMatch(of: list)
        let named = listed?.named.flatMap { lists[String($0)] } ?? []
        let dependencies = named + quoted(listed?.list ?? "")
        switch call {
        case "module": return Target(name: name, path: "Sources/\(floor)/\(name)", dependencies: dependencies)
        case "tests":
            return Target(
                name: "\(name)Tests", path: "Tests/\(floor)/\(name)Tests", dependencies: [name] + dependencies)
        case "library": return Target(name: name, path: "Sources/C/\(name)", dependencies: [])
        default:
            let path = arguments.firstMatch(of: /path:\s*"(?<path>[^"]*)"/).map { String($0.path) }
            return path.map { Target(name: name, path: $0, dependencies: dependencies) }
        }
    }

    func target(of file: SourceFile) -> Target? { targets.first { file.path.hasPrefix($0.path + "/") } }

    /// Targets that use what comes after them in the list, or a floor above their own.
    func upwardDependencies() -> [String] {
        let order = Dictionary(targets.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        return targets.enumerated().flatMap { index, target in
            target.dependencies.filter { order[$0, default: 0] >= index }.map {
                "\(target.name) uses \($0), which is above it"
            }
        }
    }

    /// The modules a file imports, with their lines.
    static func imports(_ file: SourceFile) -> [(line: Int, module: String)] {
        let pattern = /^\s*(?:[@\w()]+\s+)*?import\s+(?:(?:struct|class|enum|protocol|func|var|let)\s+)?(?<module>\w+)/
        return file.code.enumerated().compactMap { index, line in
            line.firstMatch(of: pattern).map { (index + 1, String($0.module)) }
        }
    }
}

/// Rules that compare a file with its place in the manifest and with its role.
enum ImportRules {
    static let system: Set = ["Glibc", "Swift", "Synchronization", "_Concurrency"]
    static let testing: Set = ["Testing", "Foundation"]
    static let everywhere: Set = ["Core", "SwiftExtensions", "JSON", "Cryptography", "Observability"]

    /// Suffix of a domain's file → what it may import beside Core, the domains below and `everywhere`.
    static let roles: [(suffix: String, imports: Set<String>)] = [
        ("Store", ["Postgres"]), ("Cache", ["Redis"]), ("Index", ["Elasticsearch"]), ("Client", ["HTTPClient"]),
        ("Service", ["Postgres", "Journal", "Mail"]), ("Monitor", ["Postgres", "Redis", "Lifecycle"]),
        ("Worker", ["Postgres", "Lifecycle"]),
        // HTTPServer for the answer's type.
        ("Routes", ["API", "HTTPServer"]), ("Commands", ["Arguments", "HTTPClient"]),
    ]

    /// The modules that give a file a capability; all others a domain declares are domains below it.
    static let capabilities: Set = [
        "API", "Arguments", "Elasticsearch", "EmbeddedServers", "EventLoop", "HTTPClient", "HTTPServer", "Journal",
        "Lifecycle", "Mail", "Migrator", "ObjectStore", "Postgres", "Redis",
    ]

    static func undeclared(_ file: SourceFile, _ manifest: Manifest) -> [Violation] {
        guard let target = manifest.target(of: file) else {
            return [file.violation(1, "belongs to no target of Package.swift")]
        }
        let isTest = file.path.hasPrefix("Tests/")
        let allowed = system.union(target.dependencies).union(isTest ? testing : [])
        return Manifest.imports(file).filter { !allowed.contains($0.module) }.map {
            file.violation($0.line, "\(target.name) does not declare \($0.module) in Package.swift")
        }
    }

    static func role(_ file: SourceFile) -> [Violation] {
        guard file.path.hasPrefix("Sources/Domains/"), let module = file.module, module != "API", module != "Core"
        else { return [] }
        let stem = file.name.dropLast(".swift".count)
        let role = roles.first { stem.hasSuffix($0.suffix) }
        let allowed = role?.imports ?? []
        return Manifest.imports(file).filter { capabilities.contains($0.module) && !allowed.contains($0.module) }.map {
            let what = role.map { "a \($0.suffix)" } ?? "a file of values and rules"
            return file.violation($0.line, "\(what) does not import \($0.module) (ARCHITECTURE: roles)")
        }
    }
}
