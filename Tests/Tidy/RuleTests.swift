// SPDX-License-Identifier: Apache-2.0
import Testing

/// Each rule, on a file that breaks it and on one that does not: a rule that cannot fail is none.
@Suite struct RuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let bad: [String]
        let good: [String]
        var path = "Sources/Domains/Core/Planted.swift"
        var testDescription: String { rule }
    }

    static let cases: [Case] = [
        Case(
            rule: "the first line is the license", bad: ["import Glibc"],
            good: ["// SPDX-License-Identifier: Apache-2.0\n"]),
        Case(
            rule: "a file has at most 600 lines", bad: [String(repeating: "\n", count: 601)],
            good: [String(repeating: "\n", count: 600)]),
        Case(
            rule: "a line has at most 120 columns", bad: [String(repeating: "é", count: 121)],
            good: [String(repeating: "é", count: 120)]),
        Case(
            rule: "a function has at most 70 lines",
            bad: [
                "func f() {\n" + String(repeating: "x()\n", count: 69) + "}",
                "    package static func f(\n_ a: () -> Int = { 1 }\n) throws -> Int {\n"
                    + String(repeating: "{}\n", count: 68) + "}",
                "init?(_ a: Int) {\n" + String(repeating: "x()\n", count: 69) + "}",
                "var a: Int {\n" + String(repeating: "x()\n", count: 69) + "}",
            ],
            good: [
                "func f() {\n" + String(repeating: "x()\n", count: 68) + "}",
                "func required()\n" + String(repeating: "let a = 1\n", count: 80) + "struct S { }",
            ]),
        Case(
            rule: "at most two generic parameters", bad: ["func f<A, B: C<D, E>, F>(", "struct S<A, B, C> {"],
            good: ["func f<A, B: C<D, E>>(_ x: (A, B, D))", "struct S<A, B>: T<A, B, C>"]),
        Case(
            rule: "nothing is public",
            bad: ["public func f()", "    public static let a = 1", "@frozen public struct S {"],
            good: [
                "package func f()", "// public func", "let a = \"public let\"", "case public",
                "let visibility = public",
            ]),
        Case(rule: "no try!", bad: ["let a = try! f()"], good: ["let a = try? f()", "\"try! f()\""]),
        Case(rule: "no as!", bad: ["a as! B"], good: ["a as? B", "has != b"]),
        Case(
            rule: "no force unwrap", bad: ["a!.b", "f()!", "a[0]!", "\"\\(a!)\"", "var a: Int!", "a?.b!"],
            good: ["a != b", "a!=b", "!a", "(!a)", "// a!", "\"a!\"", "try! f()", "a as! B", "#\"\\(a!)\"#"]),
        Case(
            rule: "no print in Sources", bad: ["print(a)", "    dump(a)", "{debugPrint(a)}"],
            good: ["table.print(a)", "fingerprint(a)", "// print(a)"]),
        Case(
            rule: "no loose tasks outside Lifecycle and EventLoop",
            bad: [
                "Task { }", "Task.detached {", "Task.immediate(executorPreference: l) {", "let t = Task<Void, Never> {",
                "Task(priority: .low) {",
            ],
            good: ["Task.isCancelled", "try await Task.sleep(for: d)", "PeriodicTask(name: a)", "// Task { }"]),
        Case(
            rule: "no Foundation in Sources", bad: ["import Foundation", "import FoundationEssentials"],
            good: ["import Glibc"]),
        Case(
            rule: "the environment is read in Arguments and App only", bad: ["getenv(\"HOME\")"],
            good: ["// getenv(", "Terminal.environment(\"HOME\")"]),
        Case(
            rule: "no Manager, Helper, Util",
            bad: ["class PoolManager {", "enum StringUtils {", "struct TestHelper: A {"],
            good: ["struct Managerial {", "let helper = 1"]),
        Case(
            rule: "unchecked only in Platform, with its reason",
            bad: ["// @unchecked: locked\nclass A: @unchecked Sendable {", "nonisolated(unsafe) var a = 1"],
            good: ["class A: Sendable {"]),
        Case(
            rule: "unchecked only in Platform, with its reason",
            bad: ["class A: @unchecked Sendable {\n\n\n\n\n// locked"],
            good: [
                "class A: @unchecked Sendable {\n// @unchecked: all under the lock",
                "/// Loop-confined.\nnonisolated(unsafe) var a",
            ],
            path: "Sources/Platform/EventLoop/Planted.swift"),
        Case(
            rule: "what is package has a doc comment",
            bad: [
                "package func f()", "\npackage let a = 1", "// no doc\npackage struct S {",
                "    package init(_ a: Int)",
                "    @discardableResult\n    package func f()", "package static func make()", "package final class C {",
                "@safe package final class C {", "package mutating func f()",
                // Names of requirements where nothing is met, and where they are required.
                "struct S: A {\n    package var isNull: Bool { true }\n}",
                "struct S: A {\n    package let name: String\n}",
                "    package func encode(into bytes: inout [UInt8])",
                "protocol P: PostgresEncodable {\n    package var isNull: Bool { get }\n}",
                "extension S: PostgresDecodable {\n    package init(_ value: Int)\n}",
                // Initializers that do more than take the properties.
                "struct S {\n    let a: Int\n    package init(b: Int) { a = b }\n}",
                "struct S {\n    let a: Int\n    package init(a: Int, _ b: Int) {}\n}",
                "struct S {\n    let a: Int\n    package init?(a: Int) {}\n}",
                "struct S {\n    let a: Int\n    package init(\n        a: Int\n    ) throws(E) {}\n}",
                "struct S {\n    let a: Int\n    var b: Int {\n    }\n    package init(a: Int, b: Int) {}\n}",
                "struct S {\n    let a: Int\n}\nextension T {\n    package init(a: Int) {}\n}",
            ],
            good: [
                "/// A.\npackage func f()", "/// A.\n@discardableResult\npackage func f()",
                "package var description: String",
                "package static func < (a: A, b: A)", "package func hash(into", "package import Glibc",
                "let package = 1",
                "package init?(_ description: String)", "/// A.\n@safe package final class C {",
                "extension S: PostgresEncodable where A: B {\n    package static var postgresType: T { .a }\n}",
                "extension S: PostgresDecodable {\n    package init(_ value: PostgresValue) throws(E) {}\n}",
                "final class S: A, Service {\n    package let name = \"a\"\n}",
                "struct S:\n    ArgumentValue\n{\n    package init?(argument: String) {}\n}",
                "struct S {\n    package init() {}\n}",
                "struct S {\n    private let a: Int\n    private(set) var b: [C] = []\n\n"
                    + "    package init(a: Int = f(1, 2), _ b: [C: D]) {\n}",
                "struct S {\n    let a: (_ c: Int) -> Int\n    package init(\n        a: @escaping (_ c: Int) -> Int\n"
                    + "    ) {}\n}",
            ]),
        Case(
            rule: "no word of the product in Platform",
            bad: ["let tenantID = 1", "struct KillSwitch {", "func list(providers: Int)"],
            good: ["// a tenant", "\"tenant\"", "let permanent = 1", "promptly()"],
            path: "Sources/Platform/EventLoop/Planted.swift"),
    ]

    @Test("a rule finds what breaks it, and nothing else", arguments: cases)
    func planted(_ planted: Case) throws {
        let rule = try #require(StyleRules.all.first { $0.name == planted.rule })
        for text in planted.bad {
            let file = SourceFile(path: planted.path, text: text)
            #expect(rule.applies(file) && !rule.check(file).isEmpty, "not found: \(text)")
        }
        for text in planted.good {
            let file = SourceFile(path: planted.path, text: text)
            #expect(rule.check(file) == [], "wrongly found: \(text)")
        }
    }

    @Test("every rule has a planted case")
    func covered() {
        #expect(Set(StyleRules.all.map(\.name)) == Set(Self.cases.map(\.rule)))
    }

    @Test("a violation names file and line")
    func place() {
        let file = SourceFile(path: "Sources/Domains/Core/A.swift", text: "let a = 1\nlet b = a!\n")
        #expect(StyleRules.forceUnwraps(file).map(\.description) == ["Sources/Domains/Core/A.swift:2: no force unwrap"])
    }

    @Test("comments and text are blanked, interpolated code is not")
    func masking() {
        func code(_ text: String) -> [String] { SourceFile(path: "A.swift", text: text).code }
        #expect(code("a // b") == ["a     "])
        #expect(code("a /* b /* c */ d */ e") == ["a                   e"])
        #expect(code(#"f("x \(g(1)) y") + h"#) == [#"f("  \(g(1))  ") + h"#])
        #expect(code(##"#"x \(y) "z"# + a"##) == [##"#"         "# + a"##])
        #expect(code(#"m(/a!"\/"/) + b / c / d"#) == [#"m(/      /) + b / c / d"#])
        #expect(code("\"\"\"\n text \"q\"\n \"\"\"\nlet a = 1")[3] == "let a = 1")
        #expect(code(#""\" //" + a"#) == [#""     " + a"#])
    }

    // MARK: Manifest and roles

    private static let manifest = Manifest(
        """
        let some = Context.environment["PLAIN"] == nil ? ["Low"] : []
        let package = Package(
            targets: [
                library("CEvent", package: "libevent-dev"),
                module(.platform, "Low"),
                module(.platform, "Loop", uses: ["Low", "CEvent"]),
                module(
                    .domains, "Bank",
                    uses: [
                        "Loop", "Low",
                    ]),
                .executableTarget(
                    name: "Main", dependencies: ["Bank"].map { .byName(name: $0) }, path: "Sources/App/Main"),
                .executableTarget(
                    name: "Extra", dependencies: (some + ["Bank"]).map { .byName(name: $0) },
                    path: "Sources/App/Extra"),
                tests(.platform, "Loop", uses: ["Low"]),
            ])
        """)

    @Test("the manifest is read from its text")
    func manifestText() {
        let targets = Self.manifest.targets
        #expect(targets.map(\.name) == ["CEvent", "Low", "Loop", "Bank", "Main", "Extra", "LoopTests"])
        #expect(
            targets.map(\.path).suffix(4) == [
                "Sources/Domains/Bank", "Sources/App/Main", "Sources/App/Extra", "Tests/Platform/LoopTests",
            ])
        #expect(targets[3].dependencies == ["Loop", "Low"])
        #expect(targets[5].dependencies == ["Low", "Bank"])
        #expect(targets[6].dependencies == ["Loop", "Low"])
        #expect(Self.manifest.upwardDependencies() == [])
        let upward = Manifest("targets: [\n module(.platform, \"A\", uses: [\"B\"]), module(.domains, \"B\"),")
        #expect(upward.upwardDependencies() == ["A uses B, which is above it"])
    }

    @Test("an import that is not declared is found, in each way it can be written")
    func imports() {
        func found(_ path: String, _ text: String) -> Int {
            ImportRules.undeclared(SourceFile(path: path, text: text), Self.manifest).count
        }
        let bank = "Sources/Domains/Bank/A.swift"
        #expect(found(bank, "import Low\nimport Loop\nimport Glibc\n// import Main") == 0)
        #expect(found(bank, "import CEvent") == 1)
        #expect(
            found(bank, "package import Main\n@testable import Main\nimport struct Main.S\n@preconcurrency import Main")
                == 4)
        #expect(found(bank, "import Testing") == 1)
        #expect(found("Tests/Platform/LoopTests/A.swift", "import Testing\nimport Foundation\nimport Loop") == 0)
        #expect(found("Tests/Platform/LoopTests/A.swift", "import CEvent") == 1)
        #expect(found("Sources/Domains/Nowhere/A.swift", "") == 1)
    }

    @Test("a file of a domain imports only what its role allows")
    func roles() {
        func found(_ name: String, _ module: String) -> Bool {
            !ImportRules.role(SourceFile(path: "Sources/Domains/Bank/\(name).swift", text: "import \(module)")).isEmpty
        }
        #expect(found("Account", "Postgres") && found("Account", "Lifecycle") && found("Account", "API"))
        #expect(!found("Account", "Core") && !found("Account", "JSON") && !found("Account", "Ledger"))
        #expect(!found("AccountStore", "Postgres") && found("AccountStore", "Redis") && found("AccountStore", "API"))
        #expect(!found("AccountCache", "Redis") && found("AccountCache", "Postgres"))
        #expect(!found("AccountRoutes", "API") && found("AccountRoutes", "Postgres"))
        #expect(!found("AccountRoutes", "HTTPServer") && found("AccountStore", "HTTPServer"))
        #expect(
            !found("AccountMonitor", "Lifecycle") && !found("AccountMonitor", "Redis") && found("AccountMonitor", "API")
        )
        #expect(!found("AccountWorker", "Lifecycle") && found("AccountWorker", "Redis"))
        #expect(!found("AccountClient", "HTTPClient") && found("AccountClient", "Postgres"))
        #expect(!found("AccountService", "Journal") && found("AccountStore", "Journal"))
        #expect(!found("AccountService", "Postgres") && found("AccountService", "API"))
        #expect(!found("AccountCommands", "Arguments") && found("AccountCommands", "Postgres"))
    }

    // MARK: Files

    @Test("what is left over in files is found")
    func leftovers() {
        func found(_ rule: (SourceFile) -> [Violation], _ path: String, _ text: String) -> Bool {
            !rule(SourceFile(path: path, text: text)).isEmpty
        }
        #expect(found(RepositoryRules.leftovers, "Sources/A.swift", "// TODO: later"))
        #expect(found(RepositoryRules.leftovers, "Migrations/1.sql", "-- FIXME"))
        #expect(!found(RepositoryRules.leftovers, "Sources/A.swift", "mkdtemp(\"a-XXXXXX\")"))
        #expect(found(RepositoryRules.machineTraces, "README.md", "see /home/ada/witan"))
        #expect(!found(RepositoryRules.machineTraces, "README.md", "in docs/home/ada/plan.md and /tmp/x"))
        #expect(found(RepositoryRules.longReadme, "README.md", String(repeating: "a\n", count: 151)))
        #expect(!found(RepositoryRules.longReadme, "README.md", String(repeating: "a\n", count: 150)))
        #expect(found(RepositoryRules.typeNamedAsModule, "Sources/Domains/Bank/B.swift", "package enum Bank {}"))
        #expect(!found(RepositoryRules.typeNamedAsModule, "Sources/Domains/Bank/B.swift", "package enum BankError {}"))
    }

    @Test("a migration that is not embedded under its name is found")
    func migrations() {
        let assets =
            "#embed \"../../../Migrations/0001_a.sql\"\n{\"0001_a.sql\", a, 1},\n#embed \"../Migrations/0002_b.sql\""
        #expect(
            RepositoryRules.notEmbedded(["0001_a.sql", "0002_b.sql", "0003_c.sql", "schema.sql"], assets: assets) == [
                "0002_b.sql", "0003_c.sql",
            ])
    }
}
