// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite("Hex, Secret, Backoff, Locked")
struct SmallTests {
    @Test("hexadecimal of RFC 4648 goes both ways")
    func hex() {
        #expect(Hex.encode("foobar".utf8) == "666f6f626172")
        #expect(Hex.decode("666F6f626172") == Array("foobar".utf8))
        #expect(Hex.encode([]) == "" && Hex.decode("") == [])
        #expect(Hex.decode(Hex.encode(Array(0...255))) == Array(0...255))
        for text in ["0", "0g", "g0", "0x", " 00", "é0", "00 "] { #expect(Hex.decode(text) == nil) }
    }

    @Test("a secret does not show in any printed form")
    func secret() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump((secret, [secret], ["k": secret]), to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), String(describing: [secret]), "\(Optional(secret) as Any)", dumped,
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.reveal() == "hunter2")
    }

    @Test("waits double to the bound, with jitter of at most half, and begin anew after a reset")
    func backoff() {
        var backoff = Backoff(first: .milliseconds(100), longest: .milliseconds(800))
        for step in [100, 200, 400, 800, 800, 800] {
            let wait = backoff.wait()
            #expect(wait >= .milliseconds(step / 2) && wait <= .milliseconds(step))
        }
        backoff.reset()
        #expect(backoff.wait() <= .milliseconds(100))
    }

    @Test("a locked value counts right from many tasks")
    func locked() async {
        let count = Locked(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { count.withLock { $0 += 1 } } } }
        }
        #expect(count.withLock { $0 } == 8000)
    }
}
