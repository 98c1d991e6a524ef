// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Arguments

@Suite(.timeLimit(.minutes(1))) struct CompletionTests {
    /// What a shell prints for a script on its standard input.
    private func run(_ shell: String, _ arguments: [String], _ script: String) throws -> (output: String, code: Int32) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "completion-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "script")
        try Data(script.utf8).write(to: file)
        let process = Process()
        process.executableURL = URL(filePath: shell)
        process.arguments = arguments + [file.path]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self), process.terminationStatus)
    }

    private let program = Sample.program.withCompletionCommand()

    /// The words bash offers for the last one; words as bash splits them.
    private func complete(_ words: [String]) throws -> [String] {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let script = """
            set -eu
            \(program.completionScript(for: .bash))
            COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1)
            set +e; _app; set -e
            complete -p app >/dev/null
            ((${#COMPREPLY[@]})) && printf '%s\\n' "${COMPREPLY[@]}"
            exit 0
            """
        let result = try run("/bin/bash", ["--norc"], script)
        #expect(result.code == 0, "\(result.output)")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test("bash completes commands, options, choices and files where they belong")
    func bash() throws {
        #expect(try complete(["app", ""]) == ["serve", "item", "completion"])
        #expect(try complete(["app", "s"]) == ["serve"])
        #expect(try complete(["app", "item", ""]) == ["add", "fail", "refuse"])
        #expect(try complete(["app", "serve", "--"]) == ["--verbose", "--port", "--wait", "--help"])
        #expect(try complete(["app", "--verbose", "item", "add", "--f"]) == ["--format"])
        #expect(try complete(["app", "item", "add", "--format", ""]) == ["table", "json", "yaml"])
        #expect(try complete(["app", "item", "add", "--format", "=", "j"]) == ["json"])
        #expect(try complete(["app", "item", "add", "--format", "="]) == ["table", "json", "yaml"])
        #expect(try complete(["app", "serve", "--port", "scr"]) == ["script"])
        #expect(try complete(["app", "serve", "--port", "item", ""]) == [])
        #expect(try complete(["app", "completion", "z"]) == ["zsh"])
    }

    @Test("the scripts are what the completion command writes, and name every command")
    func command() async {
        for shell in Shell.allCases {
            let screen = Screen()
            #expect(await program.execute(["completion", shell.rawValue], terminal: screen.terminal()) == .done)
            #expect(screen.output == program.completionScript(for: shell))
            for word in ["serve", "item", "add", "completion", "format", "yaml"] {
                #expect(screen.output.contains(word))
            }
        }
    }

    private static func isInstalled(_ shell: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\(shell)")
    }

    @Test("zsh reads its script", .enabled(if: isInstalled("zsh")))
    func zsh() throws {
        let result = try run("/usr/bin/zsh", ["-f", "-n"], program.completionScript(for: .zsh))
        #expect(result.code == 0 && result.output.isEmpty, "\(result.output)")
    }

    @Test("fish completes as bash does", .enabled(if: isInstalled("fish")))
    func fish() throws {
        let script = program.completionScript(for: .fish)
        func complete(_ line: String) throws -> [Substring] {
            let result = try run("/usr/bin/fish", ["--no-config"], script + "\ncomplete -C '\(line)'")
            return result.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first }.sorted()
        }
        #expect(try complete("app ") == ["completion", "item", "serve"])
        #expect(try complete("app item add --format ") == ["json", "table", "yaml"])
    }
}
