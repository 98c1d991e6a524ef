// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The written pages against the code: what can be compared is compared.
@Suite struct DocumentationTests {
    private let pages = Repository.files.filter { $0.path.hasSuffix(".md") }

    private func text(_ path: String) throws -> String {
        try #require(pages.first { $0.path == path }, "\(path) is missing").lines.joined(separator: "\n")
    }

    @Test("links between pages lead somewhere")
    func links() {
        let paths = Set(Repository.files.map(\.path))
        let broken = pages.flatMap { DocumentationRules.brokenLinks($0, among: paths) }
        #expect(broken.isEmpty, Comment(rawValue: broken.map(\.description).joined(separator: "\n")))
    }

    @Test("every error code is explained in docs/reference/errors.md")
    func errorCodes() throws {
        let page = try text("docs/reference/errors.md")
        let codes = Set(
            Repository.swift.filter { $0.path.hasPrefix("Sources/Domains/") }.flatMap(DocumentationRules.codes))
        #expect(codes.count > 30)
        #expect(codes.filter { !page.contains("`\($0)`") }.sorted() == [])
    }

    @Test("ARCHITECTURE.md names every module, and docs/domains has a page for every domain")
    func modules() throws {
        let architecture = try text("ARCHITECTURE.md")
        let modules = Set(Repository.swift.filter(\.isSource).compactMap(\.module))
        #expect(modules.count > 20)
        #expect(modules.filter { !architecture.contains("**\($0)**") }.sorted() == [])
        let domains = Set(Repository.swift.filter { $0.path.hasPrefix("Sources/Domains/") }.compactMap(\.module))
        #expect(
            domains.filter { domain in !pages.contains { $0.path == "docs/domains/\(domain.lowercased()).md" } } == [])
    }

    @Test("every Make target is explained by `make help`")
    func makeTargets() throws {
        let makefile = try #require(Repository.files.first { $0.path == "Makefile" })
        let targets = makefile.lines.filter { $0.contains(/^[a-z-]+:/) && !$0.hasPrefix("programs:") }
        #expect(targets.count > 8)
        #expect(targets.filter { !$0.contains("## ") } == [])
    }
}

enum DocumentationRules {
    /// Relative links to files that are not there.
    static func brokenLinks(_ page: SourceFile, among paths: Set<String>) -> [Violation] {
        let folder = page.path.split(separator: "/").dropLast().map(String.init)
        return page.lines.enumerated().flatMap { index, line in
            line.matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/).compactMap { match in
                var parts = folder
                for part in match.1.split(separator: "/") where part != "." {
                    if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
                }
                let path = parts.joined(separator: "/")
                let isThere = paths.contains(path) || paths.contains { $0.hasPrefix(path + "/") }
                return isThere ? nil : page.violation(index + 1, "the link to \(match.1) leads nowhere")
            }
        }
    }

    /// The error codes that a file gives to clients.
    static func codes(_ file: SourceFile) -> [String] {
        file.lines.flatMap { $0.matches(of: /code(?::| \?\?) "([a-z_]+)"/).map { String($0.1) } }
    }
}
