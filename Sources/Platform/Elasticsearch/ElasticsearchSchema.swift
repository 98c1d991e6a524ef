// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Templates, policies, indices and data streams that a program expects, as the requests that make them.
package struct ElasticsearchSchema: Sendable {
    /// One `PUT`.
    package struct Request: Sendable, Equatable {
        /// Such as `_index_template/logs`.
        package let path: String
        /// Nil for none.
        package let body: JSONValue?
        /// What holds documents is made only where it is missing; what describes is put again.
        package let isMadeOnce: Bool
    }

    /// In their order: what is used comes before what uses it.
    package let requests: [Request]

    /// Reads `{"requests": [{"put": path, "body": {…}, "once": true}, …]}`. Throws `invalidSchema`.
    package init(json: [UInt8]) throws(ElasticsearchError) {
        guard let items = try? JSONValue(parsing: json)["requests"]?.elements, !items.isEmpty else {
            throw .invalidSchema(reason: "it has no requests")
        }
        var requests: [Request] = []
        for item in items {
            guard let path = item["put"]?.string, !path.isEmpty, path.first != "/" else {
                throw .invalidSchema(reason: "a request has no path to put")
            }
            requests.append(Request(path: path, body: item["body"], isMadeOnce: item["once"]?.bool ?? false))
        }
        self.requests = requests
    }

    /// Sends the requests. Does no harm when it is repeated.
    package func apply(to client: ElasticsearchClient) async throws(ElasticsearchError) {
        try await client.check()
        for request in requests {
            if request.isMadeOnce, try await client.send("GET", request.path) != nil { continue }
            try await client.send("PUT", request.path, body: request.body)
        }
    }

    /// Whether everything is there.
    package func isHeld(by client: ElasticsearchClient) async throws(ElasticsearchError) -> Bool {
        try await client.check()
        for request in requests where try await client.send("GET", request.path) == nil { return false }
        return true
    }
}
