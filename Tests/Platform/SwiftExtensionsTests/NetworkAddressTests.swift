// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SwiftExtensions

@Suite struct NetworkAddressTests {
    @Test(
        "addresses read back in their shortest form",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::1", "::1"), ("::", "::"), ("2001:DB8:0:0::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ])
    func reads(text: String, shortest: String) { #expect(NetworkAddress(text)?.description == shortest) }

    @Test(
        "what is no address is none",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "[::1]", "::1%eth0", "1.2.3.4:80",
            ":::", "g::", "localhost", String(repeating: "1", count: 100),
        ])
    func refuses(text: String) { #expect(NetworkAddress(text) == nil) }

    @Test(
        "a range holds what has its bits and nothing else",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true), ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false), ("2001:db8::/65", "2001:db8:0:0:7fff::", true),
            ("2001:db8::/65", "2001:db8:0:0:8000::", false), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.255", true), ("192.0.2.0/31", "192.0.2.1", true),
        ])
    func holds(range: String, address: String, isIn: Bool) throws {
        let range = try #require(NetworkRange(range))
        #expect(range.contains(try #require(NetworkAddress(address))) == isIn)
    }

    @Test(
        "a range with bits behind its prefix, or of no length there is, is none",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/", "/8", "10.0.0.0/8/8", "",
        ])
    func refusesRange(text: String) { #expect(NetworkRange(text) == nil) }

    @Test("ranges say their length; one around an address has its bits")
    func describes() throws {
        #expect(NetworkRange("10.0.0.0/8")?.description == "10.0.0.0/8")
        #expect(NetworkRange("192.0.2.1")?.description == "192.0.2.1/32")
        #expect(NetworkRange("2001:db8::/32")?.description == "2001:db8::/32")
        let six = try #require(NetworkAddress("2001:db8:1:2:3:4:5:6"))
        #expect(NetworkRange.around(six, bits: 64).description == "2001:db8:1:2::/64")
        let four = try #require(NetworkAddress("192.0.2.77"))
        #expect(NetworkRange.around(four, bits: 32).description == "192.0.2.77/32")
    }
}
