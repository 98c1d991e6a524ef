// SPDX-License-Identifier: Apache-2.0
import Testing

/// The architecture and the style of the repository, as it is.
@Suite struct TidyTests {
    private func report(_ violations: [Violation]) -> Comment {
        Comment(rawValue: violations.map(\.description).joined(separator: "\n"))
    }

    @Test("the repository is found")
    func found() throws {
        #expect(Repository.manifest != nil)
        #expect(Repository.swift.contains { $0.path == "Tests/Tidy/TidyTests.swift" })
    }

    @Test("style", arguments: StyleRules.all.map(\.name))
    func style(name: String) throws {
        let rule = try #require(StyleRules.all.first { $0.name == name })
        let violations = Repository.swift.filter(rule.applies).flatMap(rule.check)
        #expect(violations.isEmpty, report(violations))
    }

    @Test("a file imports what its target declares")
    func imports() throws {
        let manifest = Manifest(try #require(Repository.manifest).lines.joined(separator: "\n"))
        #expect(manifest.targets.count > 40, "Package.swift was not understood")
        let violations = Repository.swift.flatMap { ImportRules.undeclared($0, manifest) }
        #expect(violations.isEmpty, report(violations))
    }

    @Test("targets use only what stands before them in Package.swift")
    func order() throws {
        let manifest = Manifest(try #require(Repository.manifest).lines.joined(separator: "\n"))
        #expect(manifest.upwardDependencies() == [])
    }

    @Test("a domain's file imports what its role allows")
    func roles() {
        let violations = Repository.swift.flatMap(ImportRules.role)
        #expect(violations.isEmpty, report(violations))
    }

    @Test("no module has the name of a type in it")
    func names() {
        let violations = Repository.swift.flatMap(RepositoryRules.typeNamedAsModule)
        #expect(violations.isEmpty, report(violations))
    }

    @Test("no unfinished work, and nothing of one machine, is left in files")
    func leftovers() {
        let files = Repository.files
        let violations = files.flatMap(RepositoryRules.leftovers) + files.flatMap(RepositoryRules.machineTraces)
        #expect(violations.isEmpty, report(violations))
    }

    @Test("the README is short")
    func readme() {
        let violations = Repository.files.flatMap(RepositoryRules.longReadme)
        #expect(violations.isEmpty, report(violations))
    }

    @Test("all migrations are embedded")
    func migrations() throws {
        let assets = try #require(Repository.files.first { $0.path == "Sources/C/CAssets/assets.c" })
        let names = Repository.files.filter { $0.path.hasPrefix("Migrations/") && $0.path.hasSuffix(".sql") }.map(
            \.name)
        #expect(!names.isEmpty)
        #expect(RepositoryRules.notEmbedded(names, assets: assets.lines.joined(separator: "\n")) == [])
    }
}
