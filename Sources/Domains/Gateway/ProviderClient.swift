// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPClient
package import Providers
import SwiftExtensions

/// Calls a provider that speaks OpenAI's wire format.
package struct ProviderClient: Sendable {
    private let client: HTTPClient

    package init(client: HTTPClient) { self.client = client }

    /// One call with its whole answer.
    package func complete(
        _ body: [UInt8], model: CatalogModel, traceparent: String?
    ) async throws(UpstreamFailure) -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await client.fetch(request(body, model: model, traceparent: traceparent, accept: nil))
        } catch {
            throw Self.failure(error, provider: model.provider.name)
        }
        guard (200..<300).contains(response.status) else {
            throw UpstreamFailure.status(
                response.status, body: response.body, retryAfter: Self.retryAfter(response.headers),
                provider: model.provider.name)
        }
        return response
    }

    /// One call with a streamed answer; returns once the provider has begun to answer with success.
    package func open(
        _ body: [UInt8], model: CatalogModel, traceparent: String?
    ) async throws(UpstreamFailure) -> HTTPClientStream {
        do {
            let stream = try await client.open(
                request(body, model: model, traceparent: traceparent, accept: "text/event-stream"))
            guard !(200..<300).contains(stream.status) else { return stream }
            let body = try await stream.collect(limit: 1 << 20)
            throw UpstreamFailure.status(
                stream.status, body: body, retryAfter: Self.retryAfter(stream.headers), provider: model.provider.name)
        } catch let failure as UpstreamFailure {
            throw failure
        } catch let error as HTTPClientError {
            throw Self.failure(error, provider: model.provider.name)
        } catch {
            throw UpstreamFailure(.unforeseen, mayHaveBeenCharged: true)
        }
    }

    private func request(
        _ body: [UInt8], model: CatalogModel, traceparent: String?, accept: String?
    ) -> HTTPClientRequest {
        var headers: [(name: String, value: String)] = [("content-type", "application/json")]
        if let key = model.provider.apiKey { headers.append(("authorization", "Bearer \(key.reveal())")) }
        if let traceparent { headers.append(("traceparent", traceparent)) }
        if let accept { headers.append(("accept", accept)) }
        return HTTPClientRequest(
            method: "POST", url: model.provider.endpoint + "/chat/completions", headers: headers, body: body,
            timeouts: HTTPTimeouts(
                connect: .seconds(5), firstByte: model.provider.timeout, idle: min(model.provider.timeout, .seconds(120)),
                total: model.provider.timeout * 2))
    }

    static func retryAfter(_ headers: HTTPClientHeaders) -> Duration? {
        if let milliseconds = headers["retry-after-ms"].flatMap({ Int64($0) }), milliseconds >= 0 {
            return .milliseconds(milliseconds)
        }
        return headers["retry-after"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? .seconds($0) : nil }
    }

    /// What the client is told of a call that failed below HTTP.
    static func failure(_ error: HTTPClientError, provider: String) -> UpstreamFailure {
        let what = "The provider \(provider) gave no answer: \(error.description)"
        let told: DomainError =
            switch error {
            case .firstByteTimeout, .idleTimeout, .totalTimeout, .connectTimeout:
                DomainError(.upstreamTimeout, code: "upstream_timeout", what)
            case .tooLarge: DomainError(.upstream, code: "upstream_response_too_large", what)
            case .cut, .protocolError: DomainError(.upstream, code: "upstream_invalid_response", what)
            case .cancelled: DomainError(.upstream, code: "cancelled", "The client left before the answer.")
            default: DomainError(.upstream, code: "upstream_unreachable", what, retryAfter: .seconds(1))
            }
        return UpstreamFailure(told, mayHaveBeenCharged: error.requestMayHaveBeenSent)
    }
}
