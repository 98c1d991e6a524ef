// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Testing

@testable import HTTPServer

@Suite struct TLSTests {
    /// The output of a shell command, and its exit status.
    private func shell(_ command: String) -> (output: String, status: Int32) {
        guard let pipe = popen(command, "r") else { return ("", -1) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            guard count > 0 else { break }
            output += chunk[0..<count]
        }
        return (String(decoding: output, as: UTF8.self), pclose(pipe) >> 8)
    }

    private func withCertificate(_ body: (_ certificate: String, _ key: String) async throws -> Void) async throws {
        var template = Array("/tmp/http-server-tests-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let (certificate, key) = ("\(folder)/certificate.pem", "\(folder)/key.pem")
        let made = shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
                + "-keyout \(key) -out \(certificate) 2>&1")
        #expect(made.status == 0, "\(made.output)")
        try await body(certificate, key)
        _ = shell("rm -r \(folder)")
    }

    @Test("TLS 1.2 and 1.3 are served, older ones and plain HTTP are not")
    func versions() async throws {
        try await withCertificate { certificate, key in
            let server = try TestServer.echoing({ $0.tls = (certificate, key) })
            let url = "https://127.0.0.1:\(server.port)/p?q"
            let curl = "curl -sk --max-time 20"
            #expect(shell("\(curl) --tls-max 1.2 \(url)").output == "GET /p q 127.0.0.1:\(server.port) ")
            #expect(shell("\(curl) --tlsv1.3 \(url)").output == "GET /p q 127.0.0.1:\(server.port) ")
            #expect(shell("\(curl) --tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 \(url)").status != 0)
            let plain = try RawClient(port: server.port)
            plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(plain.answer().status == 0)
            #expect(await eventually { server.events.withLock { $0.contains(.handshakeFailed(peer: "127.0.0.1")) } })
            let twice = shell("\(curl) -w '%{num_connects}' -o /dev/null -o /dev/null \(url) \(url)")
            #expect(twice.output == "10")
            await server.stop()
        }
    }

    @Test("big bodies go both ways over TLS, whole and streamed")
    func bodies() async throws {
        try await withCertificate { certificate, key in
            let server = try TestServer({ $0.tls = (certificate, key) }) { request in
                guard request.path == "/stream" else { return HTTPResponse(status: 200, body: .bytes(request.body)) }
                return HTTPResponse(
                    status: 200,
                    body: .stream { writer in
                        for _ in 0..<200 { try await writer.write([UInt8](repeating: 0x78, count: 100_000)) }
                    })
            }
            let url = "https://127.0.0.1:\(server.port)"
            let post = "head -c 5000000 /dev/zero | curl -sk --max-time 20 --data-binary @- \(url)/ | wc -c"
            #expect(Int(shell(post).output.filter(\.isNumber)) == 5_000_000)
            let streamed = shell("curl -sk --max-time 20 \(url)/stream | wc -c")
            #expect(Int(streamed.output.filter(\.isNumber)) == 20_000_000)
            let closing = shell("curl -sk --max-time 20 -H 'Connection: close' \(url)/stream | wc -c")
            #expect(Int(closing.output.filter(\.isNumber)) == 20_000_000)
            await server.stop()
        }
    }

    @Test("a handshake that does not come is given up")
    func silence() async throws {
        try await withCertificate { certificate, key in
            let server = try TestServer.echoing({
                $0.tls = (certificate, key)
                $0.headTimeout = .milliseconds(100)
            })
            #expect(try RawClient(port: server.port).endsSilently())
            await server.stop()
        }
    }

    @Test("files that hold no certificate or the wrong key say so")
    func files() async throws {
        try await withCertificate { certificate, key in
            for files in [("/nowhere", key), (certificate, "/nowhere"), (key, key), (certificate, certificate)] {
                #expect(throws: HTTPServerError.self) { try TestServer.echoing({ $0.tls = files }) }
            }
        }
    }
}
