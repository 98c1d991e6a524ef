// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Arguments

/// A terminal that remembers, and a program that says what it was given.
final class Screen: Sendable {
    private let out = Locked("")
    private let err = Locked("")
    var output: String { out.withLock { $0 } }
    var errors: String { err.withLock { $0 } }

    func terminal(interactive: Bool = false, colored: Bool = false, answer: String? = nil) -> Terminal {
        var input: (@Sendable () -> String?)?
        if let answer { input = { answer } }
        return Terminal(
            isInteractive: interactive, isErrorInteractive: interactive, isColored: colored,
            output: { [self] text in out.withLock { $0 += text } },
            errorOutput: { [self] text in err.withLock { $0 += text } },
            input: input)
    }
}

enum Format: String, CaseIterable, ArgumentValue { case table, json, yaml }

enum Sample {
    static let verbose = Option.flag("verbose", "Says more.", short: "v")
    static let port = Option.value("port", "Where to listen.", short: "p", environment: "APP_PORT", default: 8080)
    static let wait = Option<Duration>.value("wait", "How long to wait.", default: .seconds(90))
    static let name = Option<String>.required("name", "The item's name.", environment: "APP_NAME")
    static let labels = Option<[String]>.repeated("label", "A label.", placeholder: "KEY=VALUE")
    static let format = Option<Format?>.optional("format", "How to print.")
    static let id = Positional<Int>.required("id", "Which one.")
    static let files = Positional<[String]>.repeated("file", "What to read.")

    static let program = Command(
        name: "app", summary: "An example.", example: "app serve", options: [verbose],
        subcommands: [
            Command(
                name: "serve", summary: "Starts the server.", example: "app serve --port 80", options: [port, wait]
            ) {
                $0.terminal.write("serve \($0[port]) \($0[wait].argument) \($0[verbose])")
                return .done
            },
            Command(
                name: "item", summary: "Items.", example: "app item show 1",
                subcommands: [
                    Command(
                        name: "add", summary: "Adds: an item's name.", example: "app item add --name a 7 x y",
                        options: [name, labels, format], positionals: [id, files]
                    ) {
                        let format = $0[format].map { "\($0)" } ?? "none"
                        $0.terminal.write("\($0.command) \($0[name]) \($0[labels]) \(format) \($0[id]) \($0[files])")
                        return .pending
                    },
                    Command(name: "fail", summary: "Fails.", example: "app item fail") { _ in
                        throw CommandFailure(.unreachable, "nobody answers at port 1; start the server")
                    },
                    Command(name: "refuse", summary: "Refuses.", example: "app item refuse") {
                        throw $0.usageError("give either this or that")
                    },
                ]),
        ])
}

@Suite struct CommandTests {
    let screen = Screen()

    func run(_ line: String, environment: [String: String] = [:]) async -> ExitCode {
        await Sample.program.withCompletionCommand().execute(
            line.split(separator: " ").map(String.init), terminal: screen.terminal(), environment: { environment[$0] })
    }

    @Test(
        "arguments become typed values",
        arguments: [
            ("serve", "serve 8080 90s false"), ("serve --port 80", "serve 80 90s false"),
            ("serve --port=80", "serve 80 90s false"),
            ("serve -p 80 -v", "serve 80 90s true"), ("serve -p80", "serve 80 90s false"),
            ("--verbose serve", "serve 8080 90s true"),
            ("serve --verbose --wait 120m", "serve 8080 2h true"), ("serve --port=-1", "serve -1 90s false"),
            ("serve --port -1 --wait 1500ms", "serve -1 1500ms false"),
            ("item add --name a 7", #"["app", "item", "add"] a [] none 7 []"#),
            (
                "item add 7 --label a=1 x --name= --label b --format json y",
                #"["app", "item", "add"]  ["a=1", "b"] json 7 ["x", "y"]"#
            ),
            ("item add --name a -- -7 --label", #"["app", "item", "add"] a [] none -7 ["--label"]"#),
            ("item add --name a -7 -", #"["app", "item", "add"] a [] none -7 ["-"]"#),
        ])
    func values(line: String, expected: String) async {
        let code = await run(line)
        #expect(screen.output == expected, "\(screen.errors)")
        #expect(code == (line.contains("add") ? .pending : .done))
    }

    @Test("the environment fills in, the command line wins, an empty variable is none")
    func environment() async {
        #expect(await run("serve", environment: ["APP_PORT": "1"]) == .done)
        #expect(await run("serve -p 2", environment: ["APP_PORT": "1"]) == .done)
        #expect(await run("serve", environment: ["APP_PORT": ""]) == .done)
        #expect(screen.output == "serve 1 90s falseserve 2 90s falseserve 8080 90s false")
        #expect(await run("serve", environment: ["APP_PORT": "x"]) == .usage)
        #expect(screen.errors.contains("APP_PORT wants a whole number, not 'x'"))
    }

    @Test(
        "what is wrong is said, with the nearest right word, and ends with 2",
        arguments: [
            ("sevre", "app: there is no command 'sevre'; did you mean 'serve'?\nSee 'app --help'."),
            ("item ad", "app item: there is no command 'ad'; did you mean 'add'?"),
            ("quarrel", "there is no command 'quarrel'\n"),
            ("serve --prot 1", "app serve: there is no option '--prot'; did you mean '--port'?"),
            ("serve --hepl", "did you mean '--help'?"), ("serve -x", "there is no option '-x'"),
            ("serve -vp", "give '-v' and '-p' apart"), ("serve --port", "'--port' needs a value: PORT"),
            ("serve --port --verbose", "'--port' needs a value; if it is '--verbose', write --port=--verbose"),
            ("serve --port abc", "--port wants a whole number, not 'abc'"),
            ("serve --port 1 --port 2", "'--port' is given twice"),
            ("serve --verbose=yes", "'--verbose' takes no value"),
            ("serve --wait 5", "--wait wants a duration such as 500ms, 30s, 5m, 12h or 7d, not '5'"),
            ("serve extra", "'extra' is one argument too many"),
            ("item add", "missing: --name (or APP_NAME), ID"),
            ("item add --name a x", "ID wants a whole number, not 'x'"),
            (
                "item add 1 --name a --format jsno",
                "--format wants one of table, json, yaml, not 'jsno'; did you mean 'json'?"
            ),
            ("item refuse", "app item refuse: give either this or that"),
        ])
    func usage(line: String, message: String) async {
        #expect(await run(line) == .usage)
        #expect(screen.errors.contains(message), "\(screen.errors)")
        #expect(screen.output.isEmpty)
    }

    @Test("a failure of the command has its code and its sentence")
    func failure() async {
        #expect(await run("item fail") == .unreachable)
        #expect(screen.errors == "app: nobody answers at port 1; start the server\n")
    }

    @Test("help is a projection of the declaration, with an example, everywhere")
    func help() async {
        for line in ["--help", "-h", "serve --help", "item --help", "item add -h --nonsense", "completion --help"] {
            let screen = Screen()
            let words = line.split(separator: " ").map(String.init)
            #expect(await Sample.program.withCompletionCommand().execute(words, terminal: screen.terminal()) == .done)
            #expect(screen.output.contains("Example: "), "\(line)")
            #expect(screen.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
        }
        #expect(await run("serve --help") == .done)
        #expect(
            screen.output == """
                Starts the server.

                Usage: app serve [--port PORT] [--wait WAIT]
                Example: app serve --port 80

                Options:
                  -p, --port PORT  Where to listen. Default: 8080. Environment: APP_PORT.
                  --wait WAIT      How long to wait. Default: 90s.
                  -h, --help       Shows this help.

                Options of all commands:
                  -v, --verbose  Says more.

                """)
    }

    @Test("a noun without a verb shows its help and ends with 2")
    func incomplete() async {
        #expect(await run("item") == .usage)
        #expect(screen.errors.contains("Commands:\n  add     Adds: an item's name.\n"))
    }

    @Test("edits are counted as a typist makes them")
    func distance() {
        let cases = [
            ("", "", 0), ("a", "", 1), ("serve", "sevre", 1), ("ca", "abc", 3), ("kitten", "sitting", 3),
            ("ab", "ab", 0),
        ]
        for (left, right, distance) in cases { #expect(editDistance(left, right) == distance, "\(left) \(right)") }
        #expect(nearest(to: "x", among: ["a", "b"]) == nil)
        #expect(nearest(to: "lst", among: ["show", "list", "last"]) == "list")
    }

    @Test("exit codes are the promised ones")
    func codes() {
        #expect(ExitCode.allCases.map(\.rawValue) == Array(0...10))
        #expect(ExitCode.drift.rawValue == 4 && ExitCode.lint.rawValue == 7 && ExitCode.databaseNewer.rawValue == 9)
    }
}
