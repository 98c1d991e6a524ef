// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import Testing

@Suite struct RouterTests {
    static let router = Router(
        [
            (HTTPMethod.get, "/"), (.get, "/v1/models"), (.get, "/v1/models/{id...}"), (.post, "/v1/chat/completions"),
            (.get, "/api/v1/keys"), (.post, "/api/v1/keys"), (.get, "/api/v1/keys/{id}"),
            (.delete, "/api/v1/keys/{id}"),
            (.post, "/api/v1/keys/{id}/rotate/{generation}"),
        ].map { method, path in
            Endpoint(method, path, permission: nil, summary: "") { _ in HTTPResponse(status: 200) }
        })

    /// `GET /path name=value`, or nil.
    private func found(_ method: HTTPMethod, _ path: String) -> String? {
        guard case .endpoint(let endpoint, let parameters) = Self.router.match(method, path) else { return nil }
        let values = parameters.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "\(endpoint.method.rawValue) \(endpoint.path)\(values)"
    }

    @Test(
        "a path finds its endpoint and the values in it",
        arguments: [
            (HTTPMethod.get, "/", "GET /"),
            (.get, "/v1/models", "GET /v1/models"),
            (.post, "/v1/chat/completions", "POST /v1/chat/completions"),
            (.get, "/api/v1/keys/17", "GET /api/v1/keys/{id} id=17"),
            (.delete, "/api/v1/keys/17", "DELETE /api/v1/keys/{id} id=17"),
            (.post, "/api/v1/keys/17/rotate/2", "POST /api/v1/keys/{id}/rotate/{generation} generation=2 id=17"),
            (.get, "/v1/models/openai/gpt-4o", "GET /v1/models/{id...} id=openai/gpt-4o"),
            (.get, "/v1/models/openai%2Fgpt-4o", "GET /v1/models/{id...} id=openai/gpt-4o"),
            (.get, "/v1/models/hf/meta%20llama/8b", "GET /v1/models/{id...} id=hf/meta llama/8b"),
            (.get, "/api/v1/keys/a%2fb", "GET /api/v1/keys/{id} id=a/b"),
            (.get, "/api/v1/keys/%C3%A9", "GET /api/v1/keys/{id} id=é"),
        ])
    func finds(method: HTTPMethod, path: String, expected: String) {
        #expect(found(method, path) == expected)
    }

    @Test("HEAD is answered wherever GET is, and only there")
    func head() {
        #expect(found(.head, "/v1/models") == "GET /v1/models")
        #expect(found(.head, "/api/v1/keys/17") == "GET /api/v1/keys/{id} id=17")
        #expect(found(.head, "/v1/chat/completions") == nil)
    }

    @Test(
        "what is no path of ours is not found",
        arguments: [
            "", "*", "/v1", "/v1/", "/v1/model", "/v1/models/", "/api/v1/keys/", "/api/v1/keys//", "/api/v1/keys/17/",
            "/api/v1/keys/17/rotate", "/api/v1/keys/17/rotate/2/3", "//v1/models", "/V1/models", "/v1/models%2f",
            "/api/v1/keys/%zz", "/api/v1/keys/%4", "/api/v1/keys/%", "/api/v1/keys/%ff", "/v1//models",
        ])
    func misses(path: String) {
        guard case .none = Self.router.match(.get, path) else {
            Issue.record("\(path) was found")
            return
        }
    }

    @Test(
        "a path that is there for other methods says which",
        arguments: [
            (HTTPMethod.delete, "/v1/models", ["GET", "HEAD"]), (.get, "/v1/chat/completions", ["POST"]),
            (.head, "/v1/chat/completions", ["POST"]), (.put, "/api/v1/keys", ["GET", "HEAD", "POST"]),
            (.patch, "/api/v1/keys/17", ["DELETE", "GET", "HEAD"]), (.post, "/v1/models/x/y", ["GET", "HEAD"]),
            (.options, "/v1/models", ["GET", "HEAD"]),
        ])
    func otherMethods(method: HTTPMethod, path: String, allowed: [String]) {
        guard case .otherMethods(let methods) = Self.router.match(method, path) else {
            Issue.record("\(method.rawValue) \(path) was found, or nothing at all")
            return
        }
        #expect(methods.map(\.rawValue).sorted() == allowed)
    }
}
