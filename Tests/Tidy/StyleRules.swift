// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A rule about one Swift file: where it holds, and where it is broken.
struct Rule {
    let name: String
    let applies: (SourceFile) -> Bool
    let check: (SourceFile) -> [Violation]

    /// A rule that lines of code must not match a pattern.
    static func forbid(
        _ name: String, _ pattern: Regex<some Any>, in applies: @escaping (SourceFile) -> Bool
    ) -> Rule {
        Rule(name: name, applies: applies) { $0.matches(pattern, name) }
    }
}

enum StyleRules {
    /// Whether a line of a test is one string literal and nothing else.
    private static func isSample(_ line: String, in file: SourceFile) -> Bool {
        guard !file.isSource else { return false }
        let text = line.drop { $0 == " " }
        return text.hasPrefix("\"") || text.hasPrefix("#\"")
    }

    static var all: [Rule] {
        [
            Rule(name: "the first line is the license", applies: { _ in true }) { file in
                file.lines.first == "// SPDX-License-Identifier: Apache-2.0"
                    ? [] : [file.violation(1, "the first line is the license")]
            },
            Rule(name: "a file has at most 600 lines", applies: { _ in true }) { file in
                file.lines.count <= 600 ? [] : [file.violation(601, "a file has at most 600 lines")]
            },
            Rule(name: "a line has at most 120 columns", applies: { _ in true }) { file in
                // A test's sample, one literal on a line of its own, is as long as it is.
                file.lines.enumerated().filter { $0.element.count > 120 && !isSample($0.element, in: file) }
                    .map { file.violation($0.offset + 1, "a line has at most 120 columns") }
            },
            Rule(name: "a function has at most 70 lines", applies: { _ in true }, check: Declarations.longFunctions),
            Rule(name: "at most two generic parameters", applies: { _ in true }, check: Declarations.genericParameters),
            .forbid("nothing is public", /^\s*(?:[@\w()]+\s+)*?(?:public|open)\s+[@\w]/, in: { _ in true }),
            .forbid("no try!", /\btry!/, in: { _ in true }),
            .forbid("no as!", /\bas!/, in: { _ in true }),
            Rule(name: "no force unwrap", applies: { _ in true }, check: forceUnwraps),
            .forbid("no print in Sources", /(?:^|[^\w.])(?:print|debugPrint|dump)\(/, in: \.isSource),
            .forbid(
                "no loose tasks outside Lifecycle and EventLoop",
                /\bTask(?:<[^>]*>)?\s*(?:\{|\(\s*(?:priority|executorPreference|name)|\.(?:detached|immediate)\b)/
            ) {
                $0.isSource && $0.module != "Lifecycle" && $0.module != "EventLoop"
            },
            .forbid("no Foundation in Sources", /\bimport\s+Foundation/, in: \.isSource),
            .forbid("the environment is read in Arguments and App only", /\b(?:secure_)?getenv\(/) {
                $0.isSource && $0.module != "Arguments" && !$0.path.hasPrefix("Sources/App/")
            },
            .forbid(
                "no Manager, Helper, Util",
                /\b(?:class|struct|enum|actor|protocol|typealias)\s+\w*(?:Manager|Helper|Util)s?\b/, in: { _ in true }),
            Rule(name: "unchecked only in Platform, with its reason", applies: \.isSource, check: unchecked),
            Rule(name: "what is package has a doc comment", applies: \.isSource, check: DocComments.undocumented),
            Rule(
                name: "no word of the product in Platform", applies: { $0.path.hasPrefix("Sources/Platform/") },
                check: productWords),
        ]
    }

    /// `x!`, `f()!`, `a[0]!`, also in types; not `!x`, `!=`, `try!`, `as!`.
    static func forceUnwraps(_ file: SourceFile) -> [Violation] {
        file.code.enumerated().filter { _, line in
            line.replacing(/\b(?:try|as)!/, with: "").contains(/[\w)\]}>"?]!(?!=)/)
        }.map { file.violation($0.offset + 1, "no force unwrap") }
    }

    /// The words by which a reader sees that somebody gave the matter a thought.
    private static var reason: Regex<Substring> {
        /\/\/.*\b(?:@?unchecked|unsafe|thread|threads|lock|locked|atomic|confined|immutable|once|never changes)\b/
    }

    static func unchecked(_ file: SourceFile) -> [Violation] {
        file.code.enumerated().filter { $0.element.contains(/@unchecked\s+Sendable|nonisolated\(unsafe\)/) }.compactMap
        { index, _ in
            let isPlatform = file.path.hasPrefix("Sources/Platform/")
            let around = file.lines[max(0, index - 4)...min(file.lines.count - 1, index + 4)]
            if isPlatform, around.contains(where: { $0.contains(reason) }) { return nil }
            return file.violation(
                index + 1, "unchecked only in Platform, with its reason in a comment within four lines")
        }
    }

    static let words: Set = [
        "anthropic", "budget", "chat", "council", "deliberation", "gateway", "governance", "killswitch", "llm",
        "openai",
        "organisation", "organization", "persona", "prompt", "provider", "quarantine", "tenant", "witan",
    ]

    static func productWords(_ file: SourceFile) -> [Violation] {
        file.code.enumerated().flatMap { index, line in
            Set(line.matches(of: /[A-Za-z]\w*/).flatMap { split(String($0.output)) }).intersection(words).sorted().map {
                file.violation(index + 1, "'\($0)' is a word of the product, not of a technology")
            }
        }
    }

    /// The lower-case words of an identifier, singular; pairs too, for words that are two.
    private static func split(_ identifier: String) -> [String] {
        let words = identifier.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/).map { match in
            let word = match.output.lowercased()
            return word.hasSuffix("s") ? String(word.dropLast()) : word
        }
        return words + zip(words, words.dropFirst()).map { $0 + $1 }
    }
}
