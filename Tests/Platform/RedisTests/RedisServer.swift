// SPDX-License-Identifier: Apache-2.0
import Glibc
import Redis
import SwiftExtensions

/// A private redis-server on a unix socket and a loopback port, in a directory of its own.
final class RedisServer: Sendable {
    let directory: String
    let port: Int
    private let password: String?
    private let process = Locked<pid_t>(0)

    init(password: String? = nil) {
        var template = Array("/tmp/redis-XXXXXX".utf8CString)
        mkdtemp(&template)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Below the range that outgoing connections use, and not tried by binding: a server started meanwhile would
        // inherit that socket and keep the port.
        port = Int.random(in: 10_000..<32_000)
        self.password = password
        start()
    }

    deinit {
        signal(SIGKILL)
        system("rm -rf \(directory)")
    }

    var socketURL: Secret<String> { Secret("unix://\(directory)/socket") }
    var url: Secret<String> { Secret("redis://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)/0") }

    /// Starts it, again after it was killed, and waits until it answers.
    func start() {
        system(
            """
            cd \(directory) && redis-server --port \(port) --bind 127.0.0.1 --unixsocket \(directory)/socket \
            --save '' --daemonize yes --pidfile \(directory)/pid --logfile log \
            \(password.map { "--requirepass \($0)" } ?? "") >/dev/null
            for i in $(seq 1000); do
                redis-cli -s \(directory)/socket ping >/dev/null 2>&1 && [ -s pid ] && break
                sleep 0.02
            done
            """)
        guard let file = fopen(directory + "/pid", "r") else { return }
        var text = [CChar](repeating: 0, count: 20)
        fgets(&text, 20, file)
        fclose(file)
        process.withLock { $0 = pid_t(atoi(text)) }
    }

    func signal(_ number: Int32) {
        let process = process.withLock { $0 }
        if process > 0 { kill(process, number) }
    }
}
