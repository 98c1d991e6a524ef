// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Testing

@testable import EmbeddedServers

/// A directory for one test; removed at the end, and servers left in it are killed.
final class Scratch {
    let path: String
    private var left: [Int32] = []

    init(mode: mode_t = 0o755) throws {
        var template = Array("/tmp/witan-embedded-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        chmod(path, mode)
    }

    /// A process to kill at the end, should a test fail before it stops its server.
    func track(_ processID: Int32?) {
        if let processID { left.append(processID) }
    }

    deinit {
        for processID in left where RunningServer(processID: processID, directory: path).isUnder(path) {
            kill(processID, SIGQUIT)
            _ = RunningServer(processID: processID, directory: path).waitForEnd(atMost: .seconds(5))
        }
        try? FileSystem.removeTree(path)
    }
}

extension RunningServer {
    /// Whether the process works somewhere below `path`.
    fileprivate func isUnder(_ path: String) -> Bool {
        FileSystem.resolve("/proc/\(processID)/cwd")?.hasPrefix(path + "/") ?? false
    }
}

/// What a shell command writes, and its exit code.
func shell(_ command: String) -> (output: String, code: Int32) {
    guard let stream = popen(command + " 2>&1", "re") else { return ("", -1) }
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&bytes, 1, bytes.count, stream)
        guard count > 0 else { break }
        text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    return (text, (pclose(stream) >> 8) & 0xff)
}

extension PrivatePostgres {
    /// The answer to a statement, by `psql`.
    func ask(_ sql: String, role: String = superuser, prefix: String = "") -> String {
        shell("\(prefix) psql -XAtq -v ON_ERROR_STOP=1 -d \"\(connectionString(role: role))\" -c \"\(sql)\"").output
            .split(separator: "\n").joined(separator: "\n")
    }

    /// Asks until the answer is the one wanted, for at most 15 seconds.
    func waitFor(_ wanted: String, _ sql: String) -> Bool {
        for _ in 0..<300 {
            if ask(sql) == wanted { return true }
            usleep(50_000)
        }
        return false
    }
}

/// Remembers events from any thread.
final class Events: Sendable {
    private let list = Locked<[String]>([])

    func note(_ event: EmbeddedServerEvent) {
        let word =
            switch event {
            case .initializing: "initializing"
            case .started: "started"
            case .adopted: "adopted"
            case .died: "died"
            case .restartFailed: "restartFailed"
            case .stopped: "stopped"
            }
        list.withLock { $0.append(word) }
    }

    var words: [String] { list.withLock { $0 } }
}

/// Small and not durable where durability is not the subject.
func smallSettings() -> PrivatePostgres.Settings {
    var settings = PrivatePostgres.Settings()
    settings.sharedBuffersMegabytes = 16
    settings.connectionsMax = 20
    settings.programs = getenv("WITAN_TEST_POSTGRES_PROGRAMS").map { String(cString: $0) }
    return settings
}
