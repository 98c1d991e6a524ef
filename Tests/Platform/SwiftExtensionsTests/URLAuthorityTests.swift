// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite struct URLAuthorityTests {
    @Test(
        "host and port are told apart, an IPv6 address by its brackets",
        arguments: [
            ("example.org", "example.org", nil), ("example.org:80", "example.org", 80),
            ("10.0.0.1:65535", "10.0.0.1", 65535),
            ("[::1]", "::1", nil), ("[::1]:6380", "::1", 6380), ("a", "a", nil),
        ] as [(String, String, Int?)])
    func reads(text: String, host: String, port: Int?) {
        let authority = URLAuthority(text)
        #expect(authority?.host == host)
        #expect(authority?.port == port)
    }

    @Test(
        "without a host, or with something else than a port behind it, it is none",
        arguments: [
            "", ":80", "[]", "[]:80", "a:", "a:0", "a:65536", "a:+80", "a:-1", "a:8x", "a:80:81", "[::1]80", "[::1]:",
            "::1", "a:99999999999999999999",
        ])
    func refuses(text: String) { #expect(URLAuthority(text) == nil) }
}
