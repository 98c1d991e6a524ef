// SPDX-License-Identifier: Apache-2.0
import Redis
import SwiftExtensions
import Testing

@Suite struct CircuitBreakerTests {
    func breaker() -> CircuitBreaker {
        CircuitBreaker(threshold: 3, backoff: Backoff(first: .milliseconds(100), longest: .milliseconds(400)))
    }

    @Test("the third failure in a row opens it; a success in between starts the count again")
    func opens() {
        var breaker = breaker()
        #expect(breaker.failed("a") == nil)
        #expect(breaker.failed("b") == nil)
        breaker.succeeded()
        #expect(breaker.failed("c") == nil)
        #expect(breaker.failed("d") == nil)
        #expect(breaker.refusal == nil)
        #expect(breaker.failed("e") != nil)
        #expect(breaker.state == .open(reason: "e"))
        #expect(breaker.refusal == "e")
    }

    @Test("while open, further failures and late successes change nothing")
    func open() {
        var breaker = breaker()
        for _ in 0..<3 { _ = breaker.failed("down") }
        #expect(breaker.failed("again") == nil)
        breaker.succeeded()
        #expect(breaker.state == .open(reason: "down"))
    }

    @Test("a probe that succeeds closes it, one that fails opens it for about twice as long, up to a bound")
    func probes() throws {
        var breaker = breaker()
        _ = breaker.failed("a")
        _ = breaker.failed("a")
        let opened = breaker.failed("a")
        let first = try #require(opened)
        #expect((.milliseconds(50)...(.milliseconds(100))).contains(first))
        breaker.probe()
        #expect(breaker.state == .halfOpen(reason: "a"))
        #expect(breaker.refusal == "a")
        for longest in [200, 400, 400, 400] {
            breaker.probe()
            let opened = breaker.failed("b")
            let wait = try #require(opened)
            #expect((.milliseconds(longest / 2)...(.milliseconds(longest))).contains(wait))
        }
        breaker.probe()
        breaker.succeeded()
        #expect(breaker.state == .closed(failures: 0))
        _ = breaker.failed("c")
        _ = breaker.failed("c")
        let again = breaker.failed("c")
        #expect(try #require(again) <= .milliseconds(100))
    }

    @Test("there is nothing to probe while closed")
    func closed() {
        var breaker = breaker()
        breaker.probe()
        #expect(breaker.state == .closed(failures: 0))
    }
}

@Suite struct RedisAddressTests {
    @Test("URLs of every form are read")
    func forms() throws {
        let plain = try RedisAddress(url: "redis://example")
        #expect(plain.place == .tcp(host: "example", port: 6379))
        #expect(plain.password == nil && plain.database == 0)
        let full = try RedisAddress(url: "redis://user:p%40s%3As@10.0.0.1:7000/3")
        #expect(full.place == .tcp(host: "10.0.0.1", port: 7000))
        #expect(full.user == "user" && full.password?.reveal() == "p@s:s" && full.database == 3)
        #expect(try RedisAddress(url: "redis://:a@b@h:1/").password?.reveal() == "a@b")
        #expect(try RedisAddress(url: "redis://[::1]:6380/1").place == .tcp(host: "::1", port: 6380))
        #expect(try RedisAddress(url: "redis://[::1]").place == .tcp(host: "::1", port: 6379))
        let unix = try RedisAddress(url: "unix:///run/redis.sock?db=2")
        #expect(unix.place == .unix(path: "/run/redis.sock") && unix.database == 2)
        #expect(try RedisAddress(url: "redis+unix://:pw@/a/b").password?.reveal() == "pw")
    }

    @Test(
        "URLs that cannot be used say why",
        arguments: [
            ("localhost:6379", "redis://"), ("http://h", "scheme"), ("rediss://h", "stunnel"), ("redis://h:x", "port"),
            ("redis://h:0", "port"), ("redis://", "host"), ("redis://h/x", "database"), ("unix://a", "absolute"),
            ("unix:///a?db=x", "database"),
        ])
    func unusable(_ url: String, _ word: String) {
        do throws(RedisError) {
            _ = try RedisAddress(url: url)
            Issue.record("accepted")
        } catch {
            guard case .invalidURL = error, error.description.contains(word) else {
                Issue.record("\(error)")
                return
            }
        }
    }
}
