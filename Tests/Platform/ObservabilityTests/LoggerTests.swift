// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Observability

/// A pipe whose reading end is read when the test wants.
final class LogPipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        _ = Foundation.pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
    }

    /// What was written up to now.
    func drain() -> String {
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(reader, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct LoggerTests {
    let pipe = LogPipe()

    func output(_ format: LogFormat = .json, level: LogLevel = .trace) -> LogOutput {
        LogOutput(descriptor: pipe.writer, format: format, level: level)
    }

    /// The lines as Foundation's parser understands them.
    func objects(_ output: LogOutput) throws -> [[String: Any]] {
        output.flush(within: .seconds(10))
        return try pipe.drain().split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("a line is JSON with time, level, message and typed fields")
    func json() throws {
        let output = output()
        let count: UInt64 = .max
        Logger(output).info(
            "request \"answered\"",
            [
                ("status", 200), ("ratio", 0.5), ("cached", true), ("path", "/a\n\u{1}\"\\é😀"),
                ("wait", .duration(.milliseconds(1500))),
                ("nan", .number(.nan)), ("count", LogValue(count)), ("time", "mine"),
            ])
        let line = try #require(try objects(output).first)
        #expect(line["level"] as? String == "info")
        #expect(line["message"] as? String == "request \"answered\"")
        #expect((line["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
        #expect(line["status"] as? Int == 200)
        #expect(line["ratio"] as? Double == 0.5)
        #expect(line["cached"] as? Bool == true)
        #expect(line["path"] as? String == "/a\n\u{1}\"\\é😀")
        #expect(line["wait"] as? Double == 1.5)
        #expect(line["nan"] as? String == "nan")
        #expect(line["count"] as? String == "18446744073709551615")
        #expect(line["time_"] as? String == "mine")
    }

    @Test("the level filters, also when it is changed, and fields of filtered lines are not evaluated")
    func levels() throws {
        let output = output(level: .warning)
        var evaluations = 0
        func fields() -> [(String, LogValue)] {
            evaluations += 1
            return []
        }
        Logger(output).info("one", fields())
        Logger(output).warning("two", fields())
        output.level = .trace
        Logger(output).trace("three", fields())
        output.level = .error
        Logger(output).warning("four", fields())
        #expect(try objects(output).map { $0["message"] as? String } == ["two", "three"])
        #expect(evaluations == 2)
    }

    @Test("fields bound to a task are on its lines and its children's, inner ones replacing outer ones")
    func taskFields() async throws {
        let output = output()
        await Logger.$current.withValue(Logger(output)) {
            await withLogFields([("request_id", "r1"), ("tenant", "a")]) {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { Logger.current.info("child", [("tenant", "b")]) }
                }
            }
            Logger.current.info("outside")
        }
        let lines = try objects(output)
        #expect(lines[0]["request_id"] as? String == "r1")
        #expect(lines[0]["tenant"] as? String == "b")
        #expect(lines[1]["request_id"] == nil)
    }

    @Test("an error is the field of that name")
    func errors() throws {
        struct Broken: Error, CustomStringConvertible { var description: String { "broken: look" } }
        let output = output()
        Logger(output).error("failed", error: Broken(), [("a", 1)])
        #expect(try objects(output)[0]["error"] as? String == "broken: look")
    }

    @Test("long values are cut between characters and too many fields left out")
    func bounds() throws {
        let output = output()
        let fields = (0..<100).map { ("f\($0)", LogValue.integer(1)) }
        Logger(output).info("big", [("text", .string(String(repeating: "é", count: 9000)))] + fields)
        let line = try objects(output)[0]
        #expect((line["text"] as? String)?.count == LogLine.valueBytesMaximum / 2 + 1)
        #expect(line.count == 3 + LogLine.fieldsMaximum)
    }

    @Test("a reader that does not read stops nobody; what does not fit is counted and told afterwards")
    func slowReader() throws {
        let output = LogOutput(descriptor: pipe.writer, format: .json, level: .info, capacityBytes: 100_000)
        let value = LogValue.string(String(repeating: "x", count: 1000))
        // The pipe takes 64 KiB, the buffer twice its capacity at most: one being written, one being filled.
        for _ in 0..<1000 { Logger(output).info("line", [("value", value)]) }
        #expect(output.droppedLines > 0)
        var text = ""
        let deadline = ContinuousClock.now + .seconds(20)
        while !text.contains("log lines dropped"), ContinuousClock.now < deadline {
            text += pipe.drain()
            usleep(1000)
        }
        output.flush(within: .seconds(10))
        text += pipe.drain()
        let lines = text.split(separator: "\n")
        let told = lines.compactMap { $0.firstMatch(of: /"lines":(\d+)/) }.compactMap { UInt64($0.1) }.reduce(0, +)
        #expect(told == output.droppedLines)
        #expect(UInt64(lines.count { $0.contains("\"line\"") }) + told == 1000)
    }

    @Test("lines of many threads are whole, and all there")
    func threads() async throws {
        let output = output()
        let reading = Task { () -> String in
            var text = ""
            while text.split(separator: "\n").count < 4000 {
                text += pipe.drain()
                try? await Task.sleep(for: .milliseconds(1))
            }
            return text
        }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask { for line in 0..<1000 { Logger(output).info("line", [("id", "\(worker)-\(line)")]) } }
            }
        }
        let ids = Set(await reading.value.matches(of: /"id":"(\d-\d+)"\}/).map { String($0.1) })
        #expect(ids.count == 4000)
    }

    @Test("for people: time of day, level, message, fields in one line, steering characters escaped")
    func text() throws {
        let output = output(.text(colored: false))
        Logger(output).warning("slow query", [("ms", 12), ("sql", "select 1"), ("plain", "a"), ("evil", "\u{1B}[2J")])
        output.flush(within: .seconds(10))
        let line = pipe.drain()
        let pattern = #/\d\d:\d\d:\d\d\.\d{3} WARNING slow query ms=12 sql="select 1" plain=a evil="\\u001b\[2J"\n/#
        #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }

    @Test("standard error is flushed when the process exits")
    func atExit() async {
        let result = await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
            for _ in 0..<100 { Logger(.standardError).info("last words") }
            exit(7)
        }
        let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(text.components(separatedBy: "last words").count == 101)
    }
}
