// SPDX-License-Identifier: Apache-2.0
import HTTPClient
import SwiftExtensions

/// Signed requests to one server, each tried again when it is worth it.
struct S3Requests: Sendable {
    private static let triesMaximum = 5
    private let base: String
    private let host: String
    private let address: String
    private let signature: S3Signature
    private let client: HTTPClient

    init(
        _ configuration: S3Storage.Configuration, client: HTTPClient, address: String
    ) throws(ObjectStoreError) {
        var base = configuration.endpoint ?? "https://s3.\(configuration.region).amazonaws.com"
        while base.hasSuffix("/") { base.removeLast() }
        let parts = base.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty, !parts[2].isEmpty,
            !parts[2].contains(where: { "?#@ ".contains($0) })
        else {
            throw .invalidAddress(base, reason: "give the server as https://host or http://host:port, without a path")
        }
        let standardPort = parts[0] == "https:" ? ":443" : ":80"
        host = parts[2].hasSuffix(standardPort) ? String(parts[2].dropLast(standardPort.count)) : String(parts[2])
        self.base = "\(parts[0])//\(host)"
        self.address = address
        self.client = client
        signature = S3Signature(credentials: configuration.credentials, region: configuration.region)
    }

    /// `path` is encoded. A status that is not accepted is thrown as the server's refusal.
    func send(
        _ method: String, _ path: String, query: [(String, String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = [], accepting: Set<Int> = [200, 204, 206]
    ) async throws(ObjectStoreError) -> HTTPClientResponse {
        var backoff = Backoff(first: .milliseconds(200), longest: .seconds(5))
        var tries = 1
        while true {
            switch await attempt(request(method, path, query, headers, body)) {
            case .success(let answer):
                if accepting.contains(answer.status) { return answer }
                guard isPassing(answer), tries < Self.triesMaximum else { throw refusal(answer) }
            case .failure(.cancelled): throw .cancelled
            case .failure(let error):
                guard isWorthAnother(error), tries < Self.triesMaximum else {
                    throw .unreachable(address: address, reason: error.description)
                }
            }
            tries += 1
            do { try await Task.sleep(for: backoff.wait()) } catch { throw .cancelled }
        }
    }

    private func attempt(_ request: HTTPClientRequest) async -> Result<HTTPClientResponse, HTTPClientError> {
        do { return .success(try await client.fetch(request)) } catch { return .failure(error) }
    }

    private func request(
        _ method: String, _ path: String, _ query: [(String, String)], _ headers: [(name: String, value: String)],
        _ body: [UInt8]
    ) -> HTTPClientRequest {
        // Signed anew for each try: the signature holds the time.
        let signed = signature.headers(
            method, host: host, path: path, query: query, body: body, headers: headers, at: .now())
        return HTTPClientRequest(
            method: method, url: base + path + (query.isEmpty ? "" : "?" + S3Signature.text(of: query)),
            headers: signed, body: body,
            timeouts: HTTPTimeouts(firstByte: .seconds(120), idle: .seconds(60), total: .seconds(600)))
    }

    private func isPassing(_ answer: HTTPClientResponse) -> Bool {
        [429, 500, 502, 503, 504].contains(answer.status)
            || ["RequestTimeout", "SlowDown"].contains(XMLText(answer.body).first("Code")?.text ?? "")
    }

    private func isWorthAnother(_ error: HTTPClientError) -> Bool {
        switch error {
        case .invalidURL, .invalidHeader, .tls, .tooLarge, .cancelled: false
        default: true
        }
    }

    /// The error in an answer (S3 API, "Error responses").
    func refusal(_ answer: HTTPClientResponse) -> ObjectStoreError {
        let document = XMLText(answer.body)
        return .refused(
            address: address, status: answer.status, code: String((document.first("Code")?.text ?? "").prefix(60)),
            message: String((document.first("Message")?.text ?? "").prefix(200)))
    }
}
