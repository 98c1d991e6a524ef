// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Rules about files as files, and about several files together.
enum RepositoryRules {
    /// Modules that hold a type of their own name, with the reason. This list should only shrink.
    static let sharedNames: [String: String] = [
        "EventLoop": "the type is the module's one idea, and nobody qualifies names with the module",
        "HTTPServer": "as EventLoop",
        "HTTPClient": "as EventLoop",
        "Redis": "as EventLoop",
        "Migrator": "as EventLoop",
    ]

    static func typeNamedAsModule(_ file: SourceFile) -> [Violation] {
        guard let module = file.module, sharedNames[module] == nil else { return [] }
        return Declarations.types(file).filter { $0.name == module }.map {
            file.violation($0.line, "the module \(module) has the name of a type in it")
        }
    }

    private static let codeEndings = [
        ".swift", ".c", ".h", ".sql", ".js", ".mjs", ".css", ".html", ".sh", ".py", "/run", "Makefile",
    ]

    /// Unfinished work is a task somewhere else, not a comment.
    static func leftovers(_ file: SourceFile) -> [Violation] {
        guard codeEndings.contains(where: file.path.hasSuffix), !file.path.hasPrefix("Tests/Tidy/") else { return [] }
        return numbered(file, /\b(?:TODO|FIXME|XXX)\b/, "no TODO, FIXME, XXX")
    }

    /// Nothing of the machine the program was written on.
    static func machineTraces(_ file: SourceFile) -> [Violation] {
        guard !file.path.hasPrefix("Tests/Tidy/") else { return [] }
        return numbered(
            file, /(?:^|[^\w.])\/(?:home\/\w+|Users\/\w+|root|workspace)\//, "nothing of one machine")
    }

    private static func numbered(_ file: SourceFile, _ pattern: Regex<Substring>, _ rule: String) -> [Violation] {
        file.lines.enumerated().filter { $0.element.contains(pattern) }.map { file.violation($0.offset + 1, rule) }
    }

    /// The migrations (their names begin with a number) that assets.c does not embed under their names.
    static func notEmbedded(_ migrations: [String], assets: String) -> [String] {
        migrations.filter { name in
            name.first?.isNumber == true
                && !(assets.contains("Migrations/\(name)\"") && assets.contains("{\"\(name)\","))
        }
    }

    static func longReadme(_ file: SourceFile) -> [Violation] {
        guard file.path == "README.md", file.lines.count > 150 else { return [] }
        return [file.violation(151, "the README has at most 150 lines")]
    }
}
