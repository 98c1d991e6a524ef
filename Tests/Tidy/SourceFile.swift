// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A rule broken at a place.
struct Violation: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let rule: String

    var description: String { "\(path):\(line): \(rule)" }
}

/// A file of the repository, and for Swift its lines with comments and the text of strings blanked out.
struct SourceFile {
    let path: String
    let lines: [String]
    /// As many lines as `lines`, each as long: code only. What is interpolated into a string is code.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = path.hasSuffix(".swift") ? Self.split(Self.masked(text)) : lines
    }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isSource: Bool { path.hasPrefix("Sources/") && isSwift }
    /// `Sources/Platform/EventLoop/…` → `EventLoop`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 3 && parts[0] == "Sources" ? String(parts[2]) : nil
    }

    /// A violation for each line of code that the pattern matches.
    func matches(_ pattern: Regex<some Any>, _ rule: String) -> [Violation] {
        code.enumerated().filter { $0.element.contains(pattern) }.map {
            Violation(path: path, line: $0.offset + 1, rule: rule)
        }
    }

    func violation(_ line: Int, _ rule: String) -> Violation { Violation(path: path, line: line, rule: rule) }

    // MARK: Masking

    private enum Context {
        case code(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    private static func masked(_ text: String) -> String {
        let characters = Array(text.unicodeScalars)
        var masked = String.UnicodeScalarView()
        var stack: [Context] = [.code(depth: 0)]
        var position = 0
        func at(_ offset: Int) -> Unicode.Scalar {
            position + offset < characters.count ? characters[position + offset] : "\0"
        }
        func take(_ count: Int, blank: Bool) {
            for index in position..<min(position + count, characters.count) {
                masked.append(blank && characters[index] != "\n" ? " " : characters[index])
            }
            position += count
        }
        while position < characters.count {
            switch stack[stack.count - 1] {
            case .code(let depth):
                if at(0) == "/", at(1) == "/" {
                    while position < characters.count, at(0) != "\n" { take(1, blank: true) }
                } else if at(0) == "/", at(1) == "*" {
                    var nesting = 0
                    repeat {
                        let opens = at(0) == "/" && at(1) == "*"
                        let closes = at(0) == "*" && at(1) == "/"
                        nesting += opens ? 1 : closes ? -1 : 0
                        take(opens || closes ? 2 : 1, blank: true)
                    } while nesting > 0 && position < characters.count
                } else if at(0) == "/", let end = regexEnd(characters, position) {
                    take(1, blank: false)
                    take(end - position, blank: true)
                    take(1, blank: false)
                } else if let (hashes, isMultiline) = opening(at) {
                    stack.append(.string(hashes: hashes, isMultiline: isMultiline))
                    take(hashes + (isMultiline ? 3 : 1), blank: false)
                } else {
                    if at(0) == "(" { stack[stack.count - 1] = .code(depth: depth + 1) }
                    if at(0) == ")" {
                        if depth == 0, stack.count > 1 {
                            stack.removeLast()
                        } else {
                            stack[stack.count - 1] = .code(depth: depth - 1)
                        }
                    }
                    take(1, blank: false)
                }
            case .string(let hashes, let isMultiline):
                if at(0) == "\\", (0..<hashes).allSatisfy({ at(1 + $0) == "#" }) {
                    let isInterpolation = at(1 + hashes) == "("
                    take(2 + hashes, blank: !isInterpolation)
                    if isInterpolation { stack.append(.code(depth: 0)) }
                } else if closes(at, hashes, isMultiline) || (at(0) == "\n" && !isMultiline) {
                    stack.removeLast()
                    take(at(0) == "\n" ? 1 : hashes + (isMultiline ? 3 : 1), blank: false)
                } else {
                    take(1, blank: true)
                }
            }
        }
        return String(masked)
    }

    /// The slash that ends the regular expression beginning at `start`; nil when the slash there divides.
    private static func regexEnd(_ characters: [Unicode.Scalar], _ start: Int) -> Int? {
        let before = characters[..<start].last { $0 != " " && $0 != "\n" }
        guard before.map({ "(,=:{[?".unicodeScalars.contains($0) }) ?? true else { return nil }
        var index = start + 1
        while index < characters.count, characters[index] != "\n" {
            if characters[index] == "/" { return index > start + 1 ? index : nil }
            index += characters[index] == "\\" ? 2 : 1
        }
        return nil
    }

    private static func opening(_ at: (Int) -> Unicode.Scalar) -> (hashes: Int, isMultiline: Bool)? {
        var hashes = 0
        while at(hashes) == "#" { hashes += 1 }
        guard at(hashes) == "\"" else { return nil }
        return (hashes, at(hashes + 1) == "\"" && at(hashes + 2) == "\"")
    }

    private static func closes(_ at: (Int) -> Unicode.Scalar, _ hashes: Int, _ isMultiline: Bool) -> Bool {
        let quotes = isMultiline ? 3 : 1
        return (0..<quotes).allSatisfy { at($0) == "\"" } && (0..<hashes).allSatisfy { at(quotes + $0) == "#" }
    }
}

/// The files of the repository this test was built from.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Text files, without what is built or hidden.
    static let files: [SourceFile] = {
        let visible: Set = [".ci", ".gitignore", ".swift-format"]
        let skipped: Set = ["results", "node_modules", "__pycache__"]
        let base = root.resolvingSymlinksInPath().path + "/"
        guard
            let walk = FileManager.default.enumerator(
                at: root.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
        else { return [] }
        var files: [SourceFile] = []
        for case let url as URL in walk {
            let name = url.lastPathComponent
            if skipped.contains(name) || name.hasPrefix(".") && !visible.contains(name) {
                walk.skipDescendants()
            } else if let data = try? Data(contentsOf: url), let text = String(data: data, encoding: .utf8) {
                files.append(SourceFile(path: String(url.path.dropFirst(base.count)), text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    static var swift: [SourceFile] { files.filter { $0.isSwift && $0.path != "Package.swift" } }
    static var manifest: SourceFile? { files.first { $0.path == "Package.swift" } }
}
