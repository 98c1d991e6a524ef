// SPDX-License-Identifier: Apache-2.0
import Elasticsearch
import EventLoop
import HTTPClient
import HTTPServer
import JSON
import Migrator
import SwiftExtensions
import Testing

/// As much of Elasticsearch as putting and finding things takes. It is no oracle for what a real one accepts.
private final class StandIn: Sendable {
    struct State {
        var things: [String: JSONValue] = [:]
        var puts: [String] = []
        var types: Set<String> = []
        var authorization: String?
        var version = "8.11.0"
        var product: String? = "Elasticsearch"
        var failure: Int?
    }

    let state = Locked(State())
    private let server: HTTPServer
    let port: Int

    init(_ loop: EventLoop) throws {
        let state = state
        server = HTTPServer(configuration: HTTPServerConfiguration(address: "127.0.0.1:0"), loops: [loop]) { request in
            state.withLock { state in Self.answer(request, &state) }
        }
        port = try server.start()
    }

    private static func answer(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        state.authorization = request.headers["authorization"]
        state.types.formUnion([request.headers["accept"], request.headers["content-type"]].compactMap { $0 })
        let headers = state.product.map { [(name: "x-elastic-product", value: $0)] } ?? []
        func json(_ status: Int, _ value: JSONValue) -> HTTPResponse {
            HTTPResponse(status: status, headers: headers, body: .bytes(value.bytes))
        }
        if let failure = state.failure { return json(failure, ["error": ["reason": "broken on purpose"]]) }
        guard request.path != "/" else { return json(200, ["version": ["number": .string(state.version)]]) }
        switch request.method {
        case .get:
            return state.things[request.path].map { json(200, $0) } ?? json(404, ["error": "not found"])
        case .put:
            state.puts.append(request.path)
            state.things[request.path] = (try? JSONValue(parsing: request.body)) ?? .null
            return json(200, ["acknowledged": true])
        default: return json(405, ["error": "no"])
        }
    }
}

@Suite(.serialized) struct ElasticsearchTests {
    private let loop = EventLoop()
    private let server: StandIn
    private let http: HTTPClient

    init() throws {
        server = try StandIn(loop)
        http = HTTPClient(loops: [loop])
    }

    private func client(_ credentials: String = "") throws -> ElasticsearchClient {
        try ElasticsearchClient(url: Secret("http://\(credentials)127.0.0.1:\(server.port)/"), client: http)
    }

    private func schema() throws -> ElasticsearchSchema {
        let migration = try #require(Migration.embedded.first { $0.kind == .elasticsearch })
        return try ElasticsearchSchema(json: Array(migration.text.utf8))
    }

    @Test("everything is put in its order, and found to be there")
    func apply() async throws {
        let schema = try schema()
        #expect(try await !schema.isHeld(by: client()))
        try await schema.apply(to: client())
        #expect(try await schema.isHeld(by: client()))
        #expect(server.state.withLock { $0.puts } == schema.requests.map { "/" + $0.path })
        let type = "application/vnd.elasticsearch+json;compatible-with=8"
        #expect(server.state.withLock { $0.types } == [type])
        #expect(server.state.withLock { $0.authorization } == nil)
    }

    @Test("what describes is put again, what holds documents is not")
    func again() async throws {
        let schema = try schema()
        try await schema.apply(to: client())
        server.state.withLock { $0.puts = [] }
        try await schema.apply(to: client())
        #expect(server.state.withLock { $0.puts } == schema.requests.filter { !$0.isMadeOnce }.map { "/" + $0.path })
        server.state.withLock { $0.things["/workflows-v1"] = nil }
        #expect(try await !schema.isHeld(by: client()))
    }

    @Test("the program's own indices are complete: a policy, a template and a mapping for each, what is used first")
    func complete() throws {
        let requests = try schema().requests
        let bodies = Dictionary(requests.map { ($0.path, $0.body) }) { first, _ in first }
        for name in ["executions", "audit_logs", "system_metrics"] {
            let template = try #require(bodies["_index_template/\(name)"] ?? nil)
            #expect(template["data_stream"] == .object([]) && (template["priority"]?.integer ?? 0) >= 200)
            let policy = template["template"]?["settings"]?["index"]?["lifecycle"]?["name"]?.string
            #expect(bodies["_ilm/policy/\(policy ?? "")"] != nil)
            let mappings = bodies["_component_template/witan-\(name)"]??["template"]?["mappings"]
            #expect(mappings?["properties"]?["@timestamp"]?["type"] == "date" && mappings?["dynamic"] == "false")
            #expect(requests.contains { $0.path == "_data_stream/\(name)" && $0.isMadeOnce })
        }
        for name in ["workflows", "marketplace"] {
            let aliases = bodies["\(name)-v1"]??["aliases"]
            #expect(aliases?["\(name)-read"] != nil && aliases?["\(name)-write"]?["is_write_index"] == true)
            #expect(bodies["_index_template/\(name)"]??["index_patterns"] == .array([.string("\(name)-v*")]))
        }
        let rank = { (path: String) in
            ["_ilm", "_component_template", "_index_template"].firstIndex { path.hasPrefix($0) } ?? 3
        }
        let ranks = requests.map { rank($0.path) }
        #expect(ranks == ranks.sorted())
    }

    @Test("user and password of the URL are sent, percent-decoded")
    func credentials() async throws {
        try await client("elastic:p%40ss@").check()
        #expect(server.state.withLock { $0.authorization } == "Basic ZWxhc3RpYzpwQHNz")
    }

    @Test("what is no Elasticsearch, or too old, is refused by name")
    func others() async throws {
        server.state.withLock { $0.product = nil }
        await #expect(throws: ElasticsearchError.notElasticsearch) { try await client().check() }
        server.state.withLock { $0.product = "Elasticsearch" }
        for version in ["8.10.4", "7.17.0", "2.11.0"] {
            server.state.withLock { $0.version = version }
            await #expect(throws: ElasticsearchError.tooOld(version: version)) { try await client().check() }
        }
        for version in ["8.11.0", "8.19.1", "9.0.0"] {
            server.state.withLock { $0.version = version }
            try await client().check()
        }
    }

    @Test("a refusal says why, and one that is busy or away is not a refusal")
    func failures() async throws {
        let schema = try schema()
        server.state.withLock { $0.failure = 400 }
        let refusal = ElasticsearchError.refused(status: 400, reason: "broken on purpose")
        await #expect(throws: refusal) { try await client().send("PUT", "x", body: nil) }
        for status in [429, 503] {
            server.state.withLock { $0.failure = status }
            let error = await #expect(throws: ElasticsearchError.self) { try await schema.apply(to: client()) }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let nobody = try ElasticsearchClient(url: Secret("http://127.0.0.1:1"), client: http)
        let error = await #expect(throws: ElasticsearchError.self) { try await nobody.check() }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a URL without scheme or host, or a description without requests, is refused")
    func malformed() {
        for url in ["localhost:9200", "ftp://a", "http://", "https://u%zz@a"] {
            #expect(throws: ElasticsearchError.self) { try ElasticsearchClient(url: Secret(url), client: http) }
        }
        for json in [
            "", "{}", #"{"requests": []}"#, #"{"requests": [{"body": {}}]}"#, #"{"requests": [{"put": "/a"}]}"#,
        ] {
            #expect(throws: ElasticsearchError.self) { try ElasticsearchSchema(json: Array(json.utf8)) }
        }
    }
}
