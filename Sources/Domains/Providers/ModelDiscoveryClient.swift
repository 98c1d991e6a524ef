// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPClient
import JSON
import SwiftExtensions

/// Asks a provider which models it has (`GET /models`, OpenAI's wire format).
package struct ModelDiscoveryClient: Sendable {
    private static let modelsMaximum = 1000
    private let client: HTTPClient

    package init(client: HTTPClient) { self.client = client }

    /// The names, in the provider's order. A provider that cannot be asked is an error that says so, since a wrong
    /// address or key is better found now than by the first caller.
    package func models(of provider: NewProvider) async throws(DomainError) -> [String] {
        guard let endpoint = provider.endpoint else { return [] }
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if let key = provider.apiKey { headers.append(("authorization", "Bearer \(key.reveal())")) }
        let response: HTTPClientResponse
        do {
            response = try await client.fetch(
                HTTPClientRequest(
                    method: "GET", url: endpoint + "/models", headers: headers,
                    timeouts: HTTPTimeouts(
                        connect: .seconds(5), firstByte: .seconds(15), idle: .seconds(15), total: .seconds(30))))
        } catch {
            throw Self.failed(provider.name, error.description)
        }
        guard response.status == 200 else {
            throw Self.failed(provider.name, "GET \(endpoint)/models answered \(response.status).")
        }
        guard let data = (try? JSONText(validating: response.body))?.root["data"], data.kind == .array else {
            throw Self.failed(provider.name, "GET \(endpoint)/models gave no list of models.")
        }
        return data.elements.prefix(Self.modelsMaximum).compactMap { $0["id"]?.string }
    }

    private static func failed(_ provider: String, _ what: String) -> DomainError {
        DomainError(
            .unprocessable, code: "provider_unreachable",
            "The provider \(provider) could not be asked for its models: \(what) Check endpoint and key, or name the "
                + "models yourself.", parameter: "api_endpoint")
    }
}
