// SPDX-License-Identifier: Apache-2.0
import Core
package import HTTPClient
import Providers
import SwiftExtensions

/// Calls a provider that speaks OpenAI's wire format.
package struct ProviderClient: ModelProvider {
    private let client: HTTPClient

    /// `client` must verify certificates, as it does unless told otherwise.
    package init(client: HTTPClient) { self.client = client }

    /// One call with its whole answer.
    package func complete(_ call: UpstreamCall) async throws(UpstreamFailure) -> [UInt8] {
        try await fetch(Self.request(call), provider: call.model.provider)
    }

    /// The vectors of one request.
    package func embed(_ call: EmbeddingCall) async throws(UpstreamFailure) -> [UInt8] {
        let body = UpstreamBody.bytes(of: call.request, model: call.model.upstreamName)
        return try await fetch(
            Self.request("/embeddings", body, to: call.model.provider, traceParent: call.traceParent),
            provider: call.model.provider)
    }

    private func fetch(
        _ request: HTTPClientRequest, provider: CatalogProvider
    ) async throws(UpstreamFailure) -> [UInt8] {
        let response: HTTPClientResponse
        do {
            response = try await client.fetch(request)
        } catch {
            throw Self.failure(error, provider: provider.name)
        }
        guard (200..<300).contains(response.status) else {
            throw UpstreamFailure.status(
                response.status, body: response.body, retryAfter: Self.retryAfter(response.headers),
                provider: provider.name)
        }
        return response.body
    }

    /// One call with a streamed answer.
    package func open(_ call: UpstreamCall) async throws(UpstreamFailure) -> any UpstreamStream {
        let provider = call.model.provider.name
        do {
            let stream = try await client.open(Self.request(call))
            guard !(200..<300).contains(stream.status) else {
                return ProviderStream(stream: stream, provider: provider)
            }
            let retryAfter = Self.retryAfter(stream.headers)
            let body = try await stream.collect(limit: 1 << 20)
            throw UpstreamFailure.status(stream.status, body: body, retryAfter: retryAfter, provider: provider)
        } catch let error as HTTPClientError {
            throw Self.failure(error, provider: provider)
        } catch let failure as UpstreamFailure {
            throw failure
        } catch {
            throw UpstreamFailure(.unforeseen, mayHaveBeenCharged: true)
        }
    }

    private static func request(_ call: UpstreamCall) -> HTTPClientRequest {
        let body = UpstreamBody.bytes(of: call.request, model: call.model.upstreamName)
        return request("/chat/completions", body, to: call.model.provider, traceParent: call.traceParent)
    }

    private static func request(
        _ path: String, _ body: [UInt8], to provider: CatalogProvider, traceParent: String
    ) -> HTTPClientRequest {
        var headers: [(name: String, value: String)] = [
            ("content-type", "application/json"), ("traceparent", traceParent),
        ]
        if let key = provider.apiKey { headers.append(("authorization", "Bearer \(key.reveal())")) }
        return HTTPClientRequest(
            method: "POST", url: provider.endpoint + path, headers: headers, body: body,
            timeouts: HTTPTimeouts(
                connect: .seconds(5), firstByte: provider.timeout, idle: min(provider.timeout, .seconds(120)),
                total: provider.timeout * 2))
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

/// A provider's stream, its failures told as ours.
private struct ProviderStream: UpstreamStream {
    let stream: HTTPClientStream
    let provider: String

    func next() async throws(UpstreamFailure) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch {
            throw ProviderClient.failure(error, provider: provider)
        }
    }

    func cancel() { stream.cancel() }
}
