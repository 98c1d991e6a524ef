// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite struct PercentEncodingTests {
    @Test(
        "what is written escaped reads as it was",
        arguments: ["", "plain", "a/b", "50%", "é☃😀", "a b+c", "\u{0}\n", "-._~", "%41"])
    func roundTrip(text: String) {
        let encoded = PercentEncoding.encode(text)
        #expect(PercentEncoding.decode(encoded) == text)
        #expect(encoded.utf8.allSatisfy { ($0 > 0x20 && $0 < 0x7f) })
        #expect(!encoded.contains("/"))
    }

    @Test("unreserved characters stay, all others are escaped in upper case")
    func encodes() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode("/?é") == "%2F%3F%C3%A9")
    }

    @Test("a plus is a plus in a path") func plus() { #expect(PercentEncoding.decode("a+b") == "a+b") }

    @Test("broken escapes and bytes that are no UTF-8 are refused", arguments: ["%", "%4", "%zz", "a%", "%ff", "%C3"])
    func broken(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }
}
