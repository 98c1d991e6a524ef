// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import HTTPClient
package import JSON
package import SwiftExtensions

/// A client for Elasticsearch 8.11 or newer, over its HTTP interface.
package struct ElasticsearchClient: Sendable {
    private let client: HTTPClient
    /// Without a slash at its end.
    private let base: String
    private let authorization: Secret<String>?

    /// The media type that fixes the interface to that of version 8 (Elasticsearch guide, “REST API compatibility”).
    private static let mediaType = "application/vnd.elasticsearch+json;compatible-with=8"

    /// - Parameter url: `http(s)://[user:password@]host[:port][/path]`. Throws `invalidURL`.
    package init(url: Secret<String>, client: HTTPClient) throws(ElasticsearchError) {
        var text = Substring(url.reveal())
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw .invalidURL(reason: "it begins with neither https:// nor http://")
        }
        text = text.dropFirst(scheme.count)
        var authorization: Secret<String>?
        let host = text.prefix { $0 != "/" }
        if let mark = host.lastIndex(of: "@") {
            guard let credentials = PercentEncoding.decode(host[..<mark]) else {
                throw .invalidURL(reason: "user and password are not percent-encoded")
            }
            authorization = Secret("Basic " + Base64.encode(Array(credentials.utf8)))
            text = text[text.index(after: mark)...]
        }
        while text.last == "/" { text.removeLast() }
        guard !text.isEmpty else { throw .invalidURL(reason: "it has no host") }
        base = scheme + text
        self.authorization = authorization
        self.client = client
    }

    /// Asks what it is. Throws unless it is Elasticsearch and new enough.
    package func check() async throws(ElasticsearchError) {
        let response = try await fetch("GET", "", body: nil)
        guard response.headers["x-elastic-product"] == "Elasticsearch" else { throw .notElasticsearch }
        let value = try? JSONValue(parsing: response.body)
        let version = value?["version"]?["number"]?.string ?? "of an unknown version"
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) >= (8, 11) else { throw .tooOld(version: version) }
    }

    /// Sends one request to a path such as `_ilm/policy/logs`.
    ///
    /// - Returns: The answer's body; nil when there is no such thing (404 to a GET).
    @discardableResult
    package func send(
        _ method: String, _ path: String, body: JSONValue? = nil
    ) async throws(ElasticsearchError) -> JSONValue? {
        let response = try await fetch(method, path, body: body)
        if response.status == 404, method == "GET" { return nil }
        let value = try? JSONValue(parsing: response.body)
        guard (200..<300).contains(response.status) else {
            let error = value?["error"]
            throw .refused(
                status: response.status, reason: error?["reason"]?.string ?? error?.string ?? "no reason given")
        }
        return value ?? .null
    }

    private func fetch(
        _ method: String, _ path: String, body: JSONValue?
    ) async throws(ElasticsearchError) -> HTTPClientResponse {
        var headers = [("accept", Self.mediaType)]
        if body != nil { headers.append(("content-type", Self.mediaType)) }
        if let authorization { headers.append(("authorization", authorization.reveal())) }
        let response: HTTPClientResponse
        do throws(HTTPClientError) {
            response = try await client.fetch(
                HTTPClientRequest(
                    method: method, url: "\(base)/\(path)", headers: headers, body: body?.bytes ?? [],
                    timeouts: HTTPTimeouts(firstByte: .seconds(30), idle: .seconds(30), total: .seconds(60)),
                    maximumResponseBytes: 16 << 20))
        } catch {
            throw .unavailable(reason: error.description)
        }
        if [429, 502, 503, 504].contains(response.status) {
            throw .unavailable(reason: "it answered with status \(response.status).")
        }
        return response
    }
}
