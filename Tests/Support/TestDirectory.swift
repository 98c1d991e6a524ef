// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import Glibc
import SwiftExtensions
import Synchronization

/// Data directories of tests: `/tmp/witan-test-<process id>-<number>`, removed when the process exits. What a killed
/// process left behind, running servers included, is cleared by the next one.
enum TestDirectory {
    private static let root = "/tmp"
    private static let prefix = "witan-test-"
    private static let count = Atomic<Int>(0)

    static func make() throws -> DataDirectory {
        _ = cleared
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return try DataDirectory.open("\(root)/\(prefix)\(getpid())-\(number)")
    }

    private static let cleared: Void = {
        let names = fileNames(in: root) ?? []
        for name in names where name.hasPrefix(prefix) {
            guard let owner = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }) else { continue }
            if kill(owner, 0) != 0, errno == ESRCH { clear("\(root)/\(name)") }
        }
    }()

    /// Best effort: another process may be clearing it too, and it may be another user's.
    private static func clear(_ path: String) {
        guard let directory = try? DataDirectory.open(path) else { return }
        if directory.postgresMajor != nil {
            var settings = TestCluster.settings(durable: false)
            settings.programs = programs(ofServerIn: path)
            try? PrivatePostgres.start(in: directory, settings: settings).stop()
        }
        if access(path + "/redis", F_OK) == 0 { try? PrivateRedis.start(in: directory)?.stop() }
        try? directory.destroy()
    }
}

extension TestDirectory {
    /// The folder of the programs that a server left behind was started from: the first word it noted.
    private static func programs(ofServerIn path: String) -> String? {
        guard let file = fopen(path + "/postgres/postmaster.opts", "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        let program = String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
        return program.hasSuffix("/postgres") ? String(program.dropLast("/postgres".count)) : nil
    }
}

/// What is to be done when the process exits, the last first.
enum AtExit {
    private static let actions = Locked<[@Sendable () -> Void]>([])

    private static let registered: Void = {
        atexit {
            for action in AtExit.actions.withLock({ $0 }).reversed() { action() }
        }
    }()

    static func run(_ action: @escaping @Sendable () -> Void) {
        _ = registered
        actions.withLock { $0.append(action) }
    }
}
