// SPDX-License-Identifier: Apache-2.0
import EventLoop
import Glibc
import HTTPServer

/// `mock-upstream --listen 127.0.0.1:9099 [--loops 1]`: stands in for an OpenAI-compatible provider.
@main enum Program {
    static func main() async {
        var address = "127.0.0.1:9099"
        var loops = 1
        var arguments = CommandLine.arguments.dropFirst()
        while let option = arguments.popFirst() {
            switch (option, arguments.popFirst()) {
            case ("--listen", let value?): address = value
            case ("--loops", let value?): loops = max(1, Int(value) ?? 1)
            default: fail("usage: mock-upstream [--listen 127.0.0.1:9099] [--loops 1]")
            }
        }
        var configuration = HTTPServerConfiguration(address: address)
        configuration.maximumBodyBytes = 64 * 1024 * 1024
        let mock = Mock()
        let server = HTTPServer(
            configuration: configuration, loops: (0..<loops).map { EventLoop(name: "mock-\($0)") },
            handler: { await mock.handle($0) })
        do {
            say("mock-upstream listens on port \(try server.start())")
        } catch {
            fail("mock-upstream: \(error)")
        }
        while true { try? await Task.sleep(for: .seconds(86_400)) }
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        write(STDOUT_FILENO, bytes, bytes.count)
    }

    private static func fail(_ line: String) -> Never {
        let bytes = Array((line + "\n").utf8)
        write(STDERR_FILENO, bytes, bytes.count)
        exit(2)
    }
}
