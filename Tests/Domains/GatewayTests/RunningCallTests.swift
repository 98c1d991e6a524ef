// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Providers
import SwiftExtensions
import Testing

@testable import Gateway

@Suite struct RunningCallTests {
    private func running(retention: Bool = false, durable: Bool = true) -> RunningCall {
        RunningCall(
            record: record(), price: dollars, slot: 0, inputTokens: 5,
            policy: OrganizationPolicy(contentRetention: retention, durableAnswers: durable, unknownPriceCeiling: nil),
            startedAt: .now)
    }

    private func usage(_ body: String, in shape: AnswerShape = .completion) throws(UpstreamFailure) -> TokenUsage {
        try running().usage(in: Array(body.utf8), shape)
    }

    @Test("the provider's own count is taken, else the answer is estimated")
    func usage() throws {
        #expect(
            try usage(#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}"#)
                == TokenUsage(input: 9, output: 4, estimated: false))
        let estimate = TokenUsage(input: 5, output: 2, estimated: true)
        for usage in ["null", "{}", #"{"prompt_tokens":9}"#, #"{"prompt_tokens":-1,"completion_tokens":1}"#, "[]"] {
            #expect(try self.usage(#"{"choices":[{"message":{"content":"12345678"}}],"usage":\#(usage)}"#) == estimate)
        }
        #expect(try self.usage(#"{"choices":[{"message":{"content":"12345678"}}]}"#) == estimate)
    }

    @Test("embeddings have input only")
    func embeddings() throws {
        #expect(
            try usage(#"{"data":[],"usage":{"prompt_tokens":9,"total_tokens":9}}"#, in: .embeddings)
                == TokenUsage(input: 9, output: 0, estimated: false))
    }

    @Test(
        "what is no answer is garbage, and may have cost something",
        arguments: [
            "", "{", "[]", "null", "{}", #"{"choices":null}"#, #"{"choices":{}}"#, "<html>", #"{"choices":[]} x"#,
        ])
    func garbage(body: String) {
        let failure = #expect(throws: UpstreamFailure.self) { try usage(body) }
        #expect(failure?.error.status == 502)
        #expect(failure?.mayHaveBeenCharged == true)
    }

    @Test("a call that failed before anything was sent cost nothing; one that may have arrived is estimated")
    func failures() {
        for (charged, cost) in [(false, FixedDecimal.zero), (true, FixedDecimal(units: 9 * FixedDecimal.scale))] {
            var call = running()
            call.fail(
                UpstreamFailure(
                    DomainError(.upstreamTimeout, code: "upstream_timeout", ""), mayHaveBeenCharged: charged),
                outputBytes: 8)
            #expect(call.record.status == .failed)
            #expect(call.record.httpStatus == 504)
            #expect(call.record.errorCode == "upstream_timeout")
            #expect(call.record.cost == cost)
            #expect(call.record.usage.estimated == charged)
        }
        var left = running()
        left.fail(
            UpstreamFailure(DomainError(.upstream, code: "cancelled", ""), mayHaveBeenCharged: true), outputBytes: 0)
        #expect(left.record.status == .cancelled)
        #expect(left.record.httpStatus == 499)
    }

    @Test("an answer's digest is always kept, its content only where it is to be")
    func finished() {
        for retention in [false, true] {
            var call = running(retention: retention)
            call.finish(TokenUsage(input: 1, output: 1, estimated: false), response: [1, 2])
            #expect(call.record.responseDigest == SHA256.hash([1, 2]))
            #expect(call.record.responseContent == (retention ? [1, 2] : nil))
            #expect(call.record.cost.description == "3")
            #expect(call.record.status == .completed)
        }
    }

    @Test("the headers name provider, model and attempts, and a durability that is less than full")
    func headers() {
        let full = running().headers
        #expect(full.contains { $0 == ("x-witan-provider", "up") })
        #expect(full.contains { $0 == ("x-witan-model", "up/gpt") })
        #expect(full.contains { $0 == ("x-witan-attempts", "1") })
        #expect(!full.contains { $0.name == "x-witan-durability" })
        #expect(running(durable: false).headers.contains { $0 == ("x-witan-durability", "relaxed") })
    }

    @Test(
        "milliseconds have at most three decimals and are never less than nothing",
        arguments: [
            (Duration.zero, "0"), (.microseconds(1), "0.001"), (.microseconds(1234), "1.234"),
            (.seconds(2), "2000"), (.nanoseconds(999), "0"), (.seconds(-1), "0"), (.microseconds(10_050), "10.05"),
        ])
    func milliseconds(duration: Duration, text: String) {
        #expect(duration.millisecondsText == text)
    }
}
