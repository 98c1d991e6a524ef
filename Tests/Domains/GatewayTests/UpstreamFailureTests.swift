// SPDX-License-Identifier: Apache-2.0
import Core
import HTTPClient
import Testing

@testable import Gateway

@Suite struct UpstreamFailureTests {
    private func failure(_ status: Int, _ body: String = "", retryAfter: Duration? = nil) -> UpstreamFailure {
        .status(status, body: Array(body.utf8), retryAfter: retryAfter, provider: "up")
    }

    @Test(
        "a provider's status becomes the one that is true for the caller",
        arguments: [
            (400, 400), (404, 404), (409, 409), (413, 413), (415, 415), (422, 422), (429, 429), (401, 502), (403, 502),
            (402, 502), (408, 504), (504, 504), (500, 502), (502, 502), (503, 502), (529, 502), (301, 502), (599, 502),
        ])
    func statuses(theirs: Int, ours: Int) {
        #expect(failure(theirs).error.status == ours)
        #expect(!failure(theirs).error.message.isEmpty)
    }

    @Test("the caller's own mistakes keep the provider's words")
    func words() {
        let body = #"{"error":{"message":"Too long.","type":"x","param":"messages","code":"context_length_exceeded"}}"#
        let error = failure(400, body).error
        #expect(error.message == "Too long.")
        #expect(error.code == "context_length_exceeded")
        #expect(error.parameter == "messages")
    }

    @Test("a key that the provider refuses is our administrator's matter, and a retry is no help")
    func refusedKey() {
        for status in [401, 403] {
            let error = failure(status, #"{"error":{"message":"bad key","code":"invalid_api_key"}}"#).error
            #expect(error.code == "upstream_authentication")
            #expect(error.shouldRetry == false)
            #expect(error.kind != .unauthenticated)
        }
    }

    @Test("a rate limit keeps the provider's wait")
    func rateLimit() {
        let error = failure(429, retryAfter: .seconds(7)).error
        #expect(error.kind == .rateLimited)
        #expect(error.retryAfter == .seconds(7))
        #expect(failure(503, retryAfter: .seconds(3)).error.retryAfter == .seconds(3))
    }

    @Test(
        "any body will do: none, another shape, huge, no JSON",
        arguments: [
            "", "{", "null", "[]", #"{"error":"plain"}"#, #"{"error":{}}"#, #"{"error":{"code":7}}"#,
            "<html>oops</html>",
        ])
    func bodies(body: String) {
        for status in [400, 401, 404, 429, 500] {
            let error = failure(status, body).error
            #expect(!error.code.isEmpty)
            #expect(error.message.utf8.count < 2000)
        }
        let long = String(repeating: "x", count: 100_000)
        let huge = failure(400, #"{"error":{"message":"\#(long)","code":"\#(long)"}}"#)
        #expect(huge.error.message.utf8.count < 2000)
        #expect(huge.error.code.utf8.count <= 400)
    }

    @Test("what failed before the request could arrive has cost nothing; what failed after may have")
    func charged() {
        let cases: [(HTTPClientError, Int, Bool)] = [
            (.refused(host: "h"), 502, false), (.resolve(host: "h"), 502, false), (.tls(reason: "r"), 502, false),
            (.unreachable(host: "h"), 502, false), (.connectTimeout(host: "h"), 504, false),
            (.firstByteTimeout(.seconds(1)), 504, true), (.idleTimeout(.seconds(1)), 504, true),
            (.totalTimeout(.seconds(1)), 504, true), (.tooLarge(limit: 1), 502, true), (.cut, 502, true),
            (.protocolError(reason: "r"), 502, true), (.cancelled, 502, true),
        ]
        for (error, status, charged) in cases {
            let failure = ProviderClient.failure(error, provider: "up")
            #expect(failure.error.status == status, "\(error)")
            #expect(failure.mayHaveBeenCharged == charged, "\(error)")
        }
        #expect(UpstreamFailure.garbage(provider: "up").mayHaveBeenCharged)
        #expect(UpstreamFailure.garbage(provider: "up").error.code == "upstream_invalid_response")
    }
}
