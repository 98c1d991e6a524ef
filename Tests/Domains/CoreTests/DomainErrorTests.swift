// SPDX-License-Identifier: Apache-2.0
import Core
import Testing

@Suite struct DomainErrorTests {
    static let statuses: [(DomainError.Kind, Int)] = [
        (.invalid, 400), (.unauthenticated, 401), (.forbidden, 403), (.notFound, 404), (.methodNotAllowed, 405),
        (.conflict, 409), (.tooLarge, 413), (.unsupportedMedia, 415), (.unprocessable, 422), (.rateLimited, 429),
        (.internalFailure, 500), (.upstream, 502), (.unavailable, 503), (.upstreamTimeout, 504),
    ]

    @Test("every kind has the status that the table of errors gives it", arguments: statuses)
    func status(kind: DomainError.Kind, status: Int) {
        #expect(DomainError(kind, code: "c", "m").status == status)
    }

    @Test("the table leaves no kind out")
    func complete() {
        #expect(Set(Self.statuses.map(\.0)) == Set(DomainError.Kind.allCases))
    }

    @Test("an error nobody foresaw is a 500 that names nothing but where to look")
    func unforeseen() {
        #expect(DomainError.unforeseen.status == 500)
        #expect(DomainError.unforeseen.message.contains("x-request-id"))
    }

    @Test("a store that is away is a 503 that says when to come back")
    func storeAway() {
        let error = DomainError.storeUnavailable()
        #expect(error.status == 503)
        #expect(error.code == "store_unavailable")
        #expect(error.retryAfter == .seconds(1))
        #expect(error.shouldRetry != false)
    }
}
