// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import SwiftExtensions
import Testing

@Suite struct ClientAddressTests {
    private func address(_ peer: String, _ forwarded: [String], trusted: [String]) -> String {
        let headers = HTTPHeaders(forwarded.map { (name: "x-forwarded-for", value: $0) })
        return ClientAddress(trusted: trusted.compactMap { NetworkRange($0) }).origin(
            of: HTTPRequest(method: .get, path: "/", headers: headers, peer: peer)
        ).address
    }

    @Test(
        "the nearest address that a trusted proxy saw counts, and nothing a client could have invented",
        arguments: [
            ("198.51.100.1", ["203.0.113.9"], [], "198.51.100.1"),
            ("198.51.100.1", ["203.0.113.9"], ["10.0.0.0/8"], "198.51.100.1"),
            ("10.0.0.1", ["203.0.113.9"], ["10.0.0.0/8"], "203.0.113.9"),
            ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], ["10.0.0.0/8"], "203.0.113.9"),
            ("10.0.0.1", ["1.2.3.4, 203.0.113.9 , 10.0.0.2"], ["10.0.0.0/8"], "203.0.113.9"),
            ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], ["10.0.0.0/8"], "203.0.113.9"),
            ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], ["10.0.0.0/8"], "10.0.0.3"),
            ("10.0.0.1", [], ["10.0.0.0/8"], "10.0.0.1"),
            ("10.0.0.1", ["unknown"], ["10.0.0.0/8"], "10.0.0.1"),
            ("10.0.0.1", ["1.2.3.4, <script>, 10.0.0.2"], ["10.0.0.0/8"], "10.0.0.2"),
            ("::1", ["2001:DB8::0:7"], ["::1"], "2001:db8::7"),
        ] as [(String, [String], [String], String)])
    func resolves(peer: String, forwarded: [String], trusted: [String], expected: String) {
        #expect(address(peer, forwarded, trusted: trusted) == expected)
    }

    @Test("a program's name of itself is cut, and can begin no line of its own")
    func userAgent() {
        let long = "a\tb" + String(repeating: "é", count: 300)
        let request = HTTPRequest(
            method: .get, path: "/", headers: HTTPHeaders([(name: "user-agent", value: long)]), peer: "::1")
        let agent = ClientAddress().origin(of: request).userAgent
        #expect(agent?.unicodeScalars.count == 256)
        #expect(agent?.hasPrefix("a bé") == true)
    }
}
