// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Rules that look at declarations.
enum Declarations {
    private static let linesMaximum = 70

    static func longFunctions(_ file: SourceFile) -> [Violation] {
        file.code.indices.filter {
            file.code[$0].contains(/^\s*(?:[@\w()]+\s+)*(?:func\b|init[?(<]|deinit\b|subscript\b|var\s+\w+\s*:[^=]*\{)/)
        }
        .compactMap { start in
            guard let end = bodyEnd(file.code, from: start), end - start + 1 > linesMaximum else { return nil }
            return file.violation(
                start + 1, "a function has at most \(linesMaximum) lines; this has \(end - start + 1)")
        }
    }

    /// The line of the brace that closes the body; nil for a requirement without one.
    private static func bodyEnd(_ code: [String], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            for character in code[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                case "}" where parentheses == 0: return nil
                default: break
                }
            }
            guard braces == 0, parentheses == 0 else { continue }
            let next = code[(index + 1)...].first { !$0.allSatisfy(\.isWhitespace) } ?? ""
            guard
                next.contains(/^\s*(?:\{|->|async\b|throws\b|rethrows\b|where\b)/)
                    || code[index].contains(/(?:->|,|where)\s*$/)
            else { return nil }
        }
        return nil
    }

    static func genericParameters(_ file: SourceFile) -> [Violation] {
        file.code.enumerated().compactMap { index, line in
            let pattern = /\b(?:(?:func|struct|class|enum|actor|typealias)\s+\w+|init\??|subscript)\s*<(?<list>.*)/
            guard let list = line.firstMatch(of: pattern)?.list else { return nil }
            var depth = 0
            var count = 1
            scan: for character in list {
                switch character {
                case "<", "(": depth += 1
                case ")": depth -= 1
                case ">" where depth == 0: break scan
                case ">": depth -= 1
                case "," where depth == 0: count += 1
                default: break
                }
            }
            return count <= 2 ? nil : file.violation(index + 1, "at most two generic parameters; here are \(count)")
        }
    }

    /// Names of types declared in a file, with their lines.
    static func types(_ file: SourceFile) -> [(line: Int, name: String)] {
        file.code.enumerated().compactMap { index, line in
            let pattern = /^\s*(?:[@\w()]+\s+)*?(?:struct|class|enum|protocol|actor|typealias)\s+(?<name>\w+)/
            return line.firstMatch(of: pattern).map { (index + 1, String($0.name)) }
        }
    }
}
