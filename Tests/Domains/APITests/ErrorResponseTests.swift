// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import Testing

@Suite struct ErrorResponseTests {
    @Test("OpenAI's clients get the error object with all four fields, null where there is nothing to say")
    func openAI() throws {
        let error = DomainError(.notFound, code: "model_not_found", "No \"such\" model.", parameter: "model")
        let response = ErrorResponse.make(error, style: .openAI)
        #expect(response.status == 404)
        #expect(response.header("content-type") == "application/json")
        let object = try #require(try response.json()["error"])
        #expect(object.members?.map(\.key).sorted() == ["code", "message", "param", "type"])
        #expect(object["message"]?.string == "No \"such\" model.")
        #expect(object["type"]?.string == "invalid_request_error")
        #expect(object["param"]?.string == "model")
        #expect(object["code"]?.string == "model_not_found")
        let without = ErrorResponse.make(DomainError(.invalid, code: "c", "m"), style: .openAI)
        #expect(try without.json()["error"]?["param"] == JSONValue.null)
    }

    @Test(
        "each kind has the type that OpenAI's clients know it by",
        arguments: [
            (DomainError.Kind.invalid, "invalid_request_error"), (.unauthenticated, "authentication_error"),
            (.forbidden, "permission_error"), (.notFound, "invalid_request_error"),
            (.tooLarge, "invalid_request_error"),
            (.unsupportedMedia, "invalid_request_error"), (.unprocessable, "invalid_request_error"),
            (.rateLimited, "rate_limit_exceeded"), (.internalFailure, "server_error"), (.upstream, "server_error"),
            (.unavailable, "server_error"), (.upstreamTimeout, "server_error"),
        ])
    func types(kind: DomainError.Kind, type: String) {
        #expect(ErrorResponse.openAI(DomainError(kind, code: "c", "m"))["error"]?["type"]?.string == type)
    }

    @Test("a spent quota is told apart from a rate limit")
    func quota() {
        let error = DomainError(.rateLimited, code: "insufficient_quota", "m")
        #expect(ErrorResponse.openAI(error)["error"]?["type"]?.string == "insufficient_quota")
    }

    @Test("management errors are problem details with a stable code", arguments: DomainError.Kind.allCases)
    func problem(kind: DomainError.Kind) throws {
        let response = ErrorResponse.make(
            DomainError(kind, code: "some_code", "What happened.", parameter: "name"), style: .management)
        #expect(response.header("content-type") == "application/problem+json")
        let body = try response.json()
        #expect(body["status"]?.integer == Int64(response.status))
        #expect(body["code"]?.string == "some_code")
        #expect(body["detail"]?.string == "What happened.")
        #expect(body["field"]?.string == "name")
        #expect(body["type"]?.string == "about:blank")
        #expect(body["title"]?.string?.isEmpty == false)
    }

    @Test(
        "the wait is in whole seconds, rounded up, and never nothing",
        arguments: [
            (Duration.seconds(1), "1"), (.seconds(120), "120"), (.milliseconds(1), "1"), (.milliseconds(1500), "2"),
            (.milliseconds(999), "1"), (.zero, "1"), (.seconds(-5), "1"), (.nanoseconds(2_000_000_001), "3"),
        ])
    func retryAfter(wait: Duration, seconds: String) {
        for style in [Endpoint.Style.openAI, .management] {
            let error = DomainError(.unavailable, code: "c", "m", retryAfter: wait)
            #expect(ErrorResponse.make(error, style: style).header("retry-after") == seconds)
        }
    }

    @Test("whether to retry is said when it is known, and left to the client when not")
    func shouldRetry() {
        func header(_ retry: Bool?) -> String? {
            ErrorResponse.make(DomainError(.rateLimited, code: "c", "m", shouldRetry: retry), style: .openAI)
                .header("x-should-retry")
        }
        #expect(header(true) == "true")
        #expect(header(false) == "false")
        #expect(header(nil) == nil)
        let plain = ErrorResponse.make(DomainError(.invalid, code: "c", "m"), style: .openAI)
        #expect(plain.header("retry-after") == nil)
    }

    @Test("a 401 says how to authenticate (RFC 9110 §11.6.1), and only a 401")
    func challenge() {
        for kind in DomainError.Kind.allCases {
            let response = ErrorResponse.make(DomainError(kind, code: "c", "m"), style: .openAI)
            #expect((response.header("www-authenticate") != nil) == (response.status == 401))
        }
    }
}
